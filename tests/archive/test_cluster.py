"""A real Ray cluster of two nodes, one of which is killed in the middle of a run."""

from __future__ import annotations

import importlib.util
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from photoveil.archive.manifest import STATE_FOLDER
from tests.archive.house import PHOTOS, House, tree, wait_for


@contextmanager
def _two_nodes(house: House) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.archive.cluster_nodes"],
        cwd=Path(__file__).parents[2],
        env=house.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as nodes:
        assert nodes.stdout is not None
        assert nodes.stdin is not None
        try:
            yield json.loads(nodes.stdout.readline())["address"], nodes
        finally:
            nodes.stdin.close()


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


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray has no package for this system")
def test_a_killed_node_loses_nothing_and_nothing_is_done_twice(house: House, finished: House) -> None:
    with _two_nodes(house) as (address, nodes), house.start("--ray", address) as running:
        assert nodes.stdin is not None
        assert nodes.stdout is not None

        def copies() -> dict[str, bytes]:
            assert running.poll() is None, running.communicate()
            return tree(house.out) if house.out.exists() else {}

        wait_for(lambda: len(copies()) >= 2, "no copies were made", 300)
        nodes.stdin.write("kill\n")
        nodes.stdin.flush()
        assert json.loads(nodes.stdout.readline())["killed"]
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


def test_an_address_that_cannot_be_used_is_refused_before_anything_is_done(house: House) -> None:
    pytest.importorskip("ray")
    told = house.run("--ray", "ray://localhost:10001", code=2)
    assert told["error"]["title"] == "This address of a Ray cluster cannot be used"
    assert "--ray auto" in told["error"]["remedy"]
    assert not house.out.exists()
