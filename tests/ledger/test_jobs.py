"""Uploads through the queue, with a protector made of a few lines."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from photoveil.ledger.database import LedgerError
from photoveil.ledger.jobs import State
from photoveil.ledger.photos import Key
from tests.ledger.desk import TASK, Desk, Heard, busy, desk_at, sha, until


async def test_done_means_in_the_ledger_and_on_disk(desk: Desk, tmp_path: Path) -> None:
    job = await desk.send(b"photo")
    assert job.state is State.QUEUED
    desk.go.set()
    await until(job, State.DONE)
    assert job.work.delivered is not None
    assert not list(desk.spool.iterdir())
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
    assert await desk.jobs.cancel(first)
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
    await busy(job)
    waiting = asyncio.create_task(job.work.wait(300))
    await asyncio.sleep(0.01)
    job.work.report("protect", 0.501)
    await asyncio.sleep(0.01)
    assert not waiting.done()
    job.work.report("protect", 0.9)
    await asyncio.wait_for(waiting, 60)


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


async def test_an_upload_is_a_row_that_says_how_it_ended(desk: Desk) -> None:
    desk.go.set()
    done, bad, moving = [await desk.send(data) for data in (b"photo", b"bad", b"animation")]
    await until(done, State.DONE)
    row = await desk.settled(done.id, State.DONE)
    assert (row.client, row.kind, row.protected) == ("c", "upload", sha(b"copy of photo"))
    assert row.finished
    failed = await desk.settled(bad.id, State.FAILED)
    assert failed.error == bad.work.error
    unchanged = await desk.settled(moving.id, State.UNCHANGED)
    assert (unchanged.reason, unchanged.why) == ("It moves.", "animation")


async def test_our_own_copy_is_passed(desk: Desk) -> None:
    desk.go.set()
    await until(await desk.send(b"photo"), State.DONE)
    job = await desk.send(b"copy of photo")
    assert (job.state, job.work.why) == (State.UNCHANGED, "own-copy")
    assert (await desk.row(job.id)).why == "own-copy"
    assert desk.calls == ["a.jpg"]
    assert not list(desk.spool.iterdir())


async def test_the_same_photo_again_is_done_at_once_and_remembered(desk: Desk) -> None:
    desk.go.set()
    await until(await desk.send(b"photo"), State.DONE)
    again = await desk.send(b"photo", "b.jpg")
    assert (again.state, (await desk.row(again.id)).state) == (State.DONE, State.DONE)
    assert again.work.delivered is not None
    recalled = await desk.jobs.recall("c", "x", Key(sha(b"photo"), TASK))
    assert recalled is not None
    assert await desk.jobs.row(recalled.id) is None


@pytest.mark.parametrize("name", ["\ud800.jpg", "😀.jpg", "a\x00b", "x\udcff"])
async def test_names_of_any_kind_survive(desk: Desk, name: str) -> None:
    job = await desk.send(b"photo", name)
    assert (await desk.row(job.id)).name == name


async def test_cancelling_shared_work_spares_the_others(desk: Desk) -> None:
    one, two = await desk.send(b"photo"), await desk.send(b"photo", client="d")
    await until(one, State.RUNNING)
    assert await desk.jobs.cancel(one)
    assert not await desk.jobs.cancel(one)
    assert (one.state, two.state) == (State.CANCELLED, State.RUNNING)
    desk.go.set()
    await until(two, State.DONE)
    row = await desk.row(one.id)
    assert (row.state, row.reason) == (State.CANCELLED, "It was cancelled.")
    assert len(desk.calls) == 1
    assert not list(desk.spool.iterdir())


async def test_a_queued_upload_can_be_cancelled(desk: Desk) -> None:
    first, second = await desk.send(b"one"), await desk.send(b"two")
    await until(first, State.RUNNING)
    assert await desk.jobs.cancel_id(second.id)
    assert desk.jobs.counts() == {"queued": 0, "running": 1}
    desk.go.set()
    await until(first, State.DONE)
    await asyncio.sleep(0.02)
    assert len(desk.calls) == 1
    assert not list(desk.spool.iterdir())


async def test_a_finished_job_stays_finished(desk: Desk) -> None:
    desk.go.set()
    job = await desk.send(b"photo")
    await until(job, State.DONE)
    assert not await desk.jobs.cancel(job)
    assert not await desk.jobs.cancel_id(job.id)
    assert not await desk.jobs.cancel_id("nobody")
    assert (await desk.row(job.id)).state is State.DONE


async def test_an_upload_goes_on_after_a_restart(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as first:
        running, queued = await first.send(b"one"), await first.send(b"two", client="d")
        await until(running, State.RUNNING)
    assert len(list((tmp_path / "spool").iterdir())) == 2
    async with desk_at(tmp_path) as second:
        second.go.set()
        again = second.jobs.find("c", running.id)
        other = second.jobs.find("d", queued.id)
        assert again is not None
        assert other is not None
        await until(again, State.DONE)
        await until(other, State.DONE)
        assert (await second.row(again.id)).attempts == 0
        await asyncio.sleep(0.01)
        assert not list(second.spool.iterdir())


async def test_an_ending_daemon_lets_nobody_wait(desk: Desk) -> None:
    job = await desk.send(b"one")
    await until(job, State.RUNNING)
    waiting = asyncio.create_task(job.work.wait(300))
    await asyncio.sleep(0.01)
    async with asyncio.timeout(60):
        await desk.jobs.close()
        await waiting
        await job.work.wait(300)
    assert job.state is State.QUEUED


async def test_an_upload_whose_bytes_are_gone_fails_with_a_remedy(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as first:
        await until(job := await first.send(b"one"), State.RUNNING)
    for file in (tmp_path / "spool").iterdir():
        file.unlink()
    async with desk_at(tmp_path) as second:
        row = await second.settled(job.id, State.FAILED)
        assert row.error is not None
        assert "Send it again" in row.error["remedy"]


async def test_the_spool_is_swept_of_what_nobody_wants(tmp_path: Path) -> None:
    async with desk_at(tmp_path, start=False) as desk:
        (desk.spool / "left.part").write_bytes(b"an original at rest")
        arriving = desk.jobs.new_part()
        arriving.write_bytes(b"on its way")
        await desk.jobs.start()
        assert list(desk.spool.iterdir()) == [arriving]


async def test_a_ledger_that_cannot_be_read_at_the_start_is_raised(tmp_path: Path) -> None:
    async with desk_at(tmp_path, start=False) as desk:
        await desk.database.run(lambda connection: connection.execute("DROP TABLE jobs") and None)
        with pytest.raises(LedgerError):
            await desk.jobs.start()


async def test_everyone_hears_what_happens(desk: Desk) -> None:
    heard = Heard(desk.hub)
    desk.go.set()
    job = await desk.send(b"photo")
    await until(job, State.DONE)
    idle = {"queued": 0, "running": 0, "waiting": 0}
    async with asyncio.timeout(60):
        while [e.facts for e in await heard.all(0.1) if e.kind == "queue"][-1:] != [idle]:
            pass
    events = heard.events
    told = [(e.facts["state"], e.facts["progress"]) for e in events if e.kind == "job"]
    assert [state for state, _ in told] == ["queued", "running", "running", "done"]
    assert told[-1] == ("done", 1.0)
    assert all(e.facts["job"] == job.id and e.facts["client"] == "c" for e in events if e.kind == "job")
    assert [e.facts for e in events if e.kind == "photo"] == [{"job": job.id}]


async def test_progress_is_told_in_steps_worth_telling(desk: Desk) -> None:
    job = await desk.send(b"photo")
    await busy(job)
    heard = Heard(desk.hub)
    for step in range(1000):
        job.work.report("protect", 0.5 + step / 2000)
    assert 5 < len([e for e in await heard.all() if e.kind == "job"]) < 30


async def test_giving_up_a_waiting_folder_job_is_told(desk: Desk) -> None:
    desk.reason = "paused"
    (job,) = await desk.drop((b"photo", "a.jpg"))
    heard = Heard(desk.hub)
    assert await desk.jobs.cancel_id(job)
    told = [event.facts for event in await heard.all() if event.kind == "job"]
    assert [(facts["job"], facts["state"]) for facts in told] == [(job, "cancelled")]
    assert (await desk.row(job)).state is State.CANCELLED
