"""What became of all photos: read from the rows, page by page, newest first."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from photoveil.errors import PhotoveilError
from photoveil.hub import Hub
from photoveil.ledger import rows
from photoveil.ledger.jobs import Jobs
from photoveil.ledger.photos import ProtectedPhotos
from photoveil.ledger.previews import PreviewShelf
from photoveil.ledger.rows import JobRow, State
from photoveil.worker.tasks import Delivered

MOST = 200
_FACTS = ("sha256", "bytes", "format", "type", "suffix", "width", "height", "report")
_COPY = "p.protected, p.bytes, p.format, p.type, p.suffix, p.width, p.height, p.report"
_FINISHED = ", ".join(f"'{state}'" for state in State if state.final)
_PAGE = f"""
    SELECT {", ".join("j." + name.strip() for name in rows.COLUMNS.split(","))}, j.seq, {_COPY}
    FROM jobs j LEFT JOIN protected p ON p.original = j.original AND p.persona = j.persona AND p.method = j.method
        AND p.strength = j.strength AND p.model_set = j.model_set AND p.metadata = j.metadata
        AND p.protected = j.protected
"""  # noqa: S608 - constants
_WIDTH = len(rows.COLUMNS.split(","))


class CursorError(PhotoveilError):
    """``before`` is not what a page ended with."""

    code = "bad_request"


class History:
    """The jobs of the past and present.

    Args:
        photos: the ledger of protected photos.
        jobs: knows how far those in hand are.
        previews: loses what is cleared.
        hub: hears that the history has shrunk, as ``photo``.
    """

    def __init__(self, photos: ProtectedPhotos, jobs: Jobs, previews: PreviewShelf, hub: Hub) -> None:
        self._photos = photos
        self._database = photos.database
        self._jobs = jobs
        self._previews = previews
        self._hub = hub

    async def page(
        self,
        *,
        before: str | None = None,
        limit: int = 50,
        states: Sequence[str] | None = None,
        folder: str | None = None,
        client: str | None = None,
    ) -> list[JobRow]:
        """Jobs, newest first: by when they ended where only such are asked for, else by when they came.

        Args:
            before: the ``cursor`` of the last row seen.
            limit: at most so many.
            states, folder, client: these only.
        """
        ended = states is not None and all(State(state).final for state in states)
        found = await self._database.run(
            _page, before=before, limit=min(limit, MOST), states=states, ended=ended, only=(folder, client)
        )
        return [self._with_progress(row) for row in found]

    async def find(self, job: str) -> JobRow | None:
        """One job."""
        row = await self._database.run(_one, job)
        return None if row is None else self._with_progress(row)

    async def counts(self) -> dict[str, int]:
        """How many photos were protected in all and today, and how many could not be today."""
        return await self._database.run(_counts, _midnight())

    async def clear(self, older_than: int | None = None) -> int:
        """Forget finished jobs, all or those older than so many days; what was protected stays known."""
        before = None if older_than is None else _moment(datetime.now(UTC) - timedelta(days=older_than))
        gone = await self._database.run(_clear, before)
        if gone:
            await asyncio.to_thread(self._previews.remove, gone)
            self._hub.publish("photo", job=None)
        return len(gone)

    def _with_progress(self, row: JobRow) -> JobRow:
        if row.state.final:
            return replace(row, progress=1.0)
        known = self._jobs.progress_of(row.job)
        return row if known is None else replace(row, stage=known[0], progress=known[1])


def _page(
    connection: sqlite3.Connection,
    *,
    before: str | None,
    limit: int,
    states: Sequence[str] | None,
    ended: bool,
    only: tuple[str | None, str | None],
) -> list[JobRow]:
    wheres, values = _filters(states, only)
    if before is not None:
        moment, seq = _opened(before)
        wheres.append("(j.finished, j.seq) < (?, ?)" if ended else "j.seq < ?")
        values += [moment, seq] if ended else [seq]
    where = f" WHERE {' AND '.join(wheres)}" if wheres else ""
    order = "j.finished DESC, j.seq DESC" if ended else "j.seq DESC"
    found = connection.execute(f"{_PAGE}{where} ORDER BY {order} LIMIT ?", (*values, limit))
    return [_row(values) for values in found.fetchall()]


def _filters(
    states: Sequence[str] | None, only: tuple[str | None, str | None]
) -> tuple[list[str], list[Any]]:
    wheres, values = [], []
    if states is not None:
        wheres.append(f"j.state IN ({', '.join('?' * len(states))})")
        values += list(states)
    for name, value in zip(("folder", "client"), only, strict=True):
        if value is not None:
            wheres.append(f"j.{name} = ?")
            values.append(value)
    return wheres, values


def _one(connection: sqlite3.Connection, job: str) -> JobRow | None:
    found = connection.execute(f"{_PAGE} WHERE j.job = ?", (job,)).fetchone()
    return None if found is None else _row(found)


def _row(values: Sequence[Any]) -> JobRow:
    row = rows.row_of(values[:_WIDTH])
    seq, copy = values[_WIDTH], values[_WIDTH + 1 :]
    made = None
    if copy[0] is not None:
        made = Delivered(**dict(zip(_FACTS, copy, strict=True)) | {"report": json.loads(copy[-1])})
    return replace(row, made=made, cursor=f"{seq:x}.{row.finished or ''}")


def _opened(cursor: str) -> tuple[str, int]:
    seq, dot, moment = cursor.partition(".")
    try:
        return moment, int(seq if dot else "", 16)
    except ValueError:
        raise CursorError(
            "This page of the history does not exist",
            "“before” is not what a page ended with.",
            "Begin with the first page.",
        ) from None


def _counts(connection: sqlite3.Connection, midnight: str) -> dict[str, int]:
    total = connection.execute("SELECT count(*) FROM protected").fetchone()[0]
    today = dict(
        connection.execute(
            "SELECT state, count(*) FROM jobs WHERE finished >= ? AND state IN ('done', 'failed') GROUP BY state",
            (midnight,),
        ).fetchall()
    )
    return {
        "protected_total": total,
        "protected_today": today.get("done", 0),
        "failed_today": today.get("failed", 0),
    }


def _clear(connection: sqlite3.Connection, before: str | None) -> list[str]:
    where = f"state IN ({_FINISHED}) AND (? IS NULL OR finished < ?)"
    found = connection.execute(f"SELECT job FROM jobs WHERE {where}", (before, before)).fetchall()  # noqa: S608
    connection.execute(f"DELETE FROM jobs WHERE {where}", (before, before))  # noqa: S608
    return [job for (job,) in found]


def _midnight() -> str:
    """When this day began where the user is, as the ledger writes times."""
    return _moment(datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0))


def _moment(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds")
