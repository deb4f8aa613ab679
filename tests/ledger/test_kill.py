"""kill -9 at random moments: nothing is lost, nothing is half done, the ledger stays whole."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.ledger.desk import sha
from tests.ledger.queue_process import FILES, UPLOADS

KILLS, AT_MOST = 60, 20
"""Kills, and in how many folders: where this machine is so busy that a sleep takes long, all may be done before."""


class Life:
    """A process that begins the queue again and again."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.ledger.queue_process"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)

    def begin(self, folder: Path) -> int:
        self._say(folder)
        return int(self._line())

    def ended(self) -> int:
        self._say("")
        return int(self._line().removeprefix(b"ended "))

    def close(self) -> None:
        self._process.communicate(timeout=100)

    def _say(self, what: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n".encode())

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def read(folder: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / "ledger")
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_killed_at_random_moments_all_jobs_end_and_nothing_is_lost(tmp_path: Path) -> None:
    chance, kills = random.Random(7), 0
    life = Life()
    for number in range(AT_MOST):
        folder = tmp_path / str(number)
        folder.mkdir()
        kills += _killed(life, folder, chance, KILLS - kills)
        _check_rows(folder)
        _check_files(folder)
        if kills == KILLS:
            break
    life.close()
    assert kills == KILLS, "it was done before it could be killed"


def _killed(life: Life, folder: Path, chance: random.Random, most: int) -> int:
    """Have all work done in a folder, killed so often at most; answers how often it was."""
    for kills in range(most):
        process = life.begin(folder)
        time.sleep(chance.uniform(0.0, 0.05))
        os.kill(process, signal.SIGKILL)
        ended = life.ended()
        assert ended in (0, -signal.SIGKILL)
        assert read(folder, "PRAGMA integrity_check") == [("ok",)]
        if ended == 0:
            return kills
    life.begin(folder)
    assert life.ended() == 0
    return most


def _check_rows(folder: Path) -> None:
    found = read(folder, "SELECT kind, state, attempts, error, original, protected FROM jobs")
    assert len(found) == UPLOADS + FILES
    states = Counter((kind, state) for kind, state, *_ in found)
    # One that was in work at three kills may have been given up, with a reason.
    for _kind, state, attempts, error, _original, _protected in found:
        assert state == "done" or (state == "failed" and attempts == 3 and error)
    assert states["upload", "done"] + states["folder", "done"] > UPLOADS
    made = read(folder, "SELECT original, count(*) FROM protected GROUP BY original")
    assert all(count == 1 for _, count in made)


def _check_files(folder: Path) -> None:
    done = read(folder, "SELECT name, protected, kind FROM jobs WHERE state = 'done'")
    for name, protected, kind in done:
        assert sha((folder / "kept" / str(protected)).read_bytes()) == protected
        if kind == "folder":
            assert sha((folder / "out" / str(name)).read_bytes()) == protected
    assert not list((folder / "spool").iterdir())
    originals = {file.name: file.read_bytes() for file in (folder / "tree").iterdir()}
    assert originals == {f"f{number}.jpg": b"file %d" % number for number in range(FILES)}
