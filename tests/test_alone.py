"""Suites that want the same fixed port run side by side, where the machine allows networks of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ALONE = [sys.executable, str(Path(__file__).with_name("alone.py"))]
_TAKE = """
import socket, sys
with socket.create_server(("127.0.0.1", 47613)), socket.create_connection(("127.0.0.1", 47613)):
    print("taken", flush=True)
    sys.stdin.readline()
"""


def _take() -> subprocess.Popen[str]:
    command = [*ALONE, sys.executable, "-c", _TAKE]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_two_at_once_have_the_same_port() -> None:
    if subprocess.run(ALONE, check=False).returncode:
        pytest.skip("networks of one's own are not allowed here")
    with _take() as one, _take() as other:
        for process in (one, other):
            assert process.stdout is not None
            assert process.stdout.readline() == "taken\n"
        for process in (one, other):
            process.communicate("\n", timeout=100)
    assert (one.returncode, other.returncode) == (0, 0)


@pytest.mark.parametrize("status", [0, 3])
def test_the_command_ends_as_it_would(status: int) -> None:
    script = f"import os; print(os.getuid(), flush=True); os._exit({status})"
    plain, alone = (
        subprocess.run(
            [*before, sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, check=False
        )
        for before in ([], ALONE)
    )
    assert (alone.returncode, alone.stdout) == (plain.returncode, plain.stdout)
    assert alone.returncode == status
