"""The parent's side, against the real child's plumbing with a fake studio."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from photoveil.errors import PhotoveilError
from photoveil.hub import Hub
from photoveil.worker.parent import MAX_CRASHES, Worker
from photoveil.worker.pipe import Pipe
from photoveil.worker.tasks import (
    Delivered,
    Outcome,
    Previews,
    SourceChanged,
    Task,
    Unchanged,
    WorkerCrashed,
    WorkerError,
    WorkerGaveUp,
    WorkerState,
)
from tests.worker.fake_child import PREFIX

FAKE = (sys.executable, str(Path(__file__).with_name("fake_child.py")))
TASK = Task("me", "antithetical", "balanced", "starter", "strip-location")


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def alive(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):  # the latter where it ends while it is looked at
        return False


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what nobody tells."""
    async with asyncio.timeout(100):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


class Bench:
    """A worker with a folder to put photos in."""

    def __init__(self, worker: Worker, folder: Path) -> None:
        self.worker = worker
        self.folder = folder
        self.part = folder / "part"
        self.seen: list[tuple[str, float]] = []
        self.busy = asyncio.Event()

    def hear(self, stage: str, fraction: float) -> None:
        self.seen.append((stage, fraction))
        if len(self.seen) >= 3:
            self.busy.set()

    async def protect(
        self,
        photo: bytes,
        *,
        original: str | None = None,
        compare: Path | None = None,
        previews: Previews | None = None,
    ) -> Outcome:
        source = self.folder / "photo"
        source.write_bytes(photo)
        return await self.worker.protect(
            source,
            "a.jpg",
            TASK,
            part=self.part,
            progress=self.hear,
            original=original,
            compare=compare,
            previews=previews,
        )


@asynccontextmanager
async def bench(folder: Path, **options: Any) -> AsyncIterator[Bench]:
    worker = Worker(personas=folder, command=FAKE, **options)
    try:
        yield Bench(worker, folder)
    finally:
        await worker.close()


