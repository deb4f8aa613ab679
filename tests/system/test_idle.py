"""The idle daemon: small, still, and there at once. ``make test-system`` watches for ten minutes."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.system.rig import note, photo, system

SECONDS = float(os.environ.get("PHOTOVEIL_TEST_IDLE", "10"))
_SETTINGS = """\
on_battery = "work"
when_busy = "work"

[[folders]]
path = "{folder}"
"""


MOST = 0.002 + 0.02 / SECONDS
"""Of a core. The clock ticks in hundredths of a second: in a short look, one tick more is no sign of anything."""


def _settle(daemon: psutil.Process) -> None:
    """Wait until what the daemon had to do is done: on a busy machine that takes a while, and idle it is only then."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        before = sum(daemon.cpu_times()[:2])
        time.sleep(2)
        if sum(daemon.cpu_times()[:2]) - before <= 0.01:
            return


def _share(daemon: psutil.Process) -> float:
    """Of a core: the least of some looks, as others in its caches only ever make it more."""
    least = 1.0
    for _ in range(4):
        before, began = sum(daemon.cpu_times()[:2]), time.monotonic()
        time.sleep(SECONDS)
        least = min(least, (sum(daemon.cpu_times()[:2]) - before) / (time.monotonic() - began))
        if least <= MOST:
            break
    return least


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_idle_daemon_costs_next_to_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    with system(tmp_path / "home") as running:
        for number in range(200):
            (folder / f"{number}.jpg").write_bytes(photo(number))
        running.settings(_SETTINGS.format(folder=folder))
        started = time.monotonic()
        running.start()
        first_answer = time.monotonic() - started
        running.idle()
        assert running.process is not None
        daemon = psutil.Process(running.process.pid)
        for child in daemon.children():
            child.kill()  # as if it had idled out
        _settle(daemon)
        share = _share(daemon)
        resident = daemon.memory_info().rss / 2**20
        maps = Path(f"/proc/{daemon.pid}/maps").read_text()
        note(
            "idle",
            seconds=SECONDS,
            share_of_a_core_percent=round(100 * share, 3),
            resident_mb=round(resident, 1),
            first_answer_seconds=round(first_answer, 2),
        )
        assert resident <= 80
        assert "torch" not in maps
        assert share <= MOST
