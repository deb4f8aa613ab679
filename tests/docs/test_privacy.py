"""docs/privacy.md keeps its word: a photo is protected, and nobody but this computer is talked to or asked for."""

import contextlib
import ipaddress
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from photoveil.api.client import DaemonClient
from photoveil.api.runtime import NotRunningError, Runtime
from photoveil.paths import Paths

PORTRAIT = Path(__file__).parents[2] / "lab" / "photos" / "eileen_collins.jpg"
SECONDS = 60.0

# Runs first in every Python process that inherits this environment, the worker's included.
LISTENER = """
import json, os, sys

def listen(event, args):
    if event in ("socket.connect", "socket.sendto"):
        told = args[1]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        told = args[0]
    else:
        return
    with open(os.environ["TALKED_TO"], "a") as file:
        file.write(json.dumps([event, os.getpid(), told], default=repr) + "\\n")

sys.addaudithook(listen)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of processes that write down whom they talk to."""
    (tmp_path / "listener").mkdir()
    (tmp_path / "listener" / "sitecustomize.py").write_text(LISTENER)
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "listener"), os.environ.get("PYTHONPATH", "")]),
        "TALKED_TO": str(tmp_path / "talked-to"),
        "PHOTOVEIL_HOME": str(tmp_path / "home"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }


def talked_to(environment: dict[str, str]) -> list[tuple[int, str | bytes]]:
    """Process and host, or path of a local socket, of every connection and every look-up."""
    lines = Path(environment["TALKED_TO"]).read_text().splitlines()
    told = [json.loads(line) for line in lines]
    return [(process, to[0] if isinstance(to, list) else to) for _event, process, to in told]


def here(place: str | bytes) -> bool:
    """Whether it is this computer: a loopback address, its name, or a socket in the file system."""
    if isinstance(place, bytes) or place.startswith(("/", "b'", "\0")):
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(place).is_loopback
    return place == "localhost"


@contextlib.contextmanager
def daemon(environment: dict[str, str]) -> Iterator[tuple[DaemonClient, int]]:
    """A running one, asked as its owner, and its process."""
    words = [sys.executable, "-m", "photoveil.cli", "run", "--no-tray", "--port", "0"]
    with subprocess.Popen(words, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            yield DaemonClient.local(runtime(process)), process.pid
        finally:
            process.terminate()
            process.wait(SECONDS)


def runtime(process: subprocess.Popen[bytes]) -> Runtime:
    """Where it listens, once it does."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(NotRunningError):
            return Runtime.read(Paths.of().runtime_file)
        time.sleep(0.05)
    raise AssertionError("the daemon did not start")


def test_protecting_a_photo_talks_to_this_computer_alone(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Daemon, worker with encoders, and command line."""
    monkeypatch.setenv("PHOTOVEIL_HOME", environment["PHOTOVEIL_HOME"])
    with daemon(environment) as (client, process):
        job = client.protect(PORTRAIT.read_bytes(), "portrait.jpg")["job"]
        states = [told["state"] for told in client.follow(job)]
        words = [sys.executable, "-m", "photoveil.cli", "status", "--json"]
        asked = subprocess.run(words, env=environment, capture_output=True, check=True)
        assert json.loads(asked.stdout)["pid"] == process
        assert client.result(job) != PORTRAIT.read_bytes()
    assert states[-1] == "done"
    told = talked_to(environment)
    assert told, "the command line asked the daemon"
    assert [place for _process, place in told if not here(place)] == []


def test_the_listener_hears_who_would_call_home(environment: dict[str, str]) -> None:
    """Else the test above could not fail. The addresses are those that nobody may have (RFC 5737, RFC 6761)."""
    call = "import socket\nfor call in (lambda: socket.create_connection(('192.0.2.1', 9), 0.01), "
    call += "lambda: socket.getaddrinfo('telemetry.invalid', 443)):\n try: call()\n except OSError: pass"
    subprocess.run([sys.executable, "-P", "-c", call], env=environment, check=True)
    strangers = {place for _process, place in talked_to(environment) if not here(place)}
    assert strangers == {"192.0.2.1", "telemetry.invalid"}
