"""What happens between two moments: a daemon that starts meanwhile, a doctor that is killed half-way."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from photoveil.api.runtime import AlreadyRunningError, InstanceLock, Runtime
from photoveil.assistant.choices import Read, choice, write
from photoveil.doctor import CHECKS, Patient, examine, heartbeat, salvage
from photoveil.doctor.model import Finding
from photoveil.ledger.database import MIGRATIONS
from photoveil.paths import HOME_VARIABLE, Paths

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no locks that can be shared")


@pytest.fixture
def patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Patient:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    found = Patient()
    found.paths.prepare()
    return found


def _found(patient: Patient, check: str) -> Finding:
    (result,) = examine(patient, [one for one in CHECKS if one.name == check])
    (finding,) = result.findings
    return finding


def _left_behind(paths: Paths) -> None:
    """The runtime file of a daemon that was killed; nobody listens where it did."""
    Runtime(pid=4_000_000, port=9, api=1, client="0" * 16, key="AAAA").write(paths.runtime_file)


@POSIX
def test_whoever_asks_after_the_lock_keeps_no_daemon_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    file = tmp_path / "lock"
    lock, asking = InstanceLock(file), InstanceLock(file)
    assert not asking.is_held()
    assert not file.exists(), "asking leaves nothing behind"
    lock.acquire()
    assert asking.is_held()
    lock.release()
    with file.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_SH)  # as who asks does
        assert not asking.is_held(), "two who ask take each other for no daemon"
        monkeypatch.setattr("photoveil.api.runtime.time.sleep", lambda _: None)
        with pytest.raises(AlreadyRunningError):
            lock.acquire()  # who would ask for ever is no asker
        monkeypatch.setattr("photoveil.api.runtime.time.sleep", lambda _: fcntl.flock(other, fcntl.LOCK_UN))
        lock.acquire()
        assert asking.is_held()
        lock.release()


def test_a_daemon_that_started_after_the_look_stays_to_be_found(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photoveil.api.runtime.time.sleep", lambda _: None)
    paths = patient.paths
    _left_behind(paths)
    finding = _found(patient, "daemon")
    assert finding.code == "daemon_gone"
    assert finding.mend is not None
    daemon = InstanceLock(paths.lock_file)
    daemon.acquire()
    assert "runs again" in finding.mend()
    assert paths.runtime_file.exists()
    daemon.release()
    assert "cleared away" in finding.mend()
    assert not paths.runtime_file.exists()
    assert not daemon.is_held()


def test_a_process_is_named_only_if_it_has_this_very_lock(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers of files are the same again on other drives."""
    file = patient.paths.lock_file
    lock = InstanceLock(file)
    lock.acquire()
    assert heartbeat.holder(file) == os.getpid()
    number = file.stat().st_ino
    told = f"1: FLOCK  ADVISORY  WRITE 1 00:01:{number} 0 EOF\n1: -> FLOCK  ADVISORY  WRITE 1 00:01:{number} 0 EOF\n"
    strangers = patient.paths.state / "locks"
    strangers.write_text(told + Path("/proc/locks").read_text("ascii"))
    monkeypatch.setattr(heartbeat, "_LOCKS", strangers)
    assert heartbeat.holder(file) == os.getpid()
    strangers.write_text(told)
    assert heartbeat.holder(file) is None
    lock.release()


def _killed_at(step: int, work: Callable[[], object]) -> bool:
    """Do the work in a process that is ended before it renames, links or removes for the ``step``-th time.

    Answers whether it came so far.
    """
    steps = {"os.rename", "os.remove", "os.link"}
    left = step

    def count(event: str, _: object) -> None:
        nonlocal left
        left -= event in steps
        if not left:
            os._exit(9)

    child = os.fork()
    if not child:
        sys.addaudithook(count)
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9)
    return status == 9


def _log_left_over(file: Path) -> set[str]:
    """A ledger whose last rows are in the write-ahead log alone, as a daemon leaves it that is killed."""
    names = {f"{number:016x}" for number in range(300)}

    def fill() -> None:
        ledger = sqlite3.connect(file)
        ledger.execute("PRAGMA journal_mode = WAL")
        for script in MIGRATIONS:
            ledger.executescript(script)
        ledger.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        ledger.execute("PRAGMA wal_autocheckpoint = 0")
        ledger.executemany("INSERT INTO clients VALUES (?, 'x', 'y', 'z', NULL)", [(name,) for name in names])
        ledger.commit()
        os._exit(9)

    assert _killed_at(10**9, fill)
    assert file.with_name(f"{file.name}-wal").stat().st_size > 10_000
    return names


def _clients(file: Path) -> set[str]:
    with contextlib.closing(sqlite3.connect(file)) as ledger:
        try:
            return {str(row[0]) for row in ledger.execute("SELECT client FROM clients")}
        except sqlite3.OperationalError:  # an empty file
            return set()


@POSIX
def test_a_doctor_killed_while_it_mends_the_ledger_costs_no_row(patient: Patient, tmp_path: Path) -> None:
    file = patient.paths.ledger_file
    names = _log_left_over(tmp_path / file.name)
    for step in range(1, 100):
        for one in file.parent.glob("*ledger*"):
            one.unlink()
        for ending in ("", "-wal", "-shm"):
            shutil.copyfile(tmp_path / (file.name + ending), file.with_name(file.name + ending))
        killed = _killed_at(step, lambda: salvage.mend(patient.paths))
        found = _clients(file)  # as the next start opens it
        if not killed:
            break
        for kept in file.parent.glob(f"{file.name}.aside-*"):
            if not kept.name.endswith(("-wal", "-shm")):
                found |= _clients(kept)
        assert found == names, f"killed before step {step}"
    assert step > 10
    assert found == names


@POSIX
def test_a_doctor_killed_while_it_mends_private_places_forgets_none(patient: Patient) -> None:
    file = patient.paths.assistant_choices
    kept = choice("0" * 64, [{"kind": "chosen", "box": [0.1, 0.1, 0.5, 0.5], "hidden": True}])
    for step in range(1, 20):
        write(file, [kept])
        damaged = file.read_bytes() + b'{"photo":"1111","regio'
        file.write_bytes(damaged)
        finding = _found(patient, "regions")
        assert finding.mend is not None
        killed = _killed_at(step, finding.mend)
        now, asides = Read.of(file), file.parent.glob(f"{file.name}.aside-*")
        assert now.known == {kept.photo: kept}, f"killed before step {step}"
        assert not now.whole or damaged in [one.read_bytes() for one in asides]
        if not killed:
            break
    assert step > 2
    assert now.whole
