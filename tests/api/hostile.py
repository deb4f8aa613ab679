"""Hostile clients against a real daemon by socket; each attack counts what it tried and what was refused.

``run(address)`` answers all counts as a dict for ``build/results``; the tests assert that all was refused and that the
daemon answered its owner meanwhile and afterwards.
"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Callable, Iterable
from dataclasses import asdict

from photoveil.api import proofs
from photoveil.api.client import DaemonClient, sign_in
from photoveil.api.server import MAX_AT_ONCE
from photoveil.api.verbs import VERBS, Access
from tests.api.house import ORIGIN, Address, meta, signed
from tests.api.siege import (
    Count,
    exchange,
    head,
    many_connections,
    owner_is_answered,
    slow_bodies,
    slow_heads,
)

GUESSES = 10_000
REFUSED = 200
FLOOD = 10_000
"""So much is asked at most until so much is refused."""
FOREIGN = (
    "https://evil.example",
    "http://127.0.0.1:{port}.evil.example",
    "http://127.0.0.1",
    "http://localhost:{port}",
    "https://127.0.0.1:{port}",
    "http://[::1]:{port}",
    "null",
    "",
    "file://",
    "moz-extension://ffffffff-0000-0000-0000-000000000000",
    "chrome-extension://ponmlkjihgfedcbaponmlkjihgfedcba",
)
HOSTS = (
    *(
        "evil.example",
        "evil.example:{port}",
        "localhost:{port}",
        "127.0.0.1",
        "127.0.0.1:80",
        "0.0.0.0:{port}",
    ),
    *(
        "[::1]:{port}",
        "127.0.0.1:{port}.evil.example",
        "127.1:{port}",
        "2130706433:{port}",
        "",
        " ",
        "127.0.0.1:{port},x",
    ),
)
PATHS = (
    *(
        "/v1/../v1/status",
        "/v1/./status",
        "//v1/status",
        "/v1//status",
        "/v1/status/",
        "/v1/status?",
        "/v1/status#x",
    ),
    *(
        "/v1/%73tatus",
        "/v1%2fstatus",
        "/v1/status%00",
        "/V1/status",
        "/v1/Status",
        "/v1/status;x",
        "\\v1\\status",
    ),
    *(
        "http://127.0.0.1:{port}/v1/status",
        "http://evil.example/v1/status",
        "127.0.0.1:{port}",
        "*",
        "v1/status",
    ),
)
FILES = (
    *("/app/../verbs.py", "/app/..%2fverbs.py", "/app/%2e%2e/verbs.py", "/app/..\\verbs.py", "/app//main.js"),
    *(
        "/app/....//verbs.py",
        "/app/%00",
        "/app/main.js%00.css",
        "/app/main.js?x",
        "/app/main.js/",
        "/app/./main.js",
    ),
    *(
        "/app/",
        "/app",
        "/index.html",
        "/app/index.html",
        "/app/types.d.ts",
        "//app/main.js",
        "/?",
        "/?once=x",
        "/#",
    ),
    *(
        "/../../etc/passwd",
        "/etc/passwd",
        "/v1/openapi.json?x",
        "/v1/../v1/openapi.json",
        "http://127.0.0.1:{port}/",
    ),
)


def _post(house: Address, headers: dict[str, str], body: bytes = b"{}", *, path: str = "/v1/status") -> int:
    return house.raw("POST", path, headers, body)[0]


def rebinding(house: Address) -> Count:
    """A good request, but for the Host that a web page under its own name would send."""
    count, browser = Count(), house.browser()
    for host in HOSTS:
        for verb in ("status", "session", "dashboard/open"):
            headers = {**signed(browser, verb), "Host": host.format(port=house.port)}
            count.take(_post(house, headers, path=f"/v1/{verb}"))
        count.take(house.raw("GET", "/", {"Host": host.format(port=house.port)}, None)[0])
    return count


def foreign_origins(house: Address) -> Count:
    """A good request of an extension, a dashboard or the command line, from somewhere else."""
    count = Count()
    own = f"http://127.0.0.1:{house.port}"
    for client in (house.browser(), house.dashboard(), house.local()):
        for origin in (*FOREIGN, own):
            if origin.format(port=house.port) != client.origin:
                headers = {**signed(client, "status"), "Origin": origin.format(port=house.port)}
                count.take(_post(house, headers))
        for site in ("cross-site", "same-site", "x"):
            count.take(_post(house, {**signed(client, "status"), "Sec-Fetch-Site": site}))
    return count


def no_proof(house: Address) -> Count:
    """Requests without a signature, with a wrong one, with one for something else, and old ones again."""
    count, browser = Count(), house.browser()
    good = signed(browser, "status")
    _post(house, good)
    for _ in range(20):
        count.take(_post(house, good))  # replayed
    for authorization in (
        "",
        "Bearer x",
        "Photoveil",
        f"Photoveil {'0' * 16}.1.{'0' * 64}.{'A' * 43}",
        "x" * 5000,
    ):
        count.take(_post(house, {**signed(browser, "status"), "Authorization": authorization}))
    bare = {name: value for name, value in signed(browser, "status").items() if name != "Authorization"}
    count.take(_post(house, bare))
    count.take(_post(house, signed(browser, "status"), path="/v1/prewarm"))
    count.take(_post(house, {**signed(browser, "status"), "X-Photoveil-Meta": meta()}))
    count.take(_post(house, signed(browser, "status"), b'{"other": 1}'))
    stranger = DaemonClient(house.port, browser.client, bytes(32), browser.origin)
    stranger.session = browser.session
    for _ in range(50):
        thief = signed(browser, "status")
        mac = proofs.b64(proofs.request(bytes(32), "status", 10_000, "0" * 64, ""))
        session = thief["Authorization"].split()[1].split(".")[0]
        thief["Authorization"] = f"Photoveil {session}.10000.{'0' * 64}.{mac}"
        count.take(_post(house, thief))
    return count


def oversized(house: Address) -> Count:
    """Bodies that are too large: announced, chunked, compressed, longer or shorter than announced."""
    count, browser, host = Count(), house.browser(), f"127.0.0.1:{house.port}"
    for verb, length in (
        ("status", 1 << 17),
        ("protect", (100 << 20) + 1),
        ("session", 5000),
        ("status", 1 << 62),
    ):
        headers = {
            **signed(browser, verb, meta=meta() if verb == "protect" else ""),
            "Content-Length": str(length),
        }
        count.take(exchange(house.port, head("POST", f"/v1/{verb}", host, headers))[0])
    for verb in ("status", "protect", "session", "dashboard/open"):
        headers = {**signed(browser, verb), "Transfer-Encoding": "chunked"}
        data = head("POST", f"/v1/{verb}", host, headers) + b"ffffffff\r\n" + b"x" * 70_000
        count.take(exchange(house.port, data)[0])
    for encoding in ("gzip", "deflate", "br", "identity"):
        headers = {**signed(browser, "status"), "Content-Encoding": encoding}
        count.take(_post(house, headers))
    for announced in ("-1", "+2", "0x2", "2, 2", "2 2", "", "abc", "9" * 400):
        headers = {**signed(browser, "status"), "Content-Length": announced}
        count.take(exchange(house.port, head("POST", "/v1/status", host, headers) + b"{}")[0])
    return count


def smuggling(house: Address) -> Count:
    """Headers that two readers would read differently, and a second request hidden in the first one's body."""
    count, browser, host = Count(), house.browser(), f"127.0.0.1:{house.port}"
    hidden = (
        head("POST", "/v1/stop", host, {"Content-Type": "application/json", "Content-Length": "2"}) + b"{}"
    )
    for extra in (
        f"Host: {host}\r\n",
        "Host: evil.example\r\n",
        "Origin: https://evil.example\r\n",
        "X-Photoveil: 1\r\n",
        "Content-Type: application/json\r\n",
        "Content-Length: 3\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding:\tchunked\r\n",
        "Content-Length : 5\r\n",
        " folded: x\r\n",
        "X: \x00\r\n",
        "no colon\r\n",
        "Upgrade: websocket\r\nConnection: Upgrade\r\n",
        "Upgrade: h2c\r\n",
    ):
        lines = head("POST", "/v1/status", host, {**signed(browser, "status"), "Content-Length": "2"})
        data = lines[:-2] + extra.encode("latin-1") + b"\r\n{}" + hidden
        count.take(exchange(house.port, data)[0])
    return count


