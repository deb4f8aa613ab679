"""The first run, as the daemon keeps it, and its verbs, asked of a real daemon."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from photoveil import extension
from photoveil.hub import Hub
from photoveil.tray.menu import menu
from photoveil.tray.state import TrayState
from photoveil.welcome import Welcome
from tests.api.house import House, running
from tests.firstrun.test_updates import NEWER, Releases, releases

__all__ = ["releases"]  # a fixture


@pytest.fixture
def house(desktop: Path) -> Iterator[House]:
    with running(desktop / "photoveil") as found:
        yield found


def read(file: Path, *, in_use: bool = False) -> Welcome:
    return Welcome.read(file, Hub(), in_use=in_use)


def test_it_is_opened_once_and_done_once(tmp_path: Path) -> None:
    file = tmp_path / "welcome.json"
    found = read(file)
    assert (found.opened, found.done) == (None, None)
    found.note_opened()
    assert read(file).opened == found.opened
    assert read(file).done is None
    found.finish()
    done = found.done
    found.finish()
    assert read(file).done == found.done == done is not None


def test_who_has_used_it_before_needs_none(tmp_path: Path) -> None:
    file = tmp_path / "welcome.json"
    assert read(file, in_use=True).done
    file.write_text('{"opened": "2026-11-22T10:00:00+00:00", "done": null}')
    assert read(file, in_use=True).done is None  # it was begun, and folders came in the middle of it


@pytest.mark.parametrize("text", ["", "[]", "null", '{"done": 1}', "\0"])
def test_a_damaged_file_offers_it_again(tmp_path: Path, text: str) -> None:
    file = tmp_path / "welcome.json"
    file.write_text(text)
    assert read(file).done is None


def test_the_page_is_told_all_it_needs(house: House, desktop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = desktop / "home"
    for name in ("Pictures/Camera", "DCIM"):
        (home / name).mkdir(parents=True)
    (desktop / "extension" / "chromium").mkdir(parents=True)
    (desktop / "extension" / "chromium" / "manifest.json").write_text("{}")
    monkeypatch.setenv("PHOTOVEIL_EXTENSION", str(desktop / "extension"))
    told = house.dashboard().call("welcome")
    assert told["done"] is False
    assert told["folders"] == [str(home / "Pictures/Camera"), str(home / "DCIM"), str(home / "Pictures")]
    found = {"chromium": str(desktop / "extension" / "chromium"), "firefox": None}
    assert told["extension"] == {**found, "provided": []}
    (desktop / "extension" / "system" / "chromium").mkdir(parents=True)
    (desktop / "extension" / "system" / "chromium" / "manifest.json").write_text("{}")
    assert house.dashboard().call("welcome")["extension"] == {**found, "provided": ["chromium"]}
    assert told["autostart"]["state"] == "off"
    assert (told["updates"]["wanted"], told["updates"]["newer"]) == (False, None)


def test_a_home_without_pictures_is_not_offered_whole(house: House, desktop: Path) -> None:
    (desktop / "home").mkdir()
    assert house.local().call("welcome")["folders"] == []


def test_done(house: House) -> None:
    owner = house.local()
    assert owner.call("overview")["welcome_done"] is False
    owner.call("welcome/done")
    assert owner.call("overview")["welcome_done"] is True
    assert json.loads(house.paths.welcome_file.read_text())["done"]


def test_a_profile_with_folders_is_not_welcomed(desktop: Path) -> None:
    (desktop / "photos").mkdir()
    with running(desktop / "photoveil", f'[[folders]]\npath = "{desktop}/photos"\n') as house:
        assert house.local().call("overview")["welcome_done"] is True


def test_starting_at_login(house: House, desktop: Path, launcher: Path) -> None:
    owner = house.dashboard()
    found = owner.call("autostart/change", on=True)
    assert (found["state"], found["command"]) == (
        "on",
        [str(launcher), "run", "--login", "--profile", "test"],
    )
    assert owner.call("autostart") == found
    assert found["where"] == str(desktop / "config" / "autostart" / "photoveil-test.desktop")
    assert owner.call("autostart/change", on=False)["state"] == "off"
    assert not Path(found["where"]).exists()


def test_newer_versions(house: House, releases: Releases) -> None:
    owner = house.dashboard()
    assert owner.call("updates/check")["error"]["code"] == "updates"
    owner.call("settings/change", changes={"update_url": releases.url})
    told = owner.call("updates/check")
    assert (told["newer"], told["error"]) == (NEWER, None)
    assert owner.call("overview")["update"] == NEWER
    assert owner.call("updates") == told


@pytest.mark.parametrize(
    "url", ["https://example.org/?who=me", "http://example.org/r.json", "ftp://example.org/"]
)
def test_only_a_plain_address_is_asked(house: House, url: str) -> None:
    answer = house.local().signed("settings/change", json.dumps({"changes": {"update_url": url}}).encode())
    assert answer.status == 422


def test_a_link_to_a_page(house: House) -> None:
    assert house.local().call("dashboard/link", place="welcome")["url"].endswith("/welcome")
    assert house.local().signed("dashboard/link", b'{"place": "x#y"}').status == 400


@pytest.mark.parametrize(
    ("files", "chromium", "firefox"),
    [
        ([], None, None),
        (["manifest.json"], "", "manifest.json"),
        (["chromium/manifest.json", "firefox/manifest.json"], "chromium", "firefox/manifest.json"),
        (
            ["chromium/manifest.json", "photoveil-firefox-0.1.0.xpi", "photoveil-firefox-0.2.0.xpi"],
            "chromium",
            "photoveil-firefox-0.2.0.xpi",
        ),
        (["photoveil-firefox-0.1.0.xpi"], None, "photoveil-firefox-0.1.0.xpi"),
    ],
)
def test_where_the_extension_lies(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: list[str],
    chromium: str | None,
    firefox: str | None,
) -> None:
    monkeypatch.setenv("PHOTOVEIL_EXTENSION", str(tmp_path))
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = extension.found()
    if files:
        assert found.chromium == (None if chromium is None else tmp_path / chromium)
        assert found.firefox == (None if firefox is None else tmp_path / firefox)
    else:  # the source tree's own
        assert found.chromium is not None
        assert (found.chromium / "manifest.json").is_file()


def test_the_tray_offers_it_first() -> None:
    plain, fresh = menu(TrayState()), menu(TrayState(welcome=True, update="9.9"))
    assert {item.action for item in fresh} - {item.action for item in plain} == {"welcome", "update"}
    assert [item.action for item in fresh if item.default] == ["welcome"]
    assert [item.action for item in plain if item.default] == ["dashboard"]
    assert any("9.9" in item.text for item in fresh)
