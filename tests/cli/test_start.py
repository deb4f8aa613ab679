"""What keeps the daemon from starting is told, also to who clicked on an icon and sees no terminal."""

from __future__ import annotations

import tempfile
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from photoveil import screen
from photoveil.cli import main
from photoveil.cli.output import Exit


def test_folders_that_cannot_be_made_are_told_on_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    home.write_text("a file is in the way, of the page, too")
    shown: list[str] = []
    monkeypatch.setenv("PHOTOVEIL_HOME", str(home))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(screen, "present", lambda: True)
    monkeypatch.setattr(screen, "show", shown.append)
    assert main(["open"]) == Exit.FAILED
    told = capsys.readouterr().err
    assert "Photoveil cannot run" in told
    assert str(home) in told
    page = Path(url2pathname(urlsplit(shown[0]).path)).read_text("utf-8")
    assert "Photoveil cannot run" in page
    assert "Not a directory" in page
