from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoveil import settings
from photoveil.paths import BadProfileError, Paths, models_dir
from photoveil.settings import Settings, SettingsError


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert settings.load(tmp_path / "settings.toml") == (Settings(), [])


def test_the_template_says_what_the_defaults_are(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    settings.write_template(file)
    assert settings.load(file) == (Settings(), [])
    lines = [
        line[1:]
        for line in settings.TEMPLATE.splitlines()
        if line.startswith("#") and not line.startswith("# ")
    ]
    assert Settings(**tomllib.loads("\n".join(lines))) == Settings()
    assert len(lines) == len(fields(Settings))


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
    ],
)
def test_bad_settings_are_errors_with_a_remedy(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=reason) as told:
        settings.load(file)
    assert str(file) in told.value.title
    assert told.value.remedy


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError):
        settings.load(file)


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
    assert models_dir() is None
    monkeypatch.setenv("PHOTOVEIL_MODELS", str(tmp_path))
    assert models_dir() == tmp_path


@pytest.mark.parametrize("name", ["", "..", "a/b", "-x", "a" * 33, "a\n"])
def test_a_profile_is_one_plain_folder_name(name: str) -> None:
    with pytest.raises(BadProfileError):
        Paths.of(name)
