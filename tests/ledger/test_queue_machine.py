"""Whatever is submitted, cancelled, retried, held back, or cut off by death: nothing is lost, nothing done twice."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from photoveil.ledger.database import Database
from photoveil.ledger.jobs import JobRow, State
from tests.ledger.desk import Desk, sha

PHOTOS = st.sampled_from([b"one", b"two", b"three", b"bad photo", b"animation", b"crash always"])
NAMES = st.sampled_from(["a.jpg", "b.jpg", "c.jpg"])


class QueueMachine(RuleBasedStateMachine):
    """Drives a queue by hand, in a loop of its own."""

    @initialize(at_once=st.sampled_from([1, 3]))
    def begin(self, at_once: int) -> None:
        self.at_once = at_once
        self.loop = asyncio.new_event_loop()
        self.holder = tempfile.TemporaryDirectory()
        self.folder = Path(self.holder.name)
        self.ids: list[str] = []
        self.contents: dict[str, bytes] = {}
        self.deaths = 0
        self.do(self.open())

    def do(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    async def open(self) -> None:
        self.desk = Desk(await Database.open(self.folder / "ledger"), self.folder)
        self.desk.at_once = self.at_once
        await self.desk.jobs.start()
        await self.settle()

    async def settle(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0.002)

    @rule(data=PHOTOS, client=st.sampled_from("cd"))
    def upload(self, data: bytes, client: str) -> None:
        job = self.do(self.desk.send(data, client=client))
        self.ids.append(job.id)
        self.contents[job.id] = data

    @rule(files=st.lists(st.tuples(PHOTOS, NAMES), min_size=1, max_size=3, unique_by=lambda file: file[1]))
    def drop(self, files: list[tuple[bytes, str]]) -> None:
        for job, (data, _) in zip(self.do(self.desk.drop(*files)), files, strict=True):
            self.ids.append(job)
            self.contents[job] = data

    @rule(pick=st.integers(0, 30))
    def cancel(self, pick: int) -> None:
        if self.ids:
            self.do(self.desk.jobs.cancel_id(self.ids[pick % len(self.ids)]))

    @rule(pick=st.integers(0, 30))
    def retry(self, pick: int) -> None:
        if self.ids:
            self.do(self.desk.jobs.retry(self.ids[pick % len(self.ids)]))

    @rule()
    def cancel_folder(self) -> None:
        self.do(self.desk.jobs.cancel_folder("f"))

    @rule(reason=st.sampled_from([None, "paused"]))
    def turn_gate(self, reason: str | None) -> None:
        self.desk.reason = reason
        self.desk.hub.publish("pause")
        self.do(self.settle())

    @rule(seconds=st.sampled_from([1.0, 5.0, 30.0, 200.0]))
    def pass_time(self, seconds: float) -> None:
        self.do(self.desk.pass_time(seconds, pause=0.004))

    @rule()
    def let_go(self) -> None:
        self.desk.go.set()
        self.do(self.settle())
        self.desk.go.clear()

    @rule()
    def end_and_begin_again(self) -> None:
        self.do(self.desk.jobs.close())
        self.do(self.desk.database.close())
        self.do(self.open())

    @rule()
    def die(self) -> None:
        """As kill -9 would: nothing more is written from this moment on."""
        self.deaths += 1
        self.do(self._die())
        self.do(self.open())

    async def _die(self) -> None:
        async def nothing(*_: Any, **__: Any) -> None:
            await asyncio.Event().wait()

        spool = {file: file.read_bytes() for file in self.desk.spool.iterdir()}
        self.desk.database.run = nothing  # type: ignore[method-assign, assignment]
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self.desk.database.close()
        for file, data in spool.items():
            file.write_bytes(data)

    @invariant()
    def the_tally_is_right(self) -> None:
        if not hasattr(self, "desk"):
            return
        for _ in range(100):  # the runner may be in the middle of something
            states = Counter(row.state for row in self.do(self.desk.all_rows()))
            told = {"queued": states[State.QUEUED], "running": states[State.RUNNING]}
            if self.desk.jobs.counts() == told:
                return
        raise AssertionError((self.desk.jobs.counts(), told))

    def teardown(self) -> None:
        if not hasattr(self, "desk"):
            return
        self.desk.reason = None
        self.desk.go.set()
        rows = self.do(self._finish())
        for row in rows:
            self._check(row)
        assert {row.job for row in rows} >= set(self.ids)
        self.do(self.desk.jobs.close())
        self.do(self.desk.database.close())
        self.loop.close()
        self.holder.cleanup()

    async def _finish(self) -> list[JobRow]:
        """All rows, once they have ended and everything was put away."""
        end = time.monotonic() + 60
        while True:
            await self.desk.pass_time(150, pause=0.004)
            rows = await self.desk.all_rows()
            left = [row for row in rows if not row.state.final]
            spool = list(self.desk.spool.iterdir())
            hand = [job for job in self.desk.jobs._queue._hand.jobs.values() if job.row.background]
            if not (left or spool or hand):
                return rows
            assert time.monotonic() < end, (left, spool, hand)

    def _check(self, row: JobRow) -> None:
        data = self.contents[row.job]
        assert row.finished
        assert row.state is State.DONE or row.error or row.reason
        match row.state:
            case State.DONE:
                assert data in (b"one", b"two", b"three")
                assert row.protected == sha(b"copy of " + data)
                assert (self.folder / "kept" / str(row.protected)).is_file()
                assert row.placed is None or row.placed.is_file()
                assert (row.placed is None) == (row.kind == "upload")
            case State.UNCHANGED:
                assert data == b"animation"
            case State.FAILED:
                assert data in (b"bad photo", b"crash always") or self.deaths >= 3 or row.kind == "upload"
            case _:
                assert row.reason


QueueMachine.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestQueueMachine = QueueMachine.TestCase
