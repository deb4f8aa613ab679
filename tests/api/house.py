"""A daemon in a thread of this process, on a free port, with the fake worker: for tests that talk to it by socket."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from photoveil.api import proofs
from photoveil.api.client import DaemonClient, pair, paired
from photoveil.api.runtime import Runtime
from photoveil.app import Daemon
from photoveil.paths import Paths
from photoveil.settings import Settings
from tests.worker.test_worker import FAKE

ORIGIN = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"

_numbers = itertools.count()


class Clock:
    """The real clock, and a hand to turn it forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


class House:
    """A running daemon."""

    def __init__(self, daemon: Daemon, paths: Paths, clock: Clock) -> None:
        self.daemon = daemon
        self.paths = paths
        self.clock = clock
        self.runtime = Runtime.read(paths.runtime_file)
        self.port = self.runtime.port

    def local(self) -> DaemonClient:
        return DaemonClient.local(self.runtime)

    def browser(self, name: str = "Test browser", origin: str = "") -> DaemonClient:
        """A newly paired browser, each of an origin of its own."""
        local = self.local()
        origin = origin or f"chrome-extension://{next(_numbers):032x}"
        client = pair(self.port, local.call("pairing/start")["code"], name, origin)
        local.call("pairing/confirm", accept=True)
        assert paired(client)
        return client

    def raw(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = b"{}"
    ) -> tuple[int, dict[str, str], bytes]:
        """Exactly these headers, beside Content-Length; ``Host`` only if it is not among them."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, dict(answer.headers.items()), answer.read()
        finally:
            connection.close()


def signed(client: DaemonClient, verb: str, body: bytes = b"{}", *, meta: str = "") -> dict[str, str]:
    """All the headers a good request of ``client`` has."""
    session = client.session or client.open()
    session.number += 1
    digest = hashlib.sha256(body).hexdigest()
    mac = proofs.b64(proofs.request(session.key, verb, session.number, digest, meta))
    headers = {
        "Content-Type": "application/octet-stream" if verb == "protect" else "application/json",
        "X-Photoveil": "1",
        "Authorization": f"Photoveil {session.id}.{session.number}.{digest}.{mac}",
    }
    if client.origin:
        headers["Origin"] = client.origin
    if meta:
        headers["X-Photoveil-Meta"] = meta
    return headers


def meta(**wishes: object) -> str:
    return proofs.b64(json.dumps({"name": "a.jpg", **wishes}).encode())


@contextmanager
def running(folder: Path, settings: Settings | None = None) -> Iterator[House]:
    """Start a daemon and end it."""
    paths = Paths("test", folder / "config", folder / "state", folder / "cache", folder / "logs")
    clock = Clock()
    started = threading.Event()
    inside: list[tuple[asyncio.AbstractEventLoop, asyncio.Event, Daemon]] = []

    async def live() -> None:
        stopping = asyncio.Event()
        daemon = Daemon(
            paths, settings or Settings(), port=0, worker_command=FAKE, stopping=stopping, clock=clock
        )
        try:
            async with daemon:
                inside.append((asyncio.get_running_loop(), stopping, daemon))
                started.set()
                await stopping.wait()
        finally:
            started.set()

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    assert started.wait(20)
    loop, stopping, daemon = inside[0]
    try:
        yield House(daemon, paths, clock)
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(20)
    assert not thread.is_alive()
