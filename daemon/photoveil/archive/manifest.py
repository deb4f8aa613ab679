"""What an archive run remembers in its output folder: each photo, where its copy is, and what it was made with.

One SQLite file in a hidden folder, held by one run at a time. Paths are bytes, as file systems have them.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from photoveil.archive.errors import ArchiveError, unwritable

STATE_FOLDER = ".photoveil-archive"
"""Hidden folder in the output: the manifest, the lock and half-written files."""

WAITING, PLACING, DONE, UNCHANGED, FAILED, OWN = "waiting", "placing", "done", "unchanged", "failed", "own"
_VERSION = 1
_PAGE = 500
_SCHEMA = """
CREATE TABLE photos (
    path        BLOB PRIMARY KEY,
    size        INTEGER NOT NULL,
    mtime_ns    INTEGER NOT NULL,
    key         TEXT NOT NULL,
    state       TEXT NOT NULL,
    mark        TEXT NOT NULL DEFAULT '',
    target      TEXT,
    folded      TEXT UNIQUE,
    made        TEXT NOT NULL DEFAULT '',
    made_size   INTEGER NOT NULL DEFAULT 0,
    made_mtime  INTEGER NOT NULL DEFAULT 0,
    before      TEXT NOT NULL DEFAULT '',
    error       TEXT NOT NULL DEFAULT '',
    maker       TEXT NOT NULL DEFAULT '',
    seen        INTEGER NOT NULL
);
CREATE INDEX photos_by_key ON photos (key);
CREATE INDEX photos_by_made ON photos (made);
CREATE TABLE reports (made TEXT PRIMARY KEY, report BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE runs (run INTEGER PRIMARY KEY);
"""
_COLUMNS = "path, size, mtime_ns, key, state, mark, target, folded, made, made_size, made_mtime, before, error, maker"


@dataclass(frozen=True)
class Job:
    """A photo to work on: its content's SHA-256 and one of the places it is found at."""

    key: str
    path: bytes
    size: int = 0


@dataclass(frozen=True)
class Row:
    """One photo of the library.

    Attributes:
        key: SHA-256 of its content; empty where it could not be read.
        mark: what its copy was made with (`recipe.mark`).
        target: the copy's path below the output folder, with slashes; ``folded`` is the same without regard to case.
        made: SHA-256 of the copy; ``made_size`` and ``made_mtime`` tell without reading whether it is still the same.
        before: SHA-256 of the older copy that ``made`` is to replace.
        error: why it is unchanged or failed, as JSON.
        maker: which process made the copy, and as its how manyth photo.
    """

    path: bytes
    size: int
    mtime_ns: int
    key: str
    state: str
    mark: str = ""
    target: str | None = None
    folded: str | None = None
    made: str = ""
    made_size: int = 0
    made_mtime: int = 0
    before: str = ""
    error: str = ""
    maker: str = ""

    @property
    def name(self) -> str:
        """The path as text."""
        return os.fsdecode(self.path)


class Manifest:
    """The rows, and the lock that keeps a second run out; a context."""

    def __init__(self, out: Path, *, look_only: bool = False) -> None:
        """Open the manifest of an output folder.

        Args:
            look_only: for a dry run: nothing is written, not even the folder.

        Raises:
            ArchiveError: another run works there, the manifest is damaged, or the folder cannot be written to.
        """
        self.folder = out / STATE_FOLDER
        self.parts = self.folder / "parts"
        self._lock: Any = None
        try:
            self._db = self._copy() if look_only else self._own()
            self._check()
        except OSError as error:
            self.close()
            raise unwritable(error) from error
        except sqlite3.DatabaseError as error:
            self.close()
            raise _damaged(self.folder, error) from error
        self.run = self._begin()

    def __enter__(self) -> Manifest:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file and the lock."""
        if hasattr(self, "_db"):
            self._db.close()
        if self._lock is not None:
            self._lock.release()

    def row(self, path: bytes) -> Row | None:
        """The photo at this path."""
        return next(self._rows("WHERE path = ?", path), None)

    def note(self, row: Row) -> None:
        """Keep a row as this run has seen it; not yet safe from a power cut, see `commit`."""
        values = (*(getattr(row, name) for name in _COLUMNS.split(", ")), self.run)
        places = ", ".join("?" * len(values))
        changes = ", ".join(f"{name} = excluded.{name}" for name in (*_COLUMNS.split(", ")[1:], "seen"))
        insert = f"INSERT INTO photos ({_COLUMNS}, seen) VALUES ({places})"  # noqa: S608 - constants
        self._db.execute(f"{insert} ON CONFLICT (path) DO UPDATE SET {changes}", values)

    def keep(self, row: Row) -> None:
        """Keep a row, at once."""
        self.note(row)
        self.commit()

    def keep_report(self, made: str, report: str) -> None:
        """Keep the report of a copy; it becomes safe with the next `keep`."""
        self._db.execute(
            "INSERT OR REPLACE INTO reports VALUES (?, ?)", (made, zlib.compress(report.encode()))
        )

    def commit(self) -> None:
        """Make safe what was noted."""
        self._db.commit()

    def seen(self) -> Iterator[Row]:
        """All photos that this run has met, in the order of their paths; they may be changed on the way."""
        last = b""
        while page := list(
            self._rows(f"WHERE seen = ? AND path > ? ORDER BY path LIMIT {_PAGE}", self.run, last)
        ):
            yield from page
            last = page[-1].path

    def waiting(self) -> Iterator[Row]:
        """The photos that this run still has to do, in the order of their paths."""
        last = b""
        condition = f"WHERE seen = ? AND state = '{WAITING}' AND path > ? ORDER BY path LIMIT {_PAGE}"
        while page := list(self._rows(condition, self.run, last)):
            yield from page
            last = page[-1].path

    def waiting_for(self, key: str) -> list[Row]:
        """All places at which this content still waits."""
        return list(
            self._rows(f"WHERE key = ? AND seen = ? AND state = '{WAITING}' ORDER BY path", key, self.run)
        )

    def sample(self) -> Iterator[Job]:
        """The photos of this run in the order of their hashes: always the same, and from all over the library."""
        last = ""
        ask = (
            f"SELECT key, min(path), min(size) FROM photos WHERE seen = ? AND key > ? AND state NOT IN "  # noqa: S608 - constants
            f"('{UNCHANGED}', '{OWN}') GROUP BY key ORDER BY key LIMIT 50"
        )
        while page := self._db.execute(ask, (self.run, last)).fetchall():
            yield from (Job(*found) for found in page)
            last = page[-1][0]

    def twins(self, key: str, mark: str) -> list[Row]:
        """Copies of this content that are done with this recipe."""
        return list(self._rows(f"WHERE key = ? AND mark = ? AND state = '{DONE}' ORDER BY path", key, mark))

    def is_copy(self, key: str) -> bool:
        """Whether this content is a protected copy of this archive."""
        return self._db.execute("SELECT 1 FROM photos WHERE made = ? LIMIT 1", (key,)).fetchone() is not None

    def holder(self, folded: str) -> bytes | None:
        """The photo whose copy has this place."""
        found = self._db.execute("SELECT path FROM photos WHERE folded = ?", (folded,)).fetchone()
        return None if found is None else bytes(found[0])

    def orphans(self) -> int:
        """How many copies belong to photos that this run has not met any more."""
        ask = "SELECT count(*) FROM photos WHERE seen <> ? AND made <> ''"
        return int(self._db.execute(ask, (self.run,)).fetchone()[0])

    def reports(self) -> Iterator[tuple[Row, dict[str, Any]]]:
        """All copies with their reports, in the order of their paths."""
        for row in self._rows(f"WHERE state = '{DONE}' ORDER BY path"):
            found = self._db.execute("SELECT report FROM reports WHERE made = ?", (row.made,)).fetchone()
            if found is not None:
                yield row, json.loads(zlib.decompress(found[0]))

    def _rows(self, condition: str, *values: object) -> Iterator[Row]:
        cursor = self._db.execute(f"SELECT {_COLUMNS} FROM photos {condition}", values)  # noqa: S608 - constants
        return (Row(*found) for found in cursor)

    @property
    def _file(self) -> Path:
        return self.folder / "manifest.sqlite3"

    def _own(self) -> sqlite3.Connection:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._hold()
        shutil.rmtree(self.parts, ignore_errors=True)  # left by a run that was killed
        self.parts.mkdir(mode=0o700)
        db = sqlite3.connect(self._file)
        # One process alone: no shared memory, which network drives cannot do.
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        # A power cut may take the last rows along; their files are then met again, byte for byte.
        db.execute("PRAGMA synchronous = NORMAL")
        return db

    def _hold(self) -> None:
        """Keep other runs out; the system lets go when the process ends, however it ends."""
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / "lock", timeout=0, mode=0o600)
        try:
            lock.acquire()
        except Timeout as error:
            raise ArchiveError(
                "Another run is working on this archive",
                f"It holds {self.folder}.",
                "Wait until it is done, or end it; this command then goes on where it was.",
            ) from error
        self._lock = lock

    def _copy(self) -> sqlite3.Connection:
        """What the manifest holds, in memory; a run that was killed may have left a part of it in the log beside it."""
        db = sqlite3.connect(":memory:")
        if not self._file.exists():
            return db
        self._hold()
        with tempfile.TemporaryDirectory(prefix="photoveil-") as scratch:
            for file in self.folder.glob(f"{self._file.name}*"):
                shutil.copy(file, scratch)
            there = sqlite3.connect(Path(scratch) / self._file.name)
            try:
                there.backup(db)
            finally:
                there.close()
        return db

    def _check(self) -> None:
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if version == 0:
            self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")
        elif version != _VERSION:
            raise ArchiveError(
                "This archive was made by a newer Photoveil",
                f"{self._file} has version {version}; this Photoveil knows {_VERSION}.",
                "Update Photoveil, or choose another output folder.",
            )

    def _begin(self) -> int:
        cursor = self._db.execute("INSERT INTO runs DEFAULT VALUES")
        self._db.commit()
        return int(cursor.lastrowid or 0)


def _damaged(folder: Path, error: Exception) -> ArchiveError:
    return ArchiveError(
        "The archive's manifest cannot be read",
        f"{folder} is damaged ({error}).",
        "Delete that folder and run the same command again: copies that are there are known by their bytes.",
    )
