"""What the user said is private on a photo, so that the same file is treated so whenever it comes again.

A file with one choice a line, the latest last: the photo's SHA-256 and its regions, each to be hidden or not. No pixel
and no name. The daemon alone writes it; a choice's digest stands in the photo's task (`methods.metadata_for`), and by
that digest the child finds it, so that a copy is made by the very choice that it is kept under. No torch, no OpenCV.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from photoveil.assistant.kinds import KINDS
from photoveil.errors import PhotoveilError
from photoveil.methods import CHOICE

MOST = 500
"""Photos whose choices are kept, the latest."""

MOST_REGIONS = 40
"""Regions of a photo, at most."""

_SIDES = 4
Box = tuple[float, float, float, float]


class ChoiceError(PhotoveilError):
    """A choice that cannot be one, or that is not known any more."""

    code = "region"


@dataclass(frozen=True)
class Chosen:
    """A region as the user wants it.

    Attributes:
        kind: one of `kinds.KINDS`.
        box: left, top, right, bottom in shares of the photo's width and height, 0…1.
        hidden: or left as it is.
    """

    kind: str
    box: Box
    hidden: bool

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {"kind": self.kind, "box": list(self.box), "hidden": self.hidden}


@dataclass(frozen=True)
class Choice:
    """All regions of one photo, by the photo's SHA-256."""

    photo: str
    regions: tuple[Chosen, ...]

    @property
    def digest(self) -> str:
        """Twelve hex digits that tell this choice from others."""
        return hashlib.sha256(json.dumps(self.as_dict()).encode()).hexdigest()[:12]

    def as_dict(self) -> dict[str, Any]:
        """For the file."""
        return {"photo": self.photo, "regions": [region.as_dict() for region in self.regions]}


@dataclass
class Choices:
    """The choices of a file, by photo."""

    file: Path
    known: dict[str, Choice] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def load(cls, file: Path) -> Choices:
        """What a file holds; lines that are no choices are passed over."""
        try:
            lines = file.read_text("utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            lines = []
        found = [_read(line) for line in lines]
        return cls(file, {choice.photo: choice for choice in found if choice is not None})

    def digest(self, photo: str) -> str:
        """The digest of a photo's choice; empty where the user has made none."""
        choice = self.known.get(photo)
        return "" if choice is None else choice.digest

    def keep(self, choice: Choice) -> None:
        """From now on the photo is treated so. Blocks."""
        with self._lock:
            others = [known for photo, known in self.known.items() if photo != choice.photo]
            # In one step: whoever asks meanwhile hears of the choice before or of this one, never of none.
            self.known = {known.photo: known for known in [*others, choice][-MOST:]}
            self._write()

    def forget(self, photo: str) -> None:
        """From now on the photo's regions are found again. Blocks."""
        with self._lock:
            if self.known.pop(photo, None) is not None:
                self._write()

    def _write(self) -> None:
        from photoveil.photos import replace_atomically

        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lines = [json.dumps(choice.as_dict(), separators=(",", ":")) for choice in self.known.values()]
        replace_atomically(self.file, "".join(f"{line}\n" for line in lines).encode())


def choice(photo: str, regions: Iterable[Mapping[str, Any]]) -> Choice:
    """A user's choice.

    Codes are hidden all or none: whether one can still be read is asked of the whole copy.

    Raises:
        ChoiceError: a box without area, or some codes hidden and others not.
    """
    told = list(regions)
    found = tuple(_chosen(region) for region in told if len(region["box"]) == _SIDES)
    areas = [(right - left, bottom - top) for left, top, right, bottom in (r.box for r in found)]
    if len(found) < len(told) or any(min(area) <= 0 for area in areas):
        raise _refused("One of the places has no area.", "Draw it larger, or take it away.")
    if len({region.hidden for region in found if region.kind == "code"}) > 1:
        raise _refused(
            "Some of its codes are to be hidden and others not, and no reader can tell which it may read.",
            "Hide all codes or none; what is not to be hidden can be cut off before.",
        )
    return Choice(photo, found)


def named(file: str | None, metadata: str) -> Sequence[Chosen] | None:
    """The regions of the choice that a task's ``metadata`` names; None where it names none.

    Raises:
        ChoiceError: the file does not know it any more; what the user drew would be left bare.
    """
    if not metadata.startswith(CHOICE):
        return None
    wanted = metadata.removeprefix(CHOICE)
    known = Choices.load(Path(file)).known.values() if file else ()
    for one in known:
        if one.digest == wanted:
            return one.regions
    raise ChoiceError(
        "The photo was held back",
        "What you had chosen to hide on it has been changed since, or is not known any more.",
        "Choose the photo again.",
    )


def _refused(reason: str, remedy: str) -> ChoiceError:
    return ChoiceError("This cannot be hidden so", reason, remedy)


def _chosen(told: Mapping[str, Any]) -> Chosen:
    left, top, right, bottom = (round(min(max(float(v), 0.0), 1.0), 4) for v in told["box"])
    return Chosen(str(told["kind"]), (left, top, right, bottom), bool(told["hidden"]))


def _read(line: str) -> Choice | None:
    try:
        told = json.loads(line)
        found = tuple(_chosen(region) for region in told["regions"][:MOST_REGIONS])
        return Choice(str(told["photo"]), found) if all(r.kind in KINDS for r in found) else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
