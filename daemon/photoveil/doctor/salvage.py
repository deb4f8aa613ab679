"""A damaged ledger: what can still be read of it goes into a new one, and the old one is put aside.

What is lost costs work, never photos: protected copies are made again, and originals in the vault are found again by
their files (`photoveil.ledger.vault_sweep`).
"""

from __future__ import annotations

import errno
import sqlite3
from contextlib import closing
from pathlib import Path

from photoveil.api.runtime import InstanceLock
from photoveil.doctor import aside
from photoveil.doctor.patient import is_damage, open_ledger
from photoveil.ledger.database import MIGRATIONS
from photoveil.paths import Paths

_BESIDE = ("-wal", "-shm")
"""What SQLite keeps beside a database; it belongs to the old one."""


def mend(paths: Paths) -> str:
    """Make a new ledger of what can be read.

    Raises:
        AlreadyRunningError: the daemon must be stopped before.
        OSError: the disk is full or refuses, or the ledger cannot be opened; everything is as it was.
    """
    lock = InstanceLock(paths.lock_file)
    paths.lock_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock.acquire()
    try:
        return _mend(paths.ledger_file)
    except sqlite3.Error as error:
        raise OSError(errno.EIO, f"{error}; the ledger is as it was") from error
    finally:
        lock.release()


def _mend(file: Path) -> str:
    draft = file.with_name(f".{file.name}.salvage")
    _remove(draft)
    try:
        rows = _copied(file, draft)
        # Whoever opens a database next deletes a log without one, and takes over a log of another one.
        kept = aside.keep(file, _BESIDE)
        for ending in _BESIDE:
            file.with_name(file.name + ending).unlink(missing_ok=True)
        draft.replace(file)
    finally:
        _remove(draft)
    return f"A new ledger has {rows} entries that could be read; the damaged one is {kept}."


def _remove(draft: Path) -> None:
    for ending in ("", *_BESIDE, "-journal"):
        draft.with_name(draft.name + ending).unlink(missing_ok=True)


def _copied(file: Path, draft: Path) -> int:
    """Write the new database; answers how many rows came over."""
    with closing(sqlite3.connect(draft)) as new:
        draft.chmod(0o600)
        for script in MIGRATIONS:
            new.executescript(script)
        tables = [str(row[0]) for row in new.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        with closing(open_ledger(file)) as old:
            old.text_factory = _text
            rows = sum(_copy(old, new, table) for table in tables if not table.startswith("sqlite_"))
        # Without the row of its container an item is nothing; the vault's next start makes both again.
        new.execute("DELETE FROM vault_items WHERE sha256 NOT IN (SELECT sha256 FROM vault_blobs)")
        new.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        new.commit()
    return rows


def _copy(old: sqlite3.Connection, new: sqlite3.Connection, table: str) -> int:
    """Rows of one table: from its beginning up to the damage, and from its end back to it."""
    before = new.total_changes
    try:
        there = {str(row[1]) for row in old.execute(f"PRAGMA table_info({table})")}
    except sqlite3.Error as error:
        _is_only_damage(error)
        return 0
    columns = [str(row[1]) for row in new.execute(f"PRAGMA table_info({table})")]
    shared = ", ".join(column for column in columns if column in there)
    keys = ", ".join(str(row[1]) + " DESC" for row in new.execute(f"PRAGMA table_info({table})") if row[5])
    marks = ", ".join("?" for column in columns if column in there)
    if not shared:
        return 0
    for order in ("", f" ORDER BY {keys}"):
        _copy_until_damage(
            old,
            f"SELECT {shared} FROM {table}{order}",  # noqa: S608 - names of our own schema
            new,
            f"INSERT OR IGNORE INTO {table} ({shared}) VALUES ({marks})",  # noqa: S608
        )
    return new.total_changes - before


def _copy_until_damage(old: sqlite3.Connection, select: str, new: sqlite3.Connection, insert: str) -> None:
    try:
        for row in old.execute(select):
            new.execute(insert, row)
    except sqlite3.DatabaseError as error:
        _is_only_damage(error)  # so far and no further


def _is_only_damage(error: sqlite3.Error) -> None:
    """Raise it again where the rows are there and could not be read or written just now."""
    if not is_damage(error):
        raise error


def _text(data: bytes) -> str:
    """A damaged letter does not cost the rows behind it."""
    return data.decode("utf-8", "replace")
