"""Single photos, handed over and given back: sealed, unsealed, or looked at. Nothing of them is kept."""

from __future__ import annotations

import asyncio
import hashlib
import json
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from photoveil.api import bodies, errors, seal_verbs
from photoveil.api.answers import Piecewise
from photoveil.api.bodies import Body
from photoveil.api.guard import Caller
from photoveil.api.services import Services
from photoveil.api.verb import BYTES
from photoveil.ledger.photos import discard
from photoveil.worker.frames import Header

AT_ONCE = 2
"""Of one client: the child has one photo in hand at a time, and photos to protect wait behind these."""
_LENGTH = struct.Struct(">I")
_CHUNK = 1 << 18

Use = Callable[[Path, Path, Body], Awaitable[web.StreamResponse]]


async def seal(services: Services, caller: Caller, request: web.BaseRequest) -> web.StreamResponse:
    """``tools/seal``: the photo with its mark."""

    async def use(photo: Path, made: Path, meta: Body) -> web.StreamResponse:
        ring = seal_verbs.ring(services)
        others = dict.fromkeys(meta.get("recipients", []))
        keys = [mine := await ring.mine()]
        keys += [await ring.get(name) for name in others if name != mine.name]
        options: Header = {
            "name": meta["name"] or "photo",
            "mark": {
                "text": meta["text"],
                "position": meta.get("position", "auto"),
                "tiling": meta.get("tiling", False),
                "size": meta.get("size", "medium"),
                "tone": meta.get("tone", "dark"),
            },
            **seal_verbs.wrapped_for(keys),
            "metadata": services.settings.metadata,
        }
        facts = await services.worker.tool("seal", photo, options, made)
        return await _send(request, facts | {"keys": [key.name for key in keys]}, made)

    return await _taken(services, caller, request, use)


async def unseal(services: Services, caller: Caller, request: web.BaseRequest) -> web.StreamResponse:
    """``tools/unseal``: the photo without its mark."""

    async def use(photo: Path, made: Path, meta: Body) -> web.StreamResponse:
        keys = await seal_verbs.ring(services).keys()
        options: Header = {"name": meta["name"] or "photo", "thorough": meta.get("thorough", True)}
        facts = await services.worker.tool("unseal", photo, options, made, seal_verbs.opener(keys))
        return await _send(request, facts, made)

    return await _taken(services, caller, request, use)


async def exposure(services: Services, caller: Caller, request: web.BaseRequest) -> web.StreamResponse:
    """``tools/exposure``: what a photo gives away."""

    async def use(photo: Path, _made: Path, meta: Body) -> web.StreamResponse:
        return web.json_response(
            await services.worker.tool("exposure", photo, {"name": meta["name"] or "photo"})
        )

    return await _taken(services, caller, request, use)


async def _taken(
    services: Services, caller: Caller, request: web.BaseRequest, use: Use
) -> web.StreamResponse:
    """Take the photo in, do something with it, and forget it."""
    client = caller.client
    if services.tools[client] >= AT_ONCE:
        raise errors.too_many_photos(AT_ONCE)
    meta = bodies.read_meta(caller)
    photo, made = services.jobs.new_part(), services.jobs.new_part()
    services.tools[client] += 1
    try:
        await bodies.read_photo(request, caller, photo)
        return await use(photo, made, meta)
    finally:
        services.tools[client] -= 1
        discard(photo)
        discard(made)


async def _send(request: web.BaseRequest, facts: Header, made: Path) -> web.StreamResponse:
    """The length of the facts, the facts in JSON, the picture: one body, so that one proof stands for all of it."""
    told = json.dumps(facts, ensure_ascii=False).encode()
    head = _LENGTH.pack(len(told)) + told
    size, digest = await asyncio.to_thread(_measured, head, made)
    response = Piecewise(digest, {"Content-Type": BYTES, "Content-Length": str(len(head) + size)})
    with made.open("rb") as file:
        await response.prepare(request)
        await response.write(head)
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            await response.write(chunk)
    await response.write_eof()
    return response


def _measured(head: bytes, made: Path) -> tuple[int, str]:
    digest, size = hashlib.sha256(head), 0
    with made.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()
