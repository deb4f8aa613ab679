"""The HTTP server: one entrance, the guard first, one place where errors become answers."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from photoveil.api import (
    answers,
    bodies,
    dashboard_verbs,
    errors,
    folder_verbs,
    history_verbs,
    models_verbs,
    pairing_verbs,
    photo_verbs,
    region_verbs,
    seal_verbs,
    settings_verbs,
    tools_verbs,
    vault_verbs,
    welcome_verbs,
)
from photoveil.api.bodies import Body
from photoveil.api.door import Connection, Door
from photoveil.api.errors import Refused
from photoveil.api.guard import ADDRESS, Caller, Guard, Visit
from photoveil.api.pages import HEADERS, Pages
from photoveil.api.services import Services
from photoveil.errors import PhotoveilError
from photoveil.settings import DEFAULT_PORT

log = logging.getLogger(__name__)

FALLBACKS = 5
MAX_AT_ONCE = 32
"""So many requests of one client may be in hand at a time."""
_TELL_STRANGERS = 60.0
Answer = web.StreamResponse | Body
Handler = Callable[[Services, Caller, Body], Awaitable[Answer]]
Sender = Callable[[Services, Caller, Body, web.BaseRequest], Awaitable[web.StreamResponse]]
Taker = Callable[[Services, Caller, web.BaseRequest], Awaitable[web.StreamResponse]]

_FREQUENT = (
    *("session", "status", "lookup", "job", "pairing/state", "pair/finish"),
    *("overview", "history", "preview", "folders", "folders/suggest", "page"),
)
HANDLERS: dict[str, Handler] = {
    "pair/begin": pairing_verbs.begin,
    "pair/finish": pairing_verbs.finish,
    "session": pairing_verbs.session,
    "dashboard/open": dashboard_verbs.sign_in,
    "dashboard/link": dashboard_verbs.link,
    "pairing/start": pairing_verbs.start,
    "pairing/state": pairing_verbs.state,
    "pairing/confirm": pairing_verbs.confirm,
    "clients": pairing_verbs.clients,
    "clients/revoke": pairing_verbs.revoke,
    "stop": photo_verbs.stop,
    "status": photo_verbs.status,
    "lookup": photo_verbs.lookup,
    "prewarm": photo_verbs.prewarm,
    "job": photo_verbs.job,
    "cancel": photo_verbs.cancel,
    "retry": history_verbs.retry,
    "regions": region_verbs.regions,
    "regions/change": region_verbs.change,
    "overview": dashboard_verbs.overview,
    "history": history_verbs.history,
    "pause": dashboard_verbs.pause,
    "resume": dashboard_verbs.resume,
    "notices/dismiss": dashboard_verbs.dismiss,
    "models": models_verbs.models,
    "models/pull": models_verbs.pull,
    "models/cancel": models_verbs.cancel,
    "models/verify": models_verbs.verify,
    "models/remove": models_verbs.remove,
    "models/decline": models_verbs.decline,
    "models/measure": models_verbs.measure,
    "settings": settings_verbs.settings,
    "settings/change": settings_verbs.change,
    "folders": folder_verbs.folders,
    "folders/add": folder_verbs.add,
    "folders/change": folder_verbs.change,
    "folders/remove": folder_verbs.remove,
    "folders/rescan": folder_verbs.rescan,
    "folders/suggest": folder_verbs.suggest,
    "personas": settings_verbs.personas,
    "personas/change": settings_verbs.change_persona,
    "personas/forget": settings_verbs.forget_persona,
    "choices": settings_verbs.choices,
    "sites": settings_verbs.sites,
    "sites/choose": settings_verbs.choose,
    "sites/change": settings_verbs.change_site,
    "sites/remove": settings_verbs.remove_site,
    "vault": vault_verbs.vault,
    "vault/restore": vault_verbs.restore,
    "vault/remove": vault_verbs.remove,
    "seal/keys": seal_verbs.keys,
    "seal/keys/create": seal_verbs.create,
    "seal/keys/share": seal_verbs.share,
    "seal/keys/import": seal_verbs.take,
    "seal/keys/revoke": seal_verbs.revoke,
    "welcome": welcome_verbs.welcome,
    "welcome/done": welcome_verbs.done,
    "autostart": welcome_verbs.autostart,
    "autostart/change": welcome_verbs.change_autostart,
    "updates": welcome_verbs.updates,
    "updates/check": welcome_verbs.check_updates,
}
SENDERS: dict[str, Sender] = {
    "result": photo_verbs.result,
    "events": dashboard_verbs.events,
    "preview": history_verbs.preview,
    "vault/fetch": vault_verbs.fetch,
}
"""Verbs whose answer is no JSON."""
TAKERS: dict[str, Taker] = {
    "protect": photo_verbs.protect,
    "tools/seal": tools_verbs.seal,
    "tools/unseal": tools_verbs.unseal,
    "tools/exposure": tools_verbs.exposure,
}
"""Verbs whose body is a photo."""


class NoPortError(PhotoveilError):
    """Every port is taken."""

    code = "no_port"


def bind(port: int | None) -> socket.socket:
    """A listening socket on 127.0.0.1: exactly ``port`` (0: any free one), or without one the first free of five."""
    ports: Sequence[int] = range(DEFAULT_PORT, DEFAULT_PORT + FALLBACKS) if port is None else (port,)
    for candidate in ports:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if sys.platform != "win32":  # there it would let a second process take the port over
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((ADDRESS, candidate))
            listener.listen(128)  # with address reuse, only listening takes the port
        except OSError:
            listener.close()
        else:
            return listener
    tried = ", ".join(str(candidate) for candidate in ports)
    raise NoPortError(
        "Photoveil cannot be reached by browsers",
        f"Other programs use the port it needs ({tried}).",
        "End the other program, or choose another port with --port or in the settings.",
    )


class Server:
    """The API on a listening socket.

    Args:
        services: what the verbs work with.
        guard: what decides who may use them.
        pages: what GET answers.
        listener: from `bind`.
    """

    def __init__(self, services: Services, guard: Guard, pages: Pages, listener: socket.socket) -> None:
        self._services = services
        self._guard = guard
        self._pages = pages
        self._listener = listener
        self._in_hand: Counter[str] = Counter()
        self._refused = 0
        self._tell_next = 0.0
        self._door: Door
        self._listening: asyncio.Server

    async def start(self) -> None:
        """Begin to answer."""
        self._door = Door(
            self._enter,
            request_factory=_request,
            access_log=None,
            logger=_quiet_log(),
            lingering_time=2.0,
            auto_decompress=False,
        )
        self._listening = await asyncio.get_running_loop().create_server(self._door, sock=self._listener)

    async def close(self) -> None:
        """Stop answering."""
        self._listening.close()
        self._services.streams.end()
        self._door.pre_shutdown()
        await self._door.shutdown(2.0)

    async def _enter(self, request: web.BaseRequest) -> web.StreamResponse:
        started = time.monotonic()
        verb, caller = "?", None
        response: web.StreamResponse
        try:
            admitted = self._guard.admit(request)
            if isinstance(admitted, Visit):
                verb, response = "page", await self._pages.serve(admitted.path)
            else:
                caller, verb = admitted, admitted.verb.name
                response = await self._let_in(request, admitted)
        except Exception as error:  # noqa: BLE001 - the one place where errors become answers
            response = _refusal(error, caller)
            if request.writer.output_size:
                _break_off(request)  # half an answer is sent: nothing can be added to it
        if not request.content.is_eof():
            response.force_close()  # the rest of the body is not worth reading
        if isinstance(request.protocol, Connection):
            self._door.answered(request.protocol)
        stranger = response.status >= 400 and (caller is None or caller.session is None)
        quiet = stranger or (verb in _FREQUENT and response.status < 400)
        level = logging.DEBUG if quiet else logging.INFO
        log.log(level, "%s %d %.0f ms", verb, response.status, (time.monotonic() - started) * 1000)
        if stranger:
            self._count_stranger()
        return response

    def _count_stranger(self) -> None:
        """Whoever knocks often must not fill the log: what matters in it would have to make room."""
        self._refused += 1
        if time.monotonic() >= self._tell_next:
            log.info("requests of strangers that were refused: %d", self._refused)
            self._refused, self._tell_next = 0, time.monotonic() + _TELL_STRANGERS

    async def _let_in(self, request: web.BaseRequest, caller: Caller) -> web.StreamResponse:
        connection = request.protocol
        if caller.session is None:
            return await self._serve(request, caller)
        if self._in_hand[caller.client] >= MAX_AT_ONCE:
            raise errors.too_many_requests()
        self._in_hand[caller.client] += 1
        if isinstance(connection, Connection):
            self._door.known(connection)
        try:
            return await self._serve(request, caller)
        finally:
            self._in_hand[caller.client] -= 1
            if not self._in_hand[caller.client]:
                del self._in_hand[caller.client]

    async def _serve(self, request: web.BaseRequest, caller: Caller) -> web.StreamResponse:
        name = caller.verb.name
        if name in TAKERS:
            return await TAKERS[name](self._services, caller, request)
        body = await bodies.read_json(request, caller)
        if name in SENDERS:
            return await SENDERS[name](self._services, caller, body, request)
        answer = await HANDLERS[name](self._services, caller, body)
        return answer if isinstance(answer, web.StreamResponse) else web.json_response(answer)


class Request(answers.ProvedRequest):
    """A request whose answer is hardened, and proved if it was signed, whoever writes it."""

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.popall("Server", None)
        await super()._prepare_hook(response)


def _request(
    message: Any, payload: Any, protocol: web.RequestHandler, writer: Any, task: asyncio.Task[None]
) -> Request:
    return Request(message, payload, protocol, writer, task, asyncio.get_running_loop())


def _refusal(error: Exception, caller: Caller | None) -> web.Response:
    """The answer that an error becomes; only who is proven is told more than a status."""
    # The guard itself says no in words only after it has checked the proof.
    proven = isinstance(error, PhotoveilError) if caller is None else caller.session is not None
    if isinstance(error, Refused):
        return web.Response(status=error.status)
    if isinstance(error, ConnectionError | web.RequestPayloadError):
        return web.Response(status=400)  # the client has gone; nobody reads this
    if not isinstance(error, PhotoveilError):
        log.error("unforeseen: %s", type(error).__name__, exc_info=_without_message(error))
        error = errors.unforeseen(error)
    status = errors.status_of(error)
    if not proven:
        return web.Response(status=status)
    return web.json_response({"error": error.as_dict()}, status=status)


def _break_off(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError


def _quiet_log() -> logging.Logger:
    """What aiohttp tells of trouble, without bytes of requests, as a header may hold a name or a signature.

    Of requests that are no HTTP nothing is told: a stranger could fill the log with them.
    """

    def strip(record: logging.LogRecord) -> bool:
        about = record.exc_info[1] if record.exc_info else None
        record.exc_info = record.exc_text = None
        return not isinstance(about, HttpProcessingError)

    quiet = logging.getLogger(f"{__name__}.http")
    if not quiet.filters:
        quiet.addFilter(strip)
    return quiet


def _without_message(error: Exception) -> Exception:
    """The same place in the code, without a message that might hold a name."""
    return RuntimeError(type(error).__name__).with_traceback(error.__traceback__)
