"""What the worker is asked and what it answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photoveil.errors import PhotoveilError
from photoveil.methods import ASSISTANT, CHOICE

if TYPE_CHECKING:
    from photoveil.assistant.choices import Choices
    from photoveil.paths import Paths
    from photoveil.settings import Settings


@dataclass(frozen=True)
class Task:
    """How one photo is to be protected.

    ``model_set`` and ``metadata`` come from the settings, the rest may be chosen per photo. With the method for AI
    assistants ``strength`` is the slider's place, “0” to “100”, and ``metadata`` may name what the user has chosen to
    hide (`about`).
    """

    persona: str
    method: str
    strength: str
    model_set: str
    metadata: str

    def about(self, photo: str, choices: Choices) -> Task:
        """The same for one photo, by its SHA-256: a copy for assistants is made as the user has chosen for that photo.

        Such copies keep no notes whatever the settings say, so there ``metadata`` is free for the digest of the choice:
        another choice is another copy.

        Raises:
            ChoicesUnreadableError: nobody knows whether there is a choice.
        """
        digest = choices.digest(photo) if self.method == ASSISTANT else ""
        return replace(self, metadata=f"{CHOICE}{digest}") if digest else self

    def is_chosen(self, photo: str, choices: Choices) -> bool:
        """Whether a copy made so is still what the user has chosen for the photo. Raises as `about`."""
        if self.method != ASSISTANT:
            return True
        named = self.metadata.removeprefix(CHOICE) if self.metadata.startswith(CHOICE) else ""
        return named == choices.digest(photo)


NOTHING_PRIVATE = (
    "No face and no code was found on this photo, and it carries no notes that could be removed."
)
"""Why a photo for an assistant is passed on as it is."""


@dataclass(frozen=True)
class Assisting:
    """How photos for AI assistants are made.

    Attributes:
        history: the file that remembers what earlier photos taught; None for none.
        endpoint, model: who is asked whether a photo is still useful; empty for the encoders.
        consent: the only address beyond this computer that may be asked.
        choices: the file that holds what the user has chosen to hide on photos; None for none.
    """

    history: Path | None = None
    endpoint: str = ""
    model: str = ""
    consent: str = ""
    choices: Path | None = None

    @classmethod
    def chosen(cls, settings: Settings, paths: Paths) -> Assisting:
        """As the settings say."""
        consent = "" if settings.offline else settings.remote_endpoint
        asked = settings.assistant_endpoint, settings.assistant_model
        return cls(paths.assistant_file, *asked, consent, paths.assistant_choices)

    def as_header(self) -> dict[str, Any]:
        """For the child."""
        files = {"history": self.history, "choices": self.choices}
        return asdict(self) | {name: None if file is None else str(file) for name, file in files.items()}


@dataclass(frozen=True)
class Previews:
    """Where two small pictures go, for comparing by eye: the photo before and after."""

    before: Path
    after: Path


@dataclass(frozen=True)
class Delivered:
    """A protected copy: what it is, and the report measured on its bytes.

    ``suffix`` is the file name's new ending where the format had to change, else empty.
    """

    sha256: str
    bytes: int
    format: str
    type: str
    suffix: str
    width: int
    height: int
    report: dict[str, Any]

    def name_for(self, original: str) -> str:
        """The protected copy's name for a photo that was called ``original``."""
        if not self.suffix:
            return original
        stem, dot, _ = original.rpartition(".")
        return (stem if dot and stem else original) + self.suffix


@dataclass(frozen=True)
class Unchanged:
    """A file that is passed on as it is, and why."""

    reason: str


Outcome = Delivered | Unchanged


@dataclass(frozen=True)
class Lesson:
    """What came of a photo that a persona was to learn from.

    ``learnt``: it is part of the mean now; ``known``: it was before. ``photos``: how many are known in all.
    """

    learnt: bool
    known: bool
    photos: int


_STAGES = {
    "decode": (0.0, 0.05),
    "learn": (0.05, 1.0),
    "prepare": (0.05, 0.2),
    "protect": (0.2, 0.85),
    "write": (0.85, 0.92),
    "measure": (0.92, 1.0),
}
"""Where each stage of a photo's walk begins and ends, as shares of the whole. Learning has the first two only."""


def overall(stage: str, fraction: float) -> float | None:
    """How far a photo is in all when it is at ``fraction`` of ``stage``; None for a stage nobody knows."""
    if stage not in _STAGES:
        return None
    start, end = _STAGES[stage]
    return start + (end - start) * min(1.0, max(0.0, fraction))


TITLES = {
    "seal": "The photo could not be sealed",
    "unseal": "The mark could not be taken off",
    "exposure": "The photo could not be looked at",
}
"""What did not happen where a tool of the child's ends without an answer of its own."""


class WorkerState(StrEnum):
    """What the one process that owns the encoders is doing."""

    ABSENT = "absent"
    STARTING = "starting"
    READY = "ready"
    BUSY = "busy"


class WorkerError(PhotoveilError):
    """The process that owns the encoders failed."""

    code = "worker"


class WorkerCrashed(WorkerError):  # noqa: N818 - what happened
    """The child ended in the middle of its work; another attempt may succeed."""


class WorkerGaveUp(WorkerError):  # noqa: N818 - what happened
    """The child crashed so often that it is not started for a while."""


class WorkerTooSlow(WorkerError):  # noqa: N818 - what happened
    """The child took longer than it may."""


class SourceChanged(PhotoveilError):  # noqa: N818 - what happened
    """The file is not the one any more that was to be protected."""

    code = "source_changed"

    @classmethod
    def of(cls) -> SourceChanged:
        """The error for a file that was read in another state than expected."""
        return cls(
            "The photo was not protected",
            "It was changed after it had been queued.",
            "Its new version is protected in its own turn.",
        )


class ChildError(PhotoveilError):
    """An error that the child met and told; its code is the child's."""

    def __init__(self, told: dict[str, str]) -> None:
        super().__init__(
            told.get("title", "The photo could not be protected"),
            told.get("reason", "The worker did not say why."),
            told.get("remedy", "Try again."),
        )
        self._code = told.get("code", "error")

    def as_dict(self) -> dict[str, str]:
        """As told, with the child's code."""
        return {**super().as_dict(), "code": self._code}


def crashed(returncode: int | None) -> WorkerCrashed:
    """The child ended in the middle of its work."""
    return WorkerCrashed(
        "The photo could not be protected",
        f"The process that computes the protection ended unexpectedly (status {returncode}).",
        "Try again; if it happens with this photo only, the photo may be too large for this machine's memory.",
    )


def too_slow(seconds: float) -> WorkerTooSlow:
    """The child took longer than it may."""
    return WorkerTooSlow(
        "The photo could not be protected",
        f"It took longer than the {seconds:.0f} seconds allowed and was stopped.",
        "Try a smaller photo, the model set “starter” or a machine with a GPU.",
    )


def gave_up(count: int, minutes: float, log_file: str) -> WorkerGaveUp:
    """The child crashed too often."""
    return WorkerGaveUp(
        "Photos cannot be protected at the moment",
        f"The process that computes the protection crashed {count} times within {minutes:.0f} minutes.",
        f"See {log_file}, free some memory, and restart Photoveil or try again in {minutes:.0f} minutes.",
    )


def of_tool(tool: str, error: WorkerError) -> WorkerError:
    """The same, where nothing was to be protected."""
    return type(error)(TITLES[tool], error.reason, "Try again, or with a smaller version of the photo.")
