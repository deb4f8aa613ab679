"""Where an installed Photoveil keeps what belongs to it, on Windows and macOS.

Windows: the folder that the installer filled. macOS: the app's Resources; what is made on this machine lies in the
user's Library, because an app must not change itself. What the user makes with Photoveil lies in neither: see
photoveil/paths.py.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

# The wheel is no program by itself; this makes it one.
_RUN_WHEEL = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
    "runpy.run_module('photoveil.install', run_name='__main__')"
)


class BrokenInstallationError(Exception):
    """A file that the installer brought is not there."""


@dataclass(frozen=True)
class Layout:
    """The parts of one installation.

    Attributes:
        wheel: Photoveil's own package; the set-up runs out of it.
        release: version and digest of that package, as the finished environment bears it.
        environment: the folder that the set-up fills.
        python: the environment's interpreter.
        brought: the extension as the installer brought it.
        extension: the same where the user's browser can load it from.
    """

    wheel: Path
    release: str
    environment: Path
    python: Path
    brought: Path
    extension: Path

    @classmethod
    def of(cls, root: Path, windows: bool = os.name == "nt", home: Path | None = None) -> Layout:
        """The installation in ``root``: the installer's folder, or the app's Resources.

        Raises:
            BrokenInstallationError: parts of it are missing.
        """
        try:
            (wheel,) = (root / "wheels").glob("photoveil-*.whl")
            release = (root / "wheels" / "release").read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise BrokenInstallationError(f"{root / 'wheels'} lacks Photoveil's own package.") from error
        brought = root / "extension"
        if windows:
            environment = root / "environment"
            python = environment / "venv" / "Scripts" / "python.exe"
            return cls(wheel, release, environment, python, brought, brought)
        environment = (home or Path.home()) / "Library" / "Application Support" / "photoveil-environment"
        python = environment / "venv" / "bin" / "python3"
        return cls(wheel, release, environment, python, brought, environment / "extension")

    @property
    def ready(self) -> bool:
        """Whether the environment is whole and of this release."""
        try:
            there = (self.environment / "release").read_text(encoding="utf-8").strip()
        except OSError:
            return False
        return there == self.release and self.python.exists()

    def lay_out_extension(self) -> None:
        """Have the extension where browsers can load it from: their file dialogs do not look into an app."""
        if self.extension == self.brought or not self.brought.is_dir():
            return
        fresh = self.extension.with_name("extension.new")
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(self.brought, fresh)
        shutil.rmtree(self.extension, ignore_errors=True)
        fresh.rename(self.extension)

    def setup_command(self) -> list[str]:
        """What sets the environment up, or goes on with it; tells its progress in lines of JSON."""
        # A program of its own Python's folder: without a console where this one has none, with one where pip needs it.
        python = Path(sys.executable)
        quiet = python.with_name("python.exe") if python.name.lower() == "pythonw.exe" else python
        options = ["--folder", str(self.environment), "--progress", "json", "--wheel", str(self.wheel)]
        return [str(quiet), "-I", "-B", "-c", _RUN_WHEEL, str(self.wheel), *options]

    def remove_older_pythons(self) -> None:
        """Of Pythons that earlier versions of Photoveil ran on, nothing is needed once the environment is ready."""
        own = Path(sys.base_prefix)
        if own.parent.name != "python" or not own.name.startswith("cpython-"):
            return
        for folder in own.parent.glob("cpython-*"):
            if folder != own and not folder.is_symlink():
                shutil.rmtree(folder, ignore_errors=True)
