"""Settings, and what is different for some sites and personas."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace

from photoveil.api import errors
from photoveil.api.bodies import Body
from photoveil.api.guard import Caller
from photoveil.api.services import Services
from photoveil.methods import METHODS, UNLEARNABLE
from photoveil.paths import models_dir
from photoveil.protection import catalogue, roster
from photoveil.settings import SiteProfile
from photoveil.settings.hosts import normal_host

MAX_SITES = 1000
"""So many sites may have wishes of their own before a browser can add no more; nobody has as many by hand."""
_FOR_SITES = ("protect", "persona", "strength", "method", "slider")


async def settings(services: Services, _caller: Caller, _body: Body) -> Body:
    """``settings``: every setting, its value and what it may be."""
    store = services.store
    return {"settings": store.describe(), "file": str(store.path), "unknown": list(store.unknown)}


async def change(services: Services, caller: Caller, body: Body) -> Body:
    """``settings/change``: all of them or none."""
    if "self" in body["changes"]:  # which Python would take for the store itself
        raise errors.bad_request("“self” is no setting.")
    await services.store.change(**body["changes"])
    return await settings(services, caller, body)


async def sites(services: Services, _caller: Caller, _body: Body) -> Body:
    """``sites``: the sites that have wishes of their own."""
    return {"sites": {host: asdict(profile) for host, profile in services.settings.sites.items()}}


async def change_site(services: Services, caller: Caller, body: Body) -> Body:
    """``sites/change``: what is not named stays."""
    host = body["host"]
    known = services.settings.sites.get(normal_host(host) or "", SiteProfile())
    wishes = {name: body[name] for name in _FOR_SITES if name in body}
    await services.store.put_site(host, replace(known, **wishes))
    return await sites(services, caller, body)


async def remove_site(services: Services, caller: Caller, body: Body) -> Body:
    """``sites/remove``: like any other from now on."""
    await services.store.remove_site(body["host"])
    return await sites(services, caller, body)


async def choices(services: Services, _caller: Caller, body: Body) -> Body:
    """``choices``: names and colours are all that a browser learns of personas."""
    settings = services.settings
    names = await _persona_names(services)
    return {
        "personas": [{"name": name, "colour": settings.card(name).colour} for name in names],
        "strengths": [
            {"name": one.name, "title": one.name.capitalize(), "note": one.description}
            for one in catalogue.STRENGTHS.values()
        ],
        "methods": [
            {"name": name, "title": name.capitalize(), "note": note}
            for name, note in METHODS.items()
            if name != UNLEARNABLE or settings.unlearnable_model
        ],
        "current": {
            "persona": settings.persona,
            "strength": settings.card(settings.persona).strength or settings.strength,
            "method": settings.usual_method(body.get("site", "")),
            "slider": settings.assistant_slider,
        },
    }


async def choose(services: Services, caller: Caller, body: Body) -> Body:
    """``sites/choose``: as `change_site`, within what `choices` offers: a browser makes no new personas."""
    persona, host = body.get("persona"), normal_host(body["host"]) or ""
    if persona is not None and persona not in await _persona_names(services):
        raise errors.unknown("persona", "persona", "Choose another, or make it in the dashboard.")
    known = services.settings.sites
    if host not in known and len(known) >= MAX_SITES:
        raise errors.too_many_sites(MAX_SITES)
    return await change_site(services, caller, body)


async def personas(services: Services, _caller: Caller, _body: Body) -> Body:
    """``personas``: everyone who was learnt, has a card, or is the one in use."""
    known = await _roster(services)
    told = {entry.name: entry.as_dict() for entry in known}
    current = services.settings.persona
    for name in (*services.settings.personas, current):
        told.setdefault(name, {"name": name, "changed": None, "model_sets": []})
    for name, one in told.items():
        card = services.settings.card(name)
        one |= {"colour": card.colour, "strength": card.strength, "current": name == current}
    return {"personas": sorted(told.values(), key=lambda one: str(one["name"]))}


async def change_persona(services: Services, _caller: Caller, body: Body) -> Body:
    """``personas/change``: makes the card where there is none; what is not named stays."""
    card = services.settings.card(body["name"])
    wishes = {name: body[name] for name in ("colour", "strength") if name in body}
    await services.store.put_persona(body["name"], replace(card, **wishes))
    return {}


async def forget_persona(services: Services, _caller: Caller, body: Body) -> Body:
    """``personas/forget``: what was learnt and how it is shown."""
    name = body["name"]
    learnt = await asyncio.to_thread(roster.forget, services.personas, name)
    carded = name in services.settings.personas
    if carded:
        await services.store.remove_persona(name)
    if not (learnt or carded):
        raise errors.unknown("persona", "persona", "See the list of personas.")
    if learnt:
        services.hub.publish("personas")
    return {}


async def _roster(services: Services) -> list[roster.Entry]:
    return await asyncio.to_thread(
        lambda: roster.personas(services.personas, catalogue.model_sets(models_dir()))
    )


async def _persona_names(services: Services) -> list[str]:
    """Everyone who can be chosen; a persona whose file is damaged cannot."""
    learnt = {entry.name for entry in await _roster(services) if entry.error is None}
    return sorted(learnt | {*services.settings.personas, services.settings.persona})
