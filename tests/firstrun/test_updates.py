"""Asking for newer versions: a real server sees exactly what is sent, and may answer whatever it likes."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoveil import __version__, updates
from photoveil.cli import main
from photoveil.hub import Hub
from photoveil.settings import Settings
from photoveil.updates import Release, UpdateError, Updates, ask, understood

PAGE = "https://example.org/photoveil/99.1"
NEWER = {"version": "99.1", "url": PAGE}


class Releases:
    """A server of releases: what it is to answer, and what it was asked."""

    def __init__(self) -> None:
        self.status, self.headers, self.body = 200, {"Set-Cookie": "who=you"}, json.dumps(NEWER).encode()
        self.pieces = 1
        self.asked: list[tuple[str, dict[str, str]]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append((self.path, dict(self.headers.items())))
                self.send_response(server.status)
                for name, value in server.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                size = -(-len(server.body) // server.pieces) or 1
                for start in range(0, len(server.body), size):
                    time.sleep(0.01 * (start > 0))  # so that each comes by itself
                    self.wfile.write(server.body[start : start + size])

            def log_message(self, *_: object) -> None: ...

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/releases.json"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def releases() -> Iterator[Releases]:
    server = Releases()
    yield server
    server.http.shutdown()
    server.http.server_close()


def known(folder: Path, settings: Settings) -> Updates:
    return Updates(folder / "updates.json", lambda: settings, Hub())


async def test_the_question_says_nothing_about_the_user(
    releases: Releases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the second time, and not where passwords for servers are kept."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login anna password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for _ in range(2):
        assert await ask(releases.url) == Release("99.1", PAGE)
    host = releases.url.split("/")[2]
    assert releases.asked == [("/releases.json", {"Host": host, **updates.HEADERS})] * 2
    assert __version__ not in str(releases.asked)


async def test_what_github_tells_is_understood(releases: Releases) -> None:
    told = {"tag_name": "v99.1", "html_url": PAGE, "url": "https://api.example.org/1", "assets": [{"id": 1}]}
    releases.body = json.dumps(told).encode()
    assert await ask(releases.url) == Release("99.1", PAGE)


async def test_an_answer_that_comes_in_pieces_is_read_whole(releases: Releases) -> None:
    releases.body, releases.pieces = json.dumps({**NEWER, "notes": "x" * 40_000}).encode(), 5
    assert await ask(releases.url) == Release("99.1", PAGE)


def test_a_redirect_does_not_lead_others_to_this_computer() -> None:
    here, there = "http://127.0.0.1:8080/r.json", "https://example.org/r.json"
    for before, after in ((there, there), (here, here), (here, there)):
        assert updates._led_to(after, before, "example.org") == after
    with pytest.raises(UpdateError):
        updates._led_to(here, there, "example.org")


@pytest.mark.parametrize(
    ("status", "location", "body"),
    [
        (404, "", b"{}"),
        (500, "", b""),
        (302, "/releases.json", b""),
        (302, "http://example.org/", b""),
        (302, "file:///etc/passwd", b""),
        (302, "//[", b""),
        (200, "", b"<html>"),
        (200, "", b"[" * 60_000),
        (200, "", b" " * (updates.MOST_BYTES + 1)),
        (200, "", b'{"version": "99.1"}'),
        (200, "", b'{"version": "99.1; rm", "url": "https://example.org"}'),
        (200, "", b'{"version": "99.1", "url": "javascript:alert(1)"}'),
        (200, "", b'{"version": "99.1", "url": "http://example.org/"}'),
        (200, "", b'{"version": "99.1", "url": "https://you@example.org/"}'),
        (200, "", b'{"version": 99, "url": "https://example.org/"}'),
    ],
)
async def test_what_is_no_answer(releases: Releases, status: int, location: str, body: bytes) -> None:
    releases.status, releases.headers, releases.body = (
        status,
        {"Location": location} if location else {},
        body,
    )
    with pytest.raises(UpdateError) as told:
        await ask(releases.url)
    assert told.value.remedy
    assert len(releases.asked) <= 4


async def test_nobody_there() -> None:
    with pytest.raises(UpdateError):
        await ask("http://127.0.0.1:9/releases.json")


@given(
    st.binary()
    | st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: st.dictionaries(st.sampled_from(["version", "url", "tag_name", "html_url"]), inner),
    ).map(lambda told: json.dumps(told).encode())
)
def test_any_answer_is_a_release_or_refused(data: bytes) -> None:
    try:
        found = understood(data)
    except UpdateError:
        return
    assert found.url.startswith(("https://", "http://localhost", "http://127.0.0.1", "http://[::1]"))


@pytest.mark.parametrize(
    ("version", "newer"),
    [(__version__, False), ("0", False), ("0.0.9", False), ("0.1.0.1", True), ("0.10", True), ("99", True)],
)
def test_newer(version: str, newer: bool) -> None:
    assert Release(version, PAGE).is_newer == newer


def test_only_who_wants_it_asks(tmp_path: Path) -> None:
    wants = Settings(update_check=True, update_url="https://example.org/r.json")
    assert not known(tmp_path, Settings())._is_due()
    assert not known(tmp_path, Settings(update_check=True))._is_due()
    assert not known(
        tmp_path, Settings(update_check=True, update_url=wants.update_url, offline=True)
    )._is_due()
    assert known(tmp_path, wants)._is_due()
    for ago, is_due in ((1, False), (6.9, False), (7.1, True), (-3, True)):
        checked = (datetime.now(UTC) - timedelta(days=ago)).isoformat()
        (tmp_path / "updates.json").write_text(json.dumps({"checked": checked, "latest": None}))
        assert known(tmp_path, wants)._is_due() == is_due


async def test_a_vain_question_is_no_answer_and_comes_again_a_day_later(
    releases: Releases, tmp_path: Path
) -> None:
    wants = Settings(update_check=True, update_url=releases.url)
    releases.status = 503
    with pytest.raises(UpdateError):
        await known(tmp_path, wants).check()
    asked = known(tmp_path, wants)
    assert asked.told()["checked"] is None
    assert not asked._is_due()
    file = tmp_path / "updates.json"
    for ago, is_due in ((0.9, False), (1.1, True)):
        tried = (datetime.now(UTC) - timedelta(days=ago)).isoformat()
        file.write_text(json.dumps({"checked": None, "tried": tried, "latest": None}))
        assert known(tmp_path, wants)._is_due() == is_due
    file.unlink()
    with pytest.raises(UpdateError):  # without a network nobody was asked at all
        await known(tmp_path, Settings(update_url=releases.url, offline=True)).check()
    assert known(tmp_path, wants)._is_due()


async def test_by_itself_once_a_week(releases: Releases, tmp_path: Path) -> None:
    settings = Settings(update_check=True, update_url=releases.url)
    hub = Hub()
    looking = Updates(tmp_path / "updates.json", lambda: settings, hub, pause=0)
    async with asyncio.timeout(60), hub.subscribe() as events:
        following = asyncio.create_task(looking.follow())
        assert (await anext(events)).kind == "settings"
        for _ in range(50):  # of its looks, none of which may ask again
            await asyncio.sleep(0)
    following.cancel()
    assert len(releases.asked) == 1
    again = known(tmp_path, settings)
    assert again.newer == Release("99.1", PAGE)
    assert again.told()["newer"] == NEWER
    assert (tmp_path / "updates.json").stat().st_mode & 0o077 == 0


async def test_what_was_known_outlives_a_failure_but_not_an_upgrade(
    releases: Releases, tmp_path: Path
) -> None:
    looking = known(tmp_path, Settings(update_url=releases.url))
    await looking.check()
    releases.status = 503
    with pytest.raises(UpdateError):
        await looking.check()
    told = looking.told()
    assert told["newer"] == NEWER
    assert isinstance(told["error"], dict)
    assert "503" in told["error"]["reason"]
    releases.status, releases.body = 200, json.dumps({"version": __version__, "url": PAGE}).encode()
    await looking.check()
    assert looking.newer is None
    assert looking.told()["error"] is None


@pytest.mark.parametrize(
    "text", ["", "[]", '{"checked": 1}', '{"checked": "2026-01-01T00:00:00", "latest": {"url": 1}}']
)
def test_a_damaged_file_tells_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "updates.json").write_text(text)
    assert known(tmp_path, Settings()).told()["checked"] is None


def test_the_command_line(
    releases: Releases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PHOTOVEIL_HOME", str(tmp_path))
    assert main(["updates"]) == 0
    assert "not known" in capsys.readouterr().out
    assert main(["updates", "--check"]) == 1
    assert "No address is set" in capsys.readouterr().err
    assert main(["settings", "set", "update_url", releases.url]) == 0
    assert main(["updates", "--check"]) == 0
    assert f"Version 99.1 is there (this is {__version__}): {PAGE}" in capsys.readouterr().out
    assert main(["settings", "set", "offline", "on"]) == 0
    assert main(["updates", "--check"]) == 1
    assert len(releases.asked) == 1
