"""Where the browser extension lies on this computer, and which browsers have it from a package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from photoveil.paths import extension_places

_MANIFEST = "manifest.json"
_BROWSERS = ("chromium", "firefox")


@dataclass(frozen=True)
class Extension:
    """What each kind of browser takes; None where it is not on this computer.

    Attributes:
        chromium: a folder, for *Load unpacked*.
        firefox: a file, for *Load Temporary Add-on*: a package, or the manifest of a folder.
        provided: the browsers of this system that have it already, because a package put it there.
    """

    chromium: Path | None = None
    firefox: Path | None = None
    provided: tuple[str, ...] = ()


def found() -> Extension:
    """The extension of the first place that has it."""
    for place in extension_places():
        here = Extension(_folder(place), _file(place), _provided(place))
        if here != Extension():
            return here
    return Extension()


def _folder(place: Path) -> Path | None:
    return next((folder for folder in (place / "chromium", place) if (folder / _MANIFEST).is_file()), None)


def _provided(place: Path) -> tuple[str, ...]:
    """By the copies that installers/linux/build.py lays where the system's browsers find them."""
    return tuple(name for name in _BROWSERS if (place / "system" / name / _MANIFEST).is_file())


def _file(place: Path) -> Path | None:
    packages = sorted(place.glob("photoveil-firefox-*.xpi"))
    loose = (place / "firefox" / _MANIFEST, place / _MANIFEST)
    return next((file for file in (*reversed(packages), *loose) if file.is_file()), None)
