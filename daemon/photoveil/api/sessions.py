"""Sessions: 15 minutes each, every request counted and signed."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from photoveil.api import proofs

LIFETIME = 900.0
REORDER = 64
MAX_PER_CLIENT = 64
_AUTHORIZATION = re.compile(
    r"Photoveil ([0-9a-f]{16})\.(0|[1-9][0-9]{0,15})\.([0-9a-f]{64})\.([A-Za-z0-9_-]{43})"
)


@dataclass(frozen=True)
class Authorization:
    """The parts of an ``Authorization`` header."""

    session: str
    number: int
    sha256: str
    mac: bytes

    @classmethod
    def parse(cls, header: str | None) -> Authorization | None:
        """The header's parts, or None where it is not of our kind."""
        found = _AUTHORIZATION.fullmatch(header or "")
        if found is None:
            return None
        try:
            return cls(found[1], int(found[2]), found[3], proofs.unb64(found[4]))
        except ValueError:
            return None


class Counter:
    """Accepts each number once, in rising order but for ``REORDER`` places."""

    def __init__(self) -> None:
        self._highest = -1
        self._seen = 0  # bit i: highest - i was seen

    def accept(self, number: int) -> bool:
        """Whether ``number`` is new; it is not from now on."""
        ahead = number - self._highest
        if ahead > 0:
            self._seen = 1 if ahead > REORDER else ((self._seen << ahead) | 1) & ((1 << (REORDER + 1)) - 1)
            self._highest = number
            return True
        if -ahead > REORDER or self._seen >> -ahead & 1:
            return False
        self._seen |= 1 << -ahead
        return True


@dataclass(eq=False)
class Session:
    """One client's proven presence.

    ``origin`` is None for the local client.
    """

    id: str
    client: str
    origin: str | None
    key: bytes
    ends: float
    counter: Counter = field(default_factory=Counter)


class Sessions:
    """The sessions that are open.

    Args:
        clock: seconds; tests put their own here.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sessions: dict[str, Session] = {}

    def open(self, client: str, origin: str | None, key: bytes, nc: bytes) -> tuple[Session, bytes]:
        """A new session under the client's key K; answers it and our nonce."""
        self._sweep(client)
        ns = proofs.nonce()
        session = Session(
            secrets.token_hex(8), client, origin, proofs.session_key(key, nc, ns), self._clock() + LIFETIME
        )
        self._sessions[session.id] = session
        return session, ns

    def find(self, session: str) -> Session | None:
        """The session with this id, if it has not run out."""
        found = self._sessions.get(session)
        return found if found is not None and self._clock() < found.ends else None

    def close(self, client: str) -> None:
        """End every session of a client."""
        self._sessions = {key: held for key, held in self._sessions.items() if held.client != client}

    def _sweep(self, client: str) -> None:
        now = self._clock()
        self._sessions = {key: held for key, held in self._sessions.items() if now < held.ends}
        own = [key for key, held in self._sessions.items() if held.client == client]
        for key in own[: max(0, len(own) - MAX_PER_CLIENT + 1)]:
            del self._sessions[key]


def verified(session: Session, authorization: Authorization, verb: str, meta: str) -> bool:
    """Whether the request was signed with the session's key and never seen before."""
    expected = proofs.request(session.key, verb, authorization.number, authorization.sha256, meta)
    return proofs.same(authorization.mac, expected) and session.counter.accept(authorization.number)
