"""A daemon in a thread of this process, on a free port, with the fake worker: for tests that talk to it by socket."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import http.client
import itertools
import json
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from photoveil.api import proofs
from photoveil.api.client import Answer, DaemonClient, pair, paired, sign_in
from photoveil.api.runtime import Runtime
from photoveil.api.schema import check
from photoveil.api.shapes import REFUSAL
from photoveil.api.verbs import VERBS
from photoveil.app import Daemon
from photoveil.paths import Paths
from tests.fitting.house import FAKE_FETCH
from tests.worker.test_worker import FAKE

ORIGIN = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"

_numbers = itertools.count()


PATIENCE = 60.0
"""Seconds to wait for what comes at once on a machine that does nothing else."""


class Clock:
    """The real clock with a hand to turn it forward, until it is stopped: then only the hand moves it."""

    def __init__(self, *, stopped: bool = False) -> None:
        self.ahead = 0.0
        self._stopped_at = time.monotonic() if stopped else None

    def stop(self) -> None:
        """Stand still, so that it does not matter how long a test takes."""
        self._stopped_at = time.monotonic()

    def __call__(self) -> float:
        return (time.monotonic() if self._stopped_at is None else self._stopped_at) + self.ahead


class Address:
    """Where a daemon is, and everyone who may talk to it."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.port = runtime.port

    def local(self) -> DaemonClient:
        return checked(DaemonClient.local(self.runtime))

    def browser(self, name: str = "Test browser", origin: str = "") -> DaemonClient:
        """A newly paired browser, each of an origin of its own."""
        local = self.local()
        origin = origin or f"chrome-extension://{next(_numbers):032x}"
        client = pair(self.port, local.call("pairing/start")["code"], name, origin)
        local.call("pairing/confirm", accept=True)
        assert paired(client)
        return checked(client)

    def dashboard(self) -> DaemonClient:
        """A dashboard that has signed in."""
        return checked(sign_in(self.local().call("dashboard/link")["url"]))

    def raw(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = b"{}"
    ) -> tuple[int, dict[str, str], bytes]:
        """Exactly these headers, beside Content-Length; ``Host`` only if it is not among them."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
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


class House(Address):
    """A running daemon in a thread of this process."""

    def __init__(self, daemon: Daemon, paths: Paths, clock: Clock, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(Runtime.read(paths.runtime_file))
        self.daemon = daemon
        self.loop = loop
        self.paths = paths
        self.clock = clock


class CheckedClient(DaemonClient):
    """Finds every answer that is not as the table of verbs says."""

    def send(self, verb: str, body: bytes, content_type: str, headers: dict[str, str]) -> Answer:
        answer, known = super().send(verb, body, content_type, headers), VERBS[f"/v1/{verb}"]
        if answer.status >= 400:
            if answer.body:
                check(REFUSAL, answer.json())
        else:
            assert answer.status in known.statuses
            if known.answer is not None:
                check(known.answer, answer.json())
        return answer


def checked(client: DaemonClient) -> DaemonClient:
    return CheckedClient(client.port, client.client, client.key, client.origin)


def signed(client: DaemonClient, verb: str, body: bytes = b"{}", *, meta: str = "") -> dict[str, str]:
    """All the headers a good request of ``client`` has."""
    session = client.session or client.open()
    session.number += 1
    digest = hashlib.sha256(body).hexdigest()
    mac = proofs.b64(proofs.request(session.key, verb, session.number, digest, meta))
    headers = {
        "Content-Type": VERBS[f"/v1/{verb}"].content_type,
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


@contextlib.contextmanager
def running(
    folder: Path,
    settings: str = "",
    *,
    calm: float = 3600.0,
    worker: Sequence[str] = FAKE,
    fetch: Sequence[str] = FAKE_FETCH,
) -> Iterator[House]:
    """Start a daemon, with these settings in its file, and end it; ``calm``: rest before the machine is measured."""
    paths = Paths("test", folder / "config", folder / "state", folder / "cache", folder / "logs")
    paths.prepare()
    paths.settings_file.write_text(settings)
    clock = Clock()
    started = threading.Event()
    inside: list[tuple[asyncio.AbstractEventLoop, asyncio.Event, Daemon]] = []

    async def live() -> None:
        stopping = asyncio.Event()
        daemon = Daemon(
            paths,
            port=0,
            worker_command=worker,
            fetch_command=fetch,
            calm=calm,
            stopping=stopping,
            clock=clock,
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
    assert started.wait(PATIENCE)
    loop, stopping, daemon = inside[0]
    try:
        yield House(daemon, paths, clock, loop)
    finally:
        with contextlib.suppress(RuntimeError):  # it has ended by itself, and its loop is closed
            loop.call_soon_threadsafe(stopping.set)
        thread.join(PATIENCE)
    assert not thread.is_alive()
