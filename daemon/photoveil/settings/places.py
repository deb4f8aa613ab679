"""Where folders really are, asked in a way that no dead network drive can hold up, and how they lie to each other."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_PATIENCE_SECONDS = 2.0
_REST_SECONDS = 60.0
"""How long a folder that did not answer is not asked again."""
_silent: dict[Path, float] = {}


@dataclass(frozen=True)
class Place:
    """A folder as it was found.

    Attributes:
        path: absolute, links followed as far as they lead; the folder need not exist.
        marks: what the file system knows the folder and those above it by, nearest first. Two names that differ in
            capitals, or lead through a mount, are one folder if it says so.
    """

    path: Path
    marks: tuple[tuple[int, int], ...]

    def within(self, other: Place) -> bool:
        """Whether this is the other folder or lies somewhere in it."""
        by_name = self.path.is_relative_to(other.path)
        return by_name or (other.exists and other.marks[0] in self.marks)

    @property
    def exists(self) -> bool:
        """Whether the folder itself was there, not only some above it."""
        return len(self.marks) == len(self.path.parents) + 1


def place(path: Path) -> Place:
    """Find a folder; ``path`` is absolute. On a drive that does not answer it is where its name says."""
    now = time.monotonic()
    if now - _silent.get(path, -_REST_SECONDS) < _REST_SECONDS:
        return Place(_plain(path), ())
    found: list[Place] = []
    finder = threading.Thread(target=lambda: found.append(_find(path)), name="settings-place", daemon=True)
    finder.start()
    finder.join(_PATIENCE_SECONDS)
    if found:
        _silent.pop(path, None)
        return found[0]
    _silent[path] = now
    return Place(_plain(path), ())


def absolute(text: str) -> Path | None:
    """A path as a user wrote it, ``~`` understood; None where it is not a whole path."""
    try:
        path = Path(text).expanduser()
    except RuntimeError:  # "~" of somebody nobody knows
        return None
    return path if path.is_absolute() and "\0" not in text else None


def home_folder() -> Place | None:
    """The user's home; None for users that have none."""
    path = absolute("~")
    return None if path is None else place(path)


def obstacle(wanted: Place, own: Sequence[Place], home: Place | None) -> tuple[str, str] | None:
    """Why nothing may be watched there or mirrored to at all: a reason and a remedy; None if it may."""
    if wanted.path.parent == wanted.path:
        return f"{wanted.path} is a whole drive.", "Choose a folder with photos in it."
    if any(wanted.within(folder) for folder in own):
        return f"Photoveil keeps its own files in {wanted.path}.", "Choose a folder with photos in it."
    if home is not None and home.within(wanted):
        return (
            f"Your home folder lies in {wanted.path}, with much more than photos.",
            "Choose the folder with the photos, such as ~/Pictures.",
        )
    return None


def _find(path: Path) -> Place:
    try:
        real = path.resolve()
    except (OSError, RuntimeError):  # links in a circle
        real = _plain(path)
    marks = (_mark(folder) for folder in (real, *real.parents))
    return Place(real, tuple(mark for mark in marks if mark is not None))


def _plain(path: Path) -> Path:
    return Path(os.path.normpath(path))


def _mark(folder: Path) -> tuple[int, int] | None:
    try:
        found = folder.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found.st_ino else None
