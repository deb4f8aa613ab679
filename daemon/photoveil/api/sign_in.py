"""How the dashboard in a browser becomes one of the owner's clients: a one-time code, then a key of its own.

The code travels in the fragment of a URL, which browsers send to nobody. It lives for a minute and works once, so that
nothing worth stealing stays in a history or an argument list. What it is exchanged for lives in memory alone.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from photoveil.api import proofs

CODE_SECONDS = 60
CODE_BYTES = 16
MAX_CODES = 4
LIFETIME = 12 * 3600.0
MAX_DASHBOARDS = 8
NAME = "This computer's dashboard"


@dataclass
class Dashboard:
    """One page that signed in."""

    id: str
    key: bytes
    ends: float
    created: str = field(default_factory=lambda: _now())
    last_used: str | None = None


class SignIn:
    """The codes that are waiting and the dashboards that came.

    Args:
        origin: what a dashboard's requests carry.
        ended: told the id of each dashboard that is let go, so that its sessions end.
        clock: seconds; tests put their own here.
    """

    def __init__(
        self, origin: str, ended: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.origin = origin
        self._ended = ended
        self._clock = clock
        self._codes: dict[bytes, float] = {}  # digest of a code: when it ends
        self._dashboards: dict[str, Dashboard] = {}

    def new_code(self) -> str:
        """A code to open the dashboard with; the oldest makes room where too many wait."""
        code = base64.urlsafe_b64encode(secrets.token_bytes(CODE_BYTES)).rstrip(b"=").decode()
        while len(self._codes) >= MAX_CODES:
            del self._codes[next(iter(self._codes))]
        self._codes[_digest(code)] = self._clock() + CODE_SECONDS
        return code

    def open(self, code: str) -> Dashboard | None:
        """The dashboard that this code opens, once; None for a wrong, old or used code."""
        given, now, found = _digest(code), self._clock(), None
        for digest in list(self._codes):  # all of them, so that the time taken tells nothing
            if proofs.same(digest, given):
                found = digest
        if found is None or self._codes.pop(found) <= now:
            return None
        self._sweep()
        while len(self._dashboards) >= MAX_DASHBOARDS:
            self.close(next(iter(self._dashboards)))
        dashboard = Dashboard(secrets.token_hex(8), proofs.nonce(), now + LIFETIME)
        self._dashboards[dashboard.id] = dashboard
        return dashboard

    def find(self, client: str) -> Dashboard | None:
        """The dashboard with this id, if its time is not up."""
        found = self._dashboards.get(client)
        if found is not None and found.ends <= self._clock():
            self.close(client)
            return None
        return found

    def used(self, client: str) -> None:
        """The dashboard has just come."""
        if client in self._dashboards:
            self._dashboards[client].last_used = _now()

    def all(self) -> list[Dashboard]:
        """Every open dashboard, oldest first."""
        self._sweep()
        return list(self._dashboards.values())

    def close(self, client: str) -> bool:
        """Let a dashboard go; False where nobody knew it."""
        known = self._dashboards.pop(client, None)
        if known is not None:
            self._ended(client)
        return known is not None

    def _sweep(self) -> None:
        for client in list(self._dashboards):
            self.find(client)


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).digest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
