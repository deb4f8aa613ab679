"""The ladder on a real D-Bus, with a real GNOME Keyring: unlocked, locked, absent, late, hanging.

Every answer must come, with the loop free all the while: ``Visitor.ask`` sees to that.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("D-Bus and GNOME Keyring are found on Linux", allow_module_level=True)
pytest.importorskip("secretstorage")

from tests.keys.session import PATIENCE, ROOT, TIMEOUT, Session, end, session

PROGRAMS = {"dbus-daemon": "dbus", "gnome-keyring-daemon": "gnome-keyring"}


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    """Have the programs, installing them where that is possible."""
    missing = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    if missing:
        installer = ROOT / "installers/linux/system-packages.sh"
        done = subprocess.run([installer, *missing], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"{' and '.join(missing)} cannot be installed here: {done.stderr.strip()[-200:]}")


@pytest.fixture
def desktop() -> Iterator[Session]:
    # Not pytest's folder: the path of a socket may have 107 characters.
    with tempfile.TemporaryDirectory(prefix="photoveil-keys-") as home, session(Path(home)) as found:
        yield found


def listed(desktop: Session) -> dict[str, str | None]:
    found: dict[str, str | None] = json.loads(desktop.secrets.read_text())
    return found


def test_unlocked(desktop: Session) -> None:
    desktop.bus()
    desktop.keyring(unlocked=True)
    visitor = desktop.visitor()
    assert visitor.ask("rung") == "keyring"
    assert visitor.ask("put vault") == "keyring"
    assert visitor.ask("get vault") == "vault"
    assert visitor.ask("get nobody") is None
    assert listed(desktop) == {"vault": None}
    later = desktop.visitor()
    assert later.ask("get vault") == "vault"


def test_locked_without_a_display_then_unlocked(desktop: Session) -> None:
    desktop.bus()
    first = desktop.keyring(unlocked=True)
    assert desktop.visitor().ask("put old") == "keyring"
    end(first)
    desktop.keyring(unlocked=False)
    visitor = desktop.visitor(TIMEOUT)  # it asks for the password, where nobody sees it
    assert visitor.ask("rung") == "file"
    assert visitor.ask("get old") == "error: keyring_away"
    assert visitor.ask("look") == "file"
    assert visitor.ask("put new") == "file"
    visitor.wait(PATIENCE)
    desktop.unlock()
    visitor.eventually("rung", "keyring")
    visitor.eventually("where new", "keyring")
    assert (visitor.ask("get old"), visitor.ask("get new")) == ("old", "new")
    assert listed(desktop) == {"old": None, "new": None}


def test_locked_while_in_use(desktop: Session) -> None:
    desktop.bus()
    first = desktop.keyring(unlocked=True)
    visitor = desktop.visitor()
    assert visitor.ask("put a") == "keyring"
    end(first)
    desktop.keyring(unlocked=False)
    visitor.wait(TIMEOUT)
    assert visitor.ask("get a") == "error: keyring_away"
    assert visitor.ask("put b") == "file"
    visitor.wait(PATIENCE)
    desktop.unlock()
    visitor.eventually("where b", "keyring")
    assert visitor.ask("get a") == "a"


@pytest.mark.parametrize("address", [None, "unix:path=/nonexistent/bus", "nonsense"])
def test_no_bus(desktop: Session, address: str | None) -> None:
    desktop.address = address
    visitor = desktop.visitor()
    assert visitor.ask("rung") == "file"
    assert visitor.ask("put a") == "file"
    assert visitor.ask("get a") == "a"
    assert visitor.ask("look") == "file"


def test_a_bus_and_a_keyring_that_come_later(desktop: Session) -> None:
    visitor = desktop.visitor()
    assert visitor.ask("put a") == "file"
    desktop.bus()
    assert visitor.ask("look") == "file"
    desktop.keyring(unlocked=True)
    visitor.eventually("rung", "keyring")
    visitor.eventually("where a", "keyring")
    assert visitor.ask("get a") == "a"


def test_a_keyring_never_set_up_is_not_set_up_unasked(desktop: Session) -> None:
    """It would ask for a new password."""
    desktop.bus()
    desktop.keyring(unlocked=False)
    visitor = desktop.visitor()
    assert visitor.ask("rung") == "file"
    assert visitor.ask("put a") == "file"
    assert not list((desktop.home / "data").rglob("*.keyring"))


def test_a_service_that_never_answers(desktop: Session) -> None:
    desktop.bus()
    desktop.silent_service()
    visitor = desktop.visitor(TIMEOUT)
    assert visitor.ask("rung") == "file"
    assert visitor.ask("put a") == "file"
    assert visitor.ask("get a") == "a"
    assert visitor.ask("look") == "file"


def test_a_bus_that_never_answers(desktop: Session) -> None:
    desktop.silent_socket()
    visitor = desktop.visitor(TIMEOUT)
    assert visitor.ask("put a") == "file"
    assert visitor.ask("get a") == "a"


def test_a_keyring_that_hangs_and_wakes(desktop: Session) -> None:
    desktop.bus()
    keyring = desktop.keyring(unlocked=True)
    visitor = desktop.visitor()
    assert visitor.ask("put a") == "keyring"
    keyring.send_signal(signal.SIGSTOP)
    visitor.wait(TIMEOUT)
    assert visitor.ask("get a") == "error: keyring_away"
    assert visitor.ask("put b") == "file"
    visitor.wait(PATIENCE)
    keyring.send_signal(signal.SIGCONT)
    visitor.eventually("rung", "keyring")
    visitor.eventually("where b", "keyring")
    assert (visitor.ask("get a"), visitor.ask("get b")) == ("a", "b")


def test_a_keyring_that_hangs_from_the_start(desktop: Session) -> None:
    desktop.bus()
    keyring = desktop.keyring(unlocked=True)
    keyring.send_signal(signal.SIGSTOP)
    visitor = desktop.visitor(TIMEOUT)
    assert visitor.ask("put a") == "file"
    visitor.wait(PATIENCE)
    keyring.send_signal(signal.SIGCONT)
    visitor.eventually("where a", "keyring")
