"""Pairing, sessions and clients: the verbs by which the two sides come to know each other."""

from __future__ import annotations

from aiohttp import web

from photoveil.api import bodies, errors, proofs
from photoveil.api.bodies import Body
from photoveil.api.errors import Refused
from photoveil.api.guard import Caller
from photoveil.api.pairing import WINDOW, Busy, Closed, PairingState, Wrong
from photoveil.api.services import Services
from photoveil.api.sign_in import NAME, Dashboard
from photoveil.ledger.clients import Client


async def begin(services: Services, caller: Caller, body: Body) -> web.Response:
    """``pair/begin``: a browser whose user was shown the code."""
    nc = bodies.nonce(body)
    name = body["name"]
    if not name.isprintable():
        raise errors.bad_request("“name” must have printable characters only.")
    try:
        candidate, ns, proof = services.pairing.begin(
            nc, name, bodies.binary(body, "proof"), caller.origin or ""
        )
    except Closed:
        raise Refused(404) from None
    except Wrong:
        raise Refused(403) from None
    services.hub.publish("clients")
    return web.json_response({"client": candidate.client, "ns": proofs.b64(ns), "proof": proofs.b64(proof)})


async def finish(services: Services, caller: Caller, body: Body) -> web.Response:
    """``pair/finish``: has the user confirmed?"""
    client = body["client"]
    try:
        state = services.pairing.finish(client, bodies.binary(body, "proof"), caller.origin or "")
    except Closed:
        raise Refused(404) from None
    except Wrong:
        raise Refused(403) from None
    if state is PairingState.PAIRED:
        return web.json_response({"state": "paired"})
    return web.json_response({"state": "waiting"}, status=202)


async def session(services: Services, caller: Caller, body: Body) -> web.Response:
    """``session``: the daemon proves itself, and a session key is agreed on."""
    client = body["client"]
    nc = bodies.nonce(body)
    known = await services.known(client)
    welcome = known is not None and known[0] == caller.origin
    if not services.openings.take(client if welcome else "strangers"):
        raise Refused(429)
    if known is None or not welcome:
        raise Refused(403)
    opened, ns = services.sessions.open(client, known[0], known[1], nc)
    if not await services.used(client):
        services.sessions.close(client)  # revoked in this very moment
        raise Refused(403)
    proof = proofs.session_daemon(known[1], nc, ns, opened.id, services.port)
    return web.json_response({"session": opened.id, "ns": proofs.b64(ns), "proof": proofs.b64(proof)})


async def start(services: Services, _caller: Caller, body: Body) -> web.Response:
    """``pairing/start``: a code, for a person or for a program that brings it to the browser."""
    try:
        code = services.pairing.start(shown=body.get("shown", True))
    except Busy:
        raise errors.pairing_busy() from None
    return web.json_response({"code": code, "seconds": int(WINDOW)})


async def state(services: Services, _caller: Caller, body: Body) -> web.Response:
    """``pairing/state``: what has come of it."""
    await services.pairing.wait(body.get("wait_ms", 0) / 1000)
    return web.json_response(_told(services))


async def confirm(services: Services, _caller: Caller, body: Body) -> web.Response:
    """``pairing/confirm``: the user's answer."""
    pairing = services.pairing
    if pairing.state is not PairingState.CONFIRM:
        raise errors.no_pairing()
    candidate = pairing.decide(body["accept"])
    if candidate is not None:
        await services.keys.put(candidate.client, candidate.key)
        await services.clients.add(candidate.client, candidate.name, candidate.origin)
        pairing.paired(candidate)
        services.hub.publish("clients")
    return web.json_response(_told(services))


async def clients(services: Services, _caller: Caller, _body: Body) -> web.Response:
    """``clients``: every paired browser and every open dashboard."""
    browsers = [_listed(client) for client in await services.clients.all()]
    dashboards = [_open(services, dashboard) for dashboard in services.sign_in.all()]
    return web.json_response({"clients": browsers + dashboards})


async def revoke(services: Services, _caller: Caller, body: Body) -> web.Response:
    """``clients/revoke``: a client is no longer welcome."""
    if not await services.forget(body["client"]):
        raise errors.unknown_client()
    return web.json_response({})


def _told(services: Services) -> dict[str, str | bool]:
    pairing = services.pairing
    told: dict[str, str | bool] = {"state": str(pairing.state), "shown": pairing.shown}
    if pairing.candidate is not None:
        told |= {"name": pairing.candidate.name, "origin": pairing.candidate.origin}
    return told


def _listed(client: Client) -> dict[str, str | None]:
    return {
        "client": client.client,
        "kind": "browser",
        "name": client.name,
        "origin": client.origin,
        "created": client.created,
        "last_used": client.last_used,
    }


def _open(services: Services, dashboard: Dashboard) -> dict[str, str | None]:
    return {
        "client": dashboard.id,
        "kind": "dashboard",
        "name": NAME,
        "origin": services.sign_in.origin,
        "created": dashboard.created,
        "last_used": dashboard.last_used,
    }
