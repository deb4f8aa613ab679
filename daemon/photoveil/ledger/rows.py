"""Jobs as rows: what a row is, and the statements that write and find them.

The functions take the connection and run inside one transaction, in the ledger's thread. Times are ISO in UTC, but
``not_before`` is seconds since 1970, as it is compared; below zero it counts the daemon's deaths over this job.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from photoveil.ledger.photos import Key
from photoveil.ledger.text import NOWHERE, packed, packed_path, unpacked, unpacked_path
from photoveil.worker.tasks import Delivered, Task

UPLOAD = "upload"
PRIORITIES = {UPLOAD: 0, "folder": 10, "archive": 20}
BY_HAND = 5
"""The priority of a photo that somebody protects by hand: after uploads, before folders."""
BACK_OFF = {UPLOAD: (1.0, 5.0), "folder": (5.0, 30.0, 120.0), "archive": (5.0, 30.0, 120.0)}
"""How long to wait before each further attempt; someone is waiting for an upload, who must soon be told."""
PATIENCE = (5.0, 30.0, 120.0, 600.0)
"""The same where the photo is not to blame and nobody waits: the last one again and again."""
MAX_DEATHS = 3
"""After so many attempts in a row that ended by the death of the daemon a job is given up."""

OWN_OUTPUT = "This file is already a protected copy made by Photoveil."
OWN_COPY = "own-copy"
ANIMATION = "animation"
SUPERSEDED = "The photo was changed before its turn came; its new version is protected instead."


class State(StrEnum):
    """Where a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNCHANGED = "unchanged"

    @property
    def final(self) -> bool:
        """Whether nothing will change any more."""
        return self not in (State.QUEUED, State.RUNNING)


@dataclass(frozen=True)
class FileWish:
    """A file in a watched folder or an archive that is to be protected.

    Args:
        folder: the id of the folder's rule.
        source: the file.
        original: its SHA-256 when it was looked at.
        target: where the copy belongs.
        kind: ``folder`` or ``archive``.
    """

    folder: str
    source: Path
    original: str
    task: Task
    target: Path
    kind: str = "folder"


@dataclass(frozen=True)
class JobRow:
    """One row of the table of jobs.

    ``stage`` and ``progress`` are not stored: they are known only while the job is in hand. ``made`` and
    ``cursor`` are filled in by the history, the first where the ledger still knows the copy.
    """

    job: str
    kind: str
    client: str
    folder: str | None
    name: str
    original: str
    task: Task
    source: Path
    target: Path | None
    state: State
    stage: str = ""
    progress: float = 0.0
    error: dict[str, str] | None = None
    reason: str | None = None
    why: str | None = None
    attempts: int = 0
    priority: int = 0
    created: str = ""
    finished: str | None = None
    protected: str | None = None
    placed: Path | None = None
    made: Delivered | None = None
    cursor: str = ""
    """What the history takes as ``before`` to go on after this row."""

    @property
    def key(self) -> Key:
        """What makes two wishes the same."""
        return Key(self.original, self.task)

    @property
    def background(self) -> bool:
        """Whether nobody sits and waits for it."""
        return self.kind != UPLOAD


@dataclass(frozen=True)
class End:
    """How jobs ended."""

    state: State
    error: dict[str, str] | None = None
    reason: str | None = None
    why: str | None = None
    protected: str | None = None
    placed: Path | None = None


COLUMNS = (
    "job, kind, client, folder, name, original, persona, method, strength, model_set, metadata, source, target, "
    "state, error, reason, why, attempts, priority, created, finished, protected, placed"
)
_SELECT = f"SELECT {COLUMNS} FROM jobs"  # noqa: S608 - a constant
_UNFINISHED = "state IN ('queued', 'running')"
_SAME_WORK = "original = ? AND persona = ? AND method = ? AND strength = ? AND model_set = ? AND metadata = ?"
# An upload's priority lies below a folder's, so that the index leads past ten thousand folder rows at once.
_NEXT = f"{_SELECT} WHERE state = 'queued' AND not_before <= ? ORDER BY priority, seq LIMIT 1"
_NEXT_UPLOAD = (
    f"{_SELECT} WHERE state = 'queued' AND priority < 10 AND kind = 'upload' AND not_before <= ? "
    "ORDER BY priority, seq LIMIT 1"
)
_COMPANY = (
    f"{_SELECT} WHERE state = 'queued' AND priority = ? AND not_before <= ? AND model_set = ? "
    "AND (kind = 'upload') = ? AND attempts = 0 ORDER BY seq LIMIT ?"
)
_INSERT = """
    INSERT INTO jobs (job, kind, client, folder, name, original, persona, method, strength, model_set, metadata,
        source, target, state, error, reason, why, priority, created, finished, protected)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_SETTLE = f"""
    UPDATE jobs SET state = ?, error = ?, reason = ?, why = ?, protected = ?, placed = ?, finished = ?
    WHERE job = ? AND {_UNFINISHED}
