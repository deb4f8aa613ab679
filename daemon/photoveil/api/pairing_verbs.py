"""Pairing, sessions and clients: the verbs by which the two sides come to know each other."""

from __future__ import annotations

from aiohttp import web

from photoveil.api import bodies, errors, proofs
from photoveil.api.bodies import Body
from photoveil.api.errors import Refused
from photoveil.api.guard import Caller
from photoveil.api.pairing import WINDOW, Closed, PairingState, Wrong
from photoveil.api.services import Services
from photoveil.ledger.clients import Client


async def begin(services: Services, caller: Caller, body: Body) -> web.Response:
    """``pair/begin``: a browser whose user was shown the code."""
    nc = bodies.nonce(body)
    name = bodies.text(body, "name", longest=64)
    try:
        candidate, ns, proof = services.pairing.begin(
            nc, name, bodies.binary(body, "proof"), caller.origin or ""
        )
    except Closed:
        raise Refused(404) from None
    except Wrong:
        raise Refused(403) from None
    return web.json_response({"client": candidate.client, "ns": proofs.b64(ns), "proof": proofs.b64(proof)})


async def finish(services: Services, caller: Caller, body: Body) -> web.Response:
    """``pair/finish``: has the user confirmed?"""
    client = bodies.text(body, "client", longest=16)
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
    client = bodies.text(body, "client", longest=16)
    nc = bodies.nonce(body)
    known = await services.known(client)
    if known is None or known[0] != caller.origin:
        raise Refused(403)
    opened, ns = services.sessions.open(client, known[0], known[1], nc)
    if client != services.local.id and not await services.clients.used(client):
        services.sessions.close(client)  # revoked in this very moment
        raise Refused(403)
    proof = proofs.session_daemon(known[1], nc, ns, opened.id, services.port)
    return web.json_response({"session": opened.id, "ns": proofs.b64(ns), "proof": proofs.b64(proof)})


async def start(services: Services, _caller: Caller, _body: Body) -> web.Response:
    """``pairing/start``: show a code."""
    return web.json_response({"code": services.pairing.start(), "seconds": int(WINDOW)})


async def state(services: Services, _caller: Caller, body: Body) -> web.Response:
    """``pairing/state``: what has come of it."""
    await services.pairing.wait(bodies.milliseconds(body))
    return web.json_response(_told(services))


async def confirm(services: Services, _caller: Caller, body: Body) -> web.Response:
    """``pairing/confirm``: the user's answer."""
    accept = body.get("accept")
    if not isinstance(accept, bool):
        raise errors.bad_request("“accept” must be true or false.")
    pairing = services.pairing
    if pairing.state is not PairingState.CONFIRM:
        raise errors.no_pairing()
    candidate = pairing.decide(accept)
    if candidate is not None:
        await services.keys.put(candidate.client, candidate.key)
        await services.clients.add(candidate.client, candidate.name, candidate.origin)
        pairing.paired(candidate)
    return web.json_response(_told(services))


async def clients(services: Services, _caller: Caller, _body: Body) -> web.Response:
    """``clients``: every paired browser."""
    return web.json_response({"clients": [_listed(client) for client in await services.clients.all()]})


async def revoke(services: Services, _caller: Caller, body: Body) -> web.Response:
    """``clients/revoke``: a browser is no longer welcome."""
    if not await services.forget(bodies.text(body, "client", longest=16)):
        raise errors.unknown_client()
    return web.json_response({})


def _told(services: Services) -> dict[str, str]:
    pairing = services.pairing
    told = {"state": str(pairing.state)}
    if pairing.candidate is not None:
        told |= {"name": pairing.candidate.name, "origin": pairing.candidate.origin}
    return told


def _listed(client: Client) -> dict[str, str | None]:
    return {
        "client": client.client,
        "name": client.name,
        "origin": client.origin,
        "created": client.created,
        "last_used": client.last_used,
    }
