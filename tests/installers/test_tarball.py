"""The tarball: it runs from anywhere, and takes itself away."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from tests.installers.linux import APP, User, build, for_linux

pytestmark = for_linux


def test_the_tarball_runs_from_anywhere_and_takes_itself_away(tmp_path: Path) -> None:
    archive = build("tarball", tmp_path / "out")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path / "apps", filter="data")
    (base,) = (tmp_path / "apps").iterdir()
    home = tmp_path / "home"
    home.mkdir()
    settings = home / ".config/photoveil/default/settings.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("# mine\n")
    plain = {"HOME": str(home), "PATH": os.environ["PATH"]}
    other = home / ".local/bin/photoveil-setup"  # of somebody's pip
    other.parent.mkdir(parents=True)
    other.write_text("theirs")
    before = files(home)

    def install(*words: str) -> str:
        return subprocess.run(
            [str(base / "install.sh"), *words], env=plain, capture_output=True, text=True, check=True
        ).stdout

    install()
    entry = configparser.RawConfigParser()
    entry.read(home / f".local/share/applications/{APP}.desktop")
    assert entry["Desktop Entry"]["exec"] == f"{base}/bin/photoveil open"
    assert (home / f".local/share/icons/hicolor/48x48/apps/{APP}.png").is_file()
    anybody = User(base, home)
    anybody.has(anybody.release)
    called = subprocess.run(
        [str(home / ".local/bin/photoveil"), "status"], env=plain, capture_output=True, text=True, check=True
    )
    assert called.stdout == f"{base}/bin/photoveil|{base}/share/photoveil/extension|status\n"
    shutil.rmtree(anybody.mine)
    said = install("--remove")
    assert str(settings.parents[1]) in said
    assert files(home) == before
    assert other.read_text() == "theirs"


def files(folder: Path) -> list[Path]:
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
