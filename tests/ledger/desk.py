"""A queue with a protector of a few lines that waits until it is let go and obeys the photo's first word."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from photoveil.hub import Event, Hub
from photoveil.ledger import rows
from photoveil.ledger.database import Database
from photoveil.ledger.jobs import FileWish, Job, JobRow, Jobs, State
from photoveil.ledger.photos import Key, ProtectedPhotos
from photoveil.ledger.previews import PreviewShelf
from photoveil.notices import Notices
from photoveil.worker.tasks import (
    Delivered,
    Outcome,
    Previews,
    SourceChanged,
    Task,
    Unchanged,
    crashed,
    gave_up,
)

TASK = Task("me", "antithetical", "balanced", "starter", "strip-location")
_STEPS = 100


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Desk:
    """A queue and everything around it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.folder = folder
        self.database = database
        self.spool, self.tree, self.out = folder / "spool", folder / "tree", folder / "out"
        for place in (self.spool, self.tree, self.out, folder / "kept", folder / "previews"):
            place.mkdir(exist_ok=True)
        self.go, self.begun = asyncio.Event(), asyncio.Event()
        self.calls: list[str] = []
        self.lessons: list[list[Path]] = []
        self.placed: list[str] = []
        self.place_error: Exception | None = None
        self.reason: str | None = None
        self.now = 0.0
        self.at_once = 1
        self.holds: dict[str, asyncio.Event] = {}
        self.stages: dict[str, tuple[str, float]] = {}
        self.hub = Hub()
        self.notices = Notices(self.hub)
        self.photos = ProtectedPhotos(database, folder / "kept", 1 << 20)
        self.previews = PreviewShelf(folder / "previews")
        self.jobs = Jobs(
            self.photos,
            self.protect,
            self.spool,
            hub=self.hub,
            notices=self.notices,
            teach=self.teach,
            together=lambda: self.at_once,
            previews=self.previews,
            clock=lambda: self.now,
            wall=lambda: self.now,
        )
        self.jobs.place = self.place
        self.jobs.gate = lambda: self.reason

    async def protect(
        self,
        photo: Path,
        name: str,
        task: Task,
        *,
        part: Path,
        progress: Callable[[str, float], None],
        original: str,
        previews: Previews | None,
    ) -> Outcome:
        self.calls.append(name)
        self.begun.set()
        progress(*self.stages.get(name, ("protect", 0.5)))
        await self.holds.get(name, self.go).wait()
        return self._made(photo, part, original, previews)

    def _made(self, photo: Path, part: Path, original: str, previews: Previews | None) -> Outcome:
        data = photo.read_bytes()
        if sha(data) != original:
            raise SourceChanged.of()
        self._obey(data)
        if data.startswith(b"animation"):
            return Unchanged("It moves.")
        if previews is not None:
            previews.before.write_bytes(b"before")
            previews.after.write_bytes(b"after")
        part.write_bytes(b"copy of " + data)
        return Delivered(sha(part.read_bytes()), part.stat().st_size, "jpeg", "image/jpeg", "", 1, 1, {})

    def _obey(self, data: bytes) -> None:
        match data.split(b" ")[0]:
            case b"bad":
                raise ZeroDivisionError
            case b"crash":
                raise crashed(9)
            case b"over":
                raise gave_up(5, 10, "the log")
            case b"full":
                raise OSError(errno.ENOSPC, "no space left")

    async def teach(self, photos: Sequence[Path], task: Task, progress: Callable[[str, float], None]) -> bool:
        self.lessons.append(list(photos))
        return True

    async def place(self, row: JobRow, copy: Path, made: Delivered) -> Path:
        if self.place_error is not None:
            raise self.place_error
        assert row.target is not None
        await asyncio.to_thread(shutil.copyfile, copy, row.target)
        self.placed.append(row.name)
        return row.target

    async def send(self, data: bytes, name: str = "a.jpg", client: str = "c", **options: Any) -> Job:
        source = self.jobs.new_part()
        source.write_bytes(data)
        return await self.jobs.submit(client, name, source, Key(sha(data), TASK), **options)

    def wish(
        self, data: bytes, name: str, folder: str = "f", kind: str = "folder", task: Task = TASK
    ) -> FileWish:
        source = self.tree / name
        source.write_bytes(data)
        return FileWish(folder, source, sha(data), task, self.out / name, kind)

    async def drop(self, *files: tuple[bytes, str], **options: Any) -> list[str]:
        return await self.jobs.submit_files([self.wish(data, name, **options) for data, name in files])

    async def row(self, job: str) -> JobRow:
        found = await self.jobs.row(job)
        assert found is not None
        return found

    async def settled(self, job: str, state: State) -> JobRow:
        """Wait until a row is in this state."""
        async with asyncio.timeout(60):
            while (row := await self.row(job)).state is not state:
                assert not row.state.final, row
                await asyncio.sleep(0.005)
        return row

    async def put_off(self, job: str, attempts: int = 1) -> JobRow:
        """Wait until a row waits for another attempt after so many."""
        async with asyncio.timeout(60):
            while (row := await self.row(job)).attempts != attempts or row.state is not State.QUEUED:
                assert not row.state.final, row
                await asyncio.sleep(0.005)
        return row

    async def pass_time(self, seconds: float, pause: float = 0.02) -> None:
        """Turn the clock and let the queue see it."""
        self.now += seconds
        self.hub.publish("settings")
        await asyncio.sleep(pause)

    async def all_rows(self) -> list[JobRow]:
        return await self.database.run(
            lambda connection: [
                rows.row_of(values)
                for values in connection.execute(f"SELECT {rows.COLUMNS} FROM jobs ORDER BY seq")  # noqa: S608
            ]
        )


async def steps_of(database: Database, work: Awaitable[Any]) -> int:
    """How many instructions the database spends on something: the same on every machine, however busy it is."""
    counted = 0

    def count() -> None:
        nonlocal counted
        counted += _STEPS

    await database.run(lambda connection: connection.set_progress_handler(count, _STEPS))
    await work
    await database.run(lambda connection: connection.set_progress_handler(None, 0))
    return counted


class Beat:
    """Looks how long the loop is held up: in processor time of its thread, which others on this machine do not take."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._beating = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.005)
            self.longest = max(self.longest, time.thread_time() - before)

    def end(self) -> float:
        """The longest it was, in seconds."""
        self._beating.cancel()
        return self.longest


@asynccontextmanager
async def desk_at(
    folder: Path, *, start: bool = True, kind: Callable[[Database, Path], Desk] = Desk
) -> AsyncIterator[Desk]:
    """A desk whose rows outlive it, as those of a daemon do."""
    database = await Database.open(folder / "ledger")
    desk = kind(database, folder)
    if start:
        await desk.jobs.start()
    try:
        yield desk
    finally:
        await desk.jobs.close()
        await database.close()


class Heard:
    """The events of a hub, as they came."""

    def __init__(self, hub: Hub) -> None:
        self.events: list[Event] = []
        self._subscription = hub.subscribe()

    async def all(self, pause: float = 0.02) -> list[Event]:
        try:
            async with asyncio.timeout(pause):
                async for event in self._subscription:
                    self.events.append(event)
        except TimeoutError:
            pass
        return self.events


async def until(job: Job, state: State) -> None:
    async with asyncio.timeout(60):
        while job.state is not state:
            assert not job.state.final, job.state
            await job.work.wait(1)


async def busy(job: Job) -> None:
    """Wait until the protector has the photo in hand."""
    async with asyncio.timeout(60):
        while job.work.stage != "protect":
            await job.work.wait(1)
