"""Every step of the guard, in its order. A request that fails at one step is wrong at all later ones, too."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

import pytest

from photoveil.api.client import DaemonClient
from photoveil.api.verbs import VERBS, Access
from tests.api.house import ORIGIN, PATIENCE, House, meta, signed

GOOD = {"Content-Type": "application/json", "X-Photoveil": "1", "Origin": ORIGIN}
FOREIGN = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}


def without(headers: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key != name}


@pytest.mark.parametrize(
    "host", ["localhost:{port}", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}"]
)
def test_2_the_host_must_be_ours(house: House, host: str) -> None:
    headers = {"Host": host.format(port=house.port), "Content-Type": "text/plain", **FOREIGN}
    status, answered, body = house.raw("GET", "/v1/status", headers, None)
    assert (status, body) == (400, b"")
    assert "Access-Control-Allow-Origin" not in answered


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "HEAD", "PUT", "DELETE", "PATCH"])
def test_3_post_only(house: House, method: str) -> None:
    headers = {
        **FOREIGN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Private-Network": "true",
    }
    status, answered, body = house.raw(method, "/v1/status", headers, None)
    assert (status, body) == (405, b"")
    assert not any(name.lower().startswith("access-control") for name in answered)


@pytest.mark.parametrize(
    "path", ["/", "/v1/", "/v1/nothing", "/v1/status?x=1", "/v1/./status", "//v1/status", "/v1/statu%73"]
)
def test_3_only_the_listed_verbs(house: House, path: str) -> None:
    assert house.raw("POST", path, GOOD)[0] == 404


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", None]
)
def test_3_the_content_type_must_fit(house: House, kind: str | None) -> None:
    headers = {**FOREIGN} if kind is None else {**FOREIGN, "Content-Type": kind}
    assert house.raw("POST", "/v1/status", headers)[::2] == (415, b"")
    assert house.raw("POST", "/v1/protect", {**FOREIGN, "Content-Type": "application/json"})[0] == 415


@pytest.mark.parametrize("value", [None, "0", "2", ""])
def test_3_our_header_must_be_there(house: House, value: str | None) -> None:
    headers = {"Content-Type": "application/json", **FOREIGN} | (
        {} if value is None else {"X-Photoveil": value}
    )
    assert house.raw("POST", "/v1/status", headers)[::2] == (400, b"")


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "",
        "chrome-extension://",
        "chrome-extension://abc/evil",
        "chrome-extension://abc.evil.example",
        "moz-extension://abc:1",
        "safari-web-extension://abc",
        "x chrome-extension://abc",
    ],
)
@pytest.mark.parametrize("verb", ["status", "session", "pair/begin"])
def test_4_no_origin_but_extensions(house: House, origin: str, verb: str) -> None:
    headers = {**GOOD, "Origin": origin, "Sec-Fetch-Site": "cross-site"}
    assert house.raw("POST", f"/v1/{verb}", headers)[::2] == (403, b"")


def test_4_only_the_origin_of_the_client(house: House, browser: DaemonClient) -> None:
    headers = signed(browser, "status")
    other = {**headers, "Origin": "moz-extension://00000000-0000-0000-0000-000000000000"}
    assert house.raw("POST", "/v1/status", other)[0] == 403
    assert house.raw("POST", "/v1/status", without(headers, "Origin"))[0] == 403
    assert house.raw("POST", "/v1/status", headers)[0] == 200
    assert house.raw("POST", "/v1/status", {**signed(house.local(), "status"), "Origin": ORIGIN})[0] == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything", ""])
def test_5_no_request_from_a_page(house: House, browser: DaemonClient, site: str) -> None:
    headers = {**signed(browser, "status"), "Sec-Fetch-Site": site, "Authorization": "garbage"}
    assert house.raw("POST", "/v1/status", headers)[::2] == (403, b"")


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_5_requests_of_extensions_pass(house: House, browser: DaemonClient, site: str) -> None:
    assert house.raw("POST", "/v1/status", {**signed(browser, "status"), "Sec-Fetch-Site": site})[0] == 200


@pytest.mark.parametrize(
    "authorization",
    [None, "", "garbage", "Bearer abc", "Photoveil a.b.c.d", f"Photoveil {'0' * 16}.1.{'0' * 64}.{'A' * 43}"],
)
def test_6_without_authorization_there_is_nothing(house: House, authorization: str | None) -> None:
    headers = GOOD | ({} if authorization is None else {"Authorization": authorization})
    huge = {**headers, "Content-Length": str(1 << 40)}
    assert house.raw("POST", "/v1/status", headers)[::2] == (401, b"")
    assert house.raw("POST", "/v1/status", huge, None)[::2] == (401, b"")


def test_6_every_part_is_signed(house: House, browser: DaemonClient) -> None:
    def status(headers: dict[str, str], verb: str = "status") -> int:
        return house.raw("POST", f"/v1/{verb}", headers)[0]

    scheme, _, rest = signed(browser, "status")["Authorization"].partition(" ")
    session, number, digest, mac = rest.split(".")
    good = signed(browser, "status")

    def claim(*parts: str) -> dict[str, str]:
        return {**good, "Authorization": f"{scheme} {'.'.join(parts)}"}

    assert status(claim(session, str(int(number) + 7), digest, mac)) == 401
    assert status(claim(session, number, "0" * 64, mac)) == 401
    assert status(claim(session, number, digest, "A" * 43)) == 401
    assert status(claim("f" * 16, number, digest, mac)) == 401
    assert status(claim(session, number, digest, mac), verb="prewarm") == 401
    assert status({**claim(session, number, digest, mac), "X-Photoveil-Meta": meta()}) == 401
    assert status(claim(session, f"0{number}", digest, mac)) == 401
    assert status(claim(session, number, digest, mac)) == 200


def test_6_a_request_is_accepted_once(house: House, browser: DaemonClient) -> None:
    headers = signed(browser, "status")
    assert house.raw("POST", "/v1/status", headers)[0] == 200
    assert house.raw("POST", "/v1/status", headers)[::2] == (401, b"")


def test_6_a_session_ends_after_15_minutes(fresh_house: House) -> None:
    fresh_house.clock.stop()
    browser = fresh_house.browser()
    browser.open()
    fresh_house.clock.ahead = 890
    assert fresh_house.raw("POST", "/v1/status", signed(browser, "status"))[0] == 200
    fresh_house.clock.ahead = 910
    assert fresh_house.raw("POST", "/v1/status", signed(browser, "status"))[0] == 401


def _ask(house: House, headers: dict[str, str]) -> tuple[int, bytes]:
    """Send headers alone, the body is withheld for good; answers status and body."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", house.port), timeout=PATIENCE) as connection:
        connection.sendall(
            f"POST /v1/protect HTTP/1.1\r\nHost: 127.0.0.1:{house.port}\r\n{head}\r\n".encode()
        )
        answer = connection.recv(65536)
    lines, _, body = answer.partition(b"\r\n\r\n")
    return int(lines.split()[1]), body


