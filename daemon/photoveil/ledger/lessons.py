"""Before the first photo of a batch, a persona that nobody has seen yet learns from several of them.

So all photos of a folder are moved the same way, whichever comes first.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

from photoveil.ledger import rows
from photoveil.ledger.database import Database
from photoveil.worker.tasks import Task

log = logging.getLogger(__name__)

_LESSONS = 8


class Teacher(Protocol):
    """What lets a persona that is not known yet learn from several photos; the worker in life."""

    def __call__(
        self, photos: Sequence[Path], task: Task, progress: Callable[[str, float], None]
    ) -> Awaitable[bool]:
        """Learn, unless the persona is known."""


class Lessons:
    """Asks the teacher once per persona and batch."""

    def __init__(self, database: Database, teach: Teacher | None) -> None:
        self._database = database
        self._teach = teach
        self._taught: set[tuple[str, str]] = set()

    async def give(self, task: Task, progress: Callable[[str, float], None]) -> None:
        """Let the task's persona learn from what waits for it, unless that was done for this batch."""
        about = (task.persona, task.model_set)
        if self._teach is None or about in self._taught:
            return
        photos = await self._database.run(rows.pupils, task, _LESSONS)
        if len(photos) > 1:
            try:
                await self._teach(photos, task, progress)
            except Exception as error:  # noqa: BLE001 - told, if it matters, when the photo's own turn comes
                log.info("a persona did not learn from a batch: %s", type(error).__name__)
        self._taught.add(about)

    def forget(self) -> None:
        """The batch is over, or personas have changed."""
        self._taught.clear()
