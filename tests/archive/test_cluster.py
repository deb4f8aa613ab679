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

_SAFETY = 3000
"""Seconds after which something must hang: however busy the machine, all here waits for what lives and works."""
_LOG_END = 2000
"""Characters of each of Ray's logs that a failure shows."""


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
            self.process.wait(600)
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
    """A cluster's address, and the cluster; what Ray has to say is shown where the test fails."""
    noted = house.root / "cluster.txt"
    with _started(house, noted) as nodes:
        told = nodes.told()
        assert told is not None, "Ray's cluster does not start:\n" + noted.read_text()
        try:
            yield told["address"], nodes
        except BaseException:
            print(_ends(Path(told["logs"])))  # noqa: T201 - pytest shows it
            raise


def _ends(logs: Path) -> str:
    """How Ray's logs of its nodes and workers end."""
    ends = []
    for log in sorted(logs.glob("*.*")):
        if log.name.startswith(("raylet", "gcs_server", "worker")):
            lines = log.read_text(errors="replace").splitlines()
            events = [line for line in lines if log.name.startswith("worker") or line.startswith("[20")]
            ends.append(f"--- {log.name}\n" + "\n".join(events)[-_LOG_END:])
    return "\n".join(ends)


@contextmanager
def _run(house: House, *options: str) -> Iterator[subprocess.Popen[str]]:
    """The command; where the test fails it is ended, and what it said is shown."""
    with house.start(*options) as running:
        try:
            yield running
        except BaseException:
            running.kill()
            print("--- the run\n" + "\n".join(running.communicate()))  # noqa: T201 - pytest shows it
            raise


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
@pytest.mark.timeout(_SAFETY)
def test_a_killed_node_loses_nothing_and_nothing_is_done_twice(house: House, finished: House) -> None:
    with _two_nodes(house) as (address, nodes), _run(house, "--ray", address) as running:

        def copies() -> dict[str, bytes]:
            assert running.poll() is None
            return tree(house.out) if house.out.exists() else {}

        wait_for(lambda: len(copies()) >= 2, "no copies were made", _SAFETY)
        nodes.kill_one()
        before = {name: (house.out / name).stat().st_ctime_ns for name in copies()}
        assert len(before) < PHOTOS
        said, noted = running.communicate()
    assert running.returncode == 0, (said, noted)
    assert "Ray cluster: machines: 2; photos at once: 2" in noted
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
