"""What a cluster can hold, and who says so while nothing comes back."""

from __future__ import annotations

import threading
import time

import pytest

from photoveil.archive.machines import Machines, Silence
from tests.archive.house import wait_for


def _node(alive: bool = True, **resources: float) -> dict[str, object]:
    """A machine as `ray.nodes` tells of it."""
    return {"Alive": alive, "Resources": {"memory": 1e9, **resources}}


def test_a_photo_takes_its_cores_of_one_machine() -> None:
    nodes = [_node(CPU=3.0), _node(CPU=1.0), _node(CPU=2.0), _node(alive=False, CPU=64.0)]
    machines = Machines.of(nodes, threads=2)
    assert (machines.alive, machines.units, machines.room) == (3, 6, 2)
    assert not machines.lacking(2)
    assert machines.told({"CPU": 2.0}) == "machines: 3; free cores: 2 of 6"


def test_where_there_are_gpus_a_photo_takes_one() -> None:
    machines = Machines.of([_node(CPU=64.0), _node(CPU=1.0, GPU=2.0)], threads=4)
    assert (machines.gpus, machines.room) == (True, 2)
    assert machines.told({"CPU": 60.0}) == "machines: 2; free GPUs: 0 of 2"


@pytest.mark.parametrize("nodes", [[], [_node()], [_node(CPU=3.0), _node(CPU=3.0)]])
def test_no_machine_that_is_large_enough_is_told(nodes: list[dict[str, object]]) -> None:
    machines = Machines.of(nodes, threads=4)
    assert machines.room == 0
    assert "none has 4 cores" in machines.lacking(4)


def test_silence_is_told_again_and_again_and_begins_anew_with_what_is_heard() -> None:
    told: list[float] = []
    with Silence(0.05, told.append) as silence:
        wait_for(lambda: len(told) >= 2, "silence was not told")
        heard_at = time.monotonic()
        silence.heard()
        before = len(told)
        # The first of these may have been counted before, the second was not.
        wait_for(lambda: len(told) >= before + 2, "it was not told again")
        assert told[before + 1] <= time.monotonic() - heard_at
    assert min(told) >= 0.05
    assert not [thread for thread in threading.enumerate() if thread.name == "silence"]
