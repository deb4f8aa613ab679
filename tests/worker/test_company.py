"""Several photos in one conversation, the parent's side: each has an answer, an error and a cancellation of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from photoveil.worker.parent import CRASH_WINDOW, MAX_CRASHES
from photoveil.worker.tasks import (
    ChildError,
    Delivered,
    Outcome,
    SourceChanged,
    Task,
    Unchanged,
    WorkerCrashed,
    WorkerTooSlow,
)
from tests.worker.fake_child import PREFIX
from tests.worker.test_worker import TASK, Bench, bench, sha


class Company:
    """Photos that are asked for at the same time."""

    def __init__(self, b: Bench, photos: Sequence[bytes], tasks: Sequence[Task] = ()) -> None:
        self.b = b
        self.progress: list[list[float]] = [[] for _ in photos]
        self.moved = asyncio.Event()
        self.parts = [b.folder / f"part{number}" for number in range(len(photos))]
        self.sources = [b.folder / f"photo{number}" for number in range(len(photos))]
        for source, photo in zip(self.sources, photos, strict=True):
            source.write_bytes(photo)
        wanted = tasks or [TASK] * len(photos)
        self.works = [asyncio.create_task(self._one(number, task)) for number, task in enumerate(wanted)]

    async def _one(self, number: int, task: Task) -> Outcome:
        source = self.sources[number]
        digest = sha(source.read_bytes())
        return await self.b.worker.protect(
            source,
            "a.jpg",
            task,
            part=self.parts[number],
            progress=lambda _stage, fraction: self._hear(number, fraction),
            original=digest,
        )

    def _hear(self, number: int, fraction: float) -> None:
        self.progress[number].append(fraction)
        self.moved.set()

    async def ended(self) -> list[Outcome | BaseException]:
        return list(await asyncio.gather(*self.works, return_exceptions=True))

    async def begun(self, number: int, times: int = 1) -> None:
        async with asyncio.timeout(100):
            while len(self.progress[number]) < times:
                self.moved.clear()
                await self.moved.wait()


def together(outcomes: Sequence[Outcome | BaseException]) -> list[int]:
    """In how many's company each of the photos was."""
    return [outcome.report["together"] for outcome in outcomes if isinstance(outcome, Delivered)]


async def test_photos_that_wait_go_together(tmp_path: Path) -> None:
    photos = [b"photo %d" % number for number in range(6)]
    async with bench(tmp_path) as b:
        company = Company(b, photos)
        assert together(await company.ended()) == [4, 4, 4, 4, 2, 2]
        assert [part.read_bytes() for part in company.parts] == [PREFIX + photo for photo in photos]
        assert company.progress == [[0.25, 0.5]] * 6


async def test_the_child_tells_how_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOVEIL_FAKE_BATCH", "2")
    async with bench(tmp_path) as b:
        assert isinstance(await b.protect(b"photo"), Delivered)
        assert b.worker.batch == 2
        assert together(await Company(b, [b"1", b"2", b"3"]).ended()) == [2, 2, 1]


async def test_other_encoders_and_large_files_go_by_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strong = replace(TASK, model_set="strong")
    film = replace(TASK, strength="film", persona="anna")
    async with bench(tmp_path) as b:
        outcomes = await Company(b, [b"1", b"2", b"3", b"4"], [TASK, strong, film, strong]).ended()
        assert together(outcomes) == [2, 2, 2, 2]
        monkeypatch.setattr("photoveil.worker.parent._MOST_BYTES", 25)
        assert together(await Company(b, [bytes(20), bytes(5), bytes(30)]).ended()) == [2, 2, 1]


