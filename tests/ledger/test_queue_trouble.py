"""Trouble in the queue: what is tried again and how late, what is told, and what a restart finds."""

from __future__ import annotations

import asyncio
import errno
import sqlite3
from pathlib import Path

import pytest

from photoveil.errors import PhotoveilError
from photoveil.ledger import rows
from photoveil.ledger.jobs import SourceChanged, State, TryLater
from photoveil.ledger.photos import Key
from tests.ledger.desk import TASK, Desk, busy, desk_at, sha, until


async def test_a_source_that_vanished_or_changed_ends_the_job_with_a_reason(desk: Desk) -> None:
    desk.reason = "paused"
    gone, changed = await desk.drop((b"one", "gone.jpg"), (b"two", "changed.jpg"))
    (desk.tree / "gone.jpg").unlink()
    (desk.tree / "changed.jpg").write_bytes(b"something else")
    desk.go.set()
    desk.reason = None
    await desk.pass_time(0)
    assert "moved or deleted" in ((await desk.settled(gone, State.CANCELLED)).reason or "")
    assert "changed" in ((await desk.settled(changed, State.CANCELLED)).reason or "")
    assert not await desk.photos.find(Key(sha(b"two"), TASK))
    assert not desk.notices.all()


async def test_a_vanished_source_does_not_harm_an_upload_of_the_same_photo(desk: Desk) -> None:
    desk.reason = "paused"
    (job,) = await desk.drop((b"photo", "a.jpg"))
    (desk.tree / "a.jpg").unlink()
    desk.reason = None
    upload = asyncio.create_task(desk.send(b"photo", "upload.jpg"))
    desk.hub.publish("settings")
    desk.go.set()
    await until(await upload, State.DONE)
    row = await desk.row(job)
    while not row.state.final:
        await asyncio.sleep(0.01)
        row = await desk.row(job)
    assert row.state in (State.CANCELLED, State.DONE)


async def test_crashes_are_tried_again_ever_later_and_then_told(desk: Desk) -> None:
    desk.go.set()
    (job,) = await desk.drop((b"crash", "a.jpg"))
    for attempt, pause in enumerate((5, 30, 120), 1):
        row = await desk.put_off(job, attempt)
        assert row.error is not None
        assert len(desk.calls) == attempt
        await desk.pass_time(pause - 1)
        assert len(desk.calls) == attempt
        await desk.pass_time(1)
    row = await desk.settled(job, State.FAILED)
    assert (len(desk.calls), (row.error or {})["code"]) == (4, "worker")


async def test_an_upload_is_told_sooner(desk: Desk) -> None:
    desk.go.set()
    job = await desk.send(b"crash")
    await desk.put_off(job.id, 1)
    await desk.pass_time(1)
    await desk.put_off(job.id, 2)
    assert job.state is State.QUEUED
    await desk.pass_time(5)
    await until(job, State.FAILED)
    assert (len(desk.calls), (job.work.error or {})["code"]) == (3, "worker")
    assert not list(desk.spool.iterdir())


async def test_a_job_put_off_lets_the_next_ones_by(desk: Desk) -> None:
    desk.go.set()
    crash, good = await desk.drop((b"crash", "a.jpg"), (b"good", "b.jpg"))
    await desk.settled(good, State.DONE)
    assert (await desk.row(crash)).state is State.QUEUED


async def test_a_worker_that_gave_up_fails_uploads_and_holds_folders(desk: Desk) -> None:
    desk.go.set()
    ids = await desk.drop(*((b"over %d" % n, f"{n}.jpg") for n in range(5)))
    await desk.begun.wait()
    async with asyncio.timeout(60):
        while [(await desk.row(job)).state for job in ids] != [State.QUEUED] * 5:  # noqa: ASYNC110 - for a moment
            await asyncio.sleep(0.01)
    assert len(desk.calls) == 1
    assert [notice.key for notice in desk.notices.all()] == ["worker"]
    assert desk.jobs.waiting_for == "trouble"
    upload = await desk.send(b"over here")
    await until(upload, State.FAILED)
    await until(await desk.send(b"fine again"), State.DONE)
    assert not desk.notices.all()
    assert (await desk.row(ids[0])).attempts == 0


async def test_a_full_disk_is_told_and_waited_for(desk: Desk) -> None:
    desk.go.set()
    (job,) = await desk.drop((b"full", "a.jpg"))
    await desk.put_off(job)
    assert [notice.code for notice in desk.notices.all()] == ["disk_full"]
    assert ((await desk.row(job)).error or {})["code"] == "disk_full"
    await until(await desk.send(b"photo"), State.DONE)
    assert not desk.notices.all()


def told(number: int) -> PhotoveilError:
    error = PhotoveilError("No.", "Not there.", "Go elsewhere.")
    error.__cause__ = OSError(number, "trouble")
    return error


