"""No test may touch the keyring of the person who runs it, and tests share their cores with others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
# Nor do model sets count that somebody has fetched: nothing ever lies here.
os.environ.setdefault("PHOTOVEIL_MODELS", str(Path(__file__).with_name("no-models")))
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if "PYTEST_XDIST_WORKER" in os.environ:
    # There is a process for every core: threads of torch would only wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long an example takes is for the machine to say, and for what else it does.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

LONGEST = (
    "lab/test_affiliation.py",
    "cli/test_personas.py",
    "lab/test_attackers.py",
    "lab/test_starters.py",
    "protection/test_engine.py",
    "system/test_crashes.py",
    "lab/test_real_vlm.py",
    "archive/test_cluster.py",
    "archive/test_runs.py",
    "system/test_command_line.py",
    "protection/test_wearing.py",
    "protection/test_portrait.py",
    "lab/test_readers.py",
    "cli/test_protect.py",
    "tray/test_desktop.py",
    "system/test_demo.py",
    "api/test_fuzz.py",
    "api/test_hostile.py",
    "system/test_idle.py",
    "api/test_daemon.py",
    "protection/test_grade.py",
    "keys/test_sessions.py",
    "cli/test_daily.py",
    "lab/test_headline.py",
    "watching/test_watching.py",
    "protection/test_personas.py",
    "ledger/test_vault_crash.py",
)
"""Files that take longest, in this order: begun last, one of them would keep one process busy while all others rest."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files; the order of all others, and that within a file, stays."""
    here = Path(__file__).parent
    rank = {here / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))
