"""A model set's folder: locked while it changes, written so that nothing half-done ever looks whole."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from photoveil.models.errors import ModelsError
from photoveil.protection.model_sets import PINS, Pin, read_pins

SPARE = 256 * 2**20
"""What stays free on the disk beside a download."""

_BLOCK = 4 * 2**20
_PATIENCE = 1.0


@contextmanager
def locked(folder: Path, name: str) -> Iterator[Path]:
    """Only one process at a time changes the set ``name``; gives its folder, made if it is not there.

    The system releases the lock when the process ends, however it ends.
    """
    from filelock import FileLock, Timeout  # only who changes something needs it

    with readable_errors(folder):
        (folder / name).mkdir(parents=True, exist_ok=True, mode=0o755)
        lock = FileLock(folder / f".{name}.lock", timeout=_PATIENCE, poll_interval=0.05)
        try:
            lock.acquire()
        except Timeout as error:
            raise ModelsError(
                "This model set is being changed",
                f"Another Photoveil is fetching, adding or removing “{name}” at this moment.",
                "Wait until it is done; `photoveil models list` tells.",
            ) from error
    try:
        yield folder / name
    finally:
        lock.release()


def sha256_of(file: Path, seen: Callable[[int], None] | None = None) -> str:
    """The SHA-256 of a file; ``seen`` hears of every block."""
    found = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            found.update(block)
            if seen:
                seen(len(block))
    return found.hexdigest()


def pin(folder: Path, name: str, one: Pin) -> None:
    """Record what the file ``name`` is; the caller holds the lock."""
    write_pins(folder, read_pins(folder) | {name: one})


def write_pins(folder: Path, pins: Mapping[str, Pin]) -> None:
    """Replace the record, whole or not at all."""
    data = {"version": 1, "files": {name: asdict(one) for name, one in sorted(pins.items())}}
    draft = folder / f".{PINS}.part"
    with readable_errors(folder):
        with draft.open("w", encoding="utf-8") as opened:
            opened.write(json.dumps(data, indent=1) + "\n")
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(folder / PINS)
        settle_folder(folder)


def settle_folder(folder: Path) -> None:
    """Have the system write a folder's names; where it can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put(part: Path, final: Path) -> None:
    """Give a finished file its name."""
    part.replace(final)
    settle_folder(final.parent)


def check_space(folder: Path, wanted: int) -> None:
    """Raise ModelsError where ``wanted`` bytes and something to spare do not fit."""
    free = shutil.disk_usage(folder).free
    if wanted and wanted + SPARE > free:
        raise ModelsError(
            "Not enough disk space",
            f"{gigabytes(wanted)} are to be written to {folder}, where {gigabytes(free)} are free.",
            f"Free {gigabytes(wanted + SPARE - free)}, or set PHOTOVEIL_MODELS to a folder on another disk.",
        )


def gigabytes(count: int) -> str:
    """A size for people."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(count, 1e5) / 1e6:.1f} MB"


@contextmanager
def readable_errors(folder: Path) -> Iterator[None]:
    """Turn what the disk says into ModelsError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ModelsError(
                "The disk is full",
                f"{folder} took no more.",
                "Make room, then try again: what has arrived is kept. PHOTOVEIL_MODELS names a folder elsewhere.",
            ) from error
        raise ModelsError(
            "The models folder cannot be used",
            f"{folder}: {error.strerror or error}.",
            "Check the disk and the folder's rights, or set PHOTOVEIL_MODELS to another folder.",
        ) from error


def short_name(etag: str) -> str:
    """A part of a file's name that stands for a hub's name of a content, whatever that is made of."""
    return hashlib.sha256(etag.encode()).hexdigest()[:16]
