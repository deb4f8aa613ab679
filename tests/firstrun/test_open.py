"""`photoveil open` and `run --login`: real processes, and a browser that writes down what it is shown."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from photoveil.api.client import DaemonClient, sign_in
from photoveil.api.runtime import Runtime

COMMAND = [sys.executable, "-P", "-m", "photoveil.cli"]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the browser is a shell script")


def wait_for(there: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 60
    while not there():
        assert time.monotonic() < end, what
        time.sleep(0.05)


class Desk:
    """A user's session: programs started in it, and what their browser was shown."""

    def __init__(self, folder: Path) -> None:
        self.seen = folder / "seen"
        browser = folder / "browser"
        browser.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$1\" >> '{self.seen}'\n")
        browser.chmod(0o755)
        self.home = folder / "home"
        self.environment = {
            **os.environ,
            "PHOTOVEIL_HOME": str(self.home),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "BROWSER": str(browser),
        }
        for name in ("DISPLAY", "WAYLAND_DISPLAY"):
            self.environment.pop(name, None)
        # Kept from others for the daemon, which may listen there all the same as long as nobody does.
        self.port = socket.socket()
        self.port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.port.bind(("127.0.0.1", 0))
        self.settings(f"port = {self.port.getsockname()[1]}\n")
        self.processes: list[subprocess.Popen[str]] = []

    def settings(self, text: str) -> None:
        file = self.home / "default" / "config" / "settings.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            env=self.environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def ends(self, *arguments: str) -> tuple[int, str]:
        process = self.start(*arguments)
        _, told = process.communicate(timeout=60)
        return process.returncode, told

    def shown(self) -> list[str]:
        return self.seen.read_text().split("\n")[:-1] if self.seen.exists() else []

    def places(self) -> list[str]:
        """The page of each address, without the code."""
        return [address.partition("#once=")[2].partition("/")[2] for address in self.shown()]

    def daemon(self) -> DaemonClient:
        file = self.home / "default" / "state" / "run" / "runtime.json"
        wait_for(file.exists, "no daemon")
        return DaemonClient.local(Runtime.read(file))

    def stop(self, process: subprocess.Popen[str]) -> None:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(tmp_path)
    yield found
    for process in found.processes:
        process.kill()
        process.communicate()
    found.port.close()


def test_an_icon_opens_what_there_is_to_see(desk: Desk) -> None:
    """The first click starts the daemon and the first run, the next ones find both; afterwards it is the dashboard."""
    first = desk.start("open", "--no-tray")
    wait_for(lambda: len(desk.shown()) == 1, "nothing was opened")
    page = sign_in(desk.shown()[0].removesuffix("/welcome"))
    assert page.call("welcome")["done"] is False
    assert desk.ends("open") == (0, "")
    page.call("welcome/done")
    assert desk.ends("open") == (0, "")
    assert desk.places() == ["welcome", "welcome", ""]
    assert first.poll() is None
    code, told = desk.ends("run", "--login")
    assert (code, "running already" in told) == (0, True)
    assert desk.ends("run")[0] == 1
    desk.stop(first)
    again = desk.start("open", "--no-tray")
    wait_for(lambda: len(desk.shown()) == 4, "nothing was opened")
    assert desk.places()[-1] == ""
    desk.stop(again)


def test_a_login_opens_the_first_run_once(desk: Desk) -> None:
    first = desk.start("run", "--login", "--no-tray")
    wait_for(lambda: len(desk.shown()) == 1, "nothing was opened")
    assert desk.places() == ["welcome"]
    desk.stop(first)
    second = desk.start("run", "--login", "--no-tray")
    assert desk.daemon().call("overview")["welcome_done"] is False
    desk.stop(second)
    assert desk.places() == ["welcome"], "nobody is pressed at every login"


def test_two_clicks_at_once_start_one_daemon(desk: Desk) -> None:
    both = [desk.start("open", "--no-tray") for _ in range(2)]
    wait_for(lambda: len(desk.shown()) == 2, "not both opened something")
    wait_for(lambda: any(process.poll() is not None for process in both), "both are daemons")
    ended, daemon = sorted(both, key=lambda process: process.poll() is None)
    assert ended.returncode == 0
    assert daemon.poll() is None
    assert desk.places() == ["welcome", "welcome"]
    desk.stop(daemon)


def test_without_a_screen_nothing_takes_the_terminal_over(desk: Desk) -> None:
    del desk.environment["BROWSER"]
    process = desk.start("open", "--no-tray")
    client = desk.daemon()
    assert client.call("overview")["welcome_done"] is False
    code, told = desk.ends("open")
    assert code == 0
    assert "No browser could be started" in told
    desk.stop(process)
    assert process.stderr is not None
    assert "There is no screen here" in process.stderr.read()


def test_what_keeps_it_from_starting_is_shown(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        desk.settings(f"port = {taken.getsockname()[1]}\n")
        code, told = desk.ends("open", "--no-tray")
    assert code == 1
    assert "cannot be reached by browsers" in told
    page = Path(unquote(urlsplit(desk.shown()[0]).path)).read_text()
    assert "Photoveil cannot be reached by browsers" in page
    assert "What to do:" in page