"""  # noqa: S608 - a constant


def now() -> str:
    """This moment, as the ledger writes it: fine enough to keep the order of what ends within a second."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def new_id() -> str:
    """An id that nobody can guess."""
    return secrets.token_hex(16)


def row_of(values: Sequence[Any]) -> JobRow:
    """A row of the selected ``COLUMNS``."""
    error = values[14]
    return JobRow(
        job=values[0],
        kind=values[1],
        client=values[2],
        folder=values[3],
        name=unpacked(values[4]),
        original=values[5],
        task=Task(*values[6:11]),
        source=unpacked_path(values[11]) or NOWHERE,
        target=unpacked_path(values[12]),
        state=State(values[13]),
        error=json.loads(error) if error else None,
        reason=values[15],
        why=values[16],
        attempts=values[17],
        priority=values[18],
        created=values[19],
        finished=values[20],
        protected=values[21],
        placed=unpacked_path(values[22]),
    )


def find(connection: sqlite3.Connection, job: str) -> JobRow | None:
    """One row."""
    found = connection.execute(f"{_SELECT} WHERE job = ?", (job,)).fetchone()
    return row_of(found) if found else None


def add(connection: sqlite3.Connection, row: JobRow) -> None:
    """Write a new row."""
    connection.execute(_INSERT, _values(row))


def add_wishes(connection: sqlite3.Connection, wishes: Sequence[FileWish]) -> list[str]:
    """Write the rows of a batch and answer their ids.

    What is in flight already is not queued twice, and an older version of the same file is no longer waited for.
    """
    created, ids = now(), []
    for wish in wishes:
        known = _in_flight(connection, wish)
        if known is None:
            row = _row_for(connection, wish, created)
            connection.execute(_INSERT, _values(row))
            known = row.job
        ids.append(known)
    return ids


def take(connection: sqlite3.Connection, moment: float, *, background: bool, most: int = 1) -> list[JobRow]:
    """The next row whose time has come, which is running from now on, and what goes with it: ``most`` in all.

    Together go rows of the same urgency for the same encoders; alone what was tried before, lest it harms the others.
    """
    first = connection.execute(_NEXT if background else _NEXT_UPLOAD, (moment,)).fetchone()
    if first is None:
        return []
    row = row_of(first)
    alike = (row.priority, moment, row.task.model_set, not row.background, most)
    company = [row_of(each) for each in connection.execute(_COMPANY, alike)] if most > 1 else []
    found = company if row in company else [row]
    connection.executemany("UPDATE jobs SET state = 'running' WHERE job = ?", [(each.job,) for each in found])
    return found


def start(connection: sqlite3.Connection, jobs: Iterable[str]) -> None:
    """These rows are running, too: their work has been begun for another."""
    connection.executemany(
        "UPDATE jobs SET state = 'running' WHERE job = ? AND state = 'queued'", [(job,) for job in jobs]
    )


def settle(connection: sqlite3.Connection, jobs: Iterable[str], end: End) -> list[str]:
    """Write how jobs ended; answers those that had not ended before."""
    error = json.dumps(end.error) if end.error else None
    values = (end.state, error, end.reason, end.why, end.protected, packed_path(end.placed), now())
    return [job for job in jobs if connection.execute(_SETTLE, (*values, job)).rowcount]


def put_back(connection: sqlite3.Connection, jobs: Iterable[str]) -> None:
    """Queue running rows again at once: it was not for them that they were stopped."""
    connection.executemany(
        "UPDATE jobs SET state = 'queued' WHERE job = ? AND state = 'running'",
        [(job,) for job in jobs],
    )


def put_off(
    connection: sqlite3.Connection,
    jobs: Iterable[str],
    error: dict[str, str],
    moment: float,
    *,
    patient: bool,
) -> tuple[list[str], list[str]]:
    """Queue rows again for later; answers those queued, and those failed because that was their last attempt.

    ``patient``: rows of folders have no last attempt, as when a disk is full.
    """
    later, failed = [], []
    for job in jobs:
        found = connection.execute(
            f"SELECT kind, attempts FROM jobs WHERE job = ? AND {_UNFINISHED}",  # noqa: S608
            (job,),
        ).fetchone()
        if found is None:
            continue
        kind, attempts = found
        endless = patient and kind != UPLOAD
        pauses = PATIENCE if endless else BACK_OFF[kind]
        if attempts >= len(pauses) and not endless:
            failed += settle(connection, [job], End(State.FAILED, error=error))
            continue
        pause = pauses[min(attempts, len(pauses) - 1)]
        connection.execute(
            "UPDATE jobs SET state = 'queued', attempts = ?, not_before = ?, error = ? WHERE job = ?",
            (attempts + 1, moment + pause, json.dumps(error), job),
        )
        later.append(job)
    return later, failed


