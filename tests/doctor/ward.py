"""A profile to break, a doctor to ask, and hands that do what a remedy says."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from photoveil.api.client import DaemonClient
from photoveil.errors import PhotoveilError
from tests.cli.house import COMMAND, House, make, wait_for

Finding = dict[str, Any]
_COMMANDS = re.compile(r"`([^`]+)`")


class Ward:
    """A house whose faults are looked for by `photoveil doctor`."""

    def __init__(self, folder: Path) -> None:
        self.house: House = make(folder, folder / "models")
        self.house.environment |= {
            "XDG_CONFIG_HOME": str(folder / "xdg"),
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        }
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Ward:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def findings(self, check: str, *more: str, code: int | None = None) -> list[Finding]:
        """What the doctor finds when it makes one check, by the command."""
        (result,) = self.house.json("doctor", "--only", check, *more, code=code)["checks"]
        return list(result["findings"])

    def found(self, check: str, code: str, weight: str = "problem") -> Finding:
        """The one finding, which must be this one."""
        findings = self.findings(check, code=1 if weight == "problem" else 0)
        assert [(one["code"], one["weight"]) for one in findings] == [(code, weight)], findings
        (finding,) = findings
        assert all(finding[part] for part in ("title", "reason", "remedy"))
        assert "\n" not in finding["remedy"], "a remedy is one line"
        return finding

    def well(self, check: str) -> None:
        """Nothing is left to find."""
        assert self.findings(check, code=0) == []

    def follow(self, finding: Finding, first: int = 0, last: int | None = None) -> None:
        """Type the commands that a remedy names, one after another."""
        for command in _COMMANDS.findall(finding["remedy"])[first:last]:
            self.type(command)

    def type(self, command: str) -> None:
        """What a user types. The daemon goes on running in the background, without a screen, on any port."""
        words = shlex.split(command)
        if words[:2] == ["photoveil", "run"]:
            self.start(*words[2:])
        elif words[0] == "photoveil":
            self.house.run(*words[1:])
        else:
            subprocess.run(words, env=self.house.environment, check=True, timeout=300, capture_output=True)

    def start(self, *options: str, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Run the daemon until the test ends; it answers."""
        command = [*COMMAND, "run", "--no-tray", "--port", "0", *options]
        quiet = subprocess.DEVNULL
        daemon = subprocess.Popen(
            command, env=environment or self.house.environment, stdout=quiet, stderr=quiet
        )
        self._stack.callback(_end, daemon)
        wait_for(lambda: self._answers(daemon), "the daemon does not answer")
        return daemon

    def client(self) -> DaemonClient:
        return self.house.client()

    def _answers(self, daemon: subprocess.Popen[bytes]) -> bool:
        assert daemon.poll() is None, "the daemon did not start"
        try:
            return bool(self.client().call("overview"))
        except (PhotoveilError, OSError, ValueError):
            return False

    def settings(self, text: str) -> Path:
        file = self.house.path("config", "settings.toml")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file


def _end(daemon: subprocess.Popen[bytes]) -> None:
    if daemon.poll() is None:
        daemon.send_signal(signal.SIGCONT)
        daemon.terminate()
    daemon.wait(200)


@contextlib.contextmanager
def drive(place: Path, size: str = "4m") -> Iterator[Path]:
    """A small file system; the test is skipped where nothing can be mounted."""
    import pytest

    place.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
