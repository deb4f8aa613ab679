"""Which names in a watched folder are never photos of the user's: hidden, half-written, or kept by other programs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from photoveil.photos.formats import Format

OUTPUT_FOLDER = "Protected"
"""The folder beside photos that holds their copies; folders of this name are never looked into."""

_LONGEST_NAME = 255
_FOLDS_CASE = sys.platform in ("win32", "darwin")
_OTHERS = frozenset(
    {
        "$recycle.bin",
        "#recycle",
        "#snapshot",
        "@eadir",
        "@recycle",
        "@tmp",
        "__macosx",
        "desktop.ini",
        "ehthumbs.db",
        "icon\r",
        "lost+found",
        "system volume information",
        "thumbs.db",
    }
)
_BEGINNINGS = (".", "~$", "~syncthing~")
_ENDINGS = (
    "~",
    ".!ut",
    ".aria2",
    ".bak",
    ".crdownload",
    ".download",
    ".filepart",
    ".opdownload",
    ".part",
    ".partial",
    ".swp",
    ".temp",
    ".tmp",
)
# Raw files are TIFF inside, so that their first bytes do not tell them apart.
_RAW = frozenset(
    (
        *(".3fr", ".arw", ".cr2", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos", ".nef", ".nrw"),
        *(".orf", ".pef", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw"),
    )
)


def passed_over(name: str) -> bool:
    """Whether a file or folder of this name is none of our business."""
    lower = name.lower()
    return lower.startswith(_BEGINNINGS) or lower.endswith(_ENDINGS) or lower in _OTHERS


def is_output(name: str) -> bool:
    """Whether this is the folder that holds protected copies."""
    return name == OUTPUT_FOLDER or (_FOLDS_CASE and name.lower() == OUTPUT_FOLDER.lower())


def is_raw(name: str) -> bool:
    """Whether the name is that of a camera's raw file."""
    return os.path.splitext(name)[1].lower() in _RAW  # noqa: PTH122 - a name, not a path


def watched(relative: str) -> bool:
    """Whether the path, relative to the watched folder, may be a photo's: no part of it is passed over."""
    *folders, name = Path(relative).parts
    return not passed_over(name) and not any(passed_over(part) or is_output(part) for part in folders)


def numbered(name: str, number: int) -> str:
    """``photo.jpg`` as ``photo (2).jpg``, cut where it would be longer than file systems take; 1 is the name itself."""
    if number == 1:
        return name
    stem, ending = os.path.splitext(name)  # noqa: PTH122 - a name, not a path
    ending = f" ({number}){ending}"
    while stem and len(os.fsencode(stem + ending)) > _LONGEST_NAME:
        stem = stem[:-1]
    return stem + ending


def copy_suffix(source: Path, copy: Path) -> str:
    """What ``Delivered.suffix`` was when ``copy`` was made of ``source``: the ending where the format changed."""
    kinds = {suffix: kind for kind in Format for suffix in kind.extensions}
    old, new = (kinds.get(path.suffix.lower()) for path in (source, copy))
    return copy.suffix if old is not new else ""