def path_tricks(house: Address) -> Count:
    """Paths that are almost one of ours, other methods, and files beside the dashboard's."""
    count, browser, host = Count(), house.browser(), f"127.0.0.1:{house.port}"
    for path in PATHS:
        headers = {**signed(browser, "status"), "Content-Length": "2"}
        status, answer = exchange(
            house.port, head("POST", path.format(port=house.port), host, headers) + b"{}"
        )
        count.take(status)
        if b'"version"' in answer:
            count.refused -= 1
    for path in FILES:
        status, answer = exchange(house.port, head("GET", path.format(port=house.port), host, {}))
        count.take(status)
    for method in ("CONNECT", "TRACE", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "PRI", "GETT", "get"):
        for path in ("/", "/v1/status", f"127.0.0.1:{house.port}"):
            count.take(exchange(house.port, head(method, path, host, {}))[0])
    return count


def strangers_verbs(house: Address) -> Count:
    """A paired extension that asks for what only owners may."""
    count, browser = Count(), house.browser()
    browser.open()
    for path, verb in VERBS.items():
        if verb.access in (Access.OWNER, Access.LOCAL):
            count.take(_post(house, signed(browser, verb.name), path=path))
    return count


def pairing_guesses(house: Address) -> Count:
    """Codes tried in an open window, and long after it has closed."""
    house.local().call("pairing/start")
    count = Count()
    body = json.dumps({"nc": proofs.b64(bytes(32)), "name": "x", "proof": proofs.b64(bytes(32))}).encode()
    headers = {"Content-Type": "application/json", "X-Photoveil": "1", "Origin": ORIGIN}
    _hammer(house, "pair/begin", headers, body, count)
    return count


