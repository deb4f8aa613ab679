"""Files that may still be written: when to look at each again, and when it is taken."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from photoveil.watching.looking import Look, Stamp

DEBOUNCE = 0.4
SECOND_LOOK = 1.1
PATIENCE = 120.0
"""How long a file that looks unfinished may rest before it is offered all the same."""
_UNSURE_REST = 5.0
_LONGEST_PAUSE = 10.0
_RESTED = 10.0
"""A file that nobody touched for so long by the clock of its own drive is looked at only once."""


@dataclass
class Pending:
    """One file that may have changed.

    Args:
        next: when to look at it.
        closed: whether its writer was seen to close it, or to move it to its name, since it last changed.
        stamp: as of the last look.
        since: when it was first seen with this stamp.
    """

    path: str
    next: float
    closed: bool = False
    stamp: Stamp | None = None
    since: float = 0.0


class Settling:
    """The files of one folder that are waited for.

    Args:
        trusts_clock: whether the drive's clock is ours, so that a file's own times tell how long it has rested.
    """

    def __init__(self, *, trusts_clock: bool = True) -> None:
        self.trusts_clock = trusts_clock
        self._pending: dict[str, Pending] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def hint(self, path: str, now: float, *, closed: bool = False, wait: float | None = None) -> None:
        """Something happened to this file; it is looked at after the moment in which more may happen."""
        wait = DEBOUNCE if wait is None else wait
        pending = self._pending.get(path)
        if pending is None:
            self._pending[path] = Pending(path, now + wait, closed)
        elif closed:
            pending.closed = True
            pending.next = min(pending.next, now + wait)

    def due(self, now: float, limit: int) -> list[Pending]:
        """Files to be looked at now, at most so many."""
        found: list[Pending] = []
        for pending in self._pending.values():
            if pending.next <= now:
                found.append(pending)
                if len(found) == limit:
                    break
        return found

    def next_look(self) -> float | None:
        """When the next file is due."""
        return min((pending.next for pending in self._pending.values()), default=None)

    def drop(self, paths: Iterable[str]) -> None:
        """These files are settled."""
        for path in paths:
            self._pending.pop(path, None)

    def clear(self) -> None:
        """Wait for nothing any more."""
        self._pending.clear()

    def rested(self, pending: Pending, found: Stamp, now: float) -> bool:
        """Whether the file is the same as at the last look, a moment ago; notes the look.

        A file closed by its writer need not be looked at twice, and neither need one that has rested for long.
        """
        if pending.stamp != found:
            pending.stamp, pending.since = found, now
            if not pending.closed and self._age(found) < _RESTED:
                pending.next = now + SECOND_LOOK
                return False
        return True

    def taken(self, pending: Pending, look: Look, now: float) -> bool:
        """Whether a rested file that looks like this is taken now; else it is looked at again later."""
        if look in (Look.WHOLE, Look.NO_PHOTO):
            return True
        rest = now - pending.since
        if pending.stamp is not None:
            rest = max(rest, self._age(pending.stamp))
        patience = PATIENCE if look is Look.PART else _UNSURE_REST
        if rest >= patience:
            return True
        pending.closed = False  # it was closed unfinished: a next writer will close it again
        pending.next = now + min(_LONGEST_PAUSE, max(SECOND_LOOK, rest / 2), patience - rest)
        return False

    def again(self, pending: Pending, now: float) -> None:
        """The file could not be read or changed under our eyes: look at it later."""
        pending.stamp, pending.closed, pending.next = None, False, now + SECOND_LOOK

    def _age(self, found: Stamp) -> float:
        if not self.trusts_clock:
            return 0.0
        return max(0.0, time.time() - max(found.mtime_ns, found.ctime_ns) / 1e9)
