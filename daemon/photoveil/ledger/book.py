"""Writes what becomes of jobs into their rows, and tells it only then."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from photoveil.errors import PhotoveilError
from photoveil.hub import Hub
from photoveil.ledger import rows, tally
from photoveil.ledger.database import Database, LedgerError
from photoveil.ledger.rows import End, State
from photoveil.ledger.spool import Spool
from photoveil.ledger.troubles import Judgement, Verdict, judge, not_kept
from photoveil.ledger.work import InHand, Job
from photoveil.notices import Notices

T = TypeVar("T")

LEDGER = "ledger"
_TRY_AGAIN = 3.0
_TELL_QUEUE = 0.25


class Book:
    """The rows of jobs, as the queue writes them.

    Args:
        hand: the jobs in hand, which are told.
        spool: loses the files of uploads that ended.
        wall: seconds since 1970.
    """

    def __init__(
        self,
        database: Database,
        hand: InHand,
        spool: Spool,
        *,
        hub: Hub,
        notices: Notices,
        wall: Callable[[], float],
    ) -> None:
        self.tally = {"queued": 0, "running": 0}
        self.waiting: Callable[[], int] = lambda: 0
        self._database = database
        self._hand = hand
        self._spool = spool
        self._hub = hub
        self._notices = notices
        self._wall = wall
        self._noted: dict[str, str] = {}
        self._counting = False
        self._closing = False
        self._telling: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """Wait no longer for a ledger that cannot be written, and tell no more."""
        self._closing = True
        if self._telling is not None:
            self._telling.cancel()

    async def write(self, call: Callable[..., T], *args: Any, **named: Any) -> T:
        """Change rows in one transaction, and take the new count."""
        if not self._counting:
            self._counting = True
            try:
                await self._database.run(tally.begin)
            except LedgerError:
                self._counting = False
                raise
        before = self.tally
        answer: T
        answer, self.tally = await self._database.run(_and_tally, call, *args, **named)
        if self.tally != before:
            self._tell_queue()
        return answer

    async def surely(self, call: Callable[[], Awaitable[T]]) -> T:
        """Change the ledger, however long it takes until it can be written."""
        while True:
            try:
                answer = await call()
            except LedgerError as error:
                judgement = judge(error)
                self.note(judgement.notice or "ledger", judgement.error, LEDGER)
                if self._closing:
                    raise
                await asyncio.sleep(_TRY_AGAIN)
            else:
                self.settled(LEDGER)
                return answer

    async def end(self, jobs: list[Job], end: End) -> None:
        """These jobs ended."""
        ids = [job.id for job in jobs]
        ended = await self.surely(lambda: self.write(rows.settle, ids, end)) if ids else []
        for job in jobs:
            if job.id in ended:
                self._told(job, end)

    async def put_back(self, jobs: list[Job]) -> None:
        """These jobs wait again; it was not for them that they were stopped."""
        if jobs:
            await self.surely(lambda: self.write(rows.put_back, [job.id for job in jobs]))
        for job in jobs:
            self._waits_again(job)

    async def put_off(self, jobs: list[Job], told: dict[str, str], *, patient: bool) -> None:
        """These jobs wait for another attempt, or fail where that was the last."""
        ids = [job.id for job in jobs]
        later, failed = await self.surely(
            lambda: self.write(rows.put_off, ids, told, self._wall(), patient=patient)
        )
        for job in jobs:
            if job.id in later:
                self._waits_again(job)
            elif job.id in failed:
                self._hand.part(job)
                self._told(job, End(State.FAILED, error=told))

    async def sentence(self, jobs: list[Job], judgement: Judgement, where: str) -> None:
        """Something went wrong with these jobs, at ``where``."""
        told = judgement.error.as_dict()
        if judgement.notice is not None:
            self.note(judgement.notice, judgement.error, where)
        uploads = [job for job in jobs if not job.row.background]
        background = [job for job in jobs if job.row.background]
        match judgement.verdict:
            case Verdict.LATER:
                await self.put_off(jobs, told, patient=judgement.patient)
            case Verdict.HOLD:
                await self.end(uploads, End(State.FAILED, error=told))
                await self.put_back(background)
            case Verdict.CANCEL:
                lost = not_kept(uploads[0].name).as_dict() if uploads else None
                await self.end(uploads, End(State.FAILED, error=lost))
                await self.end(background, End(State.CANCELLED, reason=judgement.error.reason))
            case _:
                await self.end(jobs, End(State.FAILED, error=told))

    def note(self, key: str, error: PhotoveilError, where: str) -> None:
        """Tell the user of what went wrong at ``where``."""
        self._noted[key] = where
        self._notices.set(key, error)

    def settled(self, where: str) -> None:
        """What went wrong there goes well again: its notices are taken back, and no others."""
        for key in [key for key, noted in self._noted.items() if noted == where]:
            del self._noted[key]
            self._notices.clear(key)

    def _told(self, job: Job, end: End) -> None:
        if end.state is State.DONE:
            job.work.progress = 1.0
        if not job.row.background:
            self._spool.discard(job.row.source)
        self._hand.end(job, end)

    def _waits_again(self, job: Job) -> None:
        if job.state.final:  # cancelled meanwhile
            return
        if job.row.background:
            self._hand.leave(job)
        else:
            self._hand.become(job, State.QUEUED)

    def _tell_queue(self) -> None:
        if self._telling is None and not self._closing:
            self._telling = asyncio.get_running_loop().call_later(_TELL_QUEUE, self._tell_queue_now)

    def _tell_queue_now(self) -> None:
        self._telling = None
        self._hub.publish("queue", **self.tally, waiting=self.waiting())


def _and_tally(
    connection: sqlite3.Connection, call: Callable[..., T], *args: Any, **named: Any
) -> tuple[T, dict[str, int]]:
    return call(connection, *args, **named), tally.read(connection)
