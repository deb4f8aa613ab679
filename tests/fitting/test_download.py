"""Fetching in the background: told as it goes, given up at once, gone on with after a restart."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from photoveil.fitting.download import COMMAND, DownloadError, Downloads
from photoveil.fitting.wishes import Wishes
from photoveil.hub import Event, Hub
from photoveil.notices import Notices
from photoveil.settings import Settings
from tests.fitting.house import FAKE_FETCH


class Bench:
    """Downloads in a folder of their own, and everything they published."""

    def __init__(self, root: Path, downloads: Downloads, wishes: Wishes, hub: Hub, notices: Notices) -> None:
        self.root = root
        self.downloads = downloads
        self.wishes = wishes
        self.hub = hub
        self.notices = notices
        self.heard: list[Event] = []

    def script(self, *lines: str) -> None:
        (self.root / "script").write_text("\n".join(lines))

    @property
    def state(self) -> str | None:
        return self.downloads.current.state if self.downloads.current else None

    def wants(self) -> str | None:
        return Wishes.read(self.root / "wishes.json").pull


@asynccontextmanager
async def bench(
    root: Path,
    settings: Settings | None = None,
    again: tuple[float, ...] = (),
    command: tuple[str, ...] = FAKE_FETCH,
) -> AsyncIterator[Bench]:
    hub = Hub()
    notices, wishes = Notices(hub), Wishes.read(root / "wishes.json")
    chosen = settings or Settings()
    downloads = Downloads(root / "models", wishes, lambda: chosen, hub, notices, command=command, again=again)
    found = Bench(root, downloads, wishes, hub, notices)
    events = hub.subscribe()

    async def hear() -> None:
        async for event in events:
            found.heard.append(event)

    listening = asyncio.create_task(hear())
    downloads.start()
    try:
        yield found
    finally:
        await downloads.close()
        events.close()
        await listening


@pytest.fixture(autouse=True)
def _script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOVEIL_FAKE_FETCH", str(tmp_path / "script"))


async def until(condition: Callable[[], object], seconds: float = 100.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - a condition of any kind
            await asyncio.sleep(0.01)


def children() -> list[psutil.Process]:
    found = []
    for one in psutil.Process().children():
        with contextlib.suppress(psutil.Error):  # it has just ended
            found += [one] if "fake_fetch" in " ".join(one.cmdline()) else []
    return found


async def test_progress_is_told_and_the_end(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        b.script("say 10 100", f"wait {tmp_path / 'go'}", "install")
        await b.downloads.pull("standard")
        assert b.wants() == "standard"
        await until(lambda: b.downloads.current and b.downloads.current.share == 0.1)
        (tmp_path / "go").touch()
        await until(lambda: b.downloads.current is None)
        assert (tmp_path / "models" / "standard" / "pins.json").is_file()
        assert b.wants() is None
    told = [event.facts for event in b.heard if event.kind == "download"]
    assert [facts.get("bytes_done") for facts in told] == [0, 10, None]
    assert told[-1]["model_set"] is None
    assert [event.kind for event in b.heard if event.kind != "download"] == ["models", "models"]


async def test_one_goes_after_the_other(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        b.script(f"wait {tmp_path / 'go'}")
        await b.downloads.pull("standard")
        with pytest.raises(DownloadError, match="not done yet"):
            await b.downloads.pull("strong")
        with pytest.raises(DownloadError, match="not done yet"):
            await b.downloads.verify("strong", 1)
        assert b.wants() == "standard"


async def test_offline_nothing_begins(tmp_path: Path) -> None:
    async with bench(tmp_path, Settings(offline=True)) as b:
        with pytest.raises(DownloadError, match="Stay offline"):
            await b.downloads.pull("standard")
        assert (b.downloads.current, b.wants()) == (None, None)


async def test_given_up_at_once_even_where_nobody_listens(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        b.script("say 1 2", "stubborn")
        await b.downloads.pull("standard")
        await until(lambda: b.downloads.current and b.downloads.current.bytes_done)
        (child,) = children()
        async with asyncio.timeout(100):
            assert await b.downloads.cancel()
        assert not child.is_running()
        assert (b.downloads.current, b.wants()) == (None, None)
        assert not await b.downloads.cancel()


async def test_a_restart_goes_on(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        b.script(f"wait {tmp_path / 'go'}", "install")
        await b.downloads.pull("strong")
        await until(children)
    assert children() == []
    assert b.wants() == "strong"
    (tmp_path / "go").touch()
    async with bench(tmp_path) as b:
        assert b.wishes.pull == "strong"
        await until(lambda: b.wants() is None and b.downloads.current is None)
        assert (tmp_path / "models" / "strong" / "pins.json").is_file()


async def test_a_hub_that_is_away_is_asked_again(tmp_path: Path) -> None:
    async with bench(tmp_path, again=(0.5, 60.0)) as b:
        b.script("fail models_unreachable")
        await b.downloads.pull("standard")
        await until(lambda: b.state == "waiting")
        assert b.downloads.current is not None
        assert b.downloads.current.again is not None
        assert b.downloads.current.error is not None
        assert b.downloads.current.error["remedy"] == "Write another script."
        assert b.notices.all() == [], "it may pass: nothing the user has to see to"
        b.script("install")
        await until(lambda: b.downloads.current is None)


async def test_after_the_last_time_the_user_has_to_ask(tmp_path: Path) -> None:
    async with bench(tmp_path, again=(0.05,)) as b:
        b.script("fail models_unreachable")
        await b.downloads.pull("standard")
        await until(lambda: b.state == "failed")
        assert [notice.code for notice in b.notices.all()] == ["models_unreachable"]
        b.script("install")
        await b.downloads.pull("standard")
        await until(lambda: b.downloads.current is None)
        assert b.notices.all() == []


async def test_what_does_not_pass_is_not_tried_again(tmp_path: Path) -> None:
    async with bench(tmp_path, again=(0.05, 0.05)) as b:
        b.script("fail models")
        await b.downloads.pull("standard")
        await until(lambda: b.state == "failed")
        assert b.wants() == "standard", "the next start tries again"
        assert [notice.title for notice in b.notices.all()] == ["It went wrong"]
        assert await b.downloads.cancel()
        assert (b.wants(), b.notices.all()) == (None, [])


@pytest.mark.parametrize(("step", "reason"), [("crash", "ended unexpectedly"), ("stumble", "ValueError")])
async def test_a_child_that_dies_or_stumbles_is_told(tmp_path: Path, step: str, reason: str) -> None:
    async with bench(tmp_path) as b:
        b.script("say 5 10", step)
        await b.downloads.pull("standard")
        await until(lambda: b.state == "failed")
        error = b.downloads.current.error if b.downloads.current else None
        assert error is not None
        assert reason in error["reason"]
        assert "secret" not in str(error)
        assert b.downloads.current is not None
        assert b.downloads.current.bytes_done == 5


async def test_a_child_that_is_killed_is_told(tmp_path: Path) -> None:
    async with bench(tmp_path, again=(60.0,)) as b:
        b.script("stubborn")
        await b.downloads.pull("standard")
        await until(children)
        os.kill(children()[0].pid, signal.SIGKILL)
        await until(lambda: b.state == "waiting")


async def test_a_program_that_is_none_is_told(tmp_path: Path) -> None:
    async with bench(tmp_path, command=(str(tmp_path / "nothing"),)) as b:
        await b.downloads.pull("standard")
        await until(lambda: b.state == "failed")


async def test_files_are_checked_by_the_real_child(tmp_path: Path) -> None:
    """The real checking: a set of which nothing is here, and the shipped one."""
    async with bench(tmp_path, command=COMMAND) as b:
        await b.downloads.verify("standard", 1)
        await until(lambda: b.downloads.current is None)
        found = b.downloads.checked["standard"]
        assert {finding["problem"] for finding in found} == {"missing"}
        assert all(finding["remedy"] for finding in found)
        await b.downloads.verify("starter", 1)
        await until(lambda: b.downloads.current is None)
        assert b.downloads.checked["starter"] == []
        await b.downloads.verify("nobody's", 1)
        await until(lambda: b.state == "failed")
        assert b.wants() is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pull": 7, "declined": 8}', '{"pull": null}'])
def test_damaged_wishes_are_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "wishes.json"
    file.write_text(text)
    assert Wishes.read(file) == Wishes(file)


def test_wishes_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "wishes.json"
    wishes = Wishes.read(file)
    wishes.decline("strong")
    wishes.want("standard")
    assert Wishes.read(file) == Wishes(file, "standard", {"strong"})
    wishes.want("strong")
    assert Wishes.read(file) == Wishes(file, "strong", set())
