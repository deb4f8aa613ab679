"""A whole daemon in a process of its own, with the fast worker, to be flooded, killed and looked into."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from filelock import FileLock
from PIL import Image

from photoveil.api.client import DaemonClient, pair, paired
from photoveil.api.runtime import NotRunningError, Runtime
from photoveil.errors import PhotoveilError
from photoveil.paths import Paths

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "build" / "results" / "system.json"
_START_SECONDS = 200.0
_RUN = """
import sys
from photoveil import life
from photoveil.paths import Paths
paths = Paths.of("default")


life.run(paths, port=0, tray=False, worker_command=[sys.executable, "-m", "tests.system.fast_worker"])
"""


def photo(seed: int, size: tuple[int, int] = (48, 32), kind: str = "JPEG") -> bytes:
    """A small photo unlike any other."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).save(buffer, kind, quality=85)
    return buffer.getvalue()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def whole(file: Path) -> bool:
    """Whether a file is a complete picture."""
    try:
        with Image.open(file) as picture:
            picture.load()
    except OSError:
        return False
    return True


class System:
    """A profile and the daemon that runs on it, again and again."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.paths = Paths(
            "default", *(home / "default" / part for part in ("config", "state", "cache", "logs"))
        )
        self.process: subprocess.Popen[bytes] | None = None
        self._environment = {
            **os.environ,
            "PHOTOVEIL_HOME": str(home),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "PYTHONPATH": str(ROOT),
        }

    def settings(self, text: str) -> None:
        """What the user chose."""
        self.paths.config.mkdir(parents=True, exist_ok=True)
        self.paths.settings_file.write_text(text)

    def start(self) -> DaemonClient:
        """Start the daemon and wait for its first answer."""
        self.paths.runtime_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-c", _RUN], env=self._environment, cwd=ROOT, stderr=subprocess.PIPE
        )
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(NotRunningError):
                return self.local()
            time.sleep(0.01)
        self.process.kill()
        _, said = self.process.communicate()
        raise AssertionError(f"the daemon did not start: {said.decode()}\n{self.log()}")

    def local(self) -> DaemonClient:
        """The command line's client, proven."""
        client = DaemonClient.local(Runtime.read(self.paths.runtime_file))
        client.open()
        return client

    def browser(self) -> DaemonClient:
        """A newly paired browser."""
        local = self.local()
        code = local.call("pairing/start")["code"]
        client = pair(local.port, code, "System test", "chrome-extension://abcdefghijklmnopabcdefghijklmnop")
        local.call("pairing/confirm", accept=True)
        assert paired(client)
        return client

    def again(self, client: DaemonClient) -> DaemonClient:
        """The same browser at the daemon that runs now."""
        port = Runtime.read(self.paths.runtime_file).port
        return DaemonClient(port, client.client, client.key, client.origin)

    def kill(self) -> None:
        """The daemon dies in the middle of whatever it does."""
        assert self.process is not None
        self.process.kill()
        self.process.communicate()

    def kill_worker(self) -> bool:
        """The process that computes dies; False where there is none."""
        assert self.process is not None
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(self.process.pid).children():
                child.send_signal(signal.SIGKILL)
                return True
        return False

    def stop(self) -> int:
        """The daemon ends as it should."""
        assert self.process is not None
        self.process.terminate()
        self.process.communicate(timeout=200)
        return self.process.returncode

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Look into the ledger."""
        with contextlib.closing(sqlite3.connect(self.paths.ledger_file, timeout=20)) as connection:
            return connection.execute(query, values).fetchall()

    def log(self) -> str:
        """The daemon's log."""
        with contextlib.suppress(OSError):
            return self.paths.log_file.read_text()
        return ""

    def idle(self, seconds: float = 400.0) -> None:
        """Wait until all folders were looked through, no work is left and none came for a while."""
        calm, client = 0, self.local()
        query = "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')"
        end = time.monotonic() + seconds
        while calm < 15:
            assert time.monotonic() < end, self.log()[-4000:]
            busy = self.rows(query)[0][0] or any(
                folder["waiting"] or not folder["last_scan"] for folder in client.call("folders")["folders"]
            )
            calm = 0 if busy else calm + 1
            time.sleep(0.1)


@contextlib.contextmanager
def system(home: Path) -> Iterator[System]:
    """A profile whose daemon is gone at the end."""
    found = System(home)
    try:
        yield found
    finally:
        if found.process is not None and found.process.poll() is None:
            found.process.kill()
            found.process.communicate()


def wait_until(done: Callable[[], object], seconds: float = 300.0) -> None:
    """Wait for a condition, asking often."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def send(client: DaemonClient, data: bytes, name: str) -> str | None:
    """Upload a photo; None where the daemon was not there to take it."""
    try:
        return str(client.protect(data, name)["job"])
    except (PhotoveilError, OSError, ValueError):
        return None


def note(name: str, **facts: object) -> None:
    """Keep what a suite counted in build/results/system.json."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(RESULTS.with_suffix(".lock")):  # suites run side by side
        found: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(RESULTS.read_text())
        RESULTS.write_text(json.dumps(found | {name: facts}, indent=2, sort_keys=True) + "\n")
