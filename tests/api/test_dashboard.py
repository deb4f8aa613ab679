"""The dashboard's way in: a one-time code, a client of its own, and pages that anybody may have."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from photoveil.api.client import DaemonClient, DaemonError, sign_in
from photoveil.api.pages import POLICY, Pages
from photoveil.api.sign_in import CODE_SECONDS, LIFETIME, MAX_CODES, MAX_DASHBOARDS, SignIn
from tests.api.house import ORIGIN, Clock, House, signed

# The codes and the dashboards.


def new(
    ended: Callable[[str], None] = lambda _client: None, clock: Callable[[], float] = time.monotonic
) -> SignIn:
    return SignIn("http://127.0.0.1:1", ended, clock)


def test_a_code_works_once() -> None:
    sign = new()
    code = sign.new_code()
    assert len(code) == 22
    assert sign.open(code) is not None
    assert sign.open(code) is None


def test_a_code_lives_for_a_minute() -> None:
    clock = Clock(stopped=True)
    sign = new(clock=clock)
    early, late = sign.new_code(), sign.new_code()
    clock.ahead = CODE_SECONDS - 1
    assert sign.open(early) is not None
    clock.ahead = CODE_SECONDS + 1
    assert sign.open(late) is None


def test_few_codes_wait() -> None:
    sign = new()
    codes = [sign.new_code() for _ in range(MAX_CODES + 1)]
    assert sign.open(codes[0]) is None
    assert all(sign.open(code) is not None for code in codes[1:])


@pytest.mark.parametrize("code", ["", "x", "\ud800", "A" * 22])
def test_other_codes_open_nothing(code: str) -> None:
    sign = new()
    sign.new_code()
    assert sign.open(code) is None


def test_dashboards_end_and_their_sessions_with_them() -> None:
    clock, ended = Clock(stopped=True), list[str]()
    sign = new(ended.append, clock)
    opened = [sign.open(sign.new_code()) for _ in range(MAX_DASHBOARDS + 1)]
    ids = [dashboard.id for dashboard in opened if dashboard is not None]
    assert ended == ids[:1]
    assert [dashboard.id for dashboard in sign.all()] == ids[1:]
    clock.ahead = LIFETIME + 1
    assert sign.find(ids[1]) is None
    assert sign.all() == []
    assert sorted(ended) == sorted(ids)


# By socket.


def test_the_dashboard_is_the_owner(house: House) -> None:
    link = house.local().call("dashboard/link")
    assert link["url"].startswith(f"http://127.0.0.1:{house.port}/#once=")
    dashboard = sign_in(link["url"])
    assert dashboard.call("overview")["port"] == house.port
    listed = [one for one in dashboard.call("clients")["clients"] if one["client"] == dashboard.client]
    assert (listed[0]["kind"], listed[0]["name"]) == ("dashboard", "This computer's dashboard")
    assert listed[0]["last_used"]
    with pytest.raises(DaemonError) as told:
        sign_in(link["url"])
    assert told.value.status == 403


@pytest.mark.parametrize("origin", [ORIGIN, "http://127.0.0.1:1", "http://localhost:{port}", "null", None])
def test_only_the_daemons_own_page_signs_in(house: House, origin: str | None) -> None:
    code = house.local().call("dashboard/link")["url"].partition("=")[2]
    client = DaemonClient(house.port, "", b"", origin and origin.format(port=house.port))
    assert client.post("dashboard/open", {"code": code}).status == 403
    client.origin = f"http://127.0.0.1:{house.port}"
    assert client.post("dashboard/open", {"code": code}).status == 200


def test_our_own_origin_is_for_dashboards_alone(house: House, browser: DaemonClient) -> None:
    own = f"http://127.0.0.1:{house.port}"
    assert house.raw("POST", "/v1/status", {**signed(browser, "status"), "Origin": own})[0] == 403
    assert house.raw("POST", "/v1/overview", {**signed(house.local(), "overview"), "Origin": own})[0] == 403
    assert house.raw("POST", "/v1/pair/begin", {**signed(browser, "pair/begin"), "Origin": own})[0] == 403
    foreign = {**signed(house.dashboard(), "overview"), "Origin": ORIGIN}
    assert house.raw("POST", "/v1/overview", foreign)[0] == 403


def test_a_revoked_dashboard_is_out_at_once(fresh_house: House) -> None:
    dashboard = fresh_house.dashboard()
    dashboard.open()
    fresh_house.local().call("clients/revoke", client=dashboard.client)
    assert dashboard.signed("overview", b"{}").status == 401
    with pytest.raises(DaemonError):
        dashboard.open()


def test_a_dashboard_ends_after_twelve_hours(fresh_house: House) -> None:
    fresh_house.clock.stop()
    dashboard = fresh_house.dashboard()
    dashboard.call("overview")
    fresh_house.clock.ahead = LIFETIME - 60
    dashboard.open()
    fresh_house.clock.ahead = LIFETIME + 1
    assert dashboard.signed("overview", b"{}").status == 401
    with pytest.raises(DaemonError):
        dashboard.open()


def test_the_right_code_opens_however_many_are_guessed(fresh_house: House) -> None:
    fresh_house.clock.stop()  # however slow the guesses are, no further ones are allowed meanwhile
    url = fresh_house.local().call("dashboard/link")["url"]
    guesser = DaemonClient(fresh_house.port, "", b"", f"http://127.0.0.1:{fresh_house.port}")
    statuses = {guesser.post("dashboard/open", {"code": f"{number:022}"}).status for number in range(250)}
    assert statuses == {403, 429}
    assert sign_in(url).call("status")["api"] == 1


# Pages.


def test_every_page_is_served_hardened(house: House) -> None:
    for path, kind in (
        ("/", "text/html"),
        ("/app/main.js", "text/javascript"),
        ("/app/icon.svg", "image/svg+xml"),
    ):
        status, headers, body = house.raw("GET", path, {}, None)
        assert (status, headers["Content-Type"].partition(";")[0]) == (200, kind)
        assert headers["Content-Security-Policy"] == POLICY
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert body


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "POST"])
def test_pages_are_for_get_alone(house: House, method: str) -> None:
    status = house.raw(method, "/", {}, None)[0]
    assert status == (404 if method == "POST" else 405)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": ORIGIN},
        {"Upgrade": "websocket"},
    ],
)
def test_other_sites_get_no_page(house: House, headers: dict[str, str]) -> None:
    assert house.raw("GET", "/", headers, None)[0] in (400, 403)


def test_pages_take_no_body(house: House) -> None:
    assert house.raw("GET", "/", {}, b"{}")[0] == 400


def test_the_table_of_pages_is_fixed(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("a page")
    (tmp_path / "main.js").write_text("a script")
    (tmp_path / "notes.txt").write_text("not for anybody")
    pages = Pages(tmp_path)
    (tmp_path / "late.js").write_text("came later")
    assert "/" in pages
    assert "/app/main.js" in pages
    for path in (
        "/app/notes.txt",
        "/app/late.js",
        "/app/index.html",
        "/index.html",
        "/app/",
        "/app/../main.js",
    ):
        assert path not in pages


def test_the_description_is_served(house: House) -> None:
    status, headers, body = house.raw("GET", "/v1/openapi.json", {}, None)
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert json.loads(body)["openapi"] == "3.1.0"
