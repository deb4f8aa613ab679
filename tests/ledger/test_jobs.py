"""The queue, with a protector made of a few lines."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from photoveil.ledger.database import Database
from photoveil.ledger.jobs import Job, Jobs, State
from photoveil.ledger.photos import Key, ProtectedPhotos
from photoveil.worker.tasks import Delivered, Outcome, Task

TASK = Task("me", "antithetical", "balanced", "starter", "strip-location")


def copied(photo: Path, part: Path) -> Delivered:
    data = photo.read_bytes()
    if data == b"bad":
        raise ZeroDivisionError
    part.write_bytes(b"copy of " + data)
    digest = hashlib.sha256(part.read_bytes()).hexdigest()
    return Delivered(digest, part.stat().st_size, "jpeg", "image/jpeg", "", 1, 1, {})


class Desk:
    """A queue whose protector waits until it is let go."""

    def __init__(self, photos: ProtectedPhotos, spool: Path) -> None:
        self.go = asyncio.Event()
        self.calls: list[str] = []
        self.now = 0.0
        self.jobs = Jobs(photos, self.protect, spool, clock=lambda: self.now)

    async def protect(
        self, photo: Path, name: str, task: Task, *, part: Path, progress: Callable[[str, float], None]
    ) -> Outcome:
        self.calls.append(name)
        progress("protect", 0.5)
        await self.go.wait()
        return copied(photo, part)

    async def send(self, data: bytes, name: str = "a.jpg", client: str = "c") -> Job:
        source = self.jobs.new_part()
        source.write_bytes(data)
        return await self.jobs.submit(client, name, source, Key(hashlib.sha256(data).hexdigest(), TASK))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    for name in ("spool", "kept"):
        (tmp_path / name).mkdir()
    database = await Database.open(tmp_path / "ledger")
    desk = Desk(ProtectedPhotos(database, tmp_path / "kept", 1 << 20), tmp_path / "spool")
    desk.jobs.start()
    yield desk
    await desk.jobs.close()
    await database.close()
    assert not list((tmp_path / "spool").iterdir())


async def until(job: Job, state: State) -> None:
    async with asyncio.timeout(5):
        while job.state is not state:
            assert not job.state.final, job.state
            await job.work.wait(1)


async def test_done_means_in_the_ledger_and_on_disk(desk: Desk, tmp_path: Path) -> None:
    job = await desk.send(b"photo")
    assert job.state is State.QUEUED
    desk.go.set()
    await until(job, State.DONE)
    assert job.work.delivered is not None
    assert (tmp_path / "kept" / job.work.delivered.sha256).read_bytes() == b"copy of photo"
    assert await desk.jobs.recall("c", "x", job.work.key) is not None


async def test_photos_are_worked_on_in_order(desk: Desk) -> None:
    jobs = [await desk.send(bytes([n]), f"{n}.jpg") for n in range(4)]
    assert desk.jobs.in_work("c") == 4
    desk.go.set()
    for job in jobs:
        await until(job, State.DONE)
    assert desk.calls == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]


async def test_identical_photos_are_one_piece_of_work(desk: Desk) -> None:
    one, two = await desk.send(b"photo", "one.jpg"), await desk.send(b"photo", "two.jpg", "other")
    assert one.work is two.work
    desk.go.set()
    await until(two, State.DONE)
    assert desk.calls == ["one.jpg"]
    assert desk.jobs.find("c", two.id) is None


async def test_what_was_cancelled_can_be_sent_again(desk: Desk) -> None:
    first = await desk.send(b"photo")
    await until(first, State.RUNNING)
    desk.jobs.cancel(first)
    second = await desk.send(b"photo")
    assert second.work is not first.work
    desk.go.set()
    await until(second, State.DONE)
    assert first.state is State.CANCELLED


async def test_an_unforeseen_error_fails_the_job_and_no_other(desk: Desk) -> None:
    bad, good = await desk.send(b"bad"), await desk.send(b"good")
    desk.go.set()
    await until(bad, State.FAILED)
    await until(good, State.DONE)
    assert bad.work.error is not None
    assert "ZeroDivisionError" in bad.work.error["reason"]


async def test_waiting_ends_at_a_change(desk: Desk) -> None:
    job = await desk.send(b"photo")
    await until(job, State.RUNNING)
    waiting = asyncio.create_task(job.work.wait(10))
    await asyncio.sleep(0.01)
    job.work.report("protect", 0.501)
    await asyncio.sleep(0.01)
    assert not waiting.done()
    job.work.report("protect", 0.9)
    await asyncio.wait_for(waiting, 1)


async def test_progress_never_goes_back(desk: Desk) -> None:
    work = (await desk.send(b"photo")).work
    seen = []
    steps = (
        ("decode", 0),
        ("prepare", 0),
        ("prepare", 1),
        ("protect", 0),
        ("protect", 0.5),
        ("odd", 0),
        ("measure", 1),
    )
    for stage, fraction in steps:
        work.report(stage, fraction)
        seen.append(work.progress)
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0.0, 1.0)


async def test_finished_jobs_are_forgotten_after_a_while(desk: Desk) -> None:
    desk.go.set()
    job = await desk.send(b"photo")
    await until(job, State.DONE)
    desk.now += 1799
    await desk.send(b"other")
    assert desk.jobs.find("c", job.id) is job
    desk.now += 2
    await desk.send(b"third")
    assert desk.jobs.find("c", job.id) is None


async def test_closing_gives_up_what_is_unfinished(desk: Desk) -> None:
    running, queued = await desk.send(b"one"), await desk.send(b"two")
    await until(running, State.RUNNING)
    await desk.jobs.close()
    assert (running.state, queued.state) == (State.CANCELLED, State.CANCELLED)