def dashboard_guesses(house: Address) -> Count:
    """One-time codes tried while one is waiting, which still opens afterwards."""
    url = house.local().call("dashboard/link")["url"]
    count, origin = Count(), f"http://127.0.0.1:{house.port}"
    headers = {"Content-Type": "application/json", "X-Photoveil": "1", "Origin": origin}
    _hammer(house, "dashboard/open", headers, json.dumps({"code": "A" * 22}).encode(), count)
    sign_in(url).call("status")
    return count


def session_guesses(house: Address) -> Count:
    """Sessions asked for in the name of nobody, without an origin as the command line does it."""
    count = Count()
    body = json.dumps({"client": "0" * 16, "nc": proofs.b64(bytes(32))}).encode()
    _hammer(
        house, "session", {"Content-Type": "application/json", "X-Photoveil": "1"}, body, count, GUESSES // 5
    )
    return count


def flood(house: Address) -> Count:
    """One client that asks as fast as it can; what is above its rate is refused."""
    count, browser = Count(), house.browser()
    with owner_is_answered(house):
        # What is allowed comes back with the time: on a slow machine more is asked until as much is refused.
        for _ in range(FLOOD):
            status = _post(house, signed(browser, "status"))
            if status != 200:
                count.take(status)
            if count.tried == REFUSED:
                break
    return count


def withheld_bodies(house: Address) -> Count:
    """One client that begins many requests and finishes none: beyond what it may have in hand, it is refused."""
    count, browser, host = Count(), house.browser(), f"127.0.0.1:{house.port}"
    with owner_is_answered(house), contextlib.ExitStack() as stack:
        for _ in range(MAX_AT_ONCE):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", house.port), 60))
            one.sendall(
                head("POST", "/v1/status", host, {**signed(browser, "status"), "Content-Length": "2"})
            )
        house.local().call("overview")  # answered after those that came before it were heard
        for _ in range(20):
            headers = {**signed(browser, "status"), "Content-Length": "2"}
            count.take(exchange(house.port, head("POST", "/v1/status", host, headers))[0])
    return count


ATTACKS: dict[str, Callable[[Address], Count]] = {
    attack.__name__: attack
    for attack in (
        rebinding,
        foreign_origins,
        no_proof,
        oversized,
        smuggling,
        path_tricks,
        strangers_verbs,
        pairing_guesses,
        dashboard_guesses,
        session_guesses,
        flood,
        withheld_bodies,
        slow_heads,
        slow_bodies,
        many_connections,
    )
}


def run(house: Address, names: Iterable[str] = ATTACKS) -> dict[str, dict[str, int]]:
    """Every attack in turn: how often it was tried and how often refused."""
    return {name: asdict(ATTACKS[name](house)) for name in names}


def _hammer(
    house: Address, verb: str, headers: dict[str, str], body: bytes, count: Count, times: int = GUESSES
) -> None:
    """The same request many times over a few connections that are kept."""
    lines = {**headers, "Content-Length": str(len(body))}
    request = head("POST", f"/v1/{verb}", f"127.0.0.1:{house.port}", lines) + body
    with owner_is_answered(house):
        while count.tried < times:
            with socket.create_connection(("127.0.0.1", house.port), 60) as connection:
                for _ in range(min(500, times - count.tried)):
                    connection.sendall(request)
                    answer = connection.recv(65536)
                    if not answer:
                        break
                    count.take(int(answer.split(b" ", 2)[1]))
