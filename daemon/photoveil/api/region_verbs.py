"""What is private on a photo for AI assistants, as its owner says."""

from __future__ import annotations

import asyncio

from photoveil.api import errors
from photoveil.api.bodies import Body
from photoveil.api.guard import Caller
from photoveil.api.services import Services
from photoveil.assistant.choices import choice


async def regions(services: Services, _caller: Caller, body: Body) -> Body:
    """``regions``: what was chosen for a job's photo."""
    return _told(services, await _photo(services, body["job"]))


async def change(services: Services, _caller: Caller, body: Body) -> Body:
    """``regions/change``: holds from now on, wherever the same file comes from; folders make their copies anew."""
    photo = await _photo(services, body["job"])
    if body["regions"] is None:
        await asyncio.to_thread(services.regions.forget, photo)
    else:
        await asyncio.to_thread(services.regions.keep, choice(photo, body["regions"]))
    await services.watching.chosen_anew(photo)
    return _told(services, photo)


async def _photo(services: Services, job: str) -> str:
    row = await services.history.find(job)
    if row is None:
        raise errors.unknown_job()
    return row.original


def _told(services: Services, photo: str) -> Body:
    known = services.regions.of(photo)
    return {
        "photo": photo,
        "regions": None if known is None else [region.as_dict() for region in known.regions],
    }
