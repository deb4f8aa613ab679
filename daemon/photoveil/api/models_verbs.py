"""Model sets: which there are, how quick each would be here, and having one fetched, checked or removed."""

from __future__ import annotations

from photoveil import models as hub
from photoveil.api.bodies import Body
from photoveil.api.guard import Caller
from photoveil.api.services import Services
from photoveil.fitting.desk import ModelDesk
from photoveil.models import HUB
from photoveil.protection.model_sets import ModelSet
from photoveil.settings.model import AUTO_SET


async def models(services: Services, _caller: Caller, _body: Body) -> Body:
    """``models``: all about them; somebody who looks here wants to know how quick they would be."""
    services.models.measure_soon()
    return told(services)


async def pull(services: Services, _caller: Caller, body: Body) -> Body:
    """``models/pull``: have a set fetched; how far it is, ``models`` and the events tell.

    One that would never be chosen by itself, being too slow here, is named in the settings: who fetches it wants it.
    """
    desk, name = services.models, body["model_set"]
    hub.plan(name, desk.folder)  # says why, where it is none that can be fetched
    await desk.downloads.pull(name)
    if services.settings.model_set == AUTO_SET and not desk.quick_enough(desk.find(name)):
        await services.store.change(model_set=name)
    return told(services)


async def cancel(services: Services, _caller: Caller, _body: Body) -> Body:
    """``models/cancel``: give up what is being fetched or checked; what has arrived stays for another time."""
    desk = services.models
    current = desk.downloads.current
    await desk.downloads.cancel()
    given_up = (
        current is not None and current.kind == "pull" and current.model_set == services.settings.model_set
    )
    if given_up and desk.in_force != services.settings.model_set:
        await services.store.change(model_set=None)  # else it would be missed for ever
    return told(services)


async def verify(services: Services, _caller: Caller, body: Body) -> Body:
    """``models/verify``: compare a set's files with what was recorded when they came."""
    desk = services.models
    found = desk.find(body["model_set"])
    await desk.downloads.verify(found.name, sum(encoder.bytes for encoder in found.encoders))
    return told(services)


async def remove(services: Services, _caller: Caller, body: Body) -> Body:
    """``models/remove``: delete a fetched set."""
    await services.models.remove(body["model_set"])
    return told(services)


async def decline(services: Services, _caller: Caller, body: Body) -> Body:
    """``models/decline``: the offer of this set is not wanted."""
    services.models.decline(body["model_set"])
    return told(services)


async def measure(services: Services, _caller: Caller, _body: Body) -> Body:
    """``models/measure``: find out again how fast this machine is, as soon as it rests."""
    services.models.measure_anew()
    return told(services)


def brief(services: Services) -> Body:
    """What the overview tells of model sets."""
    desk = services.models
    offer, current = desk.offer(), desk.downloads.current
    return {
        "wanted": services.settings.model_set,
        "offer": offer.as_dict() if offer else None,
        "download": current.as_dict() if current else None,
    }


def told(services: Services) -> Body:
    """Everything about model sets."""
    desk, settings = services.models, services.settings
    measured = desk.measurement
    return {
        **brief(services),
        "active": desk.in_force,
        "patience_seconds": settings.patience_seconds,
        "offline": settings.offline,
        "source": settings.model_endpoint or HUB,
        "folder": str(desk.folder),
        "free_bytes": desk.free_bytes(),
        "measuring": desk.measuring,
        "machine": {name: getattr(measured, name) for name in _MEASURED} if measured else None,
        "model_sets": [_one(desk, found) for found in desk.sets],
    }


_MEASURED = ("device", "device_name", "precision", "date")


def _one(desk: ModelDesk, found: ModelSet) -> Body:
    missing = hub.plan(found.name, desk.folder).bytes_missing if found.from_hub else 0
    expected = desk.seconds(found)
    return {
        "name": found.name,
        "title": found.name.replace("-", " ").capitalize(),
        "note": found.description,
        "installed": found.installed,
        "active": found.name == desk.in_force,
        "fetched": found.from_hub,
        "bytes": sum(encoder.bytes for encoder in found.encoders),
        "missing_bytes": missing,
        "seconds": None if expected is None else round(expected, 2),
        "quick_enough": desk.quick_enough(found),
        "checked": desk.downloads.checked.get(found.name),
        "encoders": [
            {
                "name": encoder.name,
                "role": str(encoder.role),
                "family": encoder.family,
                "parameters": encoder.parameters,
                "bytes": encoder.bytes,
                "licence": encoder.hub.licence if encoder.hub else None,
            }
            for encoder in found.encoders
        ],
    }
