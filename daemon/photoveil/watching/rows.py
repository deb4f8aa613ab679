"""The table of files in watched folders: what was seen of each and what became of it.

The functions take the connection and run inside one transaction, in the ledger's thread. Paths are relative to their
folder. A file that went missing keeps its row for a while (``seen`` is negative then): it may have been renamed, or
its drive may come back.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from photoveil.ledger.text import packed, packed_path, unpacked, unpacked_path
from photoveil.worker.tasks import Task

_REMEMBER_MISSING = 90 * 86_400
_COLUMNS = "path, size, mtime_ns, sha256, state, reason, target, made, seen"
_SELECT = f"SELECT {_COLUMNS} FROM folder_files WHERE folder = ?"  # noqa: S608 - a constant
_PUT = "INSERT OR REPLACE INTO folder_files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_IS_OUTDATED = """
    SELECT 1 FROM folder_files WHERE folder = ? AND path = ? AND sha256 IS NOT NULL AND (
        state IN ('failed', 'cancelled', 'waiting') OR state = 'done' AND NOT EXISTS (
            SELECT 1 FROM protected WHERE protected = folder_files.made AND original = folder_files.sha256
                AND persona = ? AND method = ? AND strength = ? AND model_set = ? AND metadata = ?))
"""
_LAST_JOB = """
    SELECT state, coalesce(reason, json_extract(error, '$.reason')) FROM jobs
    WHERE folder = ? AND source = ? AND original = ? ORDER BY seq DESC LIMIT 1
