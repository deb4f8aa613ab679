from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoveil import settings
from photoveil.paths import BadProfileError, Paths, models_dir
from photoveil.settings import (
    KNOBS,
    PERSONA_COLOURS,
    TEMPLATE,
    FolderRule,
    PersonaCard,
    Settings,
    SettingsError,
    SiteProfile,
    default_colour,
    describe,
)

OLD = """\
# Settings of Photoveil. Every line is a default: remove the "#" in front of one to change it.

# Whose photos these are; each persona has its own anchor. Letters, digits, spaces, "-" and "_".
persona = "anna"

# How much may be changed: "subtle", "balanced", "strong", or "film", a look that is meant to be seen.
strength = "strong"

# The encoders that photos are protected against; `photoveil models list` shows them.
#model_set = "starter"

# How many megabytes of protected copies are kept for the next upload of the same photo.
cache_mb = 100
"""


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert settings.load(tmp_path / "settings.toml") == (Settings(), [])


def test_the_template_says_what_the_defaults_are(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    settings.write_template(file)
    assert settings.load(file) == (Settings(), [])
    assert file.stat().st_mode & 0o777 == 0o600
    lines = [line[1:] for line in TEMPLATE.splitlines() if line.startswith("#") and not line.startswith("# ")]
    told = tomllib.loads("\n".join(lines))
    examples = {name: told.pop(name) for name in ("folders", "sites", "personas")}
    assert Settings(**told) == Settings()
    assert set(told) == set(KNOBS) == {field.name for field in fields(Settings)} - set(examples)
    assert set(examples["folders"][0]) == {field.name for field in fields(FolderRule)}


def test_the_examples_of_the_template_can_be_brought_to_life(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(re.sub(r"(?m)^#(?=[\[a-z])", "", TEMPLATE))
    found, unknown = settings.load(file)
    assert unknown == []
    assert [rule.path for rule in found.folders] == [Path.home() / "Pictures"]
    assert found.site("www.instagram.com") == SiteProfile(persona="me", strength="strong")
    assert found.personas == {"me": PersonaCard("blue", "balanced")}


def test_yesterdays_file_loads_unchanged(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(OLD)
    assert settings.load(file) == (Settings(persona="anna", strength="strong", cache_mb=100), [])


def test_the_users_file_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('strength = "subtle"')
    settings.write_template(file)
    assert settings.load(file)[0].strength == "subtle"


def test_unknown_settings_are_named(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('persona = "anna"\nstrenght = "strong"\n[table]\n')
    assert settings.load(file) == (Settings(persona="anna"), ["strenght", "table"])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('strength = "brutal"', "subtle, balanced, strong"),
        ('metadata = "some"', "strip-location, strip-all, keep"),
        ("port = 70000", "from 0 to 65535"),
        ("port = true", "whole number"),
        ('cache_mb = "much"', "whole number"),
        ("worker_idle_seconds = 1", "from 5"),
        ('persona = "../x"', "persona"),
        ("persona = 7", "persona"),
        ("model_set = []", "model_set"),
        ("port = ", "Invalid value"),
        ("\n\nport = 70000", "Line 3: "),
        ("# é\nstrength = strong", "Line 2: Invalid value"),
        ("port = 1\n\nport = 2", "Line 3: "),
        ("notifications = 1", "true or false"),
        ('model_endpoint = "http://mirror.example.org"', "https://"),
        ('model_endpoint = "https://me:secret@mirror.example.org"', "https://"),
        ('model_endpoint = "https://[::1"', "https://"),
        ('model_endpoint = "ftp://mirror.example.org"', "https://"),
        ('model_endpoint = "https://a b"', "https://"),
        ("model_endpoint = 7", "https://"),
        ('device = "tpu"', "auto, cuda, xpu, mps, cpu"),
        ("when_busy = true", "wait, work"),
        ("history_days = 0", "from 1"),
        ("a = " + "[" * 5000, "nested"),
        ('folders = "x"', r"begin with .\[\[folders"),
        ('[folders]\npath = "/x"', "Line 1: Watched"),
        ("[[folders]]\n", 'needs a "path"'),
        ('port = 1\n[[folders]]\npath = "/a"\n[[folders]]\npath = "b"', "Line 5: .*whole path"),
        ('[[folders]]\npath = "~nobody-of-this-name/x"', "whole path"),
        ('[[folders]]\npath = "/x\\u0000"', "whole path"),
        ('[[folders]]\npath = "/x"\noutput = "there"', "Line 3: .*beside, mirror, in-place"),
        ('[[folders]]\npath = "/x"\noutput = "mirror"', "there must be a folder"),
        ('[[folders]]\npath = "/x"\npersona = "a/b"', "Line 3: .*persona"),
        ('[[folders]]\npath = "/x"\nmethod = "magic"', "antithetical"),
        ('[[folders]]\npath = "/x"\nrecursive = "yes"', "true or false"),
        ('[[folders]]\npath = "/x"\n[[folders]]\npath = "/x/y"', "Line 4: .*lies in"),
        ('[[folders]]\npath = "/x/y"\n[[folders]]\npath = "/x"', "Line 4: .*lies in"),
        ('[[folders]]\npath = "/x"\n[[folders]]\npath = "/x/./"', "twice"),
        ("sites = 1", "holds tables"),
        ('[sites]\n"a.org" = 1', "holds tables"),
        ('[sites."a b"]', "Line 1: .*not the name of a site"),
        ('[sites."a.org"]\n[sites."A.ORG"]', "Line 2: .*twice"),
        ('[sites."a.org"]\nprotect = "no"', "Line 2: .*true or false"),
        ('[sites."a.org"]\nslider = 101', "Line 2: .*from 0 to 100"),
        ('[sites."a.org"]\nslider = true', "Line 2: .*whole number"),
        ('assistant_endpoint = "http://api.example.org/v1"', "https://"),
        ('assistant_model = "two words"', "without spaces"),
        ("assistant_slider = -1", "from 0 to 100"),
        ('[personas."../x"]', "Line 1: "),
        ('[personas.anna]\ncolour = "beige"', "blue, teal"),
        ("#" * (1 << 20) + "#", "larger than a megabyte"),
    ],
)
def test_bad_settings_are_errors_with_a_remedy(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=reason) as told:
        settings.load(file)
    assert str(file) in told.value.title
    assert told.value.remedy


@pytest.mark.parametrize("content", [b"port = 1\n\xff\xfe", "port = 1\r\n".encode("utf-16")])
def test_a_file_that_is_no_text(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match="UTF-8"):
        settings.load(file)


def test_a_file_from_windows(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(b'\xef\xbb\xbfstrength = "strong"\r\n')
    assert settings.load(file)[0].strength == "strong"


def test_backslashes_are_explained(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[[folders]]\npath = "C:\\Users\\me"')
    with pytest.raises(SettingsError, match="single quotation marks"):
        settings.load(file)


def test_unknown_names_in_tables_are_named(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(
        '[[folders]]\npath = "/x"\ncolor = 1\n[sites."a.org"]\nstrenght = ""\n[personas.anna]\nage = 3'
    )
    assert settings.load(file)[1] == ["folders.color", "sites.a.org.strenght", "personas.anna.age"]


def test_every_persona_has_a_colour_that_stays() -> None:
    chosen = Settings(personas={"anna": PersonaCard("red")})
    assert chosen.card("anna") == PersonaCard("red")
    assert chosen.card("ben") == Settings().card("ben")
    assert {default_colour(f"persona {number}") for number in range(99)} == set(PERSONA_COLOURS)


def test_what_the_dashboard_is_told_is_complete() -> None:
    told = {entry["name"]: entry for entry in describe(Settings(strength="strong"))}
    assert set(told) == set(KNOBS)
    assert json.loads(json.dumps(told)) == told
    assert told["strength"]["value"] == "strong"
    assert told["strength"]["default"] == "balanced"
    assert [name for name, entry in told.items() if not entry["live"]] == ["port"]
    for entry in told.values():
        assert entry["help"].endswith(".")
        assert entry["kind"] in ("choice", "integer", "switch", "text")
        if entry["kind"] == "choice":
            assert entry["default"] in entry["choices"]
            assert list(entry["meanings"]) == entry["choices"]
        if entry["kind"] == "integer":
            assert entry["low"] <= entry["default"] <= entry["high"]


def test_nothing_heavy_is_imported() -> None:
    code = "import sys, photoveil.settings, photoveil.policy; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "aiohttp", "numpy", "PIL", "psutil", "filelock"} & set(found.stdout.split())


@given(st.text(max_size=50))
def test_a_persona_is_always_one_plain_file_name(name: str) -> None:
    if settings.valid_persona(name):
        assert not set(name) & set("/\\.:\x00\n")
        assert Path(name).name == name
        assert name == name.strip()


@pytest.mark.parametrize("name", ["me", "Zoë", "my mother", "person_2", "李明"])
def test_ordinary_names_can_be_personas(name: str) -> None:
    assert settings.valid_persona(name)


def test_a_profile_moves_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOVEIL_HOME", str(tmp_path))
    one, two = Paths.of(), Paths.of("two")
    names = [name for name in dir(one) if isinstance(getattr(one, name), Path)]
    assert len(names) >= 12
    for name in names:
        assert getattr(one, name) != getattr(two, name)
        assert getattr(one, name).is_relative_to(tmp_path)


def test_without_a_root_the_platform_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PHOTOVEIL_HOME", raising=False)
    paths = Paths.of()
    assert len({paths.config, paths.state, paths.cache, paths.logs}) >= 3
    monkeypatch.delenv("PHOTOVEIL_MODELS", raising=False)
    assert models_dir().parent == paths.state.parent  # one for all profiles
    monkeypatch.setenv("PHOTOVEIL_HOME", str(tmp_path / "home"))
    assert models_dir() == tmp_path / "home" / "models"
    monkeypatch.setenv("PHOTOVEIL_MODELS", str(tmp_path))
    assert models_dir() == tmp_path


@pytest.mark.parametrize("name", ["", "..", "a/b", "-x", "a" * 33, "a\n", "models", "Models"])
def test_a_profile_is_one_plain_folder_name(name: str) -> None:
    with pytest.raises(BadProfileError):
        Paths.of(name)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("port", "47611", 47611),
        ("port", "x", None),
        ("port", "-1", None),
        ("port", "٣", None),
        ("previews", "OFF", False),
        ("previews", "yes", True),
        ("previews", "1", None),
        ("persona", "Zoë", "Zoë"),
        ("strength", "film", "film"),
        ("strength", "on", None),
    ],
)
def test_what_is_typed_is_understood(name: str, text: str, value: object) -> None:
    understood = KNOBS[name].understood(text)
    assert (KNOBS[name].complaint(understood) is None) == (value is not None)
    if value is not None:
        assert understood == value
