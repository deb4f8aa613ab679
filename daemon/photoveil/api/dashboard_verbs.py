"""The dashboard's way in, and what its first page shows."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from photoveil import __version__
from photoveil.api import door, errors, models_verbs, proofs
from photoveil.api.bodies import Body
from photoveil.api.errors import Refused
from photoveil.api.guard import Caller
from photoveil.api.services import Services
from photoveil.api.sign_in import CODE_SECONDS
from photoveil.notices import Notice


async def link(services: Services, _caller: Caller, body: Body) -> Body:
    """``dashboard/link``: the code is in the fragment, which no browser sends to anybody."""
    return {"url": link_to(services, body.get("place", "")), "seconds": CODE_SECONDS}


def link_to(services: Services, place: str = "") -> str:
    """An address that opens the dashboard signed in, once; ``place`` is the page, such as ``folders``."""
    link = f"{services.sign_in.origin}/#once={services.sign_in.new_code()}"
    return f"{link}/{place}" if place else link


async def sign_in(services: Services, _caller: Caller, body: Body) -> Body:
    """``dashboard/open``: the right code always works, however many wrong ones were tried before it."""
    dashboard = services.sign_in.open(body["code"])
    if dashboard is None:
        raise Refused(403 if services.openings.take("codes") else 429)
    services.hub.publish("clients")
    return {"client": dashboard.id, "key": proofs.b64(dashboard.key)}


async def overview(services: Services, _caller: Caller, _body: Body) -> Body:
    """``overview``: all that one look at Photoveil should tell."""
    services.regions.read()  # where the doctor has put a damaged file aside, the notice of it goes
    settings, notices = services.settings, services.notices.all()
    pause = services.paused()
    queue, newer = services.jobs.queue(), services.updates.newer
    return {
        "version": __version__,
        "update": None if newer is None else {"version": newer.version, "url": newer.url},
        "welcome_done": services.welcome.done is not None,
        "profile": services.profile,
        "port": services.port,
        "state": _state(bool(pause["paused"]), queue["running"], notices),
        **pause,
        "waiting_for": services.jobs.waiting_for,
        "queue": queue,
        "counts": await services.history.counts(),
        "worker": str(services.worker.state),
        "device": services.worker.device,
        "model_set": services.models.in_force,
        "models": models_verbs.brief(services),
        "persona": settings.persona,
        "strength": settings.strength,
        "secrets": str(await services.keys.rung()),
        "notices": [notice.as_dict() for notice in notices],
        "folders": len(settings.folders),
        "clients": len(await services.clients.all()),
        "vault": await usage(services),
    }


async def usage(services: Services) -> Body:
    """How full the vault is."""
    found = await services.vault.usage()
    return {
        "items": found.items,
        "blobs": found.blobs,
        "bytes": found.bytes,
        "limit": found.limit,
        "key_rung": None if found.key_rung is None else str(found.key_rung),
    }


async def pause(services: Services, _caller: Caller, body: Body) -> Body:
    """``pause``: hold back work in folders."""
    await services.pause.pause(body.get("minutes"))
    return services.paused()


async def resume(services: Services, _caller: Caller, _body: Body) -> Body:
    """``resume``: go on with it."""
    await services.pause.resume()
    return services.paused()


async def dismiss(services: Services, _caller: Caller, body: Body) -> Body:
    """``notices/dismiss``: the user has read it."""
    if body["key"] not in {notice.key for notice in services.notices.all()}:
        raise errors.unknown("notice", "notice", "Look at the notices again.")
    services.notices.clear(body["key"])
    return {}


async def events(
    services: Services, caller: Caller, _body: Body, request: web.BaseRequest
) -> web.StreamResponse:
    """``events``: what changes, as it changes."""
    if caller.session is None or services.sessions.find(caller.session.id) is None:
        raise Refused(401)  # revoked while the body was on its way; from here on, its end ends the stream
    return await services.streams.serve(request, caller.client, owner=caller.owner, gone=door.gone(request))


def _state(paused: bool, running: int, notices: Sequence[Notice]) -> str:
    if notices:
        return "attention"
    if running:
        return "working"
    return "paused" if paused else "idle"
