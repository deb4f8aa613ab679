"""The queue: photos waiting for the worker, in order, and what became of them.

Two identical wishes in flight are one piece of work. A finished piece is in the ledger and on disk before anyone is
told that it is done.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from photoveil.errors import PhotoveilError
from photoveil.ledger.photos import Key, ProtectedPhotos, discard
from photoveil.worker.tasks import Delivered, Outcome, Task, Unchanged, overall

log = logging.getLogger(__name__)

OWN_OUTPUT = "This file is already a protected copy made by Photoveil."
_PROGRESS_STEP = 0.02
_KEEP_FINISHED = 1800.0
_MAX_JOBS = 1000


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


class Protector(Protocol):
    """What does the work; the worker in life."""

    def __call__(
        self, photo: Path, name: str, task: Task, *, part: Path, progress: Callable[[str, float], None]
    ) -> Coroutine[Any, Any, Outcome]:
        """Protect ``photo`` into ``part``."""


@dataclass(eq=False)
class Work:
    """One photo to be protected in one way, for one or several jobs."""

    key: Key
    name: str
    source: Path | None = None
    state: State = State.QUEUED
    stage: str = ""
    progress: float = 0.0
    error: dict[str, str] | None = None
    reason: str | None = None
    delivered: Delivered | None = None
    users: int = 0
    finished: float | None = None
    running: asyncio.Task[Outcome] | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self) -> None:
        """Wake everyone who waits for a change."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def wait(self, seconds: float) -> None:
        """Wait for the next change, at most so long; at once where none will come."""
        if self.state.final:
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


@dataclass(eq=False)
class Job:
    """One client's wish for one photo."""

    id: str
    client: str
    name: str
    work: Work
    cancelled: bool = False

    @property
    def state(self) -> State:
        """Where the job is."""
        return State.CANCELLED if self.cancelled else self.work.state


class Jobs:
    """All jobs in hand and those finished lately.

    Args:
        photos: the ledger of protected photos.
        protect: what does the work.
        spool: folder for files on their way.
        clock: seconds, for forgetting finished jobs.
    """

    def __init__(
        self,
        photos: ProtectedPhotos,
        protect: Protector,
        spool: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._photos = photos
        self._protect = protect
        self._spool = spool
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._in_flight: dict[Key, Work] = {}
        self._queue: asyncio.Queue[Work] = asyncio.Queue()
        self._runner: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work through the queue."""
        self._runner = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop; unfinished work is given up and its files removed."""
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.wait([self._runner])
        for work in list(self._in_flight.values()):
            self._finish(work, State.CANCELLED)

    def new_part(self) -> Path:
        """A name in the spool that nobody uses."""
        return self._spool / f"{secrets.token_hex(16)}.part"

    async def submit(self, client: str, name: str, source: Path, key: Key) -> Job:
        """Take in the photo in the file ``source``, which belongs to the queue from now on."""
        if await self._photos.is_protected_copy(key.original):
            discard(source)
            return self._finished(client, name, key, state=State.UNCHANGED, reason=OWN_OUTPUT)
        known = await self.recall(client, name, key)
        if known is not None:
            discard(source)
            return known
        work = self._in_flight.get(key)
        if work is not None:
            discard(source)
        else:
            work = self._in_flight[key] = Work(key, name, source)
            self._queue.put_nowait(work)
        return self._job(client, name, work)

    async def recall(self, client: str, name: str, key: Key) -> Job | None:
        """A finished job for a photo that was protected in this way before."""
        delivered = await self._photos.find(key)
        if delivered is None:
            return None
        return self._finished(client, name, key, state=State.DONE, delivered=delivered)

    def find(self, client: str, job: str) -> Job | None:
        """A client's own job."""
        found = self._jobs.get(job)
        return found if found is not None and found.client == client else None

    def in_work(self, client: str) -> int:
        """How many photos of this client are queued or running."""
        return sum(1 for job in self._jobs.values() if job.client == client and not job.state.final)

    def counts(self) -> dict[str, int]:
        """How much work is queued and running."""
        states = [work.state for work in self._in_flight.values()]
        return {"queued": states.count(State.QUEUED), "running": states.count(State.RUNNING)}

    def cancel(self, job: Job) -> None:
        """Give a job up; the work itself stops when nobody else wants it."""
        if job.state.final:
            return
        job.cancelled = True
        work = job.work
        work.users -= 1
        work.tell()
        if work.users:
            return
        # Out of the way at once: the same photo sent again must not join work that is being stopped.
        self._in_flight.pop(work.key, None)
        if work.running is not None:
            work.running.cancel()
        else:
            self._finish(work, State.CANCELLED)

    def _job(self, client: str, name: str, work: Work) -> Job:
        self._forget()
        job = Job(secrets.token_hex(16), client, name, work)
        work.users += 1
        self._jobs[job.id] = job
        return job

    def _finished(
        self,
        client: str,
        name: str,
        key: Key,
        *,
        state: State,
        delivered: Delivered | None = None,
        reason: str | None = None,
    ) -> Job:
        work = Work(key, name, state=state, delivered=delivered, reason=reason, finished=self._clock())
        work.progress = 1.0
        return self._job(client, name, work)

    def _forget(self) -> None:
        now = self._clock()
        crowded = len(self._jobs) >= _MAX_JOBS
        for job in list(self._jobs.values()):
            since = job.work.finished
            if since is not None and (crowded or now - since > _KEEP_FINISHED):
                del self._jobs[job.id]
                crowded = len(self._jobs) >= _MAX_JOBS

    async def _run(self) -> None:
        while True:
            work = await self._queue.get()
            if not work.state.final:
                await self._do(work)

    async def _do(self, work: Work) -> None:
        part = self.new_part()
        try:
            work.running = asyncio.create_task(self._make(work, part))
            await asyncio.wait([work.running])
            self._conclude(work, work.running)
        finally:
            if not work.state.final and work.running is not None:  # the daemon is ending
                work.running.cancel()
                await asyncio.wait([work.running])
            work.running = None
            discard(part)

    async def _make(self, work: Work, part: Path) -> Outcome:
        if work.source is None:
            raise RuntimeError("work without a photo")
        work.state = State.RUNNING
        work.tell()
        outcome = await self._protect(work.source, work.name, work.key.task, part=part, progress=work.report)
        if isinstance(outcome, Delivered):
            await self._photos.remember(work.key, outcome, part)
        return outcome

    def _conclude(self, work: Work, done: asyncio.Task[Outcome]) -> None:
        if done.cancelled():
            self._finish(work, State.CANCELLED)
            return
        error = done.exception()
        if error is None:
            outcome = done.result()
            if isinstance(outcome, Unchanged):
                work.reason = outcome.reason
                self._finish(work, State.UNCHANGED)
            else:
                work.delivered = outcome
                self._finish(work, State.DONE)
            return
        if not isinstance(error, PhotoveilError):
            log.error("a job failed unforeseen: %s", type(error).__name__)
            error = _unforeseen(error)
        work.error = error.as_dict()
        log.info("a job failed: %s", work.error["code"])
        self._finish(work, State.FAILED)

    def _finish(self, work: Work, state: State) -> None:
        work.state = state
        work.finished = self._clock()
        if state is State.DONE:
            work.progress = 1.0
        if self._in_flight.get(work.key) is work:
            del self._in_flight[work.key]
        if work.source is not None:
            discard(work.source)
        work.tell()


def _unforeseen(error: BaseException) -> PhotoveilError:
    return PhotoveilError(
        "The photo could not be protected",
        f"Something went wrong that nobody foresaw ({type(error).__name__}).",
        "Try again; if it happens again, please report it together with the log.",
    )
