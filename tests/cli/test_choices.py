"""Settings, sites, folders and personas: changed the same way whether the daemon runs or not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from photoveil.settings import load
from tests.cli import house
from tests.cli.house import House


@pytest.fixture(scope="module", params=["daemon", "file"])
def home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, models: Path
) -> Iterator[House]:
    made = house.make(tmp_path_factory.mktemp("choices"), models)
    with made.daemon() if request.param == "daemon" else contextlib.nullcontext():
        yield made


def test_a_setting_is_set_read_and_unset(home: House) -> None:
    assert home.said("settings", "get", "strength") == "balanced\n"
    assert home.said("settings", "set", "strength", "strong") == "strength is strong.\n"
    assert home.said("settings", "get", "strength") == "strong\n"
    assert home.json("settings", "get", "strength")["default"] == "balanced"
    assert "strength = strong  (default: balanced)" in home.said("settings", "list")
    assert load(home.path("config", "settings.toml"))[0].strength == "strong"
    assert "balanced, its default" in home.said("settings", "unset", "strength")
    assert home.said("settings", "get", "strength") == "balanced\n"
    names = [setting["name"] for setting in home.json("settings", "list")]
    assert len(names) == len(set(names)) > 10


@pytest.mark.parametrize(
    ("name", "typed", "kept"),
    [("notifications", "off", False), ("cache_mb", "64", 64), ("persona", "Anna B", "Anna B")],
)
def test_values_are_read_as_their_kind(home: House, name: str, typed: str, kept: object) -> None:
    home.run("settings", "set", name, typed)
    assert home.json("settings", "get", name)["value"] == kept
    home.run("settings", "unset", name)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["set", "strenght", "strong"], "Did you mean “strength”?"),
        (["get", "nothing_like_it"], "Choose one of:"),
        (["set", "strength", "brutal"], "must be one of: subtle, balanced"),
        (["set", "cache_mb", "many"], "must be a whole number from 1 to"),
        (["set", "notifications", "2"], "on or off"),
        (["unset", "nonsense"], "There is no such setting"),
    ],
)
def test_what_cannot_be_set_changes_nothing(home: House, arguments: list[str], told: str) -> None:
    before = home.json("settings", "list")
    assert told in home.refused("settings", *arguments)
    assert home.json("settings", "list") == before


def test_folders_from_first_to_last(home: House) -> None:
    (home.folder / "pictures" / "deep").mkdir(parents=True)
    place = str((home.folder / "pictures").resolve())
    assert "No folder is watched" in home.said("folders", "list")
    assert "There is no such folder" in home.refused("folders", "add", "nowhere")
    folder = home.json("folders", "add", "pictures", "--strength", "strong", "--no-recursive")["folder"]
    assert "watched already" in home.refused("folders", "add", "./pictures")
    assert "pictures/deep" in home.refused("folders", "add", "pictures/deep")
    (listed,) = home.json("folders", "list")
    assert (listed["folder"], listed["path"]) == (folder, place)
    assert (listed["strength"], listed["recursive"], listed["output"]) == ("strong", False, "beside")
    told = home.said("folders", "list")
    assert f"{folder}  {place}" in told
    assert "“Protected” beside the photos; folders within are left out; strong" in told

    home.run("folders", "change", place, "--mirror-to", "copies", "--recursive", "--strength", "-", "--off")
    (listed,) = home.json("folders", "list")
    assert (listed["output"], listed["mirror"]) == ("mirror", str(home.folder / "copies"))
    assert (listed["strength"], listed["recursive"], listed["enabled"]) == (None, True, False)
    home.run("folders", "change", folder, "--output", "beside", "--on")
    (listed,) = home.json("folders", "list")
    assert (listed["output"], listed["mirror"], listed["enabled"]) == ("beside", None, True)

    assert "not watched" in home.refused("folders", "change", "elsewhere", "--off")
    assert "No option was given" in home.refused("folders", "change", folder, code=2)
    assert "not watched" in home.refused("folders", "remove", "elsewhere")
    assert "watched no longer" in home.said("folders", "remove", "pictures")
    assert home.json("folders", "list") == []


@pytest.mark.parametrize("place", ["/", "~", "{home}/default/state"])
def test_folders_that_must_not_be_watched(home: House, place: str) -> None:
    found = home.run("folders", "add", place.format(home=home.environment["PHOTOVEIL_HOME"]), code=1)
    assert "This folder cannot be watched" in found.stderr
    assert home.json("folders", "list") == []


def test_sites(home: House) -> None:
    assert "No site is treated differently" in home.said("sites", "list")
    told = home.said("sites", "set", "https://Example.org/upload", "--off")
    assert told == "example.org: photos are left as they are\n"
    home.run("sites", "set", "example.org", "--on", "--strength", "strong")
    found = home.json("sites", "list")["example.org"]
    assert (found["protect"], found["strength"]) == (True, "strong")
    assert "example.org  protected with strength strong" in home.said("sites", "list")
    home.run("sites", "set", "example.org", "--strength", "-")
    assert home.json("sites", "list")["example.org"]["strength"] is None
    assert "No option was given" in home.refused("sites", "set", "example.org", code=2)
    assert home.refused("sites", "set", "not a host", "--off")
    home.run("sites", "remove", "example.org")
    assert home.json("sites", "list") == {}
    assert home.refused("sites", "remove", "example.org")


def test_personas(home: House) -> None:
    assert "shown in teal" in home.said("personas", "colour", "anna", "teal", "--strength", "strong")
    card = load(home.path("config", "settings.toml"))[0].card("anna")
    assert (card.colour, card.strength) == ("teal", "strong")
    assert "There is no such colour" in home.refused("personas", "colour", "anna", "mauve", code=2)
    assert "cannot be used" in home.refused("personas", "colour", "../anna", "teal", code=2)
    assert "is forgotten" in home.said("personas", "forget", "anna", "--yes")
    assert "anna" not in load(home.path("config", "settings.toml"))[0].personas


def test_comments_in_the_file_stay(home: House) -> None:
    file = home.path("config", "settings.toml")
    before = file.read_text(encoding="utf-8")
    file.write_text(before + "# mine\n", encoding="utf-8")
    home.run("settings", "set", "cache_mb", "77")
    home.run("settings", "unset", "cache_mb")
    assert file.read_text(encoding="utf-8").count("# mine\n") == 1
