"""The SQLite database: opened, migrated and used from one thread only."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from photoveil.errors import PhotoveilError

P = ParamSpec("P")
T = TypeVar("T")

_PATIENCE = 10.0
"""Seconds to wait for another process that has the database locked."""

MIGRATIONS = (
    """
    CREATE TABLE protected (
        original    TEXT NOT NULL,
        protected   TEXT NOT NULL,
        persona     TEXT NOT NULL,
        method      TEXT NOT NULL,
        strength    TEXT NOT NULL,
        model_set   TEXT NOT NULL,
        metadata    TEXT NOT NULL,
        format      TEXT NOT NULL,
        type        TEXT NOT NULL,
        suffix      TEXT NOT NULL,
        bytes       INTEGER NOT NULL,
        width       INTEGER NOT NULL,
        height      INTEGER NOT NULL,
        report      TEXT NOT NULL,
        created     TEXT NOT NULL,
        PRIMARY KEY (original, persona, method, strength, model_set, metadata)
    ) WITHOUT ROWID;
    CREATE INDEX protected_by_copy ON protected (protected);
    CREATE TABLE kept (
        sha256      TEXT PRIMARY KEY,
        bytes       INTEGER NOT NULL,
        used        INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE clients (
        client      TEXT PRIMARY KEY,
        name        TEXT NOT NULL,
        origin      TEXT NOT NULL,
        created     TEXT NOT NULL,
        last_used   TEXT
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE jobs (
        seq         INTEGER PRIMARY KEY,
        job         TEXT NOT NULL UNIQUE,
        kind        TEXT NOT NULL,
        client      TEXT NOT NULL,
        folder      TEXT,
        name        TEXT NOT NULL,
        original    TEXT NOT NULL,
        persona     TEXT NOT NULL,
        method      TEXT NOT NULL,
        strength    TEXT NOT NULL,
        model_set   TEXT NOT NULL,
        metadata    TEXT NOT NULL,
        source      TEXT,
        target      TEXT,
        state       TEXT NOT NULL,
        error       TEXT,
        reason      TEXT,
        why         TEXT,
        attempts    INTEGER NOT NULL DEFAULT 0,
        not_before  REAL NOT NULL DEFAULT 0,
        priority    INTEGER NOT NULL,
        created     TEXT NOT NULL,
        finished    TEXT,
        protected   TEXT,
        placed      TEXT
    );
    CREATE INDEX jobs_waiting ON jobs (priority, seq) WHERE state = 'queued';
    CREATE INDEX jobs_unfinished ON jobs (state) WHERE state IN ('queued', 'running');
    CREATE INDEX jobs_finished ON jobs (finished);
    CREATE INDEX jobs_of_folder ON jobs (folder, source) WHERE folder IS NOT NULL;
    CREATE TABLE meta (
        name        TEXT PRIMARY KEY,
        value       TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE vault_blobs (
        sha256      TEXT PRIMARY KEY,
        bytes       INTEGER NOT NULL,
        stored      INTEGER NOT NULL,
        created     TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE vault_items (
        seq         INTEGER PRIMARY KEY,
        item        TEXT NOT NULL UNIQUE,
        sha256      TEXT NOT NULL REFERENCES vault_blobs (sha256),
        name        TEXT NOT NULL,
        path        TEXT,
        job         TEXT,
        created     TEXT NOT NULL,
        restored    TEXT
    );
    CREATE INDEX vault_items_by_blob ON vault_items (sha256);
    CREATE TABLE folder_files (
        folder      TEXT NOT NULL,
        path        TEXT NOT NULL,
        size        INTEGER NOT NULL,
        mtime_ns    INTEGER NOT NULL,
        sha256      TEXT,
        state       TEXT NOT NULL,
        reason      TEXT,
        target      TEXT,
        made        TEXT,
        seen        INTEGER NOT NULL,
        PRIMARY KEY (folder, path)
    ) WITHOUT ROWID;
    CREATE INDEX folder_files_by_target ON folder_files (target) WHERE target IS NOT NULL;
    CREATE INDEX folder_files_by_hash ON folder_files (folder, sha256);
    """,
)
"""One script per version of the schema; ``user_version`` counts those applied. Never change one that was released."""


class LedgerError(PhotoveilError):
    """The ledger cannot be used."""

    code = "ledger"


class Database:
    """One connection, owned by one thread."""

    def __init__(self, file: Path, thread: ThreadPoolExecutor, connection: sqlite3.Connection) -> None:
        self.file = file
        self._thread = thread
        self._connection = connection

    @classmethod
    async def open(cls, file: Path) -> Database:
        """Open the database, creating or migrating it."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        try:
            connection = await asyncio.get_running_loop().run_in_executor(thread, _connect, file)
        except (sqlite3.Error, OSError) as error:
            thread.shutdown()
            raise _unusable(file, str(error)) from error
        except BaseException:
            thread.shutdown()
            raise
        return cls(file, thread, connection)

    async def run(
        self, call: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``call`` with the connection, in the thread, as one transaction."""
        work = partial(self._transact, partial(call, self._connection, *args, **kwargs))
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _transact(self, call: Callable[[], T]) -> T:
        try:
            with self._connection:
                return call()
        except sqlite3.Error as error:
            raise _unusable(self.file, str(error)) from error

    async def close(self) -> None:
        """Close the connection and end the thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
        self._thread.shutdown()


def _connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=_PATIENCE)
    file.chmod(0o600)
    _begin_log(connection)
    # Nothing is lost if the process is killed. A power cut may cost the last rows, never the database, and no
    # answer waits for a busy disk; keys, whose loss or return would matter, are synced to a file of their own.
    connection.execute("PRAGMA synchronous = NORMAL")
    _migrate(connection, file)
    return connection


def _begin_log(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging; while another process does so, SQLite refuses at once instead of waiting."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def _migrate(connection: sqlite3.Connection, file: Path) -> None:
    found = _version(connection)
    if found > len(MIGRATIONS):
        connection.close()
        raise LedgerError(
            "The ledger is newer than this Photoveil",
            f"{file} has version {found}; this program knows up to {len(MIGRATIONS)}.",
            "Install the newer version of Photoveil again.",
        )
    while (version := _version(connection)) < len(MIGRATIONS):
        # executescript commits what is open, so the transaction is part of the script; a second process that
        # migrated meanwhile makes it fail on its first statement, and the loop looks again.
        script = f"BEGIN IMMEDIATE;{MIGRATIONS[version]};PRAGMA user_version = {version + 1};COMMIT;"
        try:
            connection.executescript(script)
        except sqlite3.OperationalError:
            connection.rollback()
            if _version(connection) == version:
                raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _unusable(file: Path, detail: str) -> LedgerError:
    return LedgerError(
        "Photoveil's ledger cannot be used",
        f"{file}: {detail}.",
        "Check the free space and the rights of that folder; if the file is damaged, move it away and start again.",
    )
