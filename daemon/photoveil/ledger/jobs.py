"""Jobs, as the rest of the daemon sees them: wishes for protected photos, from browsers, by hand and from folders.

Every job is a row. Identical wishes in flight are one piece of work. What is finished is in the ledger and on disk
before anyone is told that it is done, and what is not goes on after a restart, however the daemon ended.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from photoveil.hub import Hub
from photoveil.ledger import rows
from photoveil.ledger.company import Placer, Protector
from photoveil.ledger.lessons import Teacher
from photoveil.ledger.photos import Key, ProtectedPhotos
from photoveil.ledger.previews import PreviewShelf
from photoveil.ledger.queue import Queue
from photoveil.ledger.rows import OWN_COPY, OWN_OUTPUT, UPLOAD, End, FileWish, JobRow, State
from photoveil.ledger.text import NOWHERE
from photoveil.ledger.troubles import TryLater
from photoveil.ledger.work import InHand, Job, Work
from photoveil.notices import Notices
from photoveil.worker.tasks import Delivered, SourceChanged

__all__ = [
    "OWN_OUTPUT",
    "FileWish",
    "Job",
    "JobRow",
    "Jobs",
    "Placer",
    "Protector",
    "SourceChanged",
    "State",
    "TryLater",
    "Work",
]

CANCELLED = "It was cancelled."
FOLDER_REMOVED = "Its folder is not watched any more."


class Jobs:
    """All jobs.

    Uploads are found by their clients while they are in work and for half an hour after; everything is found in the
    history.

    Args:
        photos: the ledger of protected photos.
        protect: what does the work.
        spool: folder for files on their way.
        teach: what lets a new persona learn from a batch of a folder.
        together: how many photos pay to be protected at once.
        previews: where small pictures of before and after are kept.
        clock: seconds, for forgetting finished jobs.
        wall: seconds since 1970, for trying again later.
    """

    def __init__(
        self,
        photos: ProtectedPhotos,
        protect: Protector,
        spool: Path,
        *,
        hub: Hub | None = None,
        notices: Notices | None = None,
        teach: Teacher | None = None,
        together: Callable[[], int] = lambda: 1,
        previews: PreviewShelf | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        hub = hub or Hub()
        self._photos = photos
        self._database = photos.database
        self._hand = InHand(hub, clock)
        self._queue = Queue(
            photos,
            protect,
            spool,
            self._hand,
            hub=hub,
            notices=notices or Notices(hub),
            teach=teach,
            together=together,
            previews=previews,
            wall=wall,
        )

    @property
    def place(self) -> Placer | None:
        """What puts copies of folders in place; until it is set, rows of folders wait."""
        return self._queue.place

    @place.setter
    def place(self, placer: Placer | None) -> None:
        self._queue.place = placer

    @property
    def gate(self) -> Callable[[], str | None]:
        """What says why folders have to wait, or None where they need not; asked often."""
        return self._queue.gate

    @gate.setter
    def gate(self, gate: Callable[[], str | None]) -> None:
        self._queue.gate = gate

    @property
    def waiting_for(self) -> str | None:
        """Why folders have to wait: the gate's word, or “starting”, or “trouble” while the worker has given up."""
        return self._queue.waits_for()

    def start(self) -> asyncio.Future[None]:
        """Begin to work; what is answered is done once the jobs left by the last run are taken up."""
        return self._queue.start()

    async def close(self) -> None:
        """Stop; unfinished jobs stay and go on at the next start."""
        await self._queue.close()

    def new_part(self) -> Path:
        """A name in the spool that nobody uses."""
        return self._queue.spool.new_part()

    async def submit(self, client: str, name: str, source: Path, key: Key, *, by_hand: bool = False) -> Job:
        """Take in the photo in the file ``source``, which belongs to the queue from now on.

        ``by_hand``: somebody chose it in the dashboard; it is worked on after what pages wait for.
        """
        row = _upload(client, name, source, key, by_hand=by_hand)
        if await self._photos.is_protected_copy(key.original, key.task.method):
            end = End(State.UNCHANGED, reason=OWN_OUTPUT, why=OWN_COPY)
            return await self._finished(row, end, None)
        delivered = await self._photos.find(key)
        if delivered is not None:
            return await self._finished(row, End(State.DONE, protected=delivered.sha256), delivered)
        await self._queue.book.write(rows.add, row)
        job = self._hand.adopt(row)
        self._hand.tell(job)
        self._queue.overtake(key)
        self._queue.wake()
        return job

    async def recall(self, client: str, name: str, key: Key) -> Job | None:
        """A finished job for a photo that was protected in this way before; no part of the history."""
        delivered = await self._photos.find(key)
        if delivered is None:
            return None
        row = _upload(client, name, None, key)
        return self._hand.finished(_ended(row, End(State.DONE, protected=delivered.sha256)), delivered)

    async def submit_files(self, wishes: Sequence[FileWish]) -> list[str]:
        """Queue files of folders and archives, all or none; answers the id of each wish's job.

        A wish that is in flight already is not queued twice; one for an earlier version of the file is given up.
        """
        ids = await self._queue.book.write(rows.add_wishes, wishes)
        self._queue.wake()
        return ids

    def find(self, client: str, job: str) -> Job | None:
        """A client's own upload."""
        found = self._hand.jobs.get(job)
        return found if found is not None and found.client == client else None

    def in_work(self, client: str) -> int:
        """How many photos of this client are queued or running."""
        return self._hand.of_client(client)

    def progress_of(self, job: str) -> tuple[str, float] | None:
        """Stage and progress of a job that is in hand."""
        return self._hand.progress_of(job)

    def counts(self) -> dict[str, int]:
        """How many jobs are queued and running."""
        return dict(self._queue.book.tally)

    def queue(self) -> dict[str, int]:
        """How many jobs are queued and running, and how many of those queued wait for the gate."""
        return {**self._queue.book.tally, "waiting": self._queue.waiting()}

    async def cancel(self, job: Job) -> bool:
        """Give a job up; the work itself stops when nobody else wants it. False where it was too late."""
        if job.state.final or job.placing:
            return False
        if not await self._queue.book.write(rows.settle, [job.id], End(State.CANCELLED, reason=CANCELLED)):
            return False
        self._withdraw(job, CANCELLED)
        return True

    async def cancel_id(self, job: str) -> bool:
        """Give up any job by its id."""
        found = self._hand.jobs.get(job)
        if found is not None:
            return await self.cancel(found)
        if not await self._queue.book.write(rows.settle, [job], End(State.CANCELLED, reason=CANCELLED)):
            return False
        row = await self.row(job)
        if row is not None:
            self._hand.announce(row)
        return True

    async def cancel_folder(self, folder: str) -> int:
        """Give up everything that is unfinished of a folder; answers how many that was."""
        running = [job for job in self._hand.jobs.values() if job.row.folder == folder]
        stopped = [await self.cancel(job) for job in running]
        self._queue.forget_folder(folder)
        return sum(stopped) + await self._queue.book.write(rows.cancel_folder, folder, FOLDER_REMOVED)

    async def retry(self, job: str) -> bool:
        """Try a folder's job once more that failed, was cancelled or waits; False where its photo is gone."""
        row = await self.row(job)
        if row is None or not row.background or not await asyncio.to_thread(row.source.is_file):
            return False
        queued = await self._queue.book.write(rows.retry, job)
        self._queue.wake()
        return queued

    async def row(self, job: str) -> JobRow | None:
        """Any job's row."""
        return await self._database.run(rows.find, job)

    async def _finished(self, row: JobRow, end: End, delivered: Delivered | None) -> Job:
        """An upload that needs no work: it is part of the history nevertheless."""
        ended = _ended(row, end)
        await self._queue.book.write(rows.add, ended)
        self._queue.spool.discard(row.source)
        job = self._hand.finished(ended, delivered)
        self._hand.tell(job)
        return job

    def _withdraw(self, job: Job, reason: str) -> None:
        work = job.work
        self._hand.part(job)
        if work.read is not job and not job.row.background:
            self._queue.spool.discard(job.row.source)
        if not work.jobs:
            # Out of the way at once: the same photo sent again must not join work that is being stopped.
            self._hand.close(work)
            if work.running is not None:
                work.running.cancel()
        self._hand.end(job, End(State.CANCELLED, reason=reason))


def _upload(client: str, name: str, source: Path | None, key: Key, *, by_hand: bool = False) -> JobRow:
    return JobRow(
        job=rows.new_id(),
        kind=UPLOAD,
        client=client,
        folder=None,
        name=name,
        original=key.original,
        task=key.task,
        source=source or NOWHERE,
        target=None,
        state=State.QUEUED,
        priority=rows.BY_HAND if by_hand else rows.PRIORITIES[UPLOAD],
        created=rows.now(),
    )


def _ended(row: JobRow, end: End) -> JobRow:
    """The row as it is written when nothing has to be done; its file is not kept."""
    return replace(
        row,
        state=end.state,
        reason=end.reason,
        why=end.why,
        protected=end.protected,
        finished=rows.now(),
        source=NOWHERE,
    )