def test_7_too_large_is_told_before_a_byte_is_sent(house: House, browser: DaemonClient) -> None:
    headers = {**signed(browser, "protect", meta=meta()), "Content-Length": str((100 << 20) + 1)}
    status, body = _ask(house, headers)
    assert status == 413
    assert json.loads(body)["error"]["code"] == "too_large"
    assert not list(house.paths.spool.iterdir())


def test_7_the_length_must_be_announced(house: House, browser: DaemonClient) -> None:
    headers = {**signed(browser, "protect", meta=meta()), "Transfer-Encoding": "chunked"}
    status, body = _ask(house, headers)
    assert status == 411
    assert json.loads(body)["error"]["code"] == "length_required"


def test_7_small_verbs_take_small_bodies(house: House, browser: DaemonClient) -> None:
    body = b'{"x": "' + b"x" * 70_000 + b'"}'
    assert house.raw("POST", "/v1/status", signed(browser, "status", body), body)[0] == 413
    assert house.raw("POST", "/v1/session", GOOD, body)[::2] == (413, b"")


def test_7_no_invitation_before_the_guard_is_satisfied(house: House, browser: DaemonClient) -> None:
    headers = {
        **signed(browser, "protect", b"photo", meta=meta()),
        "Content-Length": "5",
        "Expect": "100-continue",
    }
    status, _ = _ask(house, {**headers, "Authorization": "garbage"})
    assert status == 401
    status, _ = _ask(house, headers)
    assert status == 100


