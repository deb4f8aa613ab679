"""Take a model set from files on disk, or away from it."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from photoveil import paths
from photoveil.models import disk
from photoveil.models.errors import ModelsError
from photoveil.models.planning import hub_of, hub_set
from photoveil.models.tensors import complaint
from photoveil.protection.model_sets import PINS, EncoderEntry, ModelSet, Pin, read_pins

FROM_DISK = "file"
"""The origin of files that did not come from a hub."""

_COMMIT = re.compile(r"[0-9a-f]{40}")
_BLOCK = 4 * 2**20


def add(
    name: str,
    given: Path | Sequence[Path],
    folder: Path | None = None,
    *,
    seen: Callable[[int], None] | None = None,
) -> ModelSet:
    """Copy what belongs to the set ``name`` from files, or from folders and those within, into ``folder``.

    A file tells what it is by the encoder's name (``clip-b32.safetensors``) or by lying in a folder named after its
    repository, as in a clone, a mirror or a hub's cache; its tensors must bear that out. The given files stay.
    ``seen`` hears of every block of bytes copied. The set may still lack others afterwards.

    Raises:
        ModelsError: nothing fits, a file is damaged or differs from what is recorded, or the disk refuses.
    """
    folder = folder or paths.models_dir()
    hub_set(name, folder)
    candidates = sorted(_candidates([given] if isinstance(given, Path) else given))
    with disk.locked(folder, name) as home:
        entries = hub_set(name, folder).encoders
        meant = {entry.name: file for entry in entries for file in candidates if _is_meant(file, entry)}
        if not meant:
            raise _nothing_fits(name, entries)
        chosen = [(entry, meant[entry.name]) for entry in entries if entry.name in meant]
        with disk.readable_errors(home):
            disk.check_space(home, sum(file.stat().st_size for _, file in chosen))
        for entry, file in chosen:
            _take(entry, file, home, seen or (lambda _count: None))
    return hub_set(name, folder)


def remove(name: str, folder: Path | None = None) -> int:
    """Delete what is on disk of the set ``name``; answers how many bytes that frees.

    Raises:
        ModelsError: it is no set that is fetched, it is being changed, or the disk refuses.
    """
    folder = folder or paths.models_dir()
    entries = hub_set(name, folder).encoders
    if not (folder / name).is_dir():
        return 0
    with disk.locked(folder, name) as home, disk.readable_errors(home):
        # The record goes first: from then on nothing of the set counts as there.
        files = [home / PINS, *(entry.weights for entry in entries), *home.glob(".*.part")]
        freed = sum(file.stat().st_size for file in files if file.is_file())
        for file in files:
            file.unlink(missing_ok=True)
        if not any(home.iterdir()):
            home.rmdir()
    return freed


def _candidates(given: Iterable[Path]) -> set[Path]:
    found: set[Path] = set()
    for path in given:
        if not path.exists():
            raise ModelsError("No such file", f"{path} does not exist.", "Check the path.")
        found.update(path.rglob("*.safetensors") if path.is_dir() else [path])
    return {file.absolute() for file in found if file.is_file()}


def _is_meant(file: Path, entry: EncoderEntry) -> bool:
    """Whether a file says of itself to be this encoder's."""
    if file.name == entry.weights.name:
        return True
    hub = hub_of(entry)
    owner, _, repo = hub.repo.partition("/")
    named = {repo, f"models--{owner}--{repo}"}
    return file.name == hub.file and any(parent.name in named for parent in file.parents)


def _take(entry: EncoderEntry, file: Path, home: Path, seen: Callable[[int], None]) -> None:
    hub = hub_of(entry)
    with _readable(file):
        what = complaint(file, hub.tensors)
    if what:
        raise ModelsError(
            "This file does not fit",
            f"{file} is not the encoder {entry.name}: {what}.",
            f"Take {hub.file} from {hub.repo}.",
        )
    part = home / f".{entry.name}.added.part"
    try:
        with disk.readable_errors(home):
            sha256 = _copy(file, part, seen)
        told = read_pins(file.parent).get(file.name)
        for recorded in (told, read_pins(home).get(entry.weights.name)):
            if recorded and recorded.sha256 != sha256:
                raise _differs(entry, file, home.name)
        with disk.readable_errors(home):
            disk.put(part, entry.weights)
    finally:
        part.unlink(missing_ok=True)
    revision = told.revision if told else _commit_in(file)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    size = entry.weights.stat().st_size
    disk.pin(home, entry.weights.name, Pin(sha256, size, hub.repo, hub.file, revision, FROM_DISK, now))


def _copy(file: Path, part: Path, seen: Callable[[int], None]) -> str:
    """Copy and settle a file; answers the SHA-256 of what was written."""
    found = hashlib.sha256()
    with _readable(file):
        source = file.open("rb")
    with source, part.open("wb") as target:
        while block := _block(source, file):
            found.update(block)
            target.write(block)
            seen(len(block))
        target.flush()
        os.fsync(target.fileno())
    return found.hexdigest()


def _block(source: BinaryIO, file: Path) -> bytes:
    with _readable(file):
        return source.read(_BLOCK)


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    """Turn what the disk says of a given file into ModelsError: it may lie on another one than the models do."""
    try:
        yield
    except OSError as error:
        raise ModelsError(
            "This file cannot be read",
            f"{file}: {error.strerror or error}.",
            "Check its rights and the drive that it is on, or copy it again from where you have it.",
        ) from error


def _commit_in(file: Path) -> str:
    """The commit a hub's cache keeps a file under; empty elsewhere."""
    parent = file.parent
    cached = parent.parent.name == "snapshots" and _COMMIT.fullmatch(parent.name)
    return parent.name if cached else ""


def _nothing_fits(name: str, entries: Sequence[EncoderEntry]) -> ModelsError:
    wanted = ", ".join(f"{e.weights.name} ({hub_of(e).file} of {hub_of(e).repo})" for e in entries)
    return ModelsError(
        "Nothing there belongs to this model set",
        f"“{name}” consists of {wanted}.",
        "Name a folder that has them in folders called like their repositories, or files with the encoders' names.",
    )


def _differs(entry: EncoderEntry, file: Path, name: str) -> ModelsError:
    return ModelsError(
        "This file is not the recorded one",
        f"{file} does not have the SHA-256 that was recorded for {entry.weights.name}.",
        f"Copy the file again. To trust it all the same, remove the record first: `photoveil models remove {name}`.",
    )
