"""What tests of the Debian package and of the tarball share: building one, and somebody who has it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.installers.tools import needs

ROOT = Path(__file__).parents[2]
LINUX = ROOT / "installers" / "linux"
APP = "app.photoveil.Photoveil"
for_linux = [
    pytest.mark.skipif(sys.platform != "linux", reason="is for Linux"),
    needs("dpkg-deb", "rsvg-convert"),
]


def build(kind: str, out: Path) -> Path:
    command = [sys.executable, str(LINUX / "build.py"), kind, "--out", str(out)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (made,) = out.iterdir()
    return made


def says(*command: str, **environ: str) -> tuple[int, str]:
    """Exit code, and everything said."""
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**os.environ, **environ},
    )
    return done.returncode, done.stdout


class User:
    """Somebody with the package and a home."""

    def __init__(self, base: Path, home: Path) -> None:
        self.base, self.home = base, home
        self.mine = home / ".local/lib/photoveil"
        self.release = (base / "share/photoveil/release").read_text().strip()

    def has(self, release: str) -> None:
        """An environment of this release that tells how it was called."""
        folder = self.mine / "venv"
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        (folder / "lib" / version / "site-packages").mkdir(parents=True, exist_ok=True)
        (folder / "lib" / version / "site-packages" / "pip").mkdir(exist_ok=True)
        (folder / "bin").mkdir(exist_ok=True)
        python = folder / "bin/python3"
        if not python.exists():
            python.symlink_to(Path(sys.executable).resolve())
        script = folder / "bin/photoveil"
        script.write_text('#!/bin/sh\necho "$PHOTOVEIL_LAUNCHER|$PHOTOVEIL_EXTENSION|$*"\n')
        script.chmod(0o755)
        (self.mine / "release").write_text(release + "\n")

    def calls(self, *words: str, **environ: str) -> tuple[int, str]:
        bare = {"PATH": os.environ["PATH"], "HOME": str(self.home), **environ}
        done = subprocess.run(
            [str(self.base / "bin/photoveil"), *words], env=bare, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout
