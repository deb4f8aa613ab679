"""What happens between two moments: a daemon that starts meanwhile, a doctor that is killed half-way."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import shlex
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import safetensors.numpy

from photoveil.api.runtime import AlreadyRunningError, InstanceLock, Runtime
from photoveil.assistant.choices import Read, choice, write
from photoveil.doctor import CHECKS, Patient, State, examine, heartbeat, salvage
from photoveil.doctor.heartbeat import Heartbeat, Pulse
from photoveil.doctor.model import Finding
from photoveil.ledger.database import MIGRATIONS
from photoveil.paths import HOME_VARIABLE, Paths
from photoveil.protection import roster

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


@POSIX
def test_a_ledger_that_cannot_be_opened_is_not_replaced(patient: Patient) -> None:
    file = patient.paths.ledger_file
    os.mknod(file, stat.S_IFSOCK | 0o600)  # nobody can open that, as nobody can who has no right to
    finding = _found(patient, "ledger")
    assert (finding.code, finding.mend) == ("ledger_unreadable", None)
    with pytest.raises(OSError, match="unable to open"):
        salvage.mend(patient.paths)
    assert [one.name for one in file.parent.glob("*ledger*")] == [file.name]


@POSIX
def test_a_ledger_of_which_not_all_rows_can_be_written_is_not_replaced(patient: Patient) -> None:
    file = patient.paths.ledger_file
    with contextlib.closing(sqlite3.connect(file)) as ledger:
        for script in MIGRATIONS:
            ledger.executescript(script)
        rows = [(f"{number:016x}", "x" * 1000, "y", "z") for number in range(400)]
        ledger.executemany("INSERT INTO clients VALUES (?, ?, ?, ?, NULL)", rows)
        ledger.commit()
    # Text that is none, as in a damaged page; it costs its row at most.
    with contextlib.closing(sqlite3.connect(file)) as ledger:
        ledger.execute("UPDATE clients SET name = CAST(x'ff' AS TEXT) WHERE client = ?", (rows[200][0],))
        ledger.commit()
    before = file.read_bytes()

    def without_room() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        with pytest.raises(OSError, match="ledger"):
            salvage.mend(patient.paths)

    assert not _killed_at(10**9, without_room)
    assert file.read_bytes() == before
    assert "400 entries" in salvage.mend(patient.paths)
    assert _clients(file) == {row[0] for row in rows}


def test_a_daemon_that_is_just_starting_is_not_called_lost(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = patient.paths
    daemon = InstanceLock(paths.lock_file)
    daemon.acquire()
    moments = iter((lambda: _left_behind(paths), lambda: None, daemon.release))
    monkeypatch.setattr(heartbeat, "_STARTING", 100.0)
    monkeypatch.setattr("photoveil.doctor.heartbeat.time.sleep", lambda _: next(moments)())
    assert heartbeat.feel(paths).pulse is Pulse.GONE, "it was looked at again until it was clear"
    assert not list(moments)
    monkeypatch.setattr(heartbeat, "_STARTING", 0.0)
    daemon.acquire()
    assert heartbeat.feel(paths).pulse is Pulse.SILENT
    paths.runtime_file.unlink()
    assert heartbeat.feel(paths).pulse is Pulse.LOST
    daemon.release()


def test_a_process_that_began_after_the_daemon_is_not_the_daemon(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system does not tell who has a lock, as outside Linux; its number may have been given anew."""
    monkeypatch.setattr(heartbeat, "_LOCKS", patient.paths.state / "nothing")
    monkeypatch.setattr(heartbeat, "_STARTING", 0.0)
    paths = patient.paths
    daemon = InstanceLock(paths.lock_file)
    daemon.acquire()
    Runtime(pid=os.getpid(), port=9, api=1, client="0" * 16, key="AAAA").write(paths.runtime_file)
    assert heartbeat.feel(paths) == Heartbeat(Pulse.SILENT, os.getpid(), 9)
    os.utime(paths.runtime_file, (1e9, 1e9))
    assert heartbeat.feel(paths) == Heartbeat(Pulse.SILENT, None, 9)
    daemon.release()


def test_who_has_a_port_need_not_be_known(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """On macOS nobody is told of other users' programs; and the program may end while it is asked after."""

    def refused(_: str) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", refused)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        patient.paths.settings_file.write_text(f"port = {port}\n")
        finding = _found(patient, "port")
    assert finding.code == "port_taken"
    assert finding.remedy.startswith("End the other program, or run")


def test_what_was_mended_by_hand_since_the_look_is_left_alone(patient: Patient) -> None:
    settings, keys = patient.paths.settings_file, patient.paths.secrets_file
    me = roster.file_of(patient.paths.personas, "me")
    for file, check, bad, good in (
        (settings, "settings", b"port = fast\n", b"port = 50000\n"),
        (keys, "secrets", b'{"vault": "AAAA', b'{"vault": "AAAA"}'),
        (me, "personas", b"broken", safetensors.numpy.save({})),
    ):
        file.write_bytes(bad)
        file.chmod(0o600)
        finding = _found(patient, check)
        assert finding.mend is not None
        file.write_bytes(good)
        assert "can be read again" in finding.mend()
        assert file.read_bytes() == good


def test_what_is_in_the_way_is_moved_where_nothing_is(patient: Patient) -> None:
    cache = patient.paths.cache
    shutil.rmtree(cache)
    cache.write_text("now")
    cache.with_name("cache.aside").write_text("before")
    (command,) = re.findall(r"`([^`]+)`", _found(patient, "profile").remedy)
    subprocess.run(shlex.split(command), check=True)
    assert cache.with_name("cache.aside").read_text() == "before"
    assert sorted(one.read_text() for one in cache.parent.glob("cache.aside*")) == ["before", "now"]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can become another user")
def test_folders_that_root_has_made_are_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after `sudo photoveil`: nothing in them can be looked at, which is no fault of each check's."""
    user = 12345
    wanted = [
        one for one in CHECKS if one.name in ("profile", "ledger", "secrets", "personas", "vault", "clock")
    ]
    for check in wanted:
        importlib.import_module(check.module)
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv(HOME_VARIABLE, folder)
        paths = Patient().paths
        paths.prepare()
        for mine in (Path(folder), paths.config, paths.cache, paths.logs):
            os.chown(mine, user, user)

        def look() -> None:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
            first, *others = examine(Patient(), wanted)
            assert [one.code for one in first.findings] == ["profile_foreign"]
            assert f"chown -R {user} {paths.state}`" in first.findings[0].remedy
            assert {one.state for one in others} == {State.SKIPPED}

        assert not _killed_at(10**9, look)
