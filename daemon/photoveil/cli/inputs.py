"""What the user typed, checked: names, choices and files. Nothing heavy is loaded."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from pathlib import Path

from photoveil import settings
from photoveil.api.verbs import MAX_PHOTO
from photoveil.cli.output import printable
from photoveil.errors import PhotoveilError


class UsageError(PhotoveilError):
    """The command line asks for what cannot be."""

    code = "usage"


class FileError(PhotoveilError):
    """A file that cannot be read or written."""

    code = "file"


def persona_name(name: str) -> str:
    """``name`` if a persona can be called so; raises UsageError."""
    if not settings.valid_persona(name):
        raise UsageError(
            "This persona name cannot be used",
            "It may have 1 to 40 letters, digits, spaces, hyphens and underscores.",
            "Choose another for the persona.",
        )
    return name


def known_choice(name: str, value: str) -> str:
    """``value`` if it is one of the words that setting ``name`` knows; raises UsageError."""
    if not settings.valid_choice(name, value):
        option = name.replace("_", "-")
        known = ", ".join(settings.choices(name)) or "none installed"
        raise UsageError(
            f"There is no such {name.replace('_', ' ')}",
            f"“{printable(value)}” is not known.",
            f"Use --{option} with one of: {known}.",
        )
    return value


def digest(file: Path) -> str:
    """A photo's SHA-256; raises FileError where the file cannot be read or is larger than any photo may be."""
    try:
        if not file.is_file():
            raise FileError(
                "This is not a file",
                "There is no file of this name, or it is a folder.",
                "Check the name; for the photos in a folder write FOLDER/*.jpg.",
            )
        size = file.stat().st_size
        if size > MAX_PHOTO:
            raise FileError(
                "The photo is too large",
                f"It has {size / (1 << 20):.0f} MiB; at most {MAX_PHOTO >> 20} are taken.",
                "Save it at a smaller size and try again.",
            )
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise FileError(
            "The photo cannot be read", f"{error.strerror}.", "Check the rights of the file and its folder."
        ) from error


def photos_in(names: Sequence[str]) -> list[Path]:
    """The files of these names, and of a folder the photos directly in it; one without photos stays, to be told."""
    found: list[Path] = []
    for name in names:
        path = Path(name)
        inside = _photos_of(path) if path.is_dir() else []
        found += inside or [path]
    return found


def _photos_of(folder: Path) -> list[Path]:
    from photoveil.photos.formats import Format  # Pillow: slow

    endings = {ending for kind in Format for ending in kind.extensions}
    with contextlib.suppress(OSError):
        files = (file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
        return sorted(file for file in files if file.suffix.lower() in endings)
    return []