@pytest.mark.parametrize(
    ("error", "state", "notice"),
    [
        (OSError(errno.ENOSPC, ""), State.QUEUED, "disk"),
        (told(errno.ENOSPC), State.QUEUED, "disk"),
        (told(errno.ENOENT), State.QUEUED, "folder/f/copies"),
        (OSError(errno.ENOTCONN, ""), State.QUEUED, "folder/f/copies"),
        (TimeoutError(), State.QUEUED, "folder/f/copies"),
        (TryLater("No.", "Locked.", "Unlock it."), State.QUEUED, None),
        (told(errno.EROFS), State.FAILED, "folder/f/copies"),
        (PermissionError(errno.EACCES, ""), State.FAILED, "folder/f/copies"),
        (PhotoveilError("No.", "Never.", "Sorry."), State.FAILED, None),
        (ValueError("a secret"), State.FAILED, None),
        (SourceChanged("No.", "It is another.", "Fine."), State.CANCELLED, None),
    ],
)
async def test_what_goes_wrong_in_placing_is_judged(
    desk: Desk, error: Exception, state: State, notice: str | None
) -> None:
    desk.go.set()
    desk.place_error = error
    (job,) = await desk.drop((b"photo", "a.jpg"))
    row = await (desk.put_off(job) if state is State.QUEUED else desk.settled(job, state))
    assert row.error or row.reason == "It is another."
    assert "secret" not in str(row.error)
    assert [found.key for found in desk.notices.all()] == ([notice] if notice else [])
    desk.place_error = None
    await desk.pass_time(5)
    if state is State.QUEUED:
        await desk.settled(job, State.DONE)
    else:
        assert await desk.jobs.retry(job)
        await desk.settled(job, State.DONE)
    assert not desk.notices.all()
    assert len(desk.calls) == 1


async def test_a_drive_that_is_away_is_waited_for_without_end(desk: Desk) -> None:
    desk.go.set()
    desk.place_error = OSError(errno.ENOENT, "")
    (job,) = await desk.drop((b"photo", "a.jpg"))
    for attempt, pause in enumerate((5, 30, 120, 600, 600, 600), 1):
        await desk.put_off(job, attempt)
        await desk.pass_time(pause)
    await desk.put_off(job, 7)
    desk.place_error = None
    assert await desk.jobs.retry(job)
    await desk.settled(job, State.DONE)
    assert len(desk.calls) == 1
    assert not desk.notices.all()


async def test_what_is_wrong_with_one_folder_is_not_settled_by_another(desk: Desk) -> None:
    desk.go.set()
    desk.place_error = OSError(errno.ENOSPC, "")
    (job,) = await desk.drop((b"photo", "a.jpg"))
    await desk.put_off(job)
    desk.place_error = None
    await until(await desk.send(b"upload"), State.DONE)
    await desk.settled((await desk.drop((b"other", "b.jpg"), folder="g"))[0], State.DONE)
    assert [notice.key for notice in desk.notices.all()] == ["disk"]
    assert (await desk.row(job)).state is State.QUEUED
    assert await desk.jobs.cancel_folder("f") == 1
    assert not desk.notices.all()


async def test_retry(desk: Desk) -> None:
    desk.go.set()
    (job,) = await desk.drop((b"bad", "a.jpg"))
    await desk.settled(job, State.FAILED)
    assert await desk.jobs.retry(job)
    await desk.settled(job, State.FAILED)
    assert len(desk.calls) == 2
    (desk.tree / "a.jpg").unlink()
    assert not await desk.jobs.retry(job)
    upload = await desk.send(b"bad")
    await until(upload, State.FAILED)
    assert not await desk.jobs.retry(upload.id)
    assert not await desk.jobs.retry("nobody")


async def test_what_was_running_when_the_daemon_died_goes_on(tmp_path: Path) -> None:
    async with desk_at(tmp_path, start=False) as desk:
        ids = await desk.drop((b"one", "1.jpg"), (b"two", "2.jpg"))
        for died in (1, 2):
            await desk.database.run(rows.take, 0.0, background=True)
            await desk.database.run(rows.recover, {"code": "x"})
            assert (await desk.row(ids[0])).attempts == died
        await desk.database.run(rows.take, 0.0, background=True)
        desk.go.set()
        await desk.jobs.start()
        row = await desk.settled(ids[0], State.FAILED)
        assert "ended three times" in (row.error or {})["reason"]
        await desk.settled(ids[1], State.DONE)
        assert await desk.jobs.retry(ids[0])
        await desk.settled(ids[0], State.DONE)


async def test_killed_between_ledger_and_place_nothing_is_made_twice(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as first:
        first.go.set()
        first.place_error = OSError(errno.ENOENT, "")
        (job,) = await first.drop((b"one", "1.jpg"))
        await first.put_off(job)
    async with desk_at(tmp_path) as second:
        await second.settled(job, State.DONE)
        assert second.calls == []
        assert second.placed == ["1.jpg"]


async def test_a_ledger_that_cannot_be_written_is_waited_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photoveil.ledger.book._TRY_AGAIN", 0.05)
    job = await desk.send(b"photo")
    await busy(job)

    def lock(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA query_only = ON")

    def unlock(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA query_only = OFF")

    await desk.database.run(lock)
    desk.go.set()
    async with asyncio.timeout(60):
        while not desk.notices.all():  # noqa: ASYNC110 - for a moment
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert not job.state.final
    assert [notice.key for notice in desk.notices.all()] == ["ledger"]
    await desk.database.run(unlock)
    await desk.put_off(job.id)
    await desk.pass_time(10)
    await until(job, State.DONE)
    assert not desk.notices.all()
