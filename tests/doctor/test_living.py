"""Faults in what runs: daemon, ports, browsers, keyring, desktop. Each is made, found, and gone after its remedy."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import photoveil
from photoveil.api.client import pair, paired
from tests.cli.house import COMMAND, wait_for
from tests.doctor.ward import Finding, Ward
from tests.keys.session import session
from tests.tray.conftest import Desk

ROOT = Path(__file__).parents[2]
ORIGIN = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="this is about Linux")


def test_a_daemon_that_is_absent_gone_silent_or_lost(ward: Ward) -> None:
    ward.follow(ward.found("daemon", "daemon_absent"))
    ward.well("daemon")

    pid = _pid(ward)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: ward.findings("daemon"), "nobody noticed")
    ward.follow(ward.found("daemon", "daemon_gone"))
    ward.well("daemon")

    pid = _pid(ward)
    os.kill(pid, signal.SIGSTOP)
    finding = ward.found("daemon", "daemon_silent")
    assert f"`kill -9 {pid}`" in finding["remedy"]
    ward.follow(finding)
    ward.well("daemon")

    ward.house.path("state", "run", "runtime.json").unlink()
    ward.follow(ward.found("daemon", "daemon_lost"))
    ward.well("daemon")


def _pid(ward: Ward) -> int:
    return int(json.loads(ward.house.path("state", "run", "runtime.json").read_text())["pid"])


def test_a_daemon_of_another_version(ward: Ward, tmp_path: Path) -> None:
    package = tmp_path / "older" / "photoveil"
    shutil.copytree(
        Path(photoveil.__file__).parent,
        package,
        copy_function=os.symlink,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (package / "__init__.py").unlink()
    (package / "__init__.py").write_text('__version__ = "0.0.9"\n')
    ward.start(environment={**ward.house.environment, "PYTHONPATH": str(package.parent)})
    finding = ward.found("versions", "version_mismatch")
    assert "0.0.9" in finding["reason"]
    ward.follow(finding)
    ward.well("versions")


_LISTEN = """
import socket, time
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
time.sleep(300)
"""


def test_a_port_that_another_program_has(ward: Ward) -> None:
    with subprocess.Popen([sys.executable, "-c", _LISTEN], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())
        ward.settings(f"port = {port}\n")
        finding = ward.found("port", "port_taken")
        assert f"`kill {other.pid}`" in finding["remedy"]
        ward.follow(finding, last=1)
        assert other.wait(100) == -signal.SIGTERM
    ward.well("port")


_OCCUPIED = """
import contextlib, json, os, socket
from photoveil.doctor import CHECKS, Patient, examine

def look():
    (result,) = examine(Patient(), [check for check in CHECKS if check.name == "port"])
    return [finding.as_dict() for finding in result.findings]

with contextlib.ExitStack() as stack:
    for port in range(47610, 47615):
        stack.enter_context(socket.create_server(("127.0.0.1", port)))
    taken = look()