def pull_forward(connection: sqlite3.Connection, key: Key) -> None:
    """Let queued rows that want what was just made come next: all that is left is to put the copy in place."""
    connection.execute(
        f"UPDATE jobs SET priority = 0 WHERE state = 'queued' AND {_SAME_WORK}",  # noqa: S608
        key.values(),
    )


def cancel_folder(connection: sqlite3.Connection, folder: str, reason: str) -> int:
    """Give up all that waits for a folder; what is running is not touched."""
    return connection.execute(
        "UPDATE jobs SET state = 'cancelled', reason = ?, finished = ? WHERE folder = ? AND state = 'queued'",
        (reason, now(), folder),
    ).rowcount


def retry(connection: sqlite3.Connection, job: str) -> bool:
    """Queue a row that failed, was cancelled or put off as if it were new."""
    return (
        connection.execute(
            "UPDATE jobs SET state = 'queued', error = NULL, reason = NULL, why = NULL, finished = NULL, attempts = 0, "
            "not_before = 0 "
            "WHERE job = ? AND (state IN ('failed', 'cancelled') OR (state = 'queued' AND not_before > 0))",
            (job,),
        ).rowcount
        > 0
    )


def recover(connection: sqlite3.Connection, error: dict[str, str]) -> None:
    """After a start: what was running when the daemon died is queued again, unless that happened too often."""
    connection.execute(
        "UPDATE jobs SET state = 'failed', error = ?, finished = ?, attempts = attempts + 1 "
        "WHERE state = 'running' AND not_before <= ?",
        (json.dumps(error), now(), 1 - MAX_DEATHS),
    )
    connection.execute(
        "UPDATE jobs SET state = 'queued', attempts = attempts + 1, not_before = min(not_before, 0) - 1 "
        "WHERE state = 'running'"
    )
    connection.execute("UPDATE jobs SET not_before = 0 WHERE state = 'queued' AND not_before > 0")


def unfinished_uploads(connection: sqlite3.Connection) -> list[JobRow]:
    """Uploads that were not finished, oldest first."""
    found = connection.execute(f"{_SELECT} WHERE {_UNFINISHED} AND kind = 'upload' ORDER BY seq")
    return [row_of(values) for values in found.fetchall()]


def next_moment(connection: sqlite3.Connection, *, background: bool) -> float | None:
    """When the first of the queued rows may start, or of the uploads among them; None where there is none."""
    uploads = "" if background else "AND priority < 10 AND kind = 'upload'"
    found = connection.execute(
        f"SELECT min(not_before) FROM jobs WHERE state = 'queued' {uploads}"  # noqa: S608
    ).fetchone()
    return None if found[0] is None else float(found[0])


def _values(row: JobRow) -> tuple[object, ...]:
    task = row.task
    source = None if row.source == NOWHERE else packed_path(row.source)
    return (
        *(row.job, row.kind, row.client, row.folder, packed(row.name), row.original),
        *(task.persona, task.method, task.strength, task.model_set, task.metadata),
        *(source, packed_path(row.target), row.state),
        *(json.dumps(row.error) if row.error else None, row.reason, row.why),
        *(row.priority, row.created, row.finished, row.protected),
    )


def _in_flight(connection: sqlite3.Connection, wish: FileWish) -> str | None:
    """The unfinished row of this very wish; one for an older version of the file is given up."""
    found = connection.execute(
        f"SELECT job, state, {_SAME_WORK} FROM jobs WHERE folder = ? AND source = ? AND {_UNFINISHED}",  # noqa: S608
        (*Key(wish.original, wish.task).values(), wish.folder, packed(wish.source)),
    )
    same = None
    for job, state, is_same in found.fetchall():
        if is_same:
            same = str(job)
        elif state == State.QUEUED:
            settle(connection, [job], End(State.CANCELLED, reason=SUPERSEDED))
    return same


def _row_for(connection: sqlite3.Connection, wish: FileWish, created: str) -> JobRow:
    ours = connection.execute("SELECT 1 FROM protected WHERE protected = ?", (wish.original,)).fetchone()
    return JobRow(
        job=new_id(),
        kind=wish.kind,
        client="",
        folder=wish.folder,
        name=wish.source.name,
        original=wish.original,
        task=wish.task,
        source=wish.source,
        target=wish.target,
        state=State.UNCHANGED if ours else State.QUEUED,
        reason=OWN_OUTPUT if ours else None,
        why=OWN_COPY if ours else None,
        priority=PRIORITIES[wish.kind],
        created=created,
        finished=created if ours else None,
    )
