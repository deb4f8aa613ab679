"""Which photos were protected before, and the protected copies kept for the next time."""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
import time
from collections.abc import Container
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from photoveil.ledger.database import Database
from photoveil.methods import ASSISTANT
from photoveil.worker.tasks import Delivered, Task

log = logging.getLogger(__name__)

_ABANDONED = 86_400
_ROOM = 0.95
"""To which share of the limit copies are removed, so that not every new one has to look for the oldest."""
_FACTS = ("sha256", "bytes", "format", "type", "suffix", "width", "height", "report")
_FIND = """
    SELECT protected, bytes, format, type, suffix, width, height, report FROM protected
    WHERE original = ? AND persona = ? AND method = ? AND strength = ? AND model_set = ? AND metadata = ?
"""
# Copies made earlier in the same way stay known as our own: their rows step aside, under a key nobody asks for.
_STEP_ASIDE = """
    UPDATE OR REPLACE protected SET metadata = metadata || '#' || substr(protected, 1, 16)
    WHERE original = ? AND persona = ? AND method = ? AND strength = ? AND model_set = ? AND metadata = ?
        AND protected <> ?
"""
_ROW = "INSERT OR REPLACE INTO protected VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True)
class Key:
    """What makes two wishes the same: the photo's bytes and how it is to be protected."""

    original: str
    task: Task

    def values(self) -> tuple[str, ...]:
        """In the order of the table's key."""
        task = self.task
        return (self.original, task.persona, task.method, task.strength, task.model_set, task.metadata)


class ProtectedPhotos:
    """The table of protected photos and the folder of their copies, bounded in size.

    A row outlives its file: the row says "these bytes are ours", the file only saves work. A row without its file
    means "protect again".

    Args:
        database: where the rows are.
        folder: where the copies are, named by their SHA-256.
        limit: bytes of copies kept; those not used for longest leave first.
    """

    def __init__(self, database: Database, folder: Path, limit: int) -> None:
        self.database = database
        self.limit = limit
        self._folder = folder
        self._total: int | None = None

    def file(self, sha256: str) -> Path:
        """Where the protected copy with this hash is, if it is still kept."""
        return self._folder / sha256

    def is_kept(self, sha256: str) -> bool:
        """Whether the protected copy with this hash can be delivered without work; a quick look at the disk."""
        return self.file(sha256).is_file()

    async def is_protected_copy(self, sha256: str, method: str = "") -> bool:
        """Whether these bytes are our own output; with ``method``, such that this method has nothing more to do to it.

        What was made for an AI assistant is not protected, and on what is protected nothing is hidden.
        """
        return await self.database.run(_is_protected_copy, sha256, method)

    async def find(self, key: Key) -> Delivered | None:
        """The protected copy made before, if its file is still here."""
        return await self.database.run(self._find, key)

    async def remember(self, key: Key, delivered: Delivered, part: Path) -> None:
        """Take the finished file ``part`` into the folder and write its row, in this order."""
        await self.database.run(self._remember, key, delivered, part)

    async def tidy(self) -> None:
        """Remove files that no row knows, left by a process that was killed."""
        await self.database.run(self._tidy)

    def _find(self, connection: sqlite3.Connection, key: Key) -> Delivered | None:
        found = connection.execute(_FIND, key.values()).fetchone()
        if found is None or not self._is_whole(found[0], found[1]):
            return None
        _use(connection, found[0], found[1])
        return Delivered(**dict(zip(_FACTS, found, strict=True)) | {"report": json.loads(found[-1])})

    def _is_whole(self, sha256: str, size: int) -> bool:
        try:
            return self.file(sha256).stat().st_size == size
        except OSError:
            return False

    def _remember(self, connection: sqlite3.Connection, key: Key, delivered: Delivered, part: Path) -> None:
        part.replace(self.file(delivered.sha256))
        row = (
            *(key.original, delivered.sha256, *key.values()[1:]),
            *(delivered.format, delivered.type, delivered.suffix),
            *(delivered.bytes, delivered.width, delivered.height),
            *(json.dumps(delivered.report), datetime.now(UTC).isoformat(timespec="seconds")),
        )
        connection.execute(_STEP_ASIDE, (*key.values(), delivered.sha256))
        connection.execute(_ROW, row)
        _use(connection, delivered.sha256, delivered.bytes)
        if self._total is not None:
            self._total += delivered.bytes
        if self._total is None or self._total > self.limit:
            self._total = self._make_room(connection, keep=delivered.sha256)

    def _make_room(self, connection: sqlite3.Connection, keep: str) -> int:
        """Remove those not used for longest, if there are too many; answers how many bytes are left."""
        total = int(connection.execute("SELECT coalesce(sum(bytes), 0) FROM kept").fetchone()[0])
        if total <= self.limit:
            return total
        oldest = connection.execute("SELECT sha256, bytes FROM kept WHERE sha256 <> ? ORDER BY used", (keep,))
        for sha256, size in oldest.fetchall():
            if total <= self.limit * _ROOM:
                break
            if not discard(self.file(sha256)):  # being delivered, on systems where that keeps it from going
                continue
            connection.execute("DELETE FROM kept WHERE sha256 = ?", (sha256,))
            total -= size
        return total

    def _tidy(self, connection: sqlite3.Connection) -> None:
        known = {row[0] for row in connection.execute("SELECT sha256 FROM kept")}
        for file in self._folder.iterdir():
            if file.name not in known:
                discard(file)
        for sha256 in known:
            if not self.file(sha256).exists():
                connection.execute("DELETE FROM kept WHERE sha256 = ?", (sha256,))


def _is_protected_copy(connection: sqlite3.Connection, sha256: str, method: str) -> bool:
    found = connection.execute("SELECT method FROM protected WHERE protected = ?", (sha256,)).fetchall()
    return any(not method or (made == ASSISTANT) == (method == ASSISTANT) for (made,) in found)


def _use(connection: sqlite3.Connection, sha256: str, size: int) -> None:
    connection.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", (sha256, size, time.time_ns()))


def discard(file: Path) -> bool:
    """Remove a passing file, if it is there; False where the system does not let us, which holds up nothing."""
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        log.warning("a file that is needed no more could not be removed: %s", error.strerror)
        return False
    return True


def sweep(folder: Path, wanted: Container[str]) -> None:
    """Remove what a killed process left in the spool: files that nobody wants, and folders of old commands."""
    for entry in folder.iterdir():
        if not entry.is_dir():
            if entry.name not in wanted:
                discard(entry)
            continue
        with suppress(OSError):  # gone meanwhile
            if time.time() - entry.stat().st_mtime > _ABANDONED:
                shutil.rmtree(entry, ignore_errors=True)
