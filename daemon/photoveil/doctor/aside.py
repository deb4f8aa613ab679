"""Putting a file out of the way without losing it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path


def put(file: Path) -> Path:
    """Give a file another name beside its own, which tells when; answers that name."""
    kept = free_name(file)
    file.rename(kept)
    return kept


def keep(file: Path, beside: Iterable[str] = ()) -> Path:
    """Give a file such a name beside the one it has, so that what replaces it may be killed at any moment.

    Args:
        beside: endings of files that belong to it and are kept with it, as far as they are there.
    """
    from photoveil.photos.writing import sync_folder  # late: Pillow and numpy stand behind that door

    kept = free_name(file)
    for ending in ("", *beside):
        one = file.with_name(file.name + ending)
        if one.exists():
            _name_again(one, kept.with_name(kept.name + ending))
    sync_folder(file.parent)
    return kept


def free_name(file: Path) -> Path:
    """A name beside a file's own that tells when, and that nothing has."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    number, kept = 1, file.with_name(f"{file.name}.aside-{stamp}")
    while kept.exists():
        number += 1
        kept = file.with_name(f"{file.name}.aside-{stamp}-{number}")
    return kept


def _name_again(file: Path, kept: Path) -> None:
    # A link reads nothing of it and needs no room: its drive may be failing or full.
    try:
        kept.hardlink_to(file)
    except FileExistsError:
        raise
    except OSError:  # a drive without links
        shutil.copy2(file, kept)
