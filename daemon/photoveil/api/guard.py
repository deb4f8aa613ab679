"""The guard: every check of docs/protocol.md in its order, on the headers alone, before a byte of the body is read."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Container
from dataclasses import dataclass

from aiohttp import web

from photoveil.api import errors
from photoveil.api.answers import Prover, promise
from photoveil.api.errors import Refused
from photoveil.api.pairing import Pairing
from photoveil.api.sessions import Authorization, Session, Sessions, verified
from photoveil.api.sign_in import SignIn
from photoveil.api.verbs import VERBS, Access, Verb

ADDRESS = "127.0.0.1"
_EXTENSION = re.compile(r"(chrome-extension|moz-extension)://[A-Za-z0-9-]{1,64}")
_SITES = (None, "none", "same-origin")


@dataclass(frozen=True)
class Caller:
    """A request that was let in.

    Attributes:
        session: the one it was signed in, if any.
        sha256: of the body, as it was signed.
        owner: whether it comes from the command line or the dashboard.
    """

    verb: Verb
    origin: str | None
    meta: str
    session: Session | None = None
    sha256: str | None = None
    owner: bool = False

    @property
    def client(self) -> str:
        """The proven client's id."""
        if self.session is None:
            raise RuntimeError("the verb needs no session")
        return self.session.client


@dataclass(frozen=True)
class Visit:
    """A request for a page; nothing about it is secret and nobody has to prove anything."""

    path: str


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
        sign_in: the dashboards that are signed in, which send the daemon's own origin.
        pages: the paths that GET answers.
        clock: seconds.
    """

    def __init__(
        self,
        *,
        port: int,
        sessions: Sessions,
        pairing: Pairing,
        local_client: str,
        sign_in: SignIn,
        pages: Container[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = f"{ADDRESS}:{port}"
        self._sessions = sessions
        self._pairing = pairing
        self._local_client = local_client
        self._sign_in = sign_in
        self._pages = pages
        self._rate = RateLimit(40, 160, clock)
        self._openings = RateLimit(40, 160, clock)

    def admit(self, request: web.BaseRequest) -> Caller | Visit:
        """Check everything that headers can tell; raises Refused, or ApiError once the client is proven."""
        self._check_address(request)
        if request.method == "GET" and request.raw_path in self._pages:
            return self._check_visit(request)
        verb = _check_form(request)
        authorization = Authorization.parse(_header(request, "Authorization")) if verb.signed else None
        session = self._sessions.find(authorization.session) if authorization else None
        origin = _header(request, "Origin")
        self._check_origin(origin, verb, session)
        if _header(request, "Sec-Fetch-Site") not in _SITES:
            raise Refused(403)
        meta = _header(request, "X-Photoveil-Meta") or ""
        if not verb.signed:
            self._check_unsigned(request, verb, origin)
            return Caller(verb, origin, meta)
        if authorization is None or session is None or not verified(session, authorization, verb.name, meta):
            raise Refused(401)
        promise(request, Prover(session.key, verb.name, authorization.number))
        owner = self._is_owner(session)
        self._check_signed(request, verb, session, owner)
        return Caller(verb, origin, meta, session, authorization.sha256, owner)

    def take_opening(self, name: str) -> bool:
        """Whether one more attempt to come in, under this name, is within the limit."""
        return self._openings.take(name)

    def _check_address(self, request: web.BaseRequest) -> None:
        if request.remote != ADDRESS:
            raise Refused(403)
        if _header(request, "Host") != self._host:
            raise Refused(400)

    def _check_visit(self, request: web.BaseRequest) -> Visit:
        if request.body_exists or "Upgrade" in request.headers:
            raise Refused(400)
        if _header(request, "Origin") not in (None, self._sign_in.origin):
            raise Refused(403)
        if _header(request, "Sec-Fetch-Site") not in _SITES:
            raise Refused(403)
        return Visit(request.raw_path)

    def _check_origin(self, origin: str | None, verb: Verb, session: Session | None) -> None:
        own = origin == self._sign_in.origin
        if origin is not None and not own and not _EXTENSION.fullmatch(origin):
            raise Refused(403)
        if verb.access is Access.SIGN_IN and not own:
            raise Refused(403)
        if verb.access is Access.PAIRING and (origin is None or own):
            raise Refused(403)
        if session is not None and origin != session.origin:
            raise Refused(403)

    def _is_owner(self, session: Session) -> bool:
        if session.client == self._local_client:
            return True
        if session.origin != self._sign_in.origin:
            return False
        if self._sign_in.find(session.client) is None:
            raise Refused(401)  # its twelve hours are over
        return True

    def _check_unsigned(self, request: web.BaseRequest, verb: Verb, origin: str | None) -> None:
        if verb.access is Access.PAIRING and not self._pairing.open:
            raise Refused(404)
        if request.content_length is None:
            raise Refused(411)
        if request.content_length > verb.limit:
            raise Refused(413)
        # Opening a session and signing in are counted once the small body has told whose share it is; strangers
        # could use up the owner's otherwise.
        if verb.access is Access.PAIRING and not self.take_opening(origin or ""):
            raise Refused(429)

    def _check_signed(self, request: web.BaseRequest, verb: Verb, session: Session, owner: bool) -> None:
        if verb.access is Access.LOCAL and session.client != self._local_client:
            raise errors.local_only()
        if verb.access is Access.OWNER and not owner:
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
    if "Content-Encoding" in request.headers:
        raise Refused(415)
    if _header(request, "X-Photoveil") != "1" or "Upgrade" in request.headers:
        raise Refused(400)
    return verb


def _header(request: web.BaseRequest, name: str) -> str | None:
    """A header's one value; two of a kind could be read differently by others."""
    values = request.headers.getall(name, [])
    if len(values) > 1:
        raise Refused(400)
    return values[0] if values else None
