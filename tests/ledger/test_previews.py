from __future__ import annotations

import os
from pathlib import Path

import pytest

from photoveil.ledger.jobs import State
from photoveil.ledger.previews import PreviewShelf
from photoveil.worker.tasks import Previews
from tests.ledger.desk import Desk, until


def made(folder: Path) -> Previews:
    previews = Previews(folder / "x.before", folder / "x.after")
    previews.before.write_bytes(b"before")
    previews.after.write_bytes(b"after")
    return previews


async def test_jobs_have_previews(desk: Desk) -> None:
    first, second = await desk.send(b"photo"), await desk.send(b"photo", client="d")
    (folder,) = await desk.drop((b"file", "a.jpg"))
    desk.go.set()
    await until(first, State.DONE)
    await desk.settled(folder, State.DONE)
    for job in (first.id, second.id, folder):
        assert desk.previews.has(job)
        assert desk.previews.file(job, "before").read_bytes() == b"before"
        assert desk.previews.file(job, "after").read_bytes() == b"after"
        assert desk.previews.file(job, "after").stat().st_mode & 0o777 == 0o600
    assert not list(desk.spool.iterdir())


async def test_failed_ones_leave_none(desk: Desk) -> None:
    desk.go.set()
    job = await desk.send(b"bad")
    await until(job, State.FAILED)
    assert not desk.previews.has(job.id)
    assert not list(desk.spool.iterdir())


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "shelf"
    folder.mkdir()
    shelf = PreviewShelf(folder, keep=10)
    for number in range(100):
        shelf.keep(made(tmp_path), [f"job{number}"])
        os.utime(shelf.file(f"job{number}", "before"), (number, number))
        os.utime(shelf.file(f"job{number}", "after"), (number, number))
    kept = [number for number in range(100) if shelf.has(f"job{number}")]
    assert 10 <= len(kept) <= 30
    assert kept == list(range(100 - len(kept), 100))
    shelf.clear()
    assert not list(folder.iterdir())


def test_nobody_is_asked_for_what_nobody_wants(tmp_path: Path) -> None:
    assert PreviewShelf(tmp_path, lambda: False).places(tmp_path / "a.part") is None
    assert PreviewShelf(tmp_path).places(tmp_path / "a.part") is not None


def test_a_shelf_that_cannot_be_written_costs_the_previews_only(tmp_path: Path) -> None:
    shelf = PreviewShelf(tmp_path / "missing")
    shelf.keep(made(tmp_path), ["job"])
    assert not shelf.has("job")


@pytest.mark.parametrize(
    ("job", "side"), [("../x", "before"), ("x/y", "after"), ("x", "../y"), ("", "before")]
)
def test_names_cannot_lead_elsewhere(tmp_path: Path, job: str, side: str) -> None:
    with pytest.raises(ValueError, match="no such preview"):
        PreviewShelf(tmp_path).file(job, side)
