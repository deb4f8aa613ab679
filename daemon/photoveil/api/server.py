"""The HTTP server: one entrance, the guard first, one place where errors become answers."""

from __future__ import annotations

import logging
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from photoveil.api import bodies, errors, pairing_verbs, persona_verbs, photo_verbs
from photoveil.api.bodies import Body
from photoveil.api.errors import ApiError, Refused
from photoveil.api.guard import ADDRESS, Caller, Guard
from photoveil.api.services import Services
from photoveil.errors import PhotoveilError
from photoveil.settings import DEFAULT_PORT

log = logging.getLogger(__name__)

FALLBACKS = 5
Handler = Callable[[Services, Caller, Body], Awaitable[web.StreamResponse]]

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'",
}
_FREQUENT = ("session", "status", "lookup", "job", "pairing/state", "pair/finish")
_HANDLERS: dict[str, Handler] = {
    "pair/begin": pairing_verbs.begin,
    "pair/finish": pairing_verbs.finish,
    "session": pairing_verbs.session,
    "status": photo_verbs.status,
    "lookup": photo_verbs.lookup,
    "prewarm": photo_verbs.prewarm,
    "job": photo_verbs.job,
    "cancel": photo_verbs.cancel,
    "personas": persona_verbs.personas,
    "pairing/start": pairing_verbs.start,
    "pairing/state": pairing_verbs.state,
    "pairing/confirm": pairing_verbs.confirm,
    "clients": pairing_verbs.clients,
    "clients/revoke": pairing_verbs.revoke,
    "stop": photo_verbs.stop,
}


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
        listener: from `bind`.
    """

    def __init__(self, services: Services, guard: Guard, listener: socket.socket) -> None:
        self._services = services
        self._guard = guard
        self._listener = listener
        app = web.Application()
        app.router.add_route("*", "/{anything:.*}", self._enter, expect_handler=_wait_for_the_guard)
        app.on_response_prepare.append(_harden)
        self._runner = web.AppRunner(
            app, access_log=None, logger=_quiet_log(), shutdown_timeout=2.0, lingering_time=2.0
        )

    async def start(self) -> None:
        """Begin to answer."""
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener).start()

    async def close(self) -> None:
        """Stop answering."""
        await self._runner.cleanup()

    async def _enter(self, request: web.Request) -> web.StreamResponse:
        started = time.monotonic()
        verb, caller = "?", None
        try:
            caller = self._guard.admit(request)
            verb = caller.verb.name
            response = await self._serve(request, caller)
        except Refused as refusal:
            response = _bare(refusal.status)
        except PhotoveilError as error:
            response = _told(error) if caller is None or caller.session is not None else _bare(_status(error))
        except (ConnectionError, web.RequestPayloadError):
            response = _bare(400)  # the client has gone; nobody reads this
        except Exception as error:
            log.exception("unforeseen: %s", type(error).__name__, exc_info=_without_message(error))
            response = _told(errors.unforeseen(error)) if caller and caller.session else _bare(500)
        if not request.content.is_eof():
            response.force_close()  # the rest of the body is not worth reading
        level = logging.DEBUG if verb in _FREQUENT and response.status < 400 else logging.INFO
        log.log(level, "%s %d %.0f ms", verb, response.status, (time.monotonic() - started) * 1000)
        return response

    async def _serve(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        if caller.verb.name == "protect":
            return await photo_verbs.protect(self._services, caller, request)
        body = await bodies.read_json(request, caller)
        if caller.verb.name == "result":
            return await photo_verbs.result(self._services, caller, body, request)
        return await _HANDLERS[caller.verb.name](self._services, caller, body)


def _bare(status: int) -> web.Response:
    return web.Response(status=status)


def _told(error: PhotoveilError) -> web.Response:
    return web.json_response({"error": error.as_dict()}, status=_status(error))


def _status(error: PhotoveilError) -> int:
    return error.status if isinstance(error, ApiError) else 500


def _quiet_log() -> logging.Logger:
    """What aiohttp tells of malformed requests, without their bytes: a header may hold a name or a signature."""

    def strip(record: logging.LogRecord) -> bool:
        record.exc_info = record.exc_text = None
        return True

    quiet = logging.getLogger(f"{__name__}.http")
    if not quiet.filters:
        quiet.addFilter(strip)
    return quiet


def _without_message(error: Exception) -> Exception:
    """The same place in the code, without a message that might hold a name."""
    return RuntimeError(type(error).__name__).with_traceback(error.__traceback__)


async def _wait_for_the_guard(_request: web.Request) -> None:
    """Send no ``100 Continue`` yet: the body is invited once the guard is satisfied."""


async def _harden(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
    response.headers.popall("Server", None)
