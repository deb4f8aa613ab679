"""Folders and uploads through the queue: whose turn it is, and what is done once for several."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from photoveil.ledger.jobs import FileWish, JobRow, State
from photoveil.worker.tasks import Delivered
from tests.ledger.desk import TASK, Beat, Desk, busy, desk_at, sha, until


async def test_a_folder_photo_is_protected_and_put_in_place(desk: Desk) -> None:
    desk.go.set()
    (job,) = await desk.drop((b"photo", "a.jpg"))
    row = await desk.settled(job, State.DONE)
    assert (desk.out / "a.jpg").read_bytes() == b"copy of photo"
    assert row.placed == desk.out / "a.jpg"
    assert (row.protected, row.kind, row.folder) == (sha(b"copy of photo"), "folder", "f")
    assert desk.jobs.counts() == {"queued": 0, "running": 0}
    assert desk.jobs._queue._hand.jobs == {}


async def test_an_upload_overtakes_thousands(desk: Desk) -> None:
    await desk.drop(*((b"%d" % n, f"{n}.jpg") for n in range(300)))
    await desk.begun.wait()
    desk.calls.clear()
    upload = await desk.send(b"photo", "upload.jpg")
    by_hand = await desk.send(b"drawing", "hand.jpg", by_hand=True)
    desk.go.set()
    await until(upload, State.DONE)
    await until(by_hand, State.DONE)
    assert desk.calls[:2] == ["upload.jpg", "hand.jpg"]


async def test_a_folder_photo_begun_makes_way_and_is_begun_again(desk: Desk) -> None:
    (job,) = await desk.drop((b"long", "long.jpg"))
    await desk.begun.wait()
    upload = await desk.send(b"photo", "upload.jpg")
    await busy(upload)
    assert (await desk.row(job)).state is State.QUEUED
    desk.go.set()
    await until(upload, State.DONE)
    assert (await desk.settled(job, State.DONE)).attempts == 0
    assert desk.calls == ["long.jpg", "upload.jpg", "long.jpg"]


async def test_archives_come_last(desk: Desk) -> None:
    desk.reason = "paused"
    await desk.drop((b"1", "1.jpg"), kind="archive")
    last = await desk.drop((b"2", "2.jpg"))
    desk.go.set()
    desk.reason = None
    await desk.pass_time(0)
    await desk.settled(last[0], State.DONE)
    assert desk.calls[0] == "2.jpg"


async def test_the_gate_holds_folders_but_no_uploads(desk: Desk) -> None:
    desk.reason = "paused"
    desk.go.set()
    (job,) = await desk.drop((b"photo", "a.jpg"))
    upload = await desk.send(b"other")
    await until(upload, State.DONE)
    await asyncio.sleep(0.05)
    assert (await desk.row(job)).state is State.QUEUED
    assert desk.jobs.waiting_for == "paused"
    assert desk.jobs.queue() == {"queued": 1, "running": 0, "waiting": 1}
    desk.reason = None
    desk.hub.publish("pause", paused=False, until=None)
    await desk.settled(job, State.DONE)
    assert desk.jobs.queue() == {"queued": 0, "running": 0, "waiting": 0}


async def test_the_gate_is_asked_again_without_being_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photoveil.ledger.queue._ASK_AGAIN", 0.05)
    desk.reason = "battery"
    desk.go.set()
    (job,) = await desk.drop((b"photo", "a.jpg"))
    await asyncio.sleep(0.02)
    desk.reason = None
    await desk.settled(job, State.DONE)


async def test_an_upload_joins_what_is_done_for_a_folder(desk: Desk) -> None:
    (job,) = await desk.drop((b"photo", "a.jpg"))
    await desk.begun.wait()
    upload = await desk.send(b"photo")
    assert upload.state is State.RUNNING
    desk.go.set()
    await until(upload, State.DONE)
    await desk.settled(job, State.DONE)
    assert desk.calls == ["a.jpg"]
    assert not list(desk.spool.iterdir())


async def test_an_upload_pulls_the_folders_copy_forward(desk: Desk) -> None:
    desk.reason = "paused"
    ids = await desk.drop(*((b"%d" % n, f"{n}.jpg") for n in range(20)))
    desk.go.set()
    await until(await desk.send(b"19", "upload.jpg"), State.DONE)
    desk.reason = None
    await desk.pass_time(0)
    await desk.settled(ids[0], State.DONE)
    await desk.settled(ids[19], State.DONE)
    assert desk.placed[0] == "19.jpg"
    assert desk.calls.count("19.jpg") == 0


async def test_a_wish_in_flight_is_not_queued_twice(desk: Desk) -> None:
    desk.reason = "paused"
    wish = desk.wish(b"photo", "a.jpg")
    first = await desk.jobs.submit_files([wish, wish])
    assert await desk.jobs.submit_files([wish]) == first[:1] == first[1:]
    other = await desk.jobs.submit_files([replace(wish, folder="g")])
    assert other != first[:1]


async def test_a_newer_version_replaces_one_that_waits(desk: Desk) -> None:
    desk.reason = "paused"
    (old,) = await desk.drop((b"photo", "a.jpg"))
    (new,) = await desk.drop((b"photo 2", "a.jpg"))
    assert (await desk.row(old)).state is State.CANCELLED
    assert "new version" in ((await desk.row(old)).reason or "")
    assert (await desk.row(new)).state is State.QUEUED


async def test_our_own_copies_are_passed(desk: Desk) -> None:
    desk.go.set()
    await until(await desk.send(b"photo"), State.DONE)
    (job,) = await desk.drop((b"copy of photo", "a.jpg"))
    row = await desk.row(job)
    assert (row.state, row.why) == (State.UNCHANGED, "own-copy")
    assert row.finished


async def test_one_that_became_our_own_copy_while_it_waited_is_passed(desk: Desk) -> None:
    desk.reason = "paused"
    desk.go.set()
    (job,) = await desk.drop((b"copy of photo", "a.jpg"))
    await until(await desk.send(b"photo"), State.DONE)
    desk.reason = None
    await desk.pass_time(0)
    await desk.settled(job, State.UNCHANGED)


async def test_a_slow_place_does_not_hold_uploads_up(desk: Desk) -> None:
    answer = asyncio.Event()

    async def stuck(row: JobRow, copy: Path, made: Delivered) -> Path:
        await answer.wait()
        return await desk.place(row, copy, made)

    desk.go.set()
    desk.jobs.place = stuck
    ids = await desk.drop(*((b"%d" % n, f"{n}.jpg") for n in range(6)))
    async with asyncio.timeout(60):
        while len(desk.calls) < 4:  # noqa: ASYNC110 - for a moment
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert len(desk.calls) == 4
    await until(await desk.send(b"photo"), State.DONE)
    assert not await desk.jobs.cancel_id(ids[0])
    answer.set()
    for job in ids:
        await desk.settled(job, State.DONE)


async def test_folders_wait_until_somebody_can_place(tmp_path: Path) -> None:
    async with desk_at(tmp_path, start=False) as desk:
        desk.jobs.place = None
        desk.go.set()
        await desk.jobs.start()
        (job,) = await desk.drop((b"photo", "a.jpg"))
        await asyncio.sleep(0.05)
        assert (await desk.row(job)).state is State.QUEUED
        assert desk.jobs.waiting_for == "starting"


async def test_a_folder_is_cancelled_as_a_whole(desk: Desk) -> None:
    mine = await desk.drop(*((b"%d" % n, f"{n}.jpg") for n in range(5)))
    others = await desk.drop((b"other", "other.jpg"), folder="g")
    await desk.begun.wait()
    assert await desk.jobs.cancel_folder("f") == 5
    assert {(await desk.row(job)).state for job in mine} == {State.CANCELLED}
    assert all([(await desk.row(job)).reason for job in mine])
    desk.go.set()
    await desk.settled(others[0], State.DONE)
    assert desk.placed == ["other.jpg"]


async def test_a_new_persona_learns_from_the_batch_once(desk: Desk) -> None:
    desk.go.set()
    ids = await desk.drop(*((b"%d" % n, f"{n}.jpg") for n in range(12)))
    await desk.settled(ids[-1], State.DONE)
    assert [len(lesson) for lesson in desk.lessons] == [8]
    await asyncio.sleep(0.02)
    await desk.settled((await desk.drop((b"single", "single.jpg")))[0], State.DONE)
    assert len(desk.lessons) == 1
    task = replace(TASK, persona="anna")
    ids = await desk.drop((b"a", "1.jpg"), (b"b", "2.jpg"), (b"a", "3.jpg"), task=task)
    await desk.settled(ids[-1], State.DONE)
    assert [len(lesson) for lesson in desk.lessons] == [8, 2]


async def test_ten_thousand_wishes_are_taken_at_once_and_nobody_waits(desk: Desk) -> None:
    desk.reason = "paused"
    (desk.tree / "sub").mkdir()
    wishes = [
        FileWish("f", desk.tree / "sub" / f"{n}.jpg", sha(b"%d" % n), TASK, desk.out / f"{n}.jpg")
        for n in range(10_000)
    ]
    beat = Beat()
    # The processor's time: the tests' machine may be busy with other things.
    begun = time.process_time()
    ids = await desk.jobs.submit_files(wishes)
    took = time.process_time() - begun
    again = time.process_time()
    assert await desk.jobs.submit_files(wishes) == ids
    took_again = time.process_time() - again
    pause = beat.end()
    print(f"10,000 wishes: {took:.2f} s, again {took_again:.2f} s, longest pause {pause:.3f} s")  # noqa: T201
    assert took < 2
    assert took_again < 2
    assert pause < 0.5
    assert len(set(ids)) == 10_000
    assert len(desk.jobs._queue._hand.jobs) == 0
    desk.go.set()
    begun = time.process_time()
    await until(await desk.send(b"upload"), State.DONE)
    assert time.process_time() - begun < 2
    assert await desk.jobs.cancel_folder("f") == 10_000
