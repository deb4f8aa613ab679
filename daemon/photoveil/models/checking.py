"""Compare a model set on disk with its record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from photoveil import paths
from photoveil.models import disk
from photoveil.protection import model_sets
from photoveil.protection.model_sets import ModelSet


class Problem(StrEnum):
    """What can be wrong with a file."""

    MISSING = "missing"
    UNFINISHED = "unfinished"
    UNRECORDED = "unrecorded"
    CHANGED = "changed"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Finding:
    """Something wrong with one file, and what to do about it."""

    file: str
    problem: Problem
    reason: str
    remedy: str

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {"file": self.file, "problem": self.problem, "reason": self.reason, "remedy": self.remedy}


def verify(
    name: str, folder: Path | None = None, *, seen: Callable[[int], None] | None = None
) -> list[Finding]:
    """Read every file of the set ``name``; nothing found means all is as recorded.

    ``seen`` hears of every block of bytes read. Raises CatalogueError where there is no such set.
    """
    folder = folder or paths.models_dir()
    found = model_sets.choose("model set", name, {one.name: one for one in model_sets.model_sets(folder)})
    remedy = f"Fetch it with `photoveil models pull {name}`." if found.from_hub else "Reinstall Photoveil."
    checked = (_check(file, sha256, remedy, seen) for file, sha256 in _files(found))
    return [finding for finding in checked if finding]


def _files(found: ModelSet) -> list[tuple[Path, str]]:
    weights = [(e.weights, e.sha256) for e in found.encoders]
    return weights + [(e.reference, e.config["reference_sha256"]) for e in found.encoders if e.reference]


def _check(file: Path, sha256: str, remedy: str, seen: Callable[[int], None] | None) -> Finding | None:
    if not file.is_file():
        if any(file.parent.glob(f".{file.stem}.*.part")):
            return Finding(file.name, Problem.UNFINISHED, "Its download was interrupted.", remedy)
        return Finding(file.name, Problem.MISSING, "It is not there.", remedy)
    if not sha256:
        return Finding(file.name, Problem.UNRECORDED, "Nothing is recorded to compare it with.", remedy)
    try:
        if disk.sha256_of(file, seen) == sha256:
            return None
    except OSError as error:
        reason = f"It cannot be read ({error.strerror or error})."
        return Finding(file.name, Problem.UNREADABLE, reason, "Check the disk and the file's rights.")
    return Finding(file.name, Problem.CHANGED, "It is not what was recorded.", remedy)
