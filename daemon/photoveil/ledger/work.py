"""What is in hand: the work that is being done or waited for, and the jobs that clients still ask about.

Uploads are kept here as long as their clients may ask; rows of folders only while they are worked on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from photoveil.hub import Hub
from photoveil.ledger.photos import Key
from photoveil.ledger.rows import End, JobRow, State
from photoveil.worker.tasks import Delivered, overall

_PROGRESS_STEP = 0.02
_KEEP_FINISHED = 1800.0
_MAX_JOBS = 1000


@dataclass(eq=False)
class Work:
    """One photo to be protected in one way, for one or several jobs."""

    key: Key
    name: str
    state: State = State.QUEUED
    stage: str = ""
    progress: float = 0.0
    error: dict[str, str] | None = None
    reason: str | None = None
    why: str | None = None
    delivered: Delivered | None = None
    finished: float | None = None
    jobs: list[Job] = field(default_factory=list)
    running: asyncio.Task[Any] | None = None
    read: Job | None = None
    """The job whose file is read, while the work is running."""
    abandoned: bool = False
    """Whether the daemon is ending, so that nobody should wait."""
    hear: Callable[[Work], None] = lambda _work: None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def background(self) -> bool:
        """Whether nobody sits and waits for it."""
        return all(job.row.background for job in self.jobs)

    def tell(self) -> None:
        """Wake everyone who waits for a change."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def wait(self, seconds: float) -> None:
        """Wait for the next change, at most so long; at once where none will come."""
        if self.state.final or self.abandoned:
            return
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return

    def report(self, stage: str, fraction: float) -> None:
        """Take progress in, as a share of the whole walk; small steps are not worth waking anyone."""
        progress = max(self.progress, overall(stage, fraction) or 0.0)
        if stage == self.stage and progress - self.progress < _PROGRESS_STEP:
            return
        self.stage, self.progress = stage, progress
        self.tell()
        self.hear(self)


@dataclass(eq=False)
class Job:
    """One wish for one photo: an upload, or a row of a folder while it is in hand."""

    row: JobRow
    work: Work
    state: State = State.QUEUED
    placing: bool = False
    """Whether the copy is on its way to its place, which is not stopped half-way."""

    @property
    def id(self) -> str:
        """The row's id."""
        return self.row.job

    @property
    def client(self) -> str:
        """Whose wish it is; empty for folders."""
        return self.row.client

    @property
    def name(self) -> str:
        """What the photo is called."""
        return self.row.name


class InHand:
    """The jobs in hand, by id, and the work in flight, by what makes two wishes the same."""

    def __init__(self, hub: Hub, clock: Callable[[], float] = time.monotonic) -> None:
        self._hub = hub
        self._clock = clock
        self.jobs: dict[str, Job] = {}
        self.in_flight: dict[Key, Work] = {}

    def adopt(self, row: JobRow) -> Job:
        """The job of an unfinished row, joined to work in flight for the same photo if there is some."""
        known = self.jobs.get(row.job)
        if known is not None:
            return known
        work = self.in_flight.get(row.key)
        if work is None:
            work = self.in_flight[row.key] = Work(row.key, row.name, hear=self._progressed)
        job = Job(row, work, work.state)
        work.jobs.append(job)
        return self._keep(job)

    def finished(self, row: JobRow, delivered: Delivered | None) -> Job:
        """The job of a row that is finished already."""
        return self._keep(self._ended(row, delivered))

    def announce(self, row: JobRow) -> None:
        """Tell listeners that a row has ended which was never in hand."""
        self.tell(self._ended(row, None))

    def _ended(self, row: JobRow, delivered: Delivered | None) -> Job:
        work = Work(row.key, row.name, state=row.state, progress=1.0, delivered=delivered)
        work.error, work.reason, work.why, work.finished = row.error, row.reason, row.why, self._clock()
        job = Job(row, work, row.state)
        work.jobs.append(job)
        return job

    def progress_of(self, job: str) -> tuple[str, float] | None:
        """How far a job is, if it is in hand."""
        found = self.jobs.get(job)
        return None if found is None else (found.work.stage, found.work.progress)

    def of_client(self, client: str) -> int:
        """How many photos of this client are queued or running."""
        return sum(1 for job in self.jobs.values() if job.client == client and not job.state.final)

    def become(self, job: Job, state: State) -> None:
        """A job that is not finished is queued or running from now on."""
        job.state = job.work.state = state
        self.tell(job)

    def end(self, job: Job, end: End) -> None:
        """A job is finished: clients may ask about an upload for a while, the rest is history."""
        job.state = end.state
        work = job.work
        if job.row.background:
            self._release(job)
        else:
            work.state, work.error, work.reason, work.why = end.state, end.error, end.reason, end.why
            work.finished = self._clock()
        self.tell(job)

    def part(self, job: Job) -> None:
        """A job leaves its work, which goes on for others; whoever asks about the job finds it as it is now."""
        if job in job.work.jobs:
            job.work.jobs.remove(job)
        job.work.tell()
        alone = Work(job.work.key, job.name, stage=job.work.stage, progress=job.work.progress)
        alone.jobs.append(job)
        job.work = alone

    def leave(self, job: Job) -> None:
        """A row of a folder goes back among those that wait; it is not kept in memory there."""
        job.state = State.QUEUED
        self._release(job)
        self.tell(job)

    def close(self, work: Work) -> None:
        """Nobody may join this work any more."""
        if self.in_flight.get(work.key) is work:
            del self.in_flight[work.key]

    def tell(self, job: Job) -> None:
        """Tell clients and listeners where the job is."""
        job.work.tell()
        self._hub.publish(
            "job",
            job=job.id,
            client=job.client,
            kind=job.row.kind,
            state=str(job.state),
            stage=job.work.stage,
            progress=round(job.work.progress, 4),
        )
        if job.state is State.DONE:
            self._hub.publish("photo", job=job.id)

    def _progressed(self, work: Work) -> None:
        for job in work.jobs:
            if not job.state.final:
                self.tell(job)

    def _keep(self, job: Job) -> Job:
        self._forget()
        self.jobs[job.id] = job
        return job

    def _release(self, job: Job) -> None:
        self.jobs.pop(job.id, None)
        if job in job.work.jobs:
            job.work.jobs.remove(job)

    def _forget(self) -> None:
        now = self._clock()
        crowded = len(self.jobs) >= _MAX_JOBS
        for job in list(self.jobs.values()):
            since = job.work.finished
            if since is not None and (crowded or now - since > _KEEP_FINISHED):
                del self.jobs[job.id]
                crowded = len(self.jobs) >= _MAX_JOBS
