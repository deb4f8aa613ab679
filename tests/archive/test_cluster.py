"""A real Ray cluster of two nodes, one of which is killed in the middle of a run."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from photoveil.archive.manifest import STATE_FOLDER
from tests.archive.house import PHOTOS, House, tree, wait_for

_TRIES = 3
"""Ray gives a node up that takes longer than half a minute to start, and says so by ending: then all starts anew."""


@dataclass
class _Nodes:
    """The process that has the cluster; what it says on the side goes into a file."""

    process: subprocess.Popen[str]
    noted: Path

    def told(self) -> dict[str, Any] | None:
        """What it says next; None where it ended instead."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        said: dict[str, Any] | None = json.loads(line) if line else None
        return said

    def kill_one(self) -> None:
        """Kill the second node, at once; returns when it is gone."""
        assert self.process.stdin is not None
        self.process.stdin.write("kill\n")
        self.process.stdin.flush()
        assert self.told() == {"killed": True}, self.noted.read_text()

    def end(self) -> None:
        """Take the cluster down."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(200)
        except subprocess.TimeoutExpired:
            self.process.kill()


@contextmanager
def _started(house: House, noted: Path) -> Iterator[_Nodes]:
    pipe = subprocess.PIPE
    with (
        noted.open("w") as side,
        subprocess.Popen(
            [sys.executable, "-m", "tests.archive.cluster_nodes"],
            stdin=pipe,
            stdout=pipe,
            stderr=side,
            text=True,
            cwd=Path(__file__).parents[2],
            env=house.environment,
        ) as process,
    ):
        nodes = _Nodes(process, noted)
        try:
            yield nodes
        finally:
            nodes.end()


@contextmanager
def _two_nodes(house: House) -> Iterator[tuple[str, _Nodes]]:
    """A cluster's address, and the cluster."""
    noted = [house.root / f"cluster-{number}.txt" for number in range(_TRIES)]
    for file in noted:
        with _started(house, file) as nodes:
            if told := nodes.told():
                yield told["address"], nodes
                return
    pytest.fail("Ray's cluster does not start:\n" + "\n".join(file.read_text() for file in noted))


def _made(out: Path) -> dict[str, tuple[str, str, int]]:
    """Of every copy: its time, the process that made it, and as its how manyth photo."""
    with sqlite3.connect(out / STATE_FOLDER / "manifest.sqlite3") as db:
        found = db.execute("SELECT path, maker FROM photos WHERE state = 'done'").fetchall()
    db.close()
    return {
        os.fsdecode(path): (str((out / os.fsdecode(path)).stat().st_ctime_ns), *_split(maker))
        for path, maker in found
    }


def _split(maker: str) -> tuple[str, int]:
    process, _, nth = maker.partition("#")
    return process, int(nth)


needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray has no package for this system"
)


@needs_ray
def test_a_killed_node_loses_nothing_and_nothing_is_done_twice(house: House, finished: House) -> None:
    with _two_nodes(house) as (address, nodes), house.start("--ray", address) as running:

        def copies() -> dict[str, bytes]:
            assert running.poll() is None, running.communicate()
            return tree(house.out) if house.out.exists() else {}

        wait_for(lambda: len(copies()) >= 2, "no copies were made", 300)
        nodes.kill_one()
        before = {name: (house.out / name).stat().st_ctime_ns for name in copies()}
        assert len(before) < PHOTOS
        said, noted = running.communicate(timeout=600)
    assert running.returncode == 0, (said, noted)
    told = json.loads(said)
    assert (told["protected"], told["copied"], told["failed"]) == (PHOTOS, 0, [])

    # Nothing lost: every photo has its copy, the same bytes as without a cluster and without a kill.
    assert tree(house.out) == tree(finished.out)

    # Nothing done twice: what was there when the node died was never written again, and every photo a process worked
    # on is one it delivered, but for what the dead node had in hand.
    made = _made(house.out)
    assert {name: (house.out / name).stat().st_ctime_ns for name in before} == before
    by_process: dict[str, list[int]] = {}
    for _, process, nth in made.values():
        by_process.setdefault(process, []).append(nth)
    assert all(sorted(nths) == [*range(1, len(nths) + 1)] for nths in by_process.values()), by_process
    assert sum(map(len, by_process.values())) == PHOTOS

    again = house.run("--ray", address)  # nothing to do: not even the cluster, which is gone, is asked
    assert (again["protected"], again["already"]) == (0, PHOTOS)


@needs_ray
def test_an_address_that_cannot_be_used_is_refused_before_anything_is_done(house: House) -> None:
    told = house.run("--ray", "ray://localhost:10001", code=2)
    assert told["error"]["title"] == "This address of a Ray cluster cannot be used"
    assert "--ray auto" in told["error"]["remedy"]
    assert not house.out.exists()
