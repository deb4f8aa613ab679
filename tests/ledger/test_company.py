"""Photos that are taken from the queue together: each with an end of its own, and never in the way of an upload."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoveil.ledger import rows
from photoveil.ledger.company import Company
from photoveil.ledger.jobs import State
from photoveil.ledger.photos import Key
from photoveil.ledger.work import Work
from tests.ledger.desk import TASK, Desk, busy, desk_at, until


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.at_once = 4
    return desk


async def called(desk: Desk, *names: str) -> None:
    """Wait until the worker has exactly these photos, or has had them."""
    async with asyncio.timeout(60):
        while len(desk.calls) < len(names):  # noqa: ASYNC110 - for a moment
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.02)
    assert desk.calls == list(names)


async def files(desk: Desk, count: int) -> list[str]:
    return await desk.drop(*((b"%d" % n, f"{n}.jpg") for n in range(count)))


async def test_as_many_as_pay_are_taken_and_no_more_until_they_are_done(desk: Desk) -> None:
    ids = await files(desk, 6)
    await called(desk, "0.jpg", "1.jpg", "2.jpg", "3.jpg")
    assert desk.jobs.counts() == {"queued": 2, "running": 4}
    desk.go.set()
    for job in ids:
        await desk.settled(job, State.DONE)
    assert len(desk.calls) == 6
    assert not list(desk.spool.iterdir())


async def test_each_is_delivered_as_it_comes(desk: Desk) -> None:
    desk.holds = {"0.jpg": asyncio.Event(), "1.jpg": asyncio.Event()}
    ids = await files(desk, 2)
    await called(desk, "0.jpg", "1.jpg")
    desk.holds["1.jpg"].set()
    await desk.settled(ids[1], State.DONE)
    assert (await desk.row(ids[0])).state is State.RUNNING
    desk.holds["0.jpg"].set()
    await desk.settled(ids[0], State.DONE)


async def test_uploads_go_together_too_but_not_with_folders_or_what_is_done_by_hand(desk: Desk) -> None:
    first = await desk.send(b"first", "first.jpg")
    await busy(first)
    await desk.drop((b"folder", "folder.jpg"))
    uploads = [await desk.send(b"upload %d" % n, f"{n}.jpg", client=f"c{n}") for n in range(2)]
    by_hand = await desk.send(b"hand", "hand.jpg", by_hand=True)
    desk.holds = dict.fromkeys(["0.jpg", "1.jpg", "hand.jpg", "folder.jpg"], asyncio.Event())
    desk.go.set()
    await called(desk, "first.jpg", "0.jpg", "1.jpg")
    desk.holds["0.jpg"].set()
    for job in (*uploads, by_hand):
        await until(job, State.DONE)
    await called(desk, "first.jpg", "0.jpg", "1.jpg", "hand.jpg", "folder.jpg")


async def test_other_encoders_are_another_company(desk: Desk) -> None:
    desk.reason = "paused"
    await desk.drop((b"1", "1.jpg"), (b"2", "2.jpg"))
    await desk.drop((b"3", "3.jpg"), task=replace(TASK, model_set="strong"))
    await desk.drop((b"4", "4.jpg"), task=replace(TASK, strength="film", persona="anna"))
    desk.reason = None
    await desk.pass_time(0)
    await called(desk, "1.jpg", "2.jpg", "4.jpg")


async def test_the_same_photo_twice_is_one_piece_of_work(desk: Desk) -> None:
    ids = await desk.drop((b"same", "1.jpg"), (b"same", "2.jpg"), (b"other", "3.jpg"))
    await called(desk, "1.jpg", "3.jpg")
    desk.go.set()
    for job in ids:
        await desk.settled(job, State.DONE)
    assert len(desk.calls) == 2
    assert sorted(desk.placed) == ["1.jpg", "2.jpg", "3.jpg"]


async def test_what_goes_wrong_with_one_is_its_own(desk: Desk) -> None:
    desk.go.set()
    good, bad, crash, moving, gone = await desk.drop(
        *((b"good", "good.jpg"), (b"bad", "bad.jpg"), (b"crash", "crash.jpg"), (b"animation", "moving.jpg")),
        (b"gone", "gone.jpg"),
    )
    (desk.tree / "gone.jpg").unlink()
    desk.at_once = 5
    await desk.settled(good, State.DONE)
    await desk.settled(bad, State.FAILED)
    await desk.put_off(crash)
    await desk.settled(moving, State.UNCHANGED)
    await desk.settled(gone, State.CANCELLED)


async def test_one_that_is_cancelled_leaves_the_others(desk: Desk) -> None:
    uploads = [await desk.send(b"first", "first.jpg")]
    await busy(uploads[0])
    uploads += [await desk.send(b"%d" % n, f"{n}.jpg") for n in range(3)]
    assert await desk.jobs.cancel(uploads[0])
    await called(desk, "first.jpg", "0.jpg", "1.jpg", "2.jpg")
    assert await desk.jobs.cancel(uploads[2])
    assert uploads[2].state is State.CANCELLED
    desk.go.set()
    await until(uploads[1], State.DONE)
    await until(uploads[3], State.DONE)
    assert not await desk.photos.find(Key(uploads[2].row.original, TASK))
    assert not list(desk.spool.iterdir())


async def test_a_company_makes_way_for_an_upload(desk: Desk) -> None:
    ids = await files(desk, 4)
    await called(desk, *(f"{n}.jpg" for n in range(4)))
    upload = await desk.send(b"upload", "upload.jpg")
    await busy(upload)
    assert desk.calls[4:] == ["upload.jpg"], "nothing goes with it: it would have to wait for that"
    assert [(await desk.row(job)).state for job in ids] == [State.QUEUED] * 4
    desk.go.set()
    await until(upload, State.DONE)
    for job in ids:
        assert (await desk.settled(job, State.DONE)).attempts == 0


@pytest.mark.parametrize("stage", [("measure", 0.5), ("decode", 0.0)], ids=["nearly done", "hardly begun"])
async def test_an_upload_waits_for_one_photo_at_most(desk: Desk, stage: tuple[str, float]) -> None:
    """As much as it would wait for where photos are protected one by one."""
    desk.stages = {f"{n}.jpg": stage for n in range(3)}
    desk.holds = {f"{n}.jpg": asyncio.Event() for n in range(4)}
    ids = await files(desk, 4)
    await called(desk, *(f"{n}.jpg" for n in range(4)))
    upload = await desk.send(b"upload", "upload.jpg")
    desk.go.set()
    async with asyncio.timeout(60):
        while desk.jobs.counts() != {"queued": 4, "running": 1}:  # noqa: ASYNC110 - for a moment
            await asyncio.sleep(0.005)
    (kept,) = [n for n in range(4) if (await desk.row(ids[n])).state is State.RUNNING]
    assert kept < 3
    assert upload.state is State.QUEUED
    desk.holds[f"{kept}.jpg"].set()
    await until(upload, State.DONE)
    assert desk.calls[4] == "upload.jpg"
    for hold in desk.holds.values():
        hold.set()
    for job in ids:
        assert (await desk.settled(job, State.DONE)).attempts == 0


async def test_an_upload_of_a_photo_in_company_has_it_for_itself(desk: Desk) -> None:
    ids = await files(desk, 3)
    await called(desk, "0.jpg", "1.jpg", "2.jpg")
    upload = await desk.send(b"1", "upload.jpg")
    desk.go.set()
    await until(upload, State.DONE)
    for job in ids:
        await desk.settled(job, State.DONE)
    assert desk.calls[:3] == ["0.jpg", "1.jpg", "2.jpg"]
    assert sorted(desk.calls[3:]) == ["0.jpg", "2.jpg"]


async def test_one_over_which_the_daemon_died_goes_alone(tmp_path: Path) -> None:
    async with desk_at(tmp_path, start=False) as desk:
        desk.at_once = 4
        ids = await files(desk, 4)
        await desk.database.run(rows.take, 0.0, background=True, most=2)
        await desk.database.run(rows.recover, {"code": "x"})
        await desk.jobs.start()
        await called(desk, "0.jpg")
        desk.go.set()
        await desk.settled(ids[3], State.DONE)
        assert desk.calls[:2] == ["0.jpg", "1.jpg"]


async def test_the_persona_learns_before_any_of_them_goes(desk: Desk) -> None:
    ids = await files(desk, 4)
    await called(desk, *(f"{n}.jpg" for n in range(4)))
    assert [len(lesson) for lesson in desk.lessons] == [4]
    desk.go.set()
    await desk.settled(ids[3], State.DONE)


@given(st.lists(st.sampled_from(["meet", "leave", "stop", "stopped before"]), min_size=1, max_size=6))
def test_nobody_waits_for_those_who_left(ways: list[str]) -> None:
    """However photos drop out, those that are ready go on, and not before the last has decided."""

    async def run() -> None:
        works = [Work(Key(str(number), TASK), "a.jpg") for number in range(len(ways))]
        company = Company(works)
        decided, gone = 0, []

        async def go(number: int) -> None:
            nonlocal decided
            if ways[number] == "meet":
                decided += 1
                await company.meet(works[number])
                assert decided == len(ways)
                gone.append(number)
            elif ways[number] != "leave":
                await asyncio.Event().wait()

        async def see_through(number: int) -> None:
            nonlocal decided
            running = asyncio.create_task(go(number))
            if ways[number] == "stop":
                await asyncio.sleep(0)
            if ways[number].startswith("stop"):
                running.cancel()
            await asyncio.wait([running])
            decided += ways[number] != "meet"
            company.leave(works[number])

        async with asyncio.timeout(60):
            await asyncio.gather(*(see_through(number) for number in range(len(ways))))
        assert gone == [number for number, way in enumerate(ways) if way == "meet"]

    asyncio.run(run())