"""


class FileState(StrEnum):
    """What became of a file."""

    OTHER = "other"  # no photo
    OWN = "own"  # a copy that Photoveil made, found in the folder
    WAITING = "waiting"  # offered to the queue
    DONE = "done"  # its copy is at the target
    REPLACED = "replaced"  # the protected copy stands in its place
    UNCHANGED = "unchanged"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class FileRow:
    """One file of a watched folder.

    Args:
        size, mtime_ns: when it was looked at; a file that still has them is taken for the same.
        sha256: of the photo; for a replaced photo that of the original.
        target: where its copy is, or is about to be.
        made: SHA-256 of the copy; several, separated by spaces, while one is being replaced by another.
        seen: when it was last looked at, in seconds since 1970; negative: when it was found missing.
    """

    path: str
    size: int
    mtime_ns: int
    sha256: str | None
    state: FileState
    reason: str | None = None
    target: Path | None = None
    made: str | None = None
    seen: int = 0

    @property
    def missing(self) -> bool:
        """Whether the file was not there any more."""
        return self.seen < 0

    @property
    def copies(self) -> frozenset[str]:
        """The hashes that a copy of ours at the target may have."""
        return frozenset((self.made or "").split())


def _row(values: Sequence[Any]) -> FileRow:
    path, size, mtime_ns, sha256, state, reason, target, made, seen = values
    return FileRow(
        unpacked(path), size, mtime_ns, sha256, FileState(state), reason, unpacked_path(target), made, seen
    )


def find(connection: sqlite3.Connection, folder: str, path: str) -> FileRow | None:
    """One file."""
    found = connection.execute(f"{_SELECT} AND path = ?", (folder, packed(path))).fetchone()
    return _row(found) if found else None


def known(connection: sqlite3.Connection, folder: str, paths: Iterable[str]) -> dict[str, FileRow]:
    """The rows of those of these files that have one."""
    found = (find(connection, folder, path) for path in paths)
    return {row.path: row for row in found if row is not None}


def compare(
    connection: sqlite3.Connection, folder: str, files: Iterable[tuple[str, int, int]]
) -> tuple[int, list[str]]:
    """How many of these files, given with size and time, have a row, and which of them need a closer look.

    That are those without a row, with another size or time, waiting, or back after they were missing. Quick: a folder
    that is polled is compared again and again.
    """
    query = "SELECT size, mtime_ns, seen, state FROM folder_files WHERE folder = ? AND path = ?"
    met, closer = 0, []
    for path, size, mtime_ns in files:
        row = connection.execute(query, (folder, packed(path))).fetchone()
        if row is not None and row[2] >= 0:
            met += 1
            if row[0] == size and row[1] == mtime_ns and row[3] != "waiting":
                continue
        closer.append(path)
    return met, closer


def put(connection: sqlite3.Connection, folder: str, rows: Iterable[FileRow]) -> None:
    """Write rows, new or in place of older ones."""
    now = int(time.time())
    connection.executemany(
        _PUT,
        [
            (
                *(folder, packed(row.path), row.size, row.mtime_ns, row.sha256, row.state, row.reason),
                *(packed_path(row.target), row.made, row.seen or now),
            )
            for row in rows
        ],
    )


def remove(connection: sqlite3.Connection, folder: str, path: str) -> None:
    """Forget one file."""
    connection.execute("DELETE FROM folder_files WHERE folder = ? AND path = ?", (folder, packed(path)))


def follow(connection: sqlite3.Connection, folder: str, old: str, row: FileRow) -> None:
    """A file was renamed: its row goes along."""
    remove(connection, folder, old)
    put(connection, folder, [row])


def intend(
    connection: sqlite3.Connection, folder: str, path: str, original: str, target: Path, made: str
) -> bool:
    """Write down what will stand where, before it does; False where the photo is another one now, or elsewhere."""
    query = "UPDATE folder_files SET target = ?, made = ? WHERE folder = ? AND path = ? AND sha256 = ?"
    return connection.execute(query, (packed(target), made, folder, packed(path), original)).rowcount > 0


def intended(connection: sqlite3.Connection, folder: str) -> list[Path]:
    """Where copies were about to be put."""
    query = "SELECT target FROM folder_files WHERE folder = ? AND state = 'waiting' AND target IS NOT NULL"
    found = (unpacked_path(row[0]) for row in connection.execute(query, (folder,)).fetchall())
    return [path for path in found if path is not None]


def finish(
    connection: sqlite3.Connection, folder: str, path: str, original: str, target: Path, made: str
) -> bool:
    """A copy is in place; False where the photo is known under this path no more.

    Where it is known to have changed since, only the copy's place is noted: the next job replaces it.
    """
    now = find(connection, folder, path)
    if now is None:
        return False
    state = FileState.DONE if now.sha256 == original else now.state
    done = replace(now, state=state, reason=None, target=target, made=made)
    put(connection, folder, [done])
    return True


def lose(connection: sqlite3.Connection, folder: str, paths: Iterable[str]) -> None:
    """These files are missing, and all below those of them that were folders."""
    now = -int(time.time())
    update = "UPDATE folder_files SET seen = ? WHERE folder = ? AND seen >= 0 AND "
    for path in paths:
        connection.execute(update + "path = ?", (now, folder, packed(path)))
        first, last = path + os.sep, path + chr(ord(os.sep) + 1)
        # Text and bytes are kept apart by SQLite: a folder may hold names of both kinds.
        connection.execute(update + "path > ? AND path < ?", (now, folder, packed(first), packed(last)))
        low, high = (packed_as_bytes(end) for end in (first, last))
        connection.execute(update + "path > ? AND path < ?", (now, folder, low, high))


def packed_as_bytes(text: str) -> bytes:
    """The form that a path would have in the table if it were no Unicode."""
    return text.encode("utf-8", "surrogatepass")


def present(connection: sqlite3.Connection, folder: str) -> int:
    """How many files are not missing."""
    found = connection.execute("SELECT count(*) FROM folder_files WHERE folder = ? AND seen >= 0", (folder,))
    return int(found.fetchone()[0])


def page(connection: sqlite3.Connection, folder: str, after: str | None, limit: int) -> list[FileRow]:
    """Files that are not missing, in the table's order, those after ``after``."""
    query = f"{_SELECT} AND path > ? AND seen >= 0 ORDER BY path LIMIT ?"
    found = connection.execute(query, (folder, "" if after is None else packed(after), limit))
    return [_row(values) for values in found.fetchall()]