print(json.dumps([os.getpid(), taken, look()]))
"""


def test_all_five_ports_taken(ward: Ward) -> None:
    alone = [sys.executable, str(ROOT / "tests" / "alone.py")]
    if subprocess.run(alone, check=False).returncode:
        pytest.skip("there can be no network of our own here, and the ports may be in use")
    command = [*alone, sys.executable, "-P", "-c", _OCCUPIED]
    done = subprocess.run(
        command, env=ward.house.environment, capture_output=True, text=True, timeout=300, check=True
    )
    pid, (finding,), left = json.loads(done.stdout)
    assert finding["code"] == "port_taken"
    assert "47610 to 47614" in finding["reason"]
    assert f"`kill {pid}`" in finding["remedy"]
    assert left == []


def test_a_port_where_no_browser_looks(ward: Ward) -> None:
    ward.start()  # on any port
    assert "47610" in ward.found("port", "port_unusual", "advice")["reason"]


def test_browsers_that_never_came_stayed_away_or_lost_their_key(ward: Ward) -> None:
    never = ward.found("browser", "browser_never")
    ward.start()
    assert ward.found("browser", "browser_never")["remedy"] == never["remedy"]
    client = _paired(ward, never)
    ward.well("browser")
    ward.well("secrets")

    # The key is lost: as after a restored backup without the file of keys.
    secrets = ward.house.path("state", "secrets.json")
    secrets.write_text(json.dumps({}))
    keyless = ward.found("secrets", "browser_keyless")
    assert client in keyless["remedy"]
    ward.follow(keyless, last=1)  # disconnect it
    _paired(ward, keyless)
    ward.well("secrets")
    ward.well("browser")

    _rows(
        ward,
        "UPDATE clients SET created = '2020-01-01T00:00:00+00:00', last_used = '2020-01-02T00:00:00+00:00'",
    )
    away = ward.found("browser", "browser_away", "advice")
    assert "2020-01-02" in away["reason"]
    _paired(ward, away)
    ward.well("browser")


def _paired(ward: Ward, finding: Finding) -> str:
    """Do what a remedy says about `photoveil pair`, with somebody at the terminal and a browser that knows the code."""
    assert "`photoveil pair`" in finding["remedy"]
    command = [*COMMAND, "pair", "--yes"]
    with subprocess.Popen(command, env=ward.house.environment, stdout=subprocess.PIPE, text=True) as pairing:
        assert pairing.stdout is not None
        code = next(line.strip() for line in pairing.stdout if re.fullmatch(r"\s+(\w{4} ){3}\w{4}\s+", line))
        client = pair(ward.client().port, code, "Chromium", ORIGIN)
        assert "Connected." in pairing.stdout.read()
    assert paired(client)
    return client.client


def _rows(ward: Ward, statement: str) -> None:
    import sqlite3

    with contextlib.closing(sqlite3.connect(ward.house.path("state", "ledger.sqlite3"))) as ledger:
        ledger.execute(statement)
        ledger.commit()


@LINUX
@pytest.mark.skipif(shutil.which("gnome-keyring-daemon") is None, reason="no keyring to lock")
def test_a_keyring_that_is_absent_locked_or_silent(ward: Ward, tmp_path: Path) -> None:
    home = tmp_path / "session"
    home.mkdir()
    secrets = ward.house.path("state", "secrets.json")
    secrets.parent.mkdir(parents=True)
    secrets.write_text(json.dumps({"vault": None}))  # “the keyring has it”
    with session(home) as desktop:
        ward.house.environment |= {
            name: value
            for name, value in desktop.environment().items()
            if name in ("HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")
        }
        ward.house.environment.pop("PYTHON_KEYRING_BACKEND", None)
        desktop.bus()
        assert "apt install gnome-keyring" in ward.found("keyring", "keyring_absent")["remedy"]
        keyring = desktop.keyring(unlocked=True)
        ward.well("keyring")
        keyring.kill()
        keyring.wait()
        desktop.keyring(unlocked=False)
        finding = ward.found("keyring", "keyring_locked")
        assert "unlock “Login”" in finding["remedy"]
        desktop.unlock()
        ward.well("keyring")


_LIMITED = """
import json, os, subprocess, sys
from pathlib import Path
from photoveil.doctor import CHECKS, Patient, examine

check = [one for one in CHECKS if one.name == "inotify"]

def look():
    (result,) = examine(Patient(), check)
    return [finding.as_dict() for finding in result.findings]

Path("/proc/sys/user/max_inotify_instances").write_text("0")
(finding,) = look()
command = finding["remedy"].split("`")[1]
subprocess.run(command.split(), check=True, stdout=subprocess.DEVNULL)
print(json.dumps([finding, look()]))
"""


@LINUX
def test_inotify_limits(ward: Ward, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    ward.house.run("folders", "add", str(photos))
    ward.well("inotify")
    command = ["unshare", "-Ur", sys.executable, "-P", "-c", _LIMITED]
    done = subprocess.run(
        command, env=ward.house.environment, capture_output=True, text=True, timeout=300, check=False
    )
    if "unshare" in done.stderr and done.returncode:
        pytest.skip("user namespaces are not allowed here")
    assert done.returncode == 0, done.stderr
    finding, left = json.loads(done.stdout)
    assert (finding["code"], finding["weight"]) == ("inotify_limit", "problem")
    assert "user.max_inotify_instances" in finding["remedy"]
    assert left == []


@LINUX
def test_a_desktop_without_a_place_for_the_icon(ward: Ward, desk: Desk) -> None:
    ward.house.environment |= {
        name: desk.environment[name] for name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS")
    }
    finding = ward.found("tray", "tray_no_host", "advice")
    assert "`trayer &`" in finding["remedy"]
    desk.panel()  # a trayer
    ward.well("tray")


def test_without_a_desktop_there_is_a_note_and_no_blame(ward: Ward) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        ward.house.environment.pop(name, None)
    (finding,) = ward.findings("tray", code=0)
    assert (finding["code"], finding["weight"]) == ("tray_no_screen", "note")


def test_a_free_port_is_no_finding(ward: Ward) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    ward.settings(f"port = {port}\n")
    ward.well("port")
