"""Before the first photo of a batch, a persona that nobody has seen yet learns from several of them.

So all photos of a folder are moved the same way, whichever comes first.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

from photoveil.ledger.database import Database
from photoveil.ledger.text import unpacked_path
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
        self._turn = asyncio.Lock()

    async def give(self, task: Task, progress: Callable[[str, float], None]) -> None:
        """Let the task's persona learn from what waits for it, unless that was done for this batch."""
        async with self._turn:
            await self._give(task, progress)

    async def _give(self, task: Task, progress: Callable[[str, float], None]) -> None:
        about = (task.persona, task.model_set)
        if self._teach is None or about in self._taught:
            return
        photos = await self._database.run(_pupils, task, _LESSONS)
        if len(photos) > 1:
            try:
                await self._teach(photos, task, progress)
            except Exception as error:  # noqa: BLE001 - told, if it matters, when the photo's own turn comes
                log.info("a persona did not learn from a batch: %s", type(error).__name__)
        self._taught.add(about)

    def forget(self) -> None:
        """The batch is over, or personas have changed."""
        self._taught.clear()


def _pupils(connection: sqlite3.Connection, task: Task, count: int) -> list[Path]:
    """Files of waiting folder rows from which their persona may learn: clean ones only, each picture once."""
    found = connection.execute(
        "SELECT original, source FROM jobs WHERE state IN ('queued', 'running') AND kind <> 'upload' AND persona = ? "
        "AND model_set = ? AND NOT EXISTS (SELECT 1 FROM protected WHERE protected = jobs.original) LIMIT ?",
        (task.persona, task.model_set, 4 * count),
    )
    files = {original: unpacked_path(source) for original, source in found.fetchall()}
    return [file for file in files.values() if file is not None][:count]
