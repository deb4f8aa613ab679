"""The live stream."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from photoveil.api.client import DaemonClient, DaemonError, Event
from tests.api.house import PATIENCE, House, signed

STARTING = ("vault", "notices", "worker", "queue")
"""What a daemon may tell without anybody's doing anything, while it starts."""


@contextmanager
def listening(client: DaemonClient) -> Iterator[list[Event]]:
    """What ``client`` hears meanwhile."""
    heard: list[Event] = []
    ready = threading.Event()
    stream = client.stream("events")

    def listen() -> None:
        rest = b""
        try:
            for chunk in stream:
                ready.set()
                *blocks, rest = (rest + chunk).split(b"\n\n")
                for block in blocks:
                    lines = dict(
                        line.split(": ", 1) for line in block.decode().splitlines() if line[0] != ":"
                    )
                    if "event" in lines:
                        heard.append(Event(lines["event"], json.loads(lines["data"])))
        except Exception:  # noqa: BLE001 - the daemon ends before the listener
            ready.set()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    assert ready.wait(PATIENCE)
    yield heard


def publish(house: House, kind: str, /, **facts: Any) -> None:
    """As the rooms do, in the daemon's own thread."""
    house.loop.call_soon_threadsafe(lambda: house.daemon.services.hub.publish(kind, **facts))


def until(condition: Any, seconds: float = PATIENCE) -> None:
    """Wait for it, asking more seldom than a client may (docs/protocol.md): 40 times a second."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "too late"
        time.sleep(0.05)


def kinds(heard: list[Event]) -> set[str]:
    return {event.kind for event in heard}


def test_owners_hear_everything(fresh_house: House) -> None:
    browser = fresh_house.browser()
    with listening(fresh_house.local()) as heard:
        job = browser.protect(b"brief", "a.jpg")["job"]
        until(lambda: {"photo", "queue"} <= kinds(heard))
    states = [event.facts["state"] for event in heard if event.kind == "job"]
    assert (states[0], states[-1]) == ("queued", "done")
    assert {event.facts["job"] for event in heard if event.kind in ("job", "photo")} == {job}
    assert "a.jpg" not in str(heard)


def test_browsers_hear_of_their_own_photos_alone(fresh_house: House) -> None:
    one, two = fresh_house.browser(), fresh_house.browser()
    with listening(one) as heard, listening(two) as other:
        job = one.protect(b"brief", "a.jpg")["job"]
        until(lambda: any(event.facts.get("state") == "done" for event in heard))
        for kind in ("settings", "folders", "clients", "vault", "notices", "personas", "worker"):
            publish(fresh_house, kind)
        publish(fresh_house, "job", job="x", client="", kind="folder", state="queued", stage="", progress=0.0)
        publish(fresh_house, "pause", paused=True, until=None)
        until(lambda: "pause" in kinds(heard) & kinds(other))
    assert kinds(heard) == {"job", "queue", "pause"}
    assert {event.facts["job"] for event in heard if event.kind == "job"} == {job}
    assert kinds(other) <= {"queue", "pause"}


def test_the_command_line_iterates(fresh_house: House) -> None:
    events = fresh_house.local().events()
    heard_it = threading.Event()

    def tell() -> None:
        while not heard_it.wait(0.1):  # who listens a moment later has missed it
            publish(fresh_house, "settings")

    telling = threading.Thread(target=tell)
    telling.start()
    try:
        # A house that has just been opened may have something to tell of its own, its vault for one.
        heard = next(event for event in events if event.kind not in STARTING)
    finally:
        heard_it.set()
        telling.join()
    assert heard == Event("settings", {})


def test_streams_are_few(fresh_house: House) -> None:
    browser = fresh_house.browser()
    open_ones = [browser.stream("events") for _ in range(4)]
    for stream in open_ones:
        next(stream)
    with pytest.raises(DaemonError) as told:
        next(browser.stream("events"))
    assert told.value.as_dict()["code"] == "too_many_streams"
    other = fresh_house.local().stream("events")
    assert next(other).startswith(b":")
    while open_ones:
        del open_ones[0]  # the client goes, and its place is free again
    del stream
    until(lambda: len(fresh_house.daemon.services.streams) == 1)
    next(browser.stream("events"))


def test_a_revoked_client_hears_no_more(fresh_house: House) -> None:
    browser, dashboard = fresh_house.browser(), fresh_house.dashboard()
    for client in (browser, dashboard):
        stream = client.stream("events")
        next(stream)
        fresh_house.local().call("clients/revoke", client=client.client)
        list(stream)  # ends
    until(lambda: not len(fresh_house.daemon.services.streams))


def test_silence_is_filled(fresh_house: House) -> None:
    fresh_house.daemon.services.streams._heartbeat = 0.1
    stream = fresh_house.local().stream("events")
    assert next(stream).startswith(b": listening\n\n")
    assert any(b": still here\n\n" in chunk for chunk in stream)


def test_a_listener_that_does_not_read_is_let_go(fresh_house: House) -> None:
    services = fresh_house.daemon.services
    services.streams._patience = 0.3
    slow, good = fresh_house.local(), fresh_house.browser()
    headers = signed(slow, "events")
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", fresh_house.port))
        lines = f"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1:{fresh_house.port}\r\n{head}Content-Length: 2\r\n\r\n{{}}"
        connection.sendall(lines.encode())
        until(lambda: len(services.streams) == 1)
        end = time.monotonic() + PATIENCE
        while len(services.streams) and time.monotonic() < end:
            publish(fresh_house, "settings", filler="x" * 60_000)
            started = time.monotonic()
            good.call("status")
            assert time.monotonic() - started < 30
            time.sleep(0.05)
    assert not len(services.streams)


def test_the_end_of_the_daemon_is_the_end_of_the_stream(fresh_house: House) -> None:
    stream = fresh_house.local().stream("events")
    next(stream)
    fresh_house.local().call("stop")
    list(stream)  # ends