def test_7_requests_are_limited(fresh_house: House) -> None:
    fresh_house.clock.stop()  # however slow the requests are, no further ones are allowed meanwhile
    browser = fresh_house.browser()
    answers = [browser.signed("status", b"{}") for _ in range(260)]
    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    assert refused[0].json()["error"]["code"] == "too_many_requests"
    assert fresh_house.local().call("status")["api"] == 1


def test_after_the_guard_the_body_must_be_the_signed_one(house: House, browser: DaemonClient) -> None:
    status, _, body = house.raw("POST", "/v1/status", signed(browser, "status", b"{}"), b"[]")
    assert status == 400
    assert json.loads(body)["error"]["code"] == "wrong_digest"
    headers = signed(browser, "protect", b"photo", meta=meta())
    assert house.raw("POST", "/v1/protect", headers, b"other")[0] == 400
    assert not list(house.paths.spool.iterdir())


def test_two_headers_of_a_kind_are_refused(house: House) -> None:
    lines = (
        f"POST /v1/status HTTP/1.1\r\nHost: 127.0.0.1:{house.port}\r\nX-Photoveil: 1\r\nX-Photoveil: 1\r\n"
    )
    with socket.create_connection(("127.0.0.1", house.port), timeout=PATIENCE) as connection:
        connection.sendall(f"{lines}Content-Type: application/json\r\nContent-Length: 0\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "request_text",
    [
        "garbage\r\n\r\n",
        "POST /v1/status HTTP/1.1\r\nX-Photoveil-Meta: unspeakable{filler}\r\n\r\n",
        "POST /v1/status HTTP/1.1\r\nunspeakable\r\n\r\n",
        "POST /v1/status HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_and_not_logged(
    house: House, caplog: pytest.LogCaptureFixture, request_text: str
) -> None:
    caplog.set_level("DEBUG")
    with socket.create_connection(("127.0.0.1", house.port), timeout=PATIENCE) as connection:
        connection.sendall(request_text.format(filler="x" * 9000).encode())
        assert connection.recv(4096).startswith((b"HTTP/1.0 400 ", b"HTTP/1.1 400 "))
    assert "unspeakable" not in caplog.text
    assert "Traceback" not in caplog.text


OWNERS = [verb.name for verb in VERBS.values() if verb.access is Access.OWNER]
LOCALS = [verb.name for verb in VERBS.values() if verb.access is Access.LOCAL]


@pytest.mark.parametrize("verb", OWNERS + LOCALS)
def test_extensions_are_no_owners(house: House, browser: DaemonClient, verb: str) -> None:
    answer = browser.signed(verb, b"{}", content_type=VERBS[f"/v1/{verb}"].content_type)
    assert answer.status == 403
    assert answer.json()["error"]["code"] == "local_only"


@pytest.mark.parametrize("verb", LOCALS)
def test_some_verbs_are_for_the_command_line_alone(house: House, dashboard: DaemonClient, verb: str) -> None:
    assert dashboard.signed(verb, b"{}").json()["error"]["code"] == "local_only"


def test_every_answer_carries_the_headers(house: House, browser: DaemonClient) -> None:
    browser.open()
    answers = [
        house.raw("GET", "/nothing", {}, None)[1],
        house.raw("GET", "/v1/openapi.json", {}, None)[1],
        browser.signed("status", b"{}").headers,
        browser.signed("job", b'{"job": "x"}').headers,
    ]
    for headers in answers:
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Content-Security-Policy"] == "default-src 'none'"
        assert "Server" not in headers


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_it_listens_on_127_0_0_1_alone(house: House) -> None:
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    port = f"{house.port:04X}"
    assert [row[1] for row in listening if row[1].endswith(port) and row[3] == "0A"] == [f"0100007F:{port}"]
