"""Personas: who is known, and how well."""

from __future__ import annotations

import asyncio

from aiohttp import web

from photoveil.api.bodies import Body
from photoveil.api.guard import Caller
from photoveil.api.services import Services
from photoveil.paths import models_dir
from photoveil.protection import catalogue, roster


async def personas(services: Services, _caller: Caller, _body: Body) -> web.Response:
    """``personas``: everyone on the list, as the files tell at this moment."""
    found = await asyncio.to_thread(
        lambda: roster.personas(services.personas, catalogue.model_sets(models_dir()))
    )
    return web.json_response({"personas": [entry.as_dict() for entry in found]})
