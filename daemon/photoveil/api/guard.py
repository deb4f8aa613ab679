"""The guard: every check of docs/protocol.md in its order, on the headers alone, before a byte of the body is read."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from photoveil.api import errors
from photoveil.api.errors import Refused
from photoveil.api.pairing import Pairing
from photoveil.api.sessions import Authorization, Session, Sessions, verified
from photoveil.api.verbs import VERBS, Access, Verb

ADDRESS = "127.0.0.1"
_ORIGIN = re.compile(r"(chrome-extension|moz-extension)://[A-Za-z0-9-]{1,64}")
_SITES = (None, "none", "same-origin")


@dataclass(frozen=True)
class Caller:
    """A request that was let in; ``session`` and ``sha256`` are those it was signed with."""

    verb: Verb
    origin: str | None
    meta: str
    session: Session | None = None
    sha256: str | None = None

    @property
    def client(self) -> str:
        """The proven client's id."""
        if self.session is None:
            raise RuntimeError("the verb needs no session")
        return self.session.client


class RateLimit:
    """A bucket of requests per name, refilled steadily.

    Args:
        per_second: how many come back each second.
        burst: how many fit into the bucket.
        clock: seconds.
    """

    def __init__(self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> bool:
        """Whether one more request of ``name`` is within the limit."""
        now = self._clock()
        left, since = self._buckets.pop(name, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._per_second)
        self._buckets[name] = (left - 1 if left >= 1 else left, now)
        while len(self._buckets) > 256:
            self._buckets.popitem(last=False)
        return left >= 1


class Guard:
    """Lets a request in or refuses it.

    Args:
        port: where the daemon listens.
        sessions: the open sessions.
        pairing: outside its window, its verbs do not exist.
        local_client: the id of the command line, which sends no origin.
        clock: seconds.
    """

    def __init__(
        self,
        *,
        port: int,
        sessions: Sessions,
        pairing: Pairing,
        local_client: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = f"{ADDRESS}:{port}"
        self._sessions = sessions
        self._pairing = pairing
        self._local_client = local_client
        self._rate = RateLimit(40, 160, clock)
        self._openings = RateLimit(40, 160, clock)

    def admit(self, request: web.BaseRequest) -> Caller:
        """Check everything that headers can tell; raises Refused, or ApiError once the client is proven."""
        self._check_address(request)
        verb = _check_form(request)
        authorization = Authorization.parse(_header(request, "Authorization")) if verb.signed else None
        session = self._sessions.find(authorization.session) if authorization else None
        origin = _header(request, "Origin")
        _check_origin(origin, verb, session)
        if _header(request, "Sec-Fetch-Site") not in _SITES:
            raise Refused(403)
        meta = _header(request, "X-Photoveil-Meta") or ""
        if not verb.signed:
            self._check_unsigned(request, verb, origin)
            return Caller(verb, origin, meta)
        if authorization is None or session is None or not verified(session, authorization, verb.name, meta):
            raise Refused(401)
        self._check_signed(request, verb, session)
        return Caller(verb, origin, meta, session, authorization.sha256)

    def _check_address(self, request: web.BaseRequest) -> None:
        if request.remote != ADDRESS:
            raise Refused(403)
        if _header(request, "Host") != self._host:
            raise Refused(400)

    def _check_unsigned(self, request: web.BaseRequest, verb: Verb, origin: str | None) -> None:
        if verb.access is Access.PAIRING and not self._pairing.open:
            raise Refused(404)
        if request.content_length is None:
            raise Refused(411)
        if request.content_length > verb.limit:
            raise Refused(413)
        if not self._openings.take(origin or "local"):
            raise Refused(429)

    def _check_signed(self, request: web.BaseRequest, verb: Verb, session: Session) -> None:
        if verb.access is Access.LOCAL and session.client != self._local_client:
            raise errors.local_only()
        if request.content_length is None:
            raise errors.length_required()
        if request.content_length > verb.limit:
            raise errors.too_large(verb.limit)
        if not self._rate.take(session.client):
            raise errors.too_many_requests()


def _check_form(request: web.BaseRequest) -> Verb:
    if request.method != "POST":
        raise Refused(405)
    verb = VERBS.get(request.raw_path)
    if verb is None:
        raise Refused(404)
    if (_header(request, "Content-Type") or "").partition(";")[0].strip().lower() != verb.content_type:
        raise Refused(415)
    if _header(request, "X-Photoveil") != "1":
        raise Refused(400)
    return verb


def _check_origin(origin: str | None, verb: Verb, session: Session | None) -> None:
    if origin is not None and not _ORIGIN.fullmatch(origin):
        raise Refused(403)
    if verb.access is Access.PAIRING and origin is None:
        raise Refused(403)
    if session is not None and origin != session.origin:
        raise Refused(403)


def _header(request: web.BaseRequest, name: str) -> str | None:
    """A header's one value; two of a kind could be read differently by others."""
    values = request.headers.getall(name, [])
    if len(values) > 1:
        raise Refused(400)
    return values[0] if values else None
