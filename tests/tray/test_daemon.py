"""The whole daemon with its icon: what is clicked happens, and without a tray it works all the same."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from subprocess import Popen

import pytest
from PIL import ImageChops

from photoveil.api.client import DaemonClient
from photoveil.api.runtime import Runtime
from photoveil.tray import system_gi
from tests.tray.conftest import PANEL, Desk, spot_on, wait_for

needs_gi = pytest.mark.skipif(
    not system_gi.load(), reason="python3-gi is not installed (`make test` does it)"
)


_PATIENT = """
import sys
from photoveil.cli import main
from photoveil.tray.tray import Tray
Tray.__init__.__kwdefaults__["wait"] = 600.0
sys.exit(main(sys.argv[1:]))
"""
"""The command, waiting ten minutes for a panel."""


class Running:
    """`photoveil run`, as a session would start it."""

    def __init__(self, desk: Desk, home: Path) -> None:
        desk.environment["PHOTOVEIL_HOME"] = str(home)
        command = [sys.executable, "-c", _PATIENT, "run", "--port", "0"]
        noted = Path(desk.environment["HOME"], "daemon.txt")
        with noted.open("a") as side:
            self.process: Popen[str] = desk.start(command, stdout=side, stderr=side)
        self.file = home / "default" / "state" / "run" / "runtime.json"
        self.log = home / "default" / "logs" / "daemon.log"
        wait_for(self.file.exists, "the daemon did not start", noted=noted)
        self.client = DaemonClient.local(Runtime.read(self.file))


@needs_gi
def test_clicks_reach_the_daemon(desk: Desk, tmp_path: Path) -> None:
    desk.panel()
    daemon = Running(desk, tmp_path / "home")
    wait_for(lambda: spot_on(desk.picture()) is not None, "no icon")
    desk.stable()
    point = spot_on(desk.picture())
    assert point is not None
    ready = desk.picture().crop((0, 0, 640, PANEL))
    desk.open_menu(point)
    desk.shot("daemon-menu")
    desk.keys("Down", "Down", "Right", "Return")
    wait_for(lambda: bool(daemon.client.call("overview")["paused"]), "not paused")
    wait_for(
        lambda: bool(ImageChops.difference(desk.picture().crop((0, 0, 640, PANEL)), ready).getbbox()),
        "same icon",
    )
    daemon.client.call("resume")
    desk.stable()
    desk.open_menu(point)
    desk.keys("Up", "Return")
    assert daemon.process.wait(100) == 0
    assert not daemon.file.exists()
    wait_for(lambda: spot_on(desk.picture()) is None, "the icon is still there")


@needs_gi
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_a_daemon_with_an_icon(desk: Desk, tmp_path: Path, number: signal.Signals) -> None:
    desk.panel()
    daemon = Running(desk, tmp_path / "home")
    wait_for(lambda: spot_on(desk.picture()) is not None, "no icon")
    daemon.process.send_signal(number)
    assert daemon.process.wait(100) == 0
    assert not daemon.file.exists()


@needs_gi
def test_who_was_told_that_it_stopped_finds_no_process(desk: Desk, tmp_path: Path) -> None:
    """The icon is put away last; a package that is removed takes the daemon's files as soon as the command is done."""
    desk.panel()
    daemon = Running(desk, tmp_path / "home")
    wait_for(lambda: spot_on(desk.picture()) is not None, "no icon")
    subprocess.run(
        [sys.executable, "-m", "photoveil.cli", "stop"], env=desk.environment, check=True, timeout=100
    )
    assert daemon.process.poll() == 0


def test_a_daemon_without_a_panel_is_whole(desk: Desk, tmp_path: Path) -> None:
    """Nobody shows its icon: it answers at once and ends at once, also while it still waits for a panel."""
    daemon = Running(desk, tmp_path / "home")
    assert daemon.client.call("overview")["state"] in ("idle", "attention")
    daemon.client.call("stop")
    assert daemon.process.wait(100) == 0
    assert "Traceback" not in daemon.log.read_text()
