"""An environment: a folder with Python, torch and Photoveil in it, made, resumed, updated and checked."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from photoveil.install.errors import SetupError
from photoveil.install.machine import Build

_FREE_AFTER = 300_000_000


@dataclass(frozen=True)
class Record:
    """What is in an environment that is ready.

    Attributes:
        release: Photoveil's version and the beginning of its wheel's SHA-256.
        build: of torch.
        torch: its version.
        python: as ``3.11``.
        why: why this build, in words.
    """

    release: str
    build: str
    torch: str
    python: str
    why: str


class Environment:
    """The environment in ``folder``; it need not exist yet.

    ``release``, a file of one line, is there exactly while the environment is whole: it is removed first and written
    last, and the launchers compare it with the one that came in the package.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.venv = folder / "venv"
        self.wheels = folder / "wheels"
        self._release = folder / "release"
        self._record = folder / "environment.json"
        self._aim = folder / "building"

    @property
    def scripts(self) -> Path:
        """Where its commands lie."""
        return self.venv / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.scripts / ("python.exe" if os.name == "nt" else "python3")

    @property
    def packages(self) -> Path:
        """Its ``site-packages``."""
        if os.name == "nt":
            return self.venv / "Lib" / "site-packages"
        return self.venv / "lib" / f"python{python_version()}" / "site-packages"

    def ready(self, release: str) -> bool:
        """Whether ``release`` can be started from here."""
        try:
            there = self._release.read_text(encoding="utf-8").strip()
        except OSError:
            return False
        return there == release and self.usable()

    def usable(self) -> bool:
        """Whether its Python is there and still of the version that it was made with."""
        return self.python.exists() and self.packages.is_dir()

    def record(self) -> Record | None:
        """What was set up here last, also while an update is under way; nothing where that is not known."""
        try:
            return Record(**json.loads(self._record.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def aim(self, build: Build) -> None:
        """What is to be built; what was built or begun for another build of torch cannot be gone on with."""
        record = self.record()
        try:
            last = self._aim.read_text(encoding="utf-8")
        except OSError:
            last = record.build if record is not None else build
        if last != build:
            self.remove()
        _write(self._aim, build)

    def begin(self) -> None:
        """From here on it is not whole."""
        self._release.unlink(missing_ok=True)

    def finish(self, record: Record) -> None:
        """It is whole; what was fetched for it goes."""
        _write(self._record, json.dumps(asdict(record), indent=2) + "\n")
        self._aim.unlink(missing_ok=True)  # what came may be another build than was asked for
        shutil.rmtree(self.wheels, ignore_errors=True)
        _write(self._release, record.release + "\n")

    def remove(self) -> None:
        """Take all of it away; nothing of the user's lies here."""
        self.begin()
        for folder in (self.venv, self.wheels):
            if folder.exists():
                shutil.rmtree(folder)
        for file in (self._record, self._aim):
            file.unlink(missing_ok=True)

    def make_python(self) -> None:
        """The bare interpreter with pip, unless it is there.

        Raises:
            SetupError: this Python cannot make environments.
        """
        if self.usable() and (self.packages / "pip").is_dir():
            return
        if self.venv.exists():  # of an older Python, or half made
            shutil.rmtree(self.venv)
        # -I: neither the folder somebody stands in nor PYTHON… variables have a say.
        command = [sys.executable, "-I", "-m", "venv", str(self.venv)]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode != 0:
            shutil.rmtree(self.venv, ignore_errors=True)
            last = (made.stderr or made.stdout).strip().splitlines()
            raise SetupError(
                "Python could not make an environment",
                last[-1] if last else f"It ended with {made.returncode}.",
                "On Debian and its kin, install python3-venv; then start it again.",
            )

    def check_room(self, download: int) -> None:
        """Raise where the disk has no room for ``download`` bytes of wheels and what they unpack to."""
        needed = int(download * 3.6) + _FREE_AFTER
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise SetupError(
                "There is not enough room on the disk",
                f"{self.folder} needs {needed / 1e9:.1f} GB while it is set up; {free / 1e9:.1f} GB are free.",
                "Make room, or choose another place with --folder.",
            )

    def installed_bytes(self, sizes: dict[str, int]) -> int:
        """How much of ``sizes``, by the name that a wheel's metadata folder begins with, is installed."""
        found = {path.name.split("-")[0].lower() for path in self.packages.glob("*.dist-info")}
        return sum(size for name, size in sizes.items() if name in found)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else sets it up meanwhile.

        Raises:
            SetupError: somebody does, or the folder cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = (self.folder / "lock").open("a+b")
        except OSError as error:
            raise SetupError(
                "The folder of the environment cannot be written",
                f"{self.folder}: {error.strerror}.",
                "Choose another one with --folder, or mend its permissions.",
            ) from error
        with file:
            if not _lock(file.fileno()):
                raise SetupError(
                    "The set-up is running already",
                    f"Another one works in {self.folder}.",
                    "Wait until it is done.",
                )
            yield


def python_version() -> str:
    """Of the Python that runs this, as ``3.11``."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def release_of(wheel: Path) -> str:
    """Version and digest of Photoveil's wheel: one word each, as the launchers compare them.

    Raises:
        SetupError: it is not Photoveil's wheel.
    """
    parts = wheel.name.split("-")
    if wheel.suffix != ".whl" or parts[0] != "photoveil" or len(parts) < 5 or not zipfile.is_zipfile(wheel):
        raise SetupError(
            "Photoveil's own package is missing",
            f"{wheel} is not a wheel of Photoveil.",
            "Name it with --wheel, or install Photoveil again.",
        )
    with wheel.open("rb") as file:
        return f"{parts[1]} {hashlib.file_digest(file, 'sha256').hexdigest()[:16]}"


def own_wheel() -> Path | None:
    """The wheel that this very code was started from."""
    for folder in Path(__file__).parents:
        if folder.suffix == ".whl" and folder.is_file():
            return folder
    return None


def known_build(record: Record | None) -> Build | None:
    """The build that was set up before, so that an update does not change it."""
    try:
        return Build(record.build) if record is not None else None
    except ValueError:
        return None


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
