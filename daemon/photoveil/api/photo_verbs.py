"""Photos: look one up, have it protected, follow the job, fetch the result."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from photoveil import __version__
from photoveil.api import bodies, errors, told
from photoveil.api.answers import Piecewise
from photoveil.api.bodies import Body
from photoveil.api.guard import Caller
from photoveil.api.services import Services
from photoveil.errors import PhotoveilError
from photoveil.ledger.jobs import Job, JobRow, State
from photoveil.ledger.photos import Key
from photoveil.methods import strength_for
from photoveil.settings import SiteProfile, valid_persona
from photoveil.worker.tasks import Delivered, Task

PHOTOS_PER_CLIENT = 2
_CHUNK = 1 << 18


async def status(services: Services, _caller: Caller, _body: Body) -> web.Response:
    """``status``: what the daemon is and does."""
    jobs = services.jobs.counts()
    status = {
        "version": __version__,
        "api": 1,
        "model_set": services.models.in_force,
        "device": services.worker.device,
        "worker": str(services.worker.state),
        "jobs": {"queued": jobs["queued"], "running": jobs["running"]},
        "secrets": str(await services.keys.rung()),
        **services.paused(),
    }
    return web.json_response(status)


async def lookup(services: Services, caller: Caller, body: Body) -> web.Response:
    """``lookup``: do we know these bytes?"""
    sha256 = body["sha256"]
    task = _task(services, body, sha256)
    if await services.photos.is_protected_copy(sha256, task.method):
        return web.json_response({"state": "protected-copy"})
    job = await services.jobs.recall(caller.client, "photo", Key(sha256, task))
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
    name = meta["name"] or "photo"
    task = _task(services, meta, caller.sha256 or "")
    part = services.jobs.new_part()
    services.uploads[client] += 1
    try:
        await bodies.read_photo(request, caller, part)
        job = await services.jobs.submit(
            client, name, part, Key(caller.sha256 or "", task), by_hand=caller.owner
        )
    finally:
        services.uploads[client] -= 1
    return web.json_response({"job": job.id, "state": str(job.state)}, status=200 if job.state.final else 202)


async def job(services: Services, caller: Caller, body: Body) -> web.Response:
    """``job``: how far it is, at the next change if the client wants to wait."""
    seconds = body.get("wait_ms", 0) / 1000
    found = await _job(services, caller, body)
    if isinstance(found, Job) and not found.state.final and seconds:
        await found.work.wait(seconds)
    return web.json_response(told.job(found))


async def cancel(services: Services, caller: Caller, body: Body) -> web.Response:
    """``cancel``: the photo is no longer wanted."""
    found = await _job(services, caller, body)
    if isinstance(found, Job):
        await services.jobs.cancel(found)
    elif await services.jobs.cancel_id(found.job):
        found = await services.jobs.row(found.job) or found
    return web.json_response({"job": body["job"], "state": str(found.state)})


async def result(
    services: Services, caller: Caller, body: Body, request: web.BaseRequest
) -> web.StreamResponse:
    """``result``: the protected file."""
    found = await _job(services, caller, body)
    if found.state is not State.DONE:
        raise errors.not_done(found.state)
    made = told.made_of(found)
    try:
        if made is None:
            raise errors.gone()
        return await _send(request, services.photos.file(made.sha256), made)
    except FileNotFoundError:
        raise errors.gone() from None


async def stop(services: Services, _caller: Caller, _body: Body) -> web.Response:
    """``stop``: end the daemon after this answer."""
    services.stopping.set()
    return web.json_response({})


async def _warm(services: Services) -> None:
    try:
        await services.worker.prewarm(services.models.in_force)
    except PhotoveilError:
        return  # the photo that follows tells it


async def _send(request: web.BaseRequest, path: Path, made: Delivered) -> web.StreamResponse:
    # Proved as it was when it was made: a file that was changed since is accepted by nobody.
    response = Piecewise(made.sha256, {"Content-Type": made.type, "Content-Length": str(made.bytes)})
    with path.open("rb") as file:
        await response.prepare(request)
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            await response.write(chunk)
    await response.write_eof()
    return response


async def _job(services: Services, caller: Caller, body: Body) -> Job | JobRow:
    """A client's own job; for an owner, any. In hand if it is, else as the history knows it."""
    name = body["job"]
    own = services.jobs.find(caller.client, name)
    if own is not None:
        return own
    row = await services.history.find(name)
    if row is None or not (caller.owner or row.client == caller.client):
        raise errors.unknown_job()
    return services.jobs.find(row.client, name) or row


def _task(services: Services, wishes: Body, photo: str) -> Task:
    """How to protect: as the request says, else as for its site, its persona, and in general.

    ``photo``: its SHA-256, by which the user may have chosen what is to be hidden on it.
    """
    settings = services.settings
    site = (settings.site(wishes["site"]) if "site" in wishes else None) or SiteProfile()
    persona = wishes.get("persona") or site.persona or settings.persona
    if not valid_persona(persona):
        raise errors.bad_request("“persona” is not a possible name.")
    strength = wishes.get("strength") or site.strength or settings.card(persona).strength or settings.strength
    method = wishes.get("method") or site.method or settings.usual_method(wishes.get("site", ""))
    slider = next(
        place for place in (wishes.get("slider"), site.slider, settings.assistant_slider) if place is not None
    )
    strength = strength_for(method, strength, slider)
    task = Task(persona, method, strength, services.models.in_force, settings.metadata)
    return task.about(photo, services.regions)
