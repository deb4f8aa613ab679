"""Measuring the machine: by the real child, and out of the way of photos."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from photoveil.fitting import machine
from photoveil.protection import model_sets
from photoveil.worker import measure
from photoveil.worker.outlet import Cancelled
from photoveil.worker.parent import Worker
from photoveil.worker.tasks import Delivered, WorkerState
from tests.worker.test_studio import ignore
from tests.worker.test_worker import TASK, bench


def test_the_work_of_the_tower_is_known() -> None:
    tower = measure._tower(torch.device("cpu"))
    with FlopCounterMode(display=False) as counter:  # with a gradient, so that no fused layer hides its work
        tower(torch.rand(1, 3, measure.SIZE, measure.SIZE, requires_grad=True))
    assert counter.get_total_flops() / 1e9 == pytest.approx(measure.GFLOP, rel=0.02)


async def test_the_real_child_measures(tmp_path: Path) -> None:
    worker = Worker(personas=tmp_path)
    try:
        for _ in range(4):  # others on this machine may slow down all of one half, hardly every time
            told = await worker.measure()
            assert told is not None
            found = machine.taken(told, "auto")
            if found.look_rate > found.pass_rate / 2:
                break
    finally:
        await worker.close()
    assert found.holds("auto")
    assert found.torch.split("+")[0] == torch.__version__.split("+")[0]
    assert 0.5 < found.pass_rate < 1e6
    assert found.look_rate > found.pass_rate / 2
    sets = {one.name: one for one in model_sets.model_sets(tmp_path)}
    standard, strong = (machine.seconds(sets[name], found) for name in ("standard", "strong"))
    assert standard is not None
    assert strong is not None
    assert strong > 3 * standard


def test_a_photo_that_comes_stops_it() -> None:
    """At the next tick: a run of the tower takes a fraction of a second."""

    def tick(_share: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        measure.measure(torch.device("cpu"), tick)


async def test_a_photo_goes_first(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.worker.prewarm("starter")
        measuring = asyncio.create_task(b.worker.measure())
        await asyncio.sleep(0)
        assert isinstance(await b.protect(b"photo"), Delivered)
        assert await measuring is None
        assert b.worker.state is WorkerState.READY
        found = await b.worker.measure()
        assert found is not None
        assert found["device_name"] == "a fake"


async def test_it_can_be_given_up_from_outside(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.worker.prewarm("starter")
        measuring = asyncio.create_task(b.worker.measure())
        while b.worker._talk is None:  # noqa: ASYNC110 - for a moment; the child has not answered yet
            await asyncio.sleep(0)
        measuring.cancel()
        with pytest.raises(asyncio.CancelledError):
            await measuring
        made = await b.worker.protect(_photo(tmp_path), "a.jpg", TASK, part=b.part, progress=ignore)
        assert isinstance(made, Delivered)


def _photo(folder: Path) -> Path:
    path = folder / "a.jpg"
    path.write_bytes(b"photo")
    return path
