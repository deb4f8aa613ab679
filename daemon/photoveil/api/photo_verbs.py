"""Photos: look one up, have it protected, follow the job, fetch the result."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from photoveil import __version__
from photoveil.api import bodies, errors
from photoveil.api.bodies import Body
from photoveil.api.guard import Caller
from photoveil.api.services import Services
from photoveil.errors import PhotoveilError
from photoveil.ledger.jobs import OWN_OUTPUT, Job, State
from photoveil.ledger.photos import Key
from photoveil.settings import DEFAULT_METHOD, valid_choice, valid_persona
from photoveil.worker.tasks import Task

PHOTOS_PER_CLIENT = 2
_CHUNK = 1 << 18


async def status(services: Services, _caller: Caller, _body: Body) -> web.Response:
    """``status``: what the daemon is and does."""
    told = {
        "version": __version__,
        "api": 1,
        "model_set": services.settings.model_set,
        "device": services.worker.device,
        "worker": str(services.worker.state),
        "jobs": services.jobs.counts(),
        "secrets": str(await services.keys.rung()),
    }
    return web.json_response(told)


async def lookup(services: Services, caller: Caller, body: Body) -> web.Response:
    """``lookup``: do we know these bytes?"""
    sha256 = bodies.sha256(body)
    if await services.photos.is_protected_copy(sha256):
        return web.json_response({"state": "protected-copy"})
    job = await services.jobs.recall(caller.client, "photo", Key(sha256, _task(services, body)))
    if job is None:
        return web.json_response({"state": "unknown"})
    return web.json_response({"state": "original", "job": job.id})


async def prewarm(services: Services, _caller: Caller, _body: Body) -> web.Response:
    """``prewarm``: a file picker has opened; load the encoders meanwhile."""
    warming = asyncio.create_task(_warm(services))
    services.background.add(warming)
    warming.add_done_callback(services.background.discard)
    await asyncio.sleep(0)
    return web.json_response({"worker": str(services.worker.state)})


async def protect(services: Services, caller: Caller, request: web.BaseRequest) -> web.Response:
    """``protect``: take a photo in."""
    client = caller.client
    if services.jobs.in_work(client) + services.uploads[client] >= PHOTOS_PER_CLIENT:
        raise errors.too_many_photos(PHOTOS_PER_CLIENT)
    meta = bodies.read_meta(caller)
    name = bodies.file_name(meta)
    task = _task(services, meta)
    part = services.jobs.new_part()
    services.uploads[client] += 1
    try:
        await bodies.read_photo(request, caller, part)
        job = await services.jobs.submit(client, name, part, Key(caller.sha256 or "", task))
    finally:
        services.uploads[client] -= 1
    return web.json_response({"job": job.id, "state": str(job.state)}, status=200 if job.state.final else 202)


async def job(services: Services, caller: Caller, body: Body) -> web.Response:
    """``job``: how far it is, at the next change if the client wants to wait."""
    seconds = bodies.milliseconds(body)
    found = _own_job(services, caller, body)
    if not found.state.final and seconds:
        await found.work.wait(seconds)
    return web.json_response(_told(found))


async def cancel(services: Services, caller: Caller, body: Body) -> web.Response:
    """``cancel``: the photo is no longer wanted."""
    found = _own_job(services, caller, body)
    services.jobs.cancel(found)
    return web.json_response({"job": found.id, "state": str(found.state)})


async def result(
    services: Services, caller: Caller, body: Body, request: web.BaseRequest
) -> web.StreamResponse:
    """``result``: the protected file."""
    found = _own_job(services, caller, body)
    delivered = found.work.delivered
    if found.state is not State.DONE or delivered is None:
        raise errors.not_done(found.state)
    try:
        return await _send(request, services.photos.file(delivered.sha256), delivered.type, delivered.bytes)
    except FileNotFoundError:
        raise errors.gone() from None


async def stop(services: Services, _caller: Caller, _body: Body) -> web.Response:
    """``stop``: end the daemon after this answer."""
    services.stopping.set()
    return web.json_response({})


async def _warm(services: Services) -> None:
    try:
        await services.worker.prewarm(services.settings.model_set)
    except PhotoveilError:
        return  # the photo that follows tells it


async def _send(request: web.BaseRequest, path: Path, content_type: str, size: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": content_type, "Content-Length": str(size)})
    with path.open("rb") as file:
        await response.prepare(request)
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            await response.write(chunk)
    await response.write_eof()
    return response


def _own_job(services: Services, caller: Caller, body: Body) -> Job:
    found = services.jobs.find(caller.client, bodies.text(body, "job", longest=64))
    if found is None:
        raise errors.unknown_job()
    return found


def _task(services: Services, wishes: Body) -> Task:
    settings = services.settings
    persona = wishes.get("persona", settings.persona)
    strength = wishes.get("strength", settings.strength)
    method = wishes.get("method", DEFAULT_METHOD)
    if not valid_persona(persona):
        raise errors.bad_request("“persona” is not a possible name.")
    for word, value in (("strength", strength), ("method", method)):
        if not valid_choice(word, value):
            raise errors.bad_request(f"“{word}” is unknown to this version.")
    return Task(persona, method, strength, settings.model_set, settings.metadata)


def _told(job: Job) -> Body:
    work, state = job.work, job.state
    told: Body = {
        "job": job.id,
        "state": str(state),
        "stage": work.stage,
        "progress": round(work.progress, 4),
    }
    if state is State.FAILED:
        told["error"] = work.error
    if state is State.UNCHANGED:
        told["reason"] = work.reason
        told["why"] = "own-copy" if work.reason == OWN_OUTPUT else "animation"
    if state is State.DONE and work.delivered is not None:
        made = work.delivered
        told["result"] = {
            "sha256": made.sha256,
            "bytes": made.bytes,
            "format": made.format,
            "name": made.name_for(job.name),
            "type": made.type,
            "width": made.width,
            "height": made.height,
        }
        told["report"] = made.report
    return told