async def test_a_photo_comes_back_protected(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        assert b.worker.state is WorkerState.ABSENT
        outcome = await b.protect(b"x" * 1_000_000)
        assert isinstance(outcome, Delivered)
        assert b.part.read_bytes() == PREFIX + b"x" * 1_000_000
        assert (outcome.bytes, outcome.width, outcome.height) == (1_000_010, 3, 2)
        assert outcome.report["seen"]["strength"] == "balanced"
        assert ("protect", 0.5) in b.seen
        assert (b.worker.state, b.worker.device) == (WorkerState.READY, "fake")


async def test_one_child_serves_all_in_turn(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.worker.prewarm("starter")
        first = b.worker.pid
        await asyncio.gather(*(b.worker.prewarm("starter") for _ in range(3)))
        await b.protect(b"photo")
        assert b.worker.pid == first is not None


async def test_the_picture_goes_to_its_own_place(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.protect(b"photo", compare=tmp_path / "picture")
        assert (tmp_path / "picture").read_bytes() == b"picture"
        assert b.part.read_bytes() == PREFIX + b"photo"


async def test_previews_go_to_their_places(tmp_path: Path) -> None:
    previews = Previews(tmp_path / "before", tmp_path / "after")
    async with bench(tmp_path) as b:
        await b.protect(b"photo", previews=previews, compare=tmp_path / "picture")
        assert previews.before.read_bytes() == b"before"
        assert previews.after.read_bytes() == b"after"
        assert b.part.read_bytes() == PREFIX + b"photo"


async def test_only_the_photo_that_was_meant_is_delivered(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        assert isinstance(await b.protect(b"photo", original=sha(b"photo")), Delivered)
        child = b.worker.pid
        with pytest.raises(SourceChanged):
            await b.protect(b"photo", original=sha(b"another photo"))
        assert isinstance(await b.protect(b"photo"), Delivered)
        assert b.worker.pid == child


async def test_a_photo_that_shrinks_while_it_is_read_is_no_crash(tmp_path: Path) -> None:
    source = tmp_path / "shrinking"
    async with bench(tmp_path) as b:
        for _ in range(MAX_CRASHES + 1):
            await b.worker.prewarm("starter")
            source.write_bytes(bytes(20_000_000))
            work = asyncio.create_task(
                b.worker.protect(source, "a.jpg", TASK, part=b.part, progress=b.hear, original=sha(b"20 MB"))
            )
            while b.worker._talk is None or not b.worker._talk.wishes[0].number:  # noqa: ASYNC110 - for a moment
                await asyncio.sleep(0)
            os.truncate(source, 1000)
            with pytest.raises(SourceChanged):
                await work
        assert isinstance(await b.protect(b"photo"), Delivered)


async def test_everyone_hears_what_the_child_does(tmp_path: Path) -> None:
    hub = Hub()
    heard = hub.subscribe()
    async with bench(tmp_path, hub=hub) as b:
        await b.protect(b"photo")
    heard.close()
    states = [event.facts["state"] async for event in heard if event.kind == "worker"]
    assert states == ["starting", "busy", "ready", "absent"]


async def test_stray_prints_do_not_harm(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        assert isinstance(await b.protect(b"print"), Delivered)
        assert isinstance(await b.protect(b"photo"), Delivered)


async def test_animations_are_unchanged(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        assert await b.protect(b"animation") == Unchanged("It moves.")
        assert not b.part.exists()


@pytest.mark.parametrize(("photo", "code"), [(b"refuse", "photo-unsupported"), (b"stumble", "error")])
async def test_an_error_is_told_and_the_child_lives_on(tmp_path: Path, photo: bytes, code: str) -> None:
    async with bench(tmp_path) as b:
        with pytest.raises(PhotoveilError) as told:
            await b.protect(photo)
        assert told.value.as_dict()["code"] == code
        assert "a secret name" not in str(told.value)
        child = b.worker.pid
        await b.protect(b"photo")
        assert b.worker.pid == child


async def test_after_a_crash_the_next_photo_works(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with bench(tmp_path) as b:
        with pytest.raises(WorkerError):
            await b.protect(b"crash")
        assert "the last words" in caplog.text
        assert b.worker.state is WorkerState.ABSENT
        assert isinstance(await b.protect(b"photo"), Delivered)


async def test_a_child_killed_between_photos_is_replaced(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.protect(b"photo")
        assert b.worker.pid is not None
        os.kill(b.worker.pid, signal.SIGKILL)
        await until(lambda: b.worker.state is WorkerState.ABSENT)
        assert isinstance(await b.protect(b"photo"), Delivered)


async def test_restarts_are_bounded(tmp_path: Path) -> None:
    now = [0.0]
    async with bench(tmp_path, clock=lambda: now[0]) as b:
        for _ in range(MAX_CRASHES):
            with pytest.raises(WorkerError, match="ended unexpectedly"):
                await b.protect(b"crash")
        with pytest.raises(WorkerError, match=f"crashed {MAX_CRASHES} times within 10 minutes"):
            await b.protect(b"photo")
        now[0] += 601
        assert isinstance(await b.protect(b"photo"), Delivered)


async def test_one_bad_photo_among_good_ones_locks_nobody_out(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        for _ in range(MAX_CRASHES + 1):
            with pytest.raises(WorkerCrashed):
                await b.protect(b"crash")
            await b.worker.prewarm("starter")
            assert isinstance(await b.protect(b"photo"), Delivered)


async def test_a_child_that_only_starts_does_not_count_as_working(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        for _ in range(MAX_CRASHES):
            await b.worker.prewarm("starter")
            with pytest.raises(WorkerCrashed):
                await b.protect(b"crash")
        with pytest.raises(WorkerGaveUp):
            await b.protect(b"photo")


async def test_cancelled_work_stops_and_the_child_stays(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        work = asyncio.create_task(b.protect(b"endless"))
        await b.busy.wait()
        child = b.worker.pid
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert isinstance(await b.protect(b"photo"), Delivered)
        assert b.worker.pid == child


async def test_a_child_that_does_not_listen_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photoveil.worker.parent._CANCEL_GRACE", 0.2)
    async with bench(tmp_path) as b:
        await b.protect(b"photo")
        child = b.worker.pid
        b.worker._job_seconds = 0.5
        with pytest.raises(WorkerError, match="took longer"):
            await b.protect(b"hang")
        b.worker._job_seconds = 300
        assert isinstance(await b.protect(b"photo"), Delivered)
        assert b.worker.pid != child


async def test_the_child_leaves_when_idle(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.protect(b"photo")
        child = b.worker.pid
        assert child is not None
        b.worker.idle_seconds = 0.2
        await b.protect(b"photo")
        await until(lambda: b.worker.state is WorkerState.ABSENT)
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)
        assert isinstance(await b.protect(b"photo"), Delivered)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    script = (
        "import asyncio, sys; from pathlib import Path; from photoveil.worker.parent import Worker\n"
        "async def main():\n"
        "    worker = Worker(personas=Path(sys.argv[1]), command=sys.argv[2:])\n"
        "    await worker.prewarm('starter'); print(worker.pid, flush=True); await asyncio.sleep(300)\n"
        "asyncio.run(main())"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(tmp_path), *FAKE, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()
    await until(lambda: not alive(child))


async def test_threads_that_wait_in_the_child_leave_the_cores_to_others() -> None:
    script = "import os, sys; sys.stderr.write('{OMP_WAIT_POLICY} {GOMP_SPINCOUNT}'.format(**os.environ))"
    pipe = await Pipe.open([sys.executable, "-c", script])
    await pipe.close(grace=100)
    assert list(pipe.last_lines) == ["PASSIVE 1000"]
