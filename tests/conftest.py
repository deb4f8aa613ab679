"""No test may touch the keyring of the person who runs it, and tests share their cores with others."""

from __future__ import annotations

import atexit
import itertools
import os
import tempfile
from collections import defaultdict
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
# Nor is anything entered into what starts when whoever runs this logs in.
_desktop = tempfile.TemporaryDirectory(prefix="photoveil-desktop-")
atexit.register(_desktop.cleanup)
os.environ["XDG_CONFIG_HOME"] = _desktop.name
# Nor do model sets count that somebody has fetched: nothing ever lies here.
os.environ.setdefault("PHOTOVEIL_MODELS", str(Path(__file__).with_name("no-models")))
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if "PYTEST_XDIST_WORKER" in os.environ:
    # There is a process for every core: threads of torch would only wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long an example takes, or takes to be drawn, is for the machine to say, and for what else it does. On several
# processes examples are the same every time: what `make test` says is about the code. Who runs a file gets new ones.
settings.register_profile(
    "unhurried",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="PYTEST_XDIST_WORKER" in os.environ,
)
settings.load_profile("unhurried")

LONGEST = (
    "lab/test_floor.py",
    "archive/test_runs.py",
    "archive/test_cluster.py",
    "cli/test_personas.py",
    "system/test_crashes.py",
    "system/test_command_line.py",
    "protection/test_engine.py",
    "lab/test_real_vlm.py",
    "lab/test_starters.py",
    "lab/test_affiliation.py",
    "worker/test_assist.py",
    "lab/test_mmguard.py",
    "seal/test_seal.py",
    "audit/test_planted.py",
    "installers/test_linux.py",
    "protection/test_delivery.py",
    "tray/test_desktop.py",
    "lab/test_readers.py",
    "lab/test_performance.py",
    "protection/test_portrait.py",
    "lab/test_attackers.py",
    "fitting/test_for_real.py",
    "doctor/test_living.py",
    "doctor/test_parts.py",
    "doctor/test_report.py",
    "doctor/test_files.py",
    "worker/test_unlearn.py",
    "unlearnable/test_vlm.py",
    "installers/test_setup.py",
    "installers/test_windows.py",
    "installers/test_release.py",
    "lab/test_authorised_fusion.py",
    "protection/test_personas.py",
    "models/test_towers.py",
    "protection/test_wearing.py",
    "cli/test_protect.py",
    "system/test_demo.py",
    "worker/test_ladder.py",
    "assistant/test_lab.py",
    "protection/test_grade.py",
    "protection/test_headline.py",
    "archive/test_placing.py",
    "archive/test_batch.py",
    "cli/test_daily.py",
    "system/test_idle.py",
    "lab/test_headline.py",
    "models/test_pull.py",
    "models/test_sets.py",
    "fitting/test_download.py",
    "worker/test_worker.py",
    "worker/test_studio.py",
    "system/test_floods.py",
    "system/test_disks.py",
    "api/test_fuzz.py",
    "api/test_hostile.py",
    "api/test_daemon.py",
    "keys/test_sessions.py",
    "watching/test_watching.py",
    "watching/test_crashes.py",
    "ledger/test_photos.py",
    "ledger/test_vault_crash.py",
    "photos/test_round_trip.py",
)
"""Files that take longest, in this order: begun last, one of them would keep one process busy while all others rest.

What they took is told at the end of every run on several processes.
"""
_TOLD = 20


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files; the order of all others, and that within a file, stays."""
    here = Path(__file__).parent
    rank = {here / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """After a run on several processes, the seconds that the longest files took: what `LONGEST` should say."""
    if not getattr(terminalreporter.config.option, "numprocesses", None):
        return
    seconds: defaultdict[str, float] = defaultdict(float)
    for report in itertools.chain.from_iterable(terminalreporter.stats.values()):
        if isinstance(report, pytest.TestReport):
            seconds[report.nodeid.partition("::")[0]] += report.duration
    terminalreporter.section("longest files")
    for file, took in sorted(seconds.items(), key=itemgetter(1), reverse=True)[:_TOLD]:
        terminalreporter.write_line(f"{took:7.1f}s {file}")
