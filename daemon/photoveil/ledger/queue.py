"""The runner: takes the next rows, has their photos protected, has the copies put in place, and writes how they ended.

Photos of the same urgency that want the same encoders are taken together, as many as share passes on this device.
Nothing more is taken until the last of them has ended, so that what is more urgent is never far.

What is told as done is on disk and in the ledger before: the copy (synced), the row of the protected photo, the copy in
its place, the end of the job; in this order. Killed in between, the job is queued again at the next start and finds
what was done already.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from photoveil.hub import RESYNC, Hub
from photoveil.ledger import rows
from photoveil.ledger.book import LEDGER, Book
from photoveil.ledger.company import Company, Made, Placer, Protector
from photoveil.ledger.database import LedgerError
from photoveil.ledger.lessons import Lessons, Teacher
from photoveil.ledger.photos import Key, ProtectedPhotos
from photoveil.ledger.previews import PreviewShelf
from photoveil.ledger.rows import ANIMATION, OWN_COPY, OWN_OUTPUT, End, JobRow, State
from photoveil.ledger.spool import Spool
from photoveil.ledger.troubles import Verdict, died, judge, source_gone
from photoveil.ledger.work import InHand, Job, Work
from photoveil.notices import Notices
from photoveil.worker.tasks import NOTHING_PRIVATE, Delivered, Previews, Unchanged

log = logging.getLogger(__name__)

_WHY = {OWN_OUTPUT: OWN_COPY, NOTHING_PRIVATE: "nothing-private"}
_ASK_AGAIN = 3.0
"""How often the gate is asked while something waits behind it."""
_HOLD = 30.0
"""How long folders wait after something failed that is not their fault: the worker gave up, the disk is full."""
_MOST_PLACING = 4
_PLACE_SECONDS = 300.0
_CLOSE_SECONDS = 20.0
_MAKING, _PLACING = "making", "placing"
"""Where something went wrong: a notice is taken back by success at the same place only."""


class Queue:
    """Works through the rows, one company of photos at a time.

    Args:
        photos: the ledger of protected photos.
        protect: what does the work.
        teach: what lets a new persona learn from a batch.
        spool: folder for files on their way.
        hand: the jobs in hand.
        together: how many photos pay to be protected at once; asked before each company.
        wall: seconds since 1970, for what is tried again later.
    """

    def __init__(
        self,
        photos: ProtectedPhotos,
        protect: Protector,
        spool: Path,
        hand: InHand,
        *,
        hub: Hub,
        notices: Notices,
        teach: Teacher | None = None,
        together: Callable[[], int] = lambda: 1,
        previews: PreviewShelf | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.place: Placer | None = None
        self.gate: Callable[[], str | None] = lambda: None
        self.spool = Spool(spool)
        self.book = Book(photos.database, hand, self.spool, hub=hub, notices=notices, wall=wall)
        self.book.waiting = self.waiting
        self._photos = photos
        self._database = photos.database
        self._protect = protect
        self._lessons = Lessons(photos.database, teach)
        self._together = together
        self._hand = hand
        self._hub = hub
        self._previews = previews
        self._wall = wall
        self._wake = asyncio.Event()
        self._closing = False
        self._hold_until = 0.0
        self._company: Company | None = None
        self._placing: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._ready: asyncio.Future[None] | None = None

    def start(self) -> asyncio.Future[None]:
        """Begin to work; what is answered is done when the rows left by the last run are taken up."""
        self._ready = ready = asyncio.get_running_loop().create_future()
        self._tasks = [asyncio.create_task(self._run(ready)), asyncio.create_task(self._listen())]
        return ready

    async def close(self) -> None:
        """Stop; unfinished work stays queued and goes on at the next start."""
        self._closing = True
        self.book.close()
        self.wake()
        for work in {job.work for job in self._hand.jobs.values()}:
            work.abandoned = True
            work.tell()
        if self._company is not None:
            self._company.stop()
        for tasks in (self._tasks[:1], self._placing):
            if tasks:
                await asyncio.wait(tasks, timeout=_CLOSE_SECONDS)
        if self._ready is not None:
            self._ready.cancel()
        left = [*self._tasks, *self._placing]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        self._tasks = []

    def wake(self) -> None:
        """Something may have to be done: look."""
        self._wake.set()

    def overtake(self, key: Key) -> None:
        """An upload has come: what is done for folders makes way."""
        if self._company is not None:
            self._company.make_way(key)

    def forget_folder(self, folder: str) -> None:
        """A folder is no longer watched: nothing about it is a matter any more."""
        self.book.settled(f"{_PLACING} {folder}")

    def waiting(self) -> int:
        """How many queued rows are held back by the gate."""
        uploads = sum(1 for job in self._hand.jobs.values() if job.state is State.QUEUED)
        return max(0, self.book.tally["queued"] - uploads) if self.waits_for() else 0

    def waits_for(self) -> str | None:
        """Why rows of folders have to wait; None where they need not."""
        if self.place is None:
            return "starting"
        if self._wall() < self._hold_until:
            return "trouble"
        return self.gate()

    # The loop.

    async def _run(self, ready: asyncio.Future[None]) -> None:
        try:
            await self._take_up()
        except Exception as error:  # noqa: BLE001 - raised where the daemon waits for its start
            if not ready.done():
                ready.set_exception(error)
            return
        if not ready.done():
            ready.set_result(None)
        while not self._closing:
            self._wake.clear()
            try:
                found = await self._next()
                self.book.settled(LEDGER)
                if found:
                    await self._do(found)
                else:
                    await self._rest()
            except LedgerError as error:
                self.book.note("ledger", error, LEDGER)
                await self._sleep(_HOLD)
            except Exception as error:  # noqa: BLE001 - the guard of all work: the queue must not end
                # Without its message, which may hold a photo's name.
                log.error("the queue stumbled: %s", type(error).__name__)  # noqa: TRY400
                await self._sleep(_ASK_AGAIN)

    async def _take_up(self) -> None:
        await self.book.write(rows.recover, died().as_dict())
        left = await self._database.run(rows.unfinished_uploads)
        for row in left:
            self._hand.adopt(row)
        with contextlib.suppress(OSError):  # what cannot be removed now is tried at the next start
            await asyncio.to_thread(self.spool.sweep, [row.source for row in left])

    async def _next(self) -> list[JobRow]:
        background = self.waits_for() is None and len(self._placing) < _MOST_PLACING
        most = self._together()
        return await self.book.write(rows.take, self._wall(), background=background, most=most)

    async def _rest(self) -> None:
        """Sleep until something may have changed."""
        if not self.book.tally["queued"]:
            if not self.book.tally["running"]:
                self._lessons.forget()
            await self._sleep(None)
            return
        held = self.waits_for() is not None
        moment = await self._database.run(rows.next_moment, background=not held)
        left = 0.0 if moment is None else moment - self._wall()
        # What could start by its time is held back by something else, whose end may be told to nobody.
        await self._sleep(min(left, _ASK_AGAIN) if held and left > 0 else left if left > 0 else _ASK_AGAIN)

    async def _sleep(self, seconds: float | None) -> None:
        if self._closing:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)

    async def _listen(self) -> None:
        async with self._hub.subscribe() as events:
            async for event in events:
                if event.kind in ("personas", RESYNC):
                    self._lessons.forget()
                if event.kind in ("pause", "settings", RESYNC):
                    self.wake()

    # Photos taken together.

    async def _do(self, found: Sequence[JobRow]) -> None:
        read: dict[Work, Job] = {}
        for row in found:
            job = self._hand.adopt(row)
            read.setdefault(job.work, job)
        company = self._company = Company(list(read))
        # All are begun before anything else can happen, so that whoever overtakes finds them running.
        begun = [self._begin(work, job, company) for work, job in read.items()]
        try:
            ended = await asyncio.gather(*begun, return_exceptions=True)
        finally:
            self._company = None
        for trouble in ended:
            if trouble is not None:
                raise trouble

    def _begin(self, work: Work, job: Job, company: Company) -> Coroutine[Any, Any, None]:
        part = self.spool.new_part()
        previews = self._previews.places(part) if self._previews else None
        work.read = job
        work.running = running = asyncio.create_task(self._make(work, job.row, part, previews, company))
        files = (part, previews.before, previews.after) if previews else (part,)
        return self._see_through(work, job, company, running, files)

    async def _see_through(
        self, work: Work, job: Job, company: Company, running: asyncio.Task[Made], files: Sequence[Path]
    ) -> None:
        try:
            for each in work.jobs:
                self._hand.become(each, State.RUNNING)
            if self._closing or not work.jobs:
                running.cancel()
            if len(work.jobs) > 1:
                await self.book.write(rows.start, [each.id for each in work.jobs])
            await asyncio.wait([running])
            company.leave(work)
            self._hand.close(work)
            await self._conclude(work, job, running)
        finally:
            company.leave(work)
            work.running = work.read = None
            for file in files:
                self.spool.discard(file)
            if job.state.final and not job.row.background:
                self.spool.discard(job.row.source)

    async def _make(
        self, work: Work, row: JobRow, part: Path, previews: Previews | None, company: Company
    ) -> Made:
        # In folders all own output is left alone: it may lie in the original's place.
        if await self._photos.is_protected_copy(row.original, "" if row.background else row.task.method):
            return Made(Unchanged(OWN_OUTPUT))
        known = await self._photos.find(row.key)
        if known is not None:
            return Made(known)
        await asyncio.to_thread(_open, row)
        if row.background:
            await self._lessons.give(row.task, work.report)
        await company.meet(work)
        outcome = await self._protect(
            row.source,
            row.name,
            row.task,
            part=part,
            progress=work.report,
            original=row.original,
            previews=previews,
        )
        if isinstance(outcome, Delivered):
            await self._photos.remember(row.key, outcome, part)
        return Made(outcome, fresh=True, previews=previews)

    # How it ended.

    async def _conclude(self, work: Work, read: Job, done: asyncio.Task[Made]) -> None:
        jobs = list(work.jobs)
        if done.cancelled():
            await self.book.put_back(jobs)
        elif error := done.exception():
            await self._trouble(jobs, read, error)
        else:
            await self._succeed(jobs, done.result())

    async def _trouble(self, jobs: list[Job], read: Job, error: BaseException) -> None:
        """The photo was not made; where only one job's file is to blame, the others try with their own."""
        judgement = judge(error, read.row.folder)
        log.info("a photo was not protected: %s (%s)", judgement.error.as_dict()["code"], judgement.verdict)
        if judgement.verdict is Verdict.CANCEL:
            await self.book.sentence([read], judgement, _MAKING)
            await self.book.put_back([job for job in jobs if job is not read])
            return
        if judgement.verdict is Verdict.HOLD or judgement.patient:
            self._hold_until = self._wall() + _HOLD
        await self.book.sentence(jobs, judgement, _MAKING)

    async def _succeed(self, jobs: list[Job], made: Made) -> None:
        if made.fresh:
            self.book.settled(_MAKING)
        if made.previews is not None and self._previews is not None:
            await asyncio.to_thread(self._previews.keep, made.previews, [job.id for job in jobs])
        outcome = made.outcome
        if isinstance(outcome, Unchanged):
            why = _WHY.get(outcome.reason, ANIMATION)
            await self.book.end(jobs, End(State.UNCHANGED, reason=outcome.reason, why=why))
            return
        uploads = [job for job in jobs if not job.row.background]
        for job in uploads:
            job.work.delivered = outcome
        await self.book.end(uploads, End(State.DONE, protected=outcome.sha256))
        if uploads:
            await self.book.surely(lambda: self.book.write(rows.pull_forward, uploads[0].row.key))
        for job in jobs:
            if job.row.background:
                self._begin_to_place(job, outcome)

    # The copy's place.

    def _begin_to_place(self, job: Job, made: Delivered) -> None:
        job.placing = True
        task = asyncio.create_task(self._place(job, made))
        self._placing.add(task)
        task.add_done_callback(self._placed)

    def _placed(self, task: asyncio.Task[None]) -> None:
        self._placing.discard(task)
        self.wake()

    async def _place(self, job: Job, made: Delivered) -> None:
        if self.place is None:
            await self.book.put_back([job])
            return
        where = f"{_PLACING} {job.row.folder}"
        job.work.report("place", 1.0)
        try:
            async with asyncio.timeout(_PLACE_SECONDS):
                placed = await self.place(job.row, self._photos.file(made.sha256), made)
        except Exception as error:  # noqa: BLE001 - judged and told
            judgement = judge(error, job.row.folder)
            log.info("a copy was not placed: %s (%s)", judgement.error.as_dict()["code"], judgement.verdict)
            await self.book.sentence([job], judgement, where)
            return
        self.book.settled(where)
        await self.book.end([job], End(State.DONE, protected=made.sha256, placed=placed))


def _open(row: JobRow) -> None:
    """Try to open the photo, so that what is wrong with it is not blamed on the worker."""
    try:
        with row.source.open("rb"):
            return
    except (FileNotFoundError, NotADirectoryError):
        raise source_gone(row.name) from None
