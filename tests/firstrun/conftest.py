"""A home of its own for every test: nothing is entered into what starts at the login of whoever runs them."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def launcher(tmp_path: Path) -> Path:
    """A program that writes down how it was started: `started` beside it."""
    file = tmp_path / "an install" / 'of "photoveil" $HOME 100% é'
    file.parent.mkdir()
    file.write_text(
        "#!/bin/sh\n"
        f"out='{tmp_path}/started'\n"
        'printf "%s\\n" "$PHOTOVEIL_HOME" "$#" "$@" > "$out.part" && mv "$out.part" "$out"\n'
    )
    file.chmod(0o755)
    return file


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, launcher: Path) -> Path:
    """The folders of a desktop: `config` is the user's, `machine` everybody's."""
    for name in ("PHOTOVEIL_HOME", "PHOTOVEIL_MODELS", "PHOTOVEIL_EXTENSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", f"relative:{tmp_path / 'machine'}")
    monkeypatch.setenv("PHOTOVEIL_LAUNCHER", str(launcher))
    return tmp_path
