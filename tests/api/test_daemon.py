"""The daemon as a process of its own: its files, its size, its end, and what a kill leaves behind."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from photoveil.api.client import DaemonClient, ImpostorError, pair
from photoveil.api.runtime import NotRunningError, Runtime
from photoveil.api.server import FALLBACKS, NoPortError, bind
from photoveil.settings import DEFAULT_PORT
from tests.api.house import ORIGIN, PATIENCE

PORTRAIT = Path(__file__).parents[2] / "lab" / "photos" / "eileen_collins.jpg"
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


class Running:
    """A daemon process."""

    def __init__(self, home: Path, profile: str = "default") -> None:
        self.state = home / profile / "state"
        self.cache = home / profile / "cache"
        self.file = self.state / "run" / "runtime.json"
        command = [
            sys.executable,
            "-P",
            "-m",
            "photoveil.cli",
            "run",
            "--no-tray",
            *("--port", "0", "--profile", profile),
        ]
        environment = {**os.environ, "PHOTOVEIL_HOME": str(home)}
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
        end = time.monotonic() + PATIENCE
        while not self._is_there() and self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.005)

    def _is_there(self) -> bool:
        """Whether it has told where it is; one that was killed has left its own word."""
        with contextlib.suppress(NotRunningError):
            return Runtime.read(self.file).pid == self.process.pid
        return False

    @property
    def client(self) -> DaemonClient:
        return DaemonClient.local(Runtime.read(self.file))

    def processor_seconds(self) -> float:
        """What it has taken of a processor so far, however many others wait for one."""
        times = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 1024

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextlib.contextmanager
def daemon(home: Path, profile: str = "default") -> Iterator[Running]:
    running = Running(home, profile)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()


@linux
def test_it_is_small_quick_and_without_torch(tmp_path: Path) -> None:
    with daemon(tmp_path) as running:
        assert running.processor_seconds() < 5  # about 0.4 s
        client = running.client
        browser = pair(client.port, client.call("pairing/start")["code"], "Browser", ORIGIN)
        client.call("pairing/confirm", accept=True)
        browser.open()
        for number in range(3):
            photo = os.urandom(12_000_000)
            job = browser.protect(photo, f"{number}.jpg")["job"]
            browser.call("cancel", job=job)
            browser.call("lookup", sha256=hashlib.sha256(photo).hexdigest())
        assert running.memory_mb() < 80
        maps = Path(f"/proc/{running.process.pid}/maps").read_text()
        assert "_sqlite3" in maps
        for library in ("torch", "numpy", "safetensors"):
            assert library not in maps, library
        assert running.end() == 0


def test_the_daemons_modules_load_nothing_heavy() -> None:
    script = "import sys, photoveil.app; print([m for m in ('torch', 'numpy', 'PIL', 'keyring') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_what_it_writes_is_private(tmp_path: Path) -> None:
    with daemon(tmp_path) as running:
        client = running.client
        pair(client.port, client.call("pairing/start")["code"], "Browser", ORIGIN)
        client.call("pairing/confirm", accept=True)
        assert running.file.stat().st_mode & 0o777 == 0o600
        assert (running.state / "secrets.json").stat().st_mode & 0o777 == 0o600
        assert (running.state / "ledger.sqlite3").stat().st_mode & 0o777 == 0o600
        assert all(folder.stat().st_mode & 0o777 == 0o700 for folder in (running.state, running.cache))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly(tmp_path: Path, number: int) -> None:
    with daemon(tmp_path) as running:
        assert running.client.call("status")["api"] == 1
        assert running.end(number) == 0
        assert not running.file.exists()


def test_one_daemon_per_profile(tmp_path: Path) -> None:
    with daemon(tmp_path) as first:
        second = subprocess.run(
            [sys.executable, "-m", "photoveil.cli", "run", "--no-tray", "--port", "0"],
            env={**os.environ, "PHOTOVEIL_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert second.returncode == 1
        assert "running already" in second.stderr
        assert first.client.call("status")["api"] == 1
        with daemon(tmp_path, "other") as other:
            assert other.client.call("status")["api"] == 1
            assert first.client.call("status")["api"] == 1


def test_killed_it_goes_on_where_it_was(tmp_path: Path) -> None:
    with daemon(tmp_path) as running:
        client = running.client
        job = client.protect(PORTRAIT.read_bytes(), "a.jpg")["job"]
        running.process.send_signal(signal.SIGSTOP)  # before the photo, which takes seconds, is done
        assert list((running.cache / "spool").iterdir())
        running.end(signal.SIGKILL)
        assert not list((running.cache / "delivered").iterdir())
    assert running.file.exists()
    with pytest.raises(NotRunningError):
        running.client.open()
    with daemon(tmp_path) as again:
        assert [one["job"] for one in again.client.call("history")["jobs"]] == [job]
        assert again.client.call("job", job=job)["state"] in ("queued", "running")
        assert again.client.call("cancel", job=job)["state"] == "cancelled"
        end = time.monotonic() + PATIENCE
        while list((again.cache / "spool").iterdir()):
            assert time.monotonic() < end
            time.sleep(0.05)
        assert again.client.call("status")["jobs"] == {"queued": 0, "running": 0}


def test_a_squatter_on_the_port_does_not_know_the_key(tmp_path: Path) -> None:
    with daemon(tmp_path) as running:
        client = running.client
        running.end(signal.SIGKILL)
    heard: list[tuple[str, bytes]] = []

    class Squatter(BaseHTTPRequestHandler):
        """Answers whatever might please."""

        def do_POST(self) -> None:
            heard.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            body = json.dumps({"session": "0" * 16, "ns": "A" * 43, "proof": "A" * 43}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Squatter) as server:
        client.port = server.server_port  # as if it had got the very one; meanwhile others may have it
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with pytest.raises(ImpostorError):
                client.protect(b"a private photo", "private.jpg")
        finally:
            server.shutdown()
            thread.join()
    assert [path for path, _ in heard] == ["/v1/session"]
    assert b"private" not in heard[0][1]


def test_taken_ports_are_passed_over() -> None:
    with contextlib.ExitStack() as stack:
        taken = []
        for _ in range(FALLBACKS):
            try:
                listener = bind(None)
            except NoPortError:
                break
            stack.callback(listener.close)
            taken.append(listener.getsockname()[1])
        assert taken == sorted(taken)
        assert all(DEFAULT_PORT <= port < DEFAULT_PORT + FALLBACKS for port in taken)
        with pytest.raises(NoPortError, match="47610, 47611, 47612, 47613, 47614"):
            bind(None)


def test_a_port_asked_for_is_meant() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(NoPortError):
            bind(taken.getsockname()[1])