def acquaintances(
    connection: sqlite3.Connection, folder: str, files: Iterable[tuple[str, str]]
) -> list[tuple[bool, list[FileRow]]]:
    """For each file, by path and hash: whether it is a copy of ours, and which other rows have these bytes.

    Of a copy of ours, the other rows are photos in whose place it was put. Those known to be missing come first: one of
    them may be the file's older name.
    """
    found = []
    for path, sha256 in files:
        ours = (
            connection.execute("SELECT 1 FROM protected WHERE protected = ?", (sha256,)).fetchone()
            is not None
        )
        which = "made = ? AND state = 'replaced'" if ours else "sha256 = ?"
        query = f"{_SELECT} AND {which} AND path <> ? ORDER BY seen LIMIT 50"
        others = connection.execute(query, (folder, sha256, packed(path))).fetchall()
        found.append((ours, [_row(values) for values in others]))
    return found


def taken(connection: sqlite3.Connection, folder: str, path: str, target: Path) -> bool:
    """Whether ``target`` is the copy of another file than this one."""
    query = "SELECT 1 FROM folder_files WHERE target = ? AND NOT (folder = ? AND path = ?) AND seen >= 0"
    return connection.execute(query, (packed(target), folder, packed(path))).fetchone() is not None


def has_targets_below(connection: sqlite3.Connection, folder: str, root: Path) -> bool:
    """Whether copies of this folder's photos were put below ``root``."""
    query = (
        "SELECT 1 FROM folder_files WHERE folder = ? AND state = 'done' AND target > ? AND target < ? LIMIT 1"
    )
    first, last = str(root) + os.sep, str(root) + chr(ord(os.sep) + 1)
    return connection.execute(query, (folder, packed(first), packed(last))).fetchone() is not None


def outdated(connection: sqlite3.Connection, folder: str, tasks: Mapping[str, Task]) -> set[str]:
    """Those of these photos, by path, that have no copy made as its task says."""
    found = set()
    for path, task in tasks.items():
        made = (task.persona, task.method, task.strength, task.model_set, task.metadata)
        if connection.execute(_IS_OUTDATED, (folder, packed(path), *made)).fetchone():
            found.add(path)
    return found


def last_jobs(
    connection: sqlite3.Connection, folder: str, files: Iterable[tuple[Path, str]]
) -> list[tuple[str, str | None]]:
    """For each file, by source and hash: the state of its newest job, empty where there is none, and the reason."""
    found = []
    for source, sha256 in files:
        last = connection.execute(_LAST_JOB, (folder, packed(source), sha256)).fetchone()
        found.append((str(last[0]), last[1]) if last else ("", None))
    return found


def counts(connection: sqlite3.Connection, folder: str) -> dict[str, int]:
    """How many files are in each state."""
    query = "SELECT state, count(*) FROM folder_files WHERE folder = ? AND seen >= 0 GROUP BY state"
    return dict(connection.execute(query, (folder,)).fetchall())


def doubt_waiting(connection: sqlite3.Connection, folder: str) -> None:
    """What waits has no job any more: it is looked at again, and offered, when the folder is watched again."""
    connection.execute("UPDATE folder_files SET size = -1 WHERE folder = ? AND state = 'waiting'", (folder,))


def doubt_photo(connection: sqlite3.Connection, folder: str, sha256: str, but: str) -> None:
    """A photo is to be treated otherwise: as `doubt_waiting`, unless a copy took its place or for this reason."""
    connection.execute(
        "UPDATE folder_files SET state = 'waiting', reason = NULL, size = -1 WHERE folder = ? AND sha256 = ? "
        "AND state IN ('waiting', 'done', 'failed', 'unchanged') AND reason IS NOT ?",
        (folder, sha256, but),
    )


def forget(connection: sqlite3.Connection, folder: str) -> None:
    """Forget a folder that is watched no more."""
    connection.execute("DELETE FROM folder_files WHERE folder = ?", (folder,))


def purge(connection: sqlite3.Connection, folder: str) -> None:
    """Forget files that have been missing for long."""
    limit = _REMEMBER_MISSING - int(time.time())
    connection.execute("DELETE FROM folder_files WHERE folder = ? AND seen < 0 AND seen > ?", (folder, limit))


def folders(connection: sqlite3.Connection) -> list[str]:
    """Every folder that has rows."""
    return [row[0] for row in connection.execute("SELECT DISTINCT folder FROM folder_files")]
