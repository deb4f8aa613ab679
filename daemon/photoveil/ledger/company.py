"""Photos that are taken from the queue together, and who does what with them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from photoveil.ledger.photos import Key
from photoveil.ledger.rows import JobRow
from photoveil.ledger.work import Work
from photoveil.worker.tasks import Delivered, Outcome, Previews, Task

_WORTH_STOPPING = (0.04, 0.7)
"""Between which shares of its walk a folder's photo is stopped for an upload: the worker listens, and much is left."""


class Protector(Protocol):
    """What does the work; the worker in life."""

    def __call__(
        self,
        photo: Path,
        name: str,
        task: Task,
        *,
        part: Path,
        progress: Callable[[str, float], None],
        original: str,
        previews: Previews | None,
    ) -> Coroutine[Any, Any, Outcome]:
        """Protect ``photo``, whose SHA-256 is ``original``, into ``part``."""


class Placer(Protocol):
    """What puts a folder's protected copy where it belongs.

    It may be asked twice for the same row when the daemon died in between, and must then recognise its own work.
    """

    async def __call__(self, row: JobRow, copy: Path, made: Delivered) -> Path:
        """Put ``copy`` in place, atomically, and answer where.

        Raises:
            SourceChanged: the original is not the one any more that was protected; the job is given up.
            PhotoveilError: it cannot be done; caused by an OSError that may pass, it is tried again.
        """


@dataclass(frozen=True)
class Made:
    """What came of a photo; ``fresh``: it was made just now, ``previews`` with it."""

    outcome: Outcome
    fresh: bool = False
    previews: Previews | None = None


class Company:
    """Photos that share the worker's passes; each ends, fails and is cancelled by itself."""

    def __init__(self, works: Iterable[Work]) -> None:
        self._works = tuple(works)
        self._missing = set(self._works)
        self._doors = {work: asyncio.Event() for work in self._works}

    async def meet(self, work: Work) -> None:
        """Wait until all others are ready for the worker, too, or have left; they go on in the order they came in."""
        self.leave(work)
        await self._doors[work].wait()

    def leave(self, work: Work) -> None:
        """Nobody waits for this photo any more."""
        self._missing.discard(work)
        if not self._missing:
            asyncio.get_running_loop().call_soon(self._open)  # later, so that the last to be ready waits, too

    def _open(self) -> None:
        for door in self._doors.values():
            door.set()

    def make_way(self, key: Key) -> None:
        """Somebody waits for another photo: stop what is done for folders, but for one that is soon done.

        So what is urgent waits for no more than the rest of a single photo, however many are done together.
        """
        least, most = _WORTH_STOPPING
        others = [work for work in self._going_on() if work.background and work.key != key]
        kept = max(
            (work for work in others if not least <= work.progress <= most),
            key=lambda work: work.progress,
            default=None,
        )
        for work in others:
            if work is not kept and work.running is not None:
                work.running.cancel()

    def stop(self) -> None:
        """Stop everything."""
        for work in self._going_on():
            if work.running is not None:
                work.running.cancel()

    def _going_on(self) -> list[Work]:
        return [work for work in self._works if work.running is not None and not work.running.done()]
