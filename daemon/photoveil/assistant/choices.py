"""What the user said is private on a photo, so that the same file is treated so whenever it comes again.

A file with one choice a line, the latest last: the photo's SHA-256 and its regions, each to be hidden or not. No pixel
and no name. The daemon alone writes it; a choice's digest stands in the photo's task (`worker.tasks.Task.about`), and
by that digest the child finds it, so that a copy is made by the very choice that it is kept under. No torch, no OpenCV.

A file that cannot be read, or not all of it, is left as it is until the doctor puts it aside. Meanwhile what can be
read of it holds, and nobody is told of any other photo that nothing was chosen for it: that may be what was lost.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
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
_LARGEST = 8 << 20
"""Bytes of a file that can be ours: several times as many as so many photos with so many regions need."""

_Stamp = tuple[int, int, int] | None
Box = tuple[float, float, float, float]


class ChoiceError(PhotoveilError):
    """A choice that cannot be one, or that is not known any more."""

    code = "region"


class ChoicesUnreadableError(ChoiceError):
    """Nobody knows whether the user has chosen something for a photo."""

    code = "regions_unreadable"

    def __init__(self) -> None:
        super().__init__(
            "What you chose to hide cannot be read",
            "The file that remembers the private places you drew on photos is damaged or not readable. Photos for AI "
            "assistants are held back, but for those whose places could be read.",
            "Run `photoveil doctor --fix`: what can be read is kept, and the damaged file is put aside.",
        )


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


@dataclass(frozen=True)
class Read:
    """What could be read of a file of choices.

    Attributes:
        known: choices by photo.
        whole: whether that is all there is in it.
    """

    known: Mapping[str, Choice]
    whole: bool = True

    @classmethod
    def of(cls, file: Path) -> Read:
        """What the file holds now; one that is not there holds nothing. Blocks."""
        try:
            with file.open("rb") as stream:
                data = stream.read(_LARGEST + 1)
        except FileNotFoundError:
            return cls({})
        except OSError:
            return cls({}, whole=False)
        if len(data) > _LARGEST:
            return cls({}, whole=False)
        lines = [line for line in data.decode("utf-8", errors="replace").split("\n") if line.strip()]
        found = [one for line in lines if (one := _read(line)) is not None]
        return cls({one.photo: one for one in found}, whole=len(found) == len(lines))


class Choices:
    """The choices of a file: whoever asks hears what it holds at that moment, whoever wrote it.

    Args:
        file: need not be there yet.
        heard: told once whenever the file turns out not to be whole (False), or to be whole again (True); in the
            thread of whoever asked.
    """

    def __init__(self, file: Path, heard: Callable[[bool], None] = lambda _whole: None) -> None:
        self.file = file
        self._heard = heard
        # Who reads need not wait until somebody else's choice is safe on the disk.
        self._reading, self._writing = threading.Lock(), threading.Lock()
        self._stamp: _Stamp = None
        self._last = Read({})

    def of(self, photo: str) -> Choice | None:
        """What the user has chosen for the photo with this SHA-256; None where that is nothing.

        Raises:
            ChoicesUnreadableError: it may have been lost.
        """
        now = self.read()
        found = now.known.get(photo)
        if found is None and not now.whole:
            raise ChoicesUnreadableError
        return found

    def digest(self, photo: str) -> str:
        """The digest of a photo's choice; empty where the user has made none. Raises as `of`."""
        found = self.of(photo)
        return "" if found is None else found.digest

    def read(self) -> Read:
        """What the file holds; it is read again only where it has changed."""
        with self._reading:
            stamp = _stamp(self.file)
            if stamp is None or stamp != self._stamp:
                before, self._last = self._last, Read.of(self.file)
                # One that could not be read may be readable the next time, though nothing of this changes.
                self._stamp = stamp if self._last.whole else None
                if before.whole != self._last.whole:
                    self._heard(self._last.whole)
            return self._last

    def keep(self, choice: Choice) -> None:
        """From now on the photo is treated so. Blocks.

        Raises:
            ChoiceError: the file cannot be written, or not all of it can be read: what cannot is not written over.
        """
        with self._writing:
            others = [one for one in self._whole().values() if one.photo != choice.photo]
            self._write([*others, choice][-MOST:])

    def forget(self, photo: str) -> None:
        """From now on the photo's regions are found again. Blocks; raises as `keep`."""
        with self._writing:
            known = self._whole()
            if photo in known:
                self._write([one for one in known.values() if one.photo != photo])

    def _whole(self) -> Mapping[str, Choice]:
        now = self.read()
        if not now.whole:
            raise ChoicesUnreadableError
        return now.known

    def _write(self, known: Iterable[Choice]) -> None:
        try:
            write(self.file, known)
        except OSError as error:
            raise ChoiceError(
                "This was not remembered",
                f"The file that remembers private places cannot be written ({error.strerror}).",
                "Make room on that drive, or give yourself the right to write there, and try again.",
            ) from error


def write(file: Path, known: Iterable[Choice]) -> None:
    """Put these choices in a file's place. Raises OSError."""
    from photoveil.photos.writing import replace_atomically

    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lines = [json.dumps(one.as_dict(), separators=(",", ":")) for one in known]
    replace_atomically(file, "".join(f"{line}\n" for line in lines).encode())


def choice(photo: str, regions: Iterable[Mapping[str, Any]]) -> Choice:
    """A user's choice.

    Codes are hidden all or none: whether one can still be read is asked of the whole copy.

    Raises:
        ChoiceError: a box without area, or some codes hidden and others not.
    """
    told = list(regions)
    found = tuple(_chosen(region) for region in told if len(region["box"]) == _SIDES)
    boxes = [region.box for region in found]
    if len(found) < len(told) or not all(left < right and top < bottom for left, top, right, bottom in boxes):
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
    now = Read.of(Path(file)) if file else Read({})
    for one in now.known.values():
        if one.digest == wanted:
            return one.regions
    if not now.whole:
        raise ChoicesUnreadableError
    raise ChoiceError(
        "The photo was held back",
        "What you had chosen to hide on it has been changed since, or is not known any more.",
        "Choose the photo again.",
    )


def _stamp(file: Path) -> _Stamp:
    """What tells that the file has changed; None where that cannot be told."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _refused(reason: str, remedy: str) -> ChoiceError:
    return ChoiceError("This cannot be hidden so", reason, remedy)


def _chosen(told: Mapping[str, Any]) -> Chosen:
    left, top, right, bottom = (round(min(max(float(v), 0.0), 1.0), 4) for v in told["box"])
    return Chosen(str(told["kind"]), (left, top, right, bottom), bool(told["hidden"]))


def _read(line: str) -> Choice | None:
    """A line of the file; None where it is no choice as `choice` makes them."""
    try:
        told = json.loads(line)
        found = choice(str(told["photo"]), told["regions"])
    except (ValueError, KeyError, TypeError, RecursionError, ChoiceError):
        return None
    kinds = {region.kind for region in found.regions}
    return found if kinds <= set(KINDS) and len(found.regions) <= MOST_REGIONS else None
