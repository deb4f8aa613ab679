"""Who is known: the files personas are kept in, read, guarded and deleted without torch.

One safetensors file per persona. Its metadata names, for every encoder (``name@`` and the first 16 digits of its
weights' SHA-256), the photos that were learnt from, so that the list of personas costs no more than a few small reads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from photoveil.errors import PhotoveilError
from photoveil.protection.catalogue import EncoderEntry, ModelSet

ENOUGH_PHOTOS = 8
"""A persona's mean is kept fixed once it has seen this many photos."""

_SUFFIX = ".safetensors"
_LOCK = ".lock"
_PATIENCE = 30.0
_POLL = 0.01
_NAME = re.compile(r"[\w][\w .-]{0,63}", re.UNICODE)


class PersonaError(PhotoveilError):
    """A persona has an unusable name or a damaged file, is unknown, settled or in other hands."""

    code = "persona"


@dataclass(frozen=True)
class Knowledge:
    """How well a persona is known in the eyes of a model set.

    ``model_set`` is None for encoders that no installed set has any more; ``photos`` counts those that each of the
    set's encoders has seen.
    """

    model_set: str | None
    photos: int

    @property
    def settled(self) -> bool:
        """Whether further photos change nothing."""
        return self.photos >= ENOUGH_PHOTOS

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "model_set": self.model_set,
            "photos": self.photos,
            "enough": ENOUGH_PHOTOS,
            "settled": self.settled,
        }


@dataclass(frozen=True)
class Entry:
    """One persona on the list.

    ``changed`` is the moment its file was written last (ISO 8601, UTC); ``error`` is there where it cannot be read.
    """

    name: str
    changed: str
    knowledge: tuple[Knowledge, ...] = ()
    error: PersonaError | None = None

    def of(self, model_set: str) -> Knowledge:
        """What is known in the eyes of this model set; raises PersonaError where the file is damaged."""
        if self.error is not None:
            raise self.error
        return next((k for k in self.knowledge if k.model_set == model_set), Knowledge(model_set, 0))

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        told: dict[str, Any] = {"name": self.name, "changed": self.changed}
        if self.error is not None:
            return {**told, "error": self.error.as_dict()}
        return {**told, "model_sets": [known.as_dict() for known in self.knowledge]}


def check_name(name: str) -> str:
    """``name`` if it can be a file's name; raises PersonaError."""
    if not _NAME.fullmatch(name):
        raise PersonaError(
            "Persona name not usable",
            f"“{name[:70]}” has characters that a file name cannot hold, or is longer than 64.",
            "Use letters, digits, spaces, dots, hyphens and underscores.",
        )
    return name


def file_of(folder: Path, name: str) -> Path:
    """Where the persona called ``name`` is kept; raises PersonaError for an unusable name."""
    return folder / f"{check_name(name)}{_SUFFIX}"


def key_of(name: str, sha256: str) -> str:
    """An encoder's key in the files: other weights under the same name would make a stored mean meaningless."""
    return f"{name}@{sha256[:16]}"


def photos_learnt(data: bytes) -> dict[str, tuple[str, ...]]:
    """The photos learnt from, per encoder's key, in the file's bytes; raises ValueError for what is no such file."""
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    metadata = header.get("__metadata__", {}) if isinstance(header, dict) else None
    if not isinstance(metadata, dict):
        raise ValueError("no header")  # noqa: TRY004 - the content is wrong, not a caller's type
    return {key: tuple(str(photos).split()) for key, photos in metadata.items()}


def damaged(file: Path, error: Exception) -> PersonaError:
    """The error for a file that cannot be read."""
    return PersonaError(
        "Persona file damaged",
        f"{file.name} cannot be read ({error}).",
        f"Delete the file with `photoveil personas forget`; “{file.stem}” is learnt anew from your next photos.",
    )


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Only one process at a time changes the personas in ``folder``; made if it is not there.

    Held for the moment of reading, adding and replacing, never while photos are worked on. The system releases it
    when the process ends, however it ends. Not to be entered twice by the same thread.

    Raises:
        PersonaError: another process has held it for half a minute.
    """
    from filelock import FileLock, Timeout  # only who changes something needs it

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(folder / _LOCK, timeout=_PATIENCE, poll_interval=_POLL, mode=0o600)
    try:
        lock.acquire()
    except Timeout as error:
        raise PersonaError(
            "The personas are in use",
            f"Another Photoveil has been changing them for more than {_PATIENCE:.0f} seconds.",
            "Wait until it is done, or end it, and try again.",
        ) from error
    try:
        yield
    finally:
        lock.release()


def personas(folder: Path, models: Sequence[ModelSet]) -> list[Entry]:
    """Everyone known in ``folder``, by name, in the eyes of ``models``; a damaged file has its error."""
    entries = (_entry(file, models) for file in sorted(folder.glob(f"*{_SUFFIX}")))
    return [entry for entry in entries if entry is not None]


def find(folder: Path, name: str, models: Sequence[ModelSet]) -> Entry | None:
    """One persona, or None where nobody knows it; raises PersonaError for an unusable name."""
    return _entry(file_of(folder, name), models)


def forget(folder: Path, name: str) -> bool:
    """Delete what is known of a persona; False where nothing was. Raises PersonaError for an unusable name."""
    file = file_of(folder, name)
    with locked(folder):
        if not file.exists():
            return False
        file.unlink()
    return True


def _entry(file: Path, models: Sequence[ModelSet]) -> Entry | None:
    try:
        written = file.stat().st_mtime
    except FileNotFoundError:
        return None  # never there, or forgotten in this very moment
    changed = datetime.fromtimestamp(written, UTC).isoformat(timespec="seconds")
    try:
        return Entry(file.stem, changed, _knowledge(photos_learnt(file.read_bytes()), models))
    except (OSError, ValueError) as error:
        return Entry(file.stem, changed, error=damaged(file, error))


def _knowledge(learnt: dict[str, tuple[str, ...]], models: Sequence[ModelSet]) -> tuple[Knowledge, ...]:
    found = [
        Knowledge(models_of.name, min(len(learnt.get(_key(encoder), ())) for encoder in models_of.encoders))
        for models_of in models
        if any(_key(encoder) in learnt for encoder in models_of.encoders)
    ]
    installed = {_key(encoder) for models_of in models for encoder in models_of.encoders}
    orphans = [len(photos) for key, photos in learnt.items() if key not in installed]
    return (*found, *([Knowledge(None, max(orphans))] if orphans else []))


def _key(encoder: EncoderEntry) -> str:
    return key_of(encoder.name, encoder.sha256)
