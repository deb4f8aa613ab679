"""Pairing: opened by the user, 120 seconds, five tries, one success, confirmed by the user."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from photoveil.api import proofs

WINDOW = 120.0
CONFIRM = 60.0
"""The user has at least so long to answer, however late the browser came."""
LINGER = 30.0
"""So long after the decision the browser can still ask for it."""
TRIES = 5


class PairingState(StrEnum):
    """Where pairing is, as the local client sees it."""

    WAITING = "waiting"
    CONFIRM = "confirm"
    PAIRED = "paired"
    REFUSED = "refused"
    EXPIRED = "expired"


class Busy(Exception):  # noqa: N818 - told as `pairing_busy`
    """Another pairing is under way, which a program must not push aside."""


class Closed(Exception):  # noqa: N818 - told as a bare 404
    """There is no window, or this one takes no more."""


class Wrong(Exception):  # noqa: N818 - told as a bare 403
    """A proof is wrong, or the user said no."""


@dataclass(frozen=True)
class Candidate:
    """The browser that knows the code and waits for the user."""

    client: str
    name: str
    origin: str
    key: bytes


class Pairing:
    """At most one pairing at a time.

    Args:
        clock: seconds; tests put their own here.

    Attributes:
        shown: whether the code is shown to a person, who carries it to the browser; otherwise the program that
            asked for it hands it to the browser itself.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._code: str | None = None
        self._tries = 0
        self._ends = 0.0
        self._state = PairingState.EXPIRED
        self._changed = asyncio.Event()
        self._heard = False
        self.shown = True
        self.candidate: Candidate | None = None

    @property
    def state(self) -> PairingState:
        """Where pairing is now; a window that ran out is expired, a decision stays."""
        if self._state in (PairingState.WAITING, PairingState.CONFIRM) and self._clock() >= self._ends:
            self._become(PairingState.EXPIRED)
        return self._state

    @property
    def open(self) -> bool:
        """Whether a browser gets any answer but 404."""
        return self._clock() < self._ends and self.state is not PairingState.EXPIRED

    def start(self, *, shown: bool = True) -> str:
        """Open a new window; answers the code.

        What a person asks for closes any other window. What a program asks for (``shown`` false) does not: raises Busy
        while a code is shown, a browser waits for its user, or has yet to hear of its outcome.
        """
        if not shown and self.open and self._is_somebodys():
            raise Busy
        self.shown = shown
        self._heard = False
        self._code = proofs.new_code()
        self._tries = TRIES
        self._ends = self._clock() + WINDOW
        self.candidate = None
        self._become(PairingState.WAITING)
        return self._code

    def begin(self, nc: bytes, name: str, proof: bytes, origin: str) -> tuple[Candidate, bytes, bytes]:
        """A browser shows that its user knows the code; answers the candidate, our nonce and our proof."""
        if not self.open or self._state is not PairingState.WAITING or self._code is None:
            raise Closed
        code = self._code
        if not proofs.same(proof, proofs.pair_client(code, nc, origin)):
            self._tries -= 1
            if self._tries <= 0:
                self._become(PairingState.EXPIRED)
            raise Wrong
        self._code = None  # one success
        ns, client = proofs.nonce(), secrets.token_hex(8)
        self.candidate = Candidate(client, name, origin, proofs.pair_key(code, nc, ns))
        self._ends = max(self._ends, self._clock() + CONFIRM)
        self._become(PairingState.CONFIRM)
        return self.candidate, ns, proofs.pair_daemon(code, nc, ns, client)

    def finish(self, client: str, proof: bytes, origin: str) -> PairingState:
        """The browser asks whether the user has confirmed it: CONFIRM (wait) or PAIRED."""
        if not self.open or self.candidate is None:
            raise Closed
        known = self.candidate
        right = proofs.same(proof, proofs.pair_finish(known.key, known.client))
        if (
            not right
            or client != known.client
            or origin != known.origin
            or self._state is PairingState.REFUSED
        ):
            raise Wrong
        self._heard = self._state is PairingState.PAIRED
        return self._state

    def decide(self, accept: bool) -> Candidate | None:
        """The user's answer. The candidate if it is to be taken in now; call `paired` when that is done."""
        if self.state is not PairingState.CONFIRM or self.candidate is None:
            return None
        if accept:
            return self.candidate
        self._end(PairingState.REFUSED)
        return None

    def paired(self, candidate: Candidate) -> None:
        """The candidate's key is kept: tell everyone."""
        if self.candidate is candidate:
            self._end(PairingState.PAIRED)

    async def wait(self, seconds: float) -> None:
        """While no browser has come yet, wait for one or for the end of the window, at most so long."""
        if self.state is not PairingState.WAITING:
            return
        left = min(seconds, max(0.0, self._ends - self._clock()))
        try:
            await asyncio.wait_for(self._changed.wait(), left)
        except TimeoutError:
            return

    def _is_somebodys(self) -> bool:
        """Whether somebody would miss the window that is open."""
        if self.state is PairingState.WAITING:
            return self.shown
        return self.state is PairingState.CONFIRM or (self.state is PairingState.PAIRED and not self._heard)

    def _end(self, state: PairingState) -> None:
        self._ends = self._clock() + LINGER
        self._become(state)

    def _become(self, state: PairingState) -> None:
        self._state = state
        if state is PairingState.EXPIRED:
            self._code = self.candidate = None
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
