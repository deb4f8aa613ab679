"""A profile of its own and its daemon, as a user would run it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from photoveil.api.client import DaemonClient
from photoveil.api.runtime import Runtime
from photoveil.cli import main

COMMAND = [sys.executable, "-P", "-m", "photoveil.cli"]


@dataclass
class House:
    """A profile; commands run in ``folder``."""

    folder: Path
    environment: dict[str, str]

    def run(self, *arguments: str, typed: str = "", code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """A command as a user types it, in this process to save its start; by default it must succeed."""
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, self.environment, clear=True),
            contextlib.chdir(self.folder),
            mock.patch.object(sys, "stdin", io.StringIO(typed)),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                status = int(main(arguments))
            except SystemExit as ended:  # how argparse refuses
                status = int(ended.code or 0)
        found = subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())
        assert code is None or status == code, found
        return found

    def process(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """A command in a process of its own."""
        found = subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert found.returncode == code, found
        return found

    def json(self, *arguments: str, code: int | None = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code).stdout)

    def said(self, *arguments: str) -> str:
        return self.run(*arguments).stdout

    def refused(self, *arguments: str, code: int = 1) -> str:
        return self.run(*arguments, code=code).stderr

    def path(self, *parts: str) -> Path:
        """A file of the profile."""
        return Path(self.environment["PHOTOVEIL_HOME"], "default", *parts)

    def client(self) -> DaemonClient:
        return DaemonClient.local(Runtime.read(self.path("state", "run", "runtime.json")))

    @contextlib.contextmanager
    def daemon(self) -> Iterator[DaemonClient]:
        file = self.path("state", "run", "runtime.json")
        quiet = {"stderr": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        command = [*COMMAND, "run", "--no-tray", "--port", "0"]
        with subprocess.Popen(command, env=self.environment, **quiet) as daemon:  # type: ignore[call-overload]
            try:
                while not file.exists():
                    assert daemon.poll() is None, "the daemon did not start"
                    time.sleep(0.02)
                yield self.client()
            finally:
                daemon.terminate()


def make(folder: Path, models: Path) -> House:
    folder.mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "PHOTOVEIL_HOME": str(folder / "home"),
        "PHOTOVEIL_MODELS": str(models),
        "PYTHONIOENCODING": "utf-8",
    }
    return House(folder, environment)


def wait_for(condition: Any, otherwise: str, seconds: float = 200.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, otherwise
        time.sleep(0.1)
    return found