async def test_each_is_delivered_as_it_comes(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        company = Company(b, [b"photo", b"endless"])
        assert isinstance(await company.works[0], Delivered)
        assert not company.works[1].done()
        company.works[1].cancel()
        assert isinstance((await company.ended())[1], asyncio.CancelledError)


async def test_what_is_wrong_with_one_is_its_own(tmp_path: Path) -> None:
    photos = [b"refuse", b"photo", b"stumble", b"animation", b"photo 2", b"photo 3", b"changed", b"photo 4"]
    async with bench(tmp_path) as b:
        company = Company(b, photos)
        await asyncio.sleep(0)
        company.sources[1].unlink()
        company.sources[6].write_bytes(b"another")
        company.parts[5] = tmp_path / "no such folder" / "part"
        outcomes = await company.ended()
        child = b.worker.pid
        assert isinstance(await b.protect(b"photo"), Delivered)
        assert b.worker.pid == child is not None
    assert [type(outcome) for outcome in outcomes] == [
        *(ChildError, FileNotFoundError, ChildError, Unchanged),
        *(Delivered, Delivered, SourceChanged, Delivered),
    ]


async def test_a_copy_that_cannot_be_written_is_told_and_the_child_lives_on(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        b.part = tmp_path / "no such folder" / "part"
        with pytest.raises(FileNotFoundError):
            await b.protect(b"x" * 3_000_000)
        child, b.part = b.worker.pid, tmp_path / "part"
        assert isinstance(await b.protect(b"photo"), Delivered)
        assert b.worker.pid == child is not None


async def test_a_photo_that_shrinks_takes_none_with_it(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.worker.prewarm("starter")
        company = Company(b, [b"photo", bytes(20_000_000), b"photo 2"])
        child = b.worker.pid
        while b.worker._talk is None or not b.worker._talk.wishes[1].number:  # noqa: ASYNC110 - for a moment
            await asyncio.sleep(0)
        os.truncate(company.sources[1], 1000)
        outcomes = await company.ended()
        assert b.worker.pid != child, "the one before waited for the rest of the photo"
        assert b.worker.batch > 1
    assert [type(outcome) for outcome in outcomes] == [Delivered, SourceChanged, Delivered]


async def test_one_that_is_cancelled_leaves_the_others(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        company = Company(b, [b"endless", b"photo", b"photo 2"])
        await company.begun(0, 3)
        child = b.worker.pid
        company.works[0].cancel()
        company.works[2].cancel()
        outcomes = await company.ended()
        assert [type(outcome) for outcome in outcomes] == [
            asyncio.CancelledError,
            Delivered,
            asyncio.CancelledError,
        ]
        assert not company.parts[2].exists()
        assert isinstance(await b.protect(b"photo"), Delivered)
        assert b.worker.pid == child


async def test_those_that_wait_can_be_cancelled(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        company = Company(b, [b"endless", b"1", b"2", b"3", b"4"])
        await company.begun(0)
        company.works[4].cancel()
        with pytest.raises(asyncio.CancelledError):
            await company.works[4]
        assert not company.works[0].done()
        company.works[0].cancel()
        assert together(await company.ended()) == [4, 4, 4]


async def test_a_child_that_does_not_listen_is_killed_only_when_nobody_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photoveil.worker.parent._CANCEL_GRACE", 0.1)
    async with bench(tmp_path) as b:
        on = tmp_path / "on"
        company = Company(b, [b"until " + bytes(on), b"photo"])
        await company.begun(0, 2)
        child = b.worker.pid
        company.works[0].cancel()
        await asyncio.wait([company.works[0]])
        on.touch()
        assert [type(outcome) for outcome in await company.ended()] == [asyncio.CancelledError, Delivered]
        assert b.worker.pid == child
        company = Company(b, [b"hang", b"photo"])
        await company.begun(0, 2)
        for work in company.works:
            work.cancel()
        await company.ended()
        assert isinstance(await b.protect(b"photo"), Delivered)
        assert b.worker.pid != child


async def test_one_that_ends_the_child_takes_no_others_chance(tmp_path: Path) -> None:
    now = [0.0]
    async with bench(tmp_path, clock=lambda: now[0]) as b:
        company = Company(b, [b"photo", b"crash", b"photo 2", b"photo 3"])
        outcomes = await company.ended()
        assert [type(outcome) for outcome in outcomes] == [Delivered, WorkerCrashed, Delivered, Delivered]
        assert together(outcomes) == [4, 1, 1]
        assert b.worker.batch == 1, "it may be the memory that all of them take"
        now[0] += CRASH_WINDOW + 1
        assert b.worker.batch == 4


async def test_a_company_too_many_for_the_machine_goes_one_by_one(tmp_path: Path) -> None:
    """As where the system ends a process that takes too much memory. It does not count against the worker."""
    async with bench(tmp_path, clock=lambda: 0.0) as b:
        for _ in range(MAX_CRASHES + 1):
            b.worker._alone_until = -1.0
            assert together(await Company(b, [b"crowd"] * 3).ended()) == [1, 1, 1]


async def test_one_that_hangs_takes_no_others_chance(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.worker.prewarm("starter")
        b.worker._job_seconds = 0.4
        company = Company(b, [b"herd", b"photo"])
        while b.worker._talk is None:  # noqa: ASYNC110 - for a moment; its time is counted from then on
            await asyncio.sleep(0)
        b.worker._job_seconds = 300.0
        assert together(await company.ended()) == [1, 1]
        b.worker._job_seconds = 0.4
        with pytest.raises(WorkerTooSlow):
            await b.protect(b"hang")
        b.worker._job_seconds = 300.0
        assert isinstance(await b.protect(b"photo"), Delivered)


async def test_all_hear_that_the_worker_is_closed(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        company = Company(b, [b"endless", b"photo", *[b"waiting"] * 4])
        await company.begun(0)
        await b.worker.close()
        assert {type(outcome) for outcome in await company.ended()} == {WorkerCrashed}
