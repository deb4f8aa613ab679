"""What was done: the history, its small pictures, and jobs tried again."""

from __future__ import annotations

import asyncio

from aiohttp import web

from photoveil.api import errors, told
from photoveil.api.bodies import Body
from photoveil.api.guard import Caller
from photoveil.api.services import Services
from photoveil.ledger.jobs import JobRow

PAGE = 50


async def history(services: Services, _caller: Caller, body: Body) -> Body:
    """``history``: a page of jobs, newest first."""
    limit, only = body.get("limit", PAGE), {"states": body.get("states"), "folder": body.get("folder")}
    before = None
    if "before" in body:
        last = await services.history.find(body["before"])
        if last is None:
            raise errors.unknown_job()
        before = last.cursor
    rows = await services.history.page(before=before, limit=limit, **only)
    full = len(rows) == limit
    more = full and bool(await services.history.page(before=rows[-1].cursor, limit=1, **only))
    return {"jobs": await asyncio.to_thread(_past, services, rows), "more": more}


async def preview(services: Services, _caller: Caller, body: Body, _request: web.BaseRequest) -> web.Response:
    """``preview``: a small picture of a photo before or after."""
    try:
        picture = await asyncio.to_thread(services.previews.file(body["job"], body["side"]).read_bytes)
    except (FileNotFoundError, ValueError):
        raise errors.no_preview() from None
    return web.Response(body=picture, content_type="image/webp")


async def retry(services: Services, _caller: Caller, body: Body) -> Body:
    """``retry``: once more."""
    name = body["job"]
    row = await services.jobs.row(name)
    if row is None:
        raise errors.unknown_job()
    if not await services.jobs.retry(name):
        raise errors.not_again(row.state)
    row = await services.jobs.row(name) or row
    return {"job": name, "state": str(row.state)}


def _past(services: Services, rows: list[JobRow]) -> list[Body]:
    """Looks at the disk."""
    return [
        told.past(
            row,
            previews=services.previews.has(row.job),
            kept=row.protected is not None and services.photos.is_kept(row.protected),
        )
        for row in rows
    ]
