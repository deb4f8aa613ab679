"""What attacks on the daemon share: raw exchanges, counts, an owner who is served; and attacks that take their time."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.api.house import Address

SLOW = 200
"""Connections at once."""


@dataclass
class Count:
    """What came of an attack."""

    tried: int = 0
    refused: int = 0

    def take(self, status: int) -> None:
        """One more attempt, answered so; 0 is a connection that was ended."""
        self.tried += 1
        self.refused += status == 0 or 400 <= status < 500


def exchange(port: int, data: bytes, seconds: float = 60.0) -> tuple[int, bytes]:
    """Send bytes, answer the status (0 for none) and everything that came back."""
    answer = b""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), seconds) as connection:
        connection.sendall(data)
        while chunk := connection.recv(65536):
            answer += chunk
            if answer.startswith(b"HTTP/1.1 ") and b"\r\n\r\n" in answer:
                break
    parts = answer.split(b" ", 2)
    return (int(parts[1]) if len(parts) > 2 and parts[1].isdigit() else 0), answer


def head(method: str, path: str, host: str, headers: dict[str, str]) -> bytes:
    """The head of a request, exactly so."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n".encode()


@contextlib.contextmanager
def owner_is_answered(house: Address, within: float = 30.0) -> Iterator[list[float]]:
    """The owner opens sessions and asks for the status meanwhile; collects how long each took."""
    waits: list[float] = []
    ended = threading.Event()

    def ask() -> None:
        while not waits or not ended.wait(0.1):
            local = house.local()
            started = time.monotonic()
            assert local.call("status")["api"] == 1
            waits.append(time.monotonic() - started)

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        try:
            yield waits
        finally:
            ended.set()
            asking.result(60)
    assert max(waits) < within


def slow_heads(house: Address) -> Count:
    """Connections that never finish their headers."""
    return _slowly(
        house, lambda _number: b"POST /v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: b\r\n", b"X-B: c\r\n"
    )


def slow_bodies(house: Address) -> Count:
    """Connections that never finish a body: of strangers, which any process can begin."""
    host = f"127.0.0.1:{house.port}"
    headers = {"Content-Type": "application/json", "X-Photoveil": "1", "Content-Length": "4000"}
    return _slowly(house, lambda _number: head("POST", "/v1/session", host, headers), b" ")


def many_connections(house: Address) -> Count:
    """More connections than the door takes; all that say nothing are ended, the first ones first."""
    return _slowly(house, lambda _number: b"", b"", connections=600)


def _slowly(
    house: Address, opening: Callable[[int], bytes], drop: bytes, *, connections: int = SLOW
) -> Count:
    """Many connections at once that trickle; refused is each that the daemon has ended within its patience."""
    count, open_ones = Count(tried=connections), list[socket.socket]()
    with owner_is_answered(house), contextlib.ExitStack() as stack:
        for number in range(connections):
            one = stack.enter_context(socket.socket())
            one.settimeout(60)
            one.connect(("127.0.0.1", house.port))
            with contextlib.suppress(OSError):
                one.sendall(opening(number))
            open_ones.append(one)
        house.local().call("overview")
        end = time.monotonic() + 60
        while open_ones and time.monotonic() < end:
            time.sleep(0.3)
            open_ones = [one for one in open_ones if not _has_ended(one, drop)]
    count.refused = connections - len(open_ones)
    return count


def _has_ended(connection: socket.socket, drop: bytes) -> bool:
    try:
        connection.sendall(drop)
        connection.setblocking(False)
        try:
            return connection.recv(65536) == b"" or _has_ended(connection, drop)
        except BlockingIOError:
            return False
        finally:
            connection.settimeout(60)
    except OSError:
        return True
