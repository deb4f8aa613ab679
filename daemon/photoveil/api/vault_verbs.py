"""The vault: what is kept, and how its owner gets it back."""

from __future__ import annotations

import asyncio

from aiohttp import web

from photoveil.api import errors
from photoveil.api.answers import Piecewise
from photoveil.api.bodies import Body
from photoveil.api.dashboard_verbs import usage
from photoveil.api.folder_verbs import whole_path
from photoveil.api.guard import Caller
from photoveil.api.services import Services
from photoveil.api.verbs import BYTES
from photoveil.ledger import vault_restore

PAGE = 50


async def vault(services: Services, _caller: Caller, body: Body) -> Body:
    """``vault``: a page of originals, newest first."""
    limit = body.get("limit", PAGE)
    items = await services.vault.items(before=body.get("before"), limit=limit + 1)
    told = [
        {
            "item": one.item,
            "name": one.name,
            "path": None if one.path is None else str(one.path),
            "sha256": one.sha256,
            "bytes": one.bytes,
            "created": one.created,
            "restored": one.restored,
        }
        for one in items[:limit]
    ]
    return {"usage": await usage(services), "items": told, "more": len(items) > limit}


async def restore(services: Services, _caller: Caller, body: Body) -> Body:
    """``vault/restore``: put an original back."""
    to = whole_path(body["to"]) if "to" in body else None
    kept = await services.vault.find(body["item"])
    try:
        wanted = await asyncio.to_thread(vault_restore.place, kept.path, kept.name, to)
    except OSError:
        raise errors.bad_request("That place cannot be looked at.") from None
    path = await services.vault.restore(kept.item, to)
    return {"path": str(path), "beside": path != wanted}


async def remove(services: Services, _caller: Caller, body: Body) -> Body:
    """``vault/remove``: keep it no longer."""
    await services.vault.remove(body["item"])
    return {}


async def fetch(
    services: Services, _caller: Caller, body: Body, request: web.BaseRequest
) -> web.StreamResponse:
    """``vault/fetch``: an original's bytes."""
    kept = await services.vault.find(body["item"])
    chunks = await services.vault.open(body["item"])
    response = Piecewise(kept.sha256, {"Content-Type": BYTES})
    first = await anext(chunks, b"")  # what cannot be opened is told before anything is sent
    await response.prepare(request)
    await response.write(first)
    async for chunk in chunks:
        await response.write(chunk)
    await response.write_eof()
    return response
