"""What a model set consists of, and what of it is still to be fetched. Asks nobody."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from photoveil import paths
from photoveil.models.errors import ModelsError
from photoveil.protection import model_sets
from photoveil.protection.model_sets import EncoderEntry, HubFile, ModelSet


@dataclass(frozen=True)
class PlannedFile:
    """One file of a plan.

    Attributes:
        file: its name in the set's folder.
        bytes: its size; about, as long as it was never fetched.
        present: whether it is there with its record. Its content is only checked by `verify`, `pull` and every load.
    """

    file: str
    encoder: str
    repo: str
    licence: str
    bytes: int
    present: bool


@dataclass(frozen=True)
class PullPlan:
    """What fetching a set means."""

    model_set: str
    files: tuple[PlannedFile, ...]
    folder: Path

    @property
    def bytes_total(self) -> int:
        """Of all files, about."""
        return sum(file.bytes for file in self.files)

    @property
    def bytes_missing(self) -> int:
        """Of those to be fetched, about; less what an interrupted download left."""
        parts = (part.stat().st_size for part in self.folder.glob(".*.part")) if self.folder.is_dir() else ()
        return max(0, sum(file.bytes for file in self.files if not file.present) - sum(parts))


def hub_set(name: str, folder: Path) -> ModelSet:
    """The set ``name``, if it is one to be fetched; raises ModelsError."""
    found = {one.name: one for one in model_sets.model_sets(folder)}
    fetched = ", ".join(one.name for one in found.values() if one.from_hub)
    if name not in found:
        raise ModelsError(
            "No such model set",
            f"There is no model set called “{name}”.",
            f"Choose one of: {fetched}.",
        )
    if not found[name].from_hub:
        raise ModelsError(
            "This model set is not fetched",
            f"“{name}” is part of Photoveil or was put there by hand.",
            f"Sets to be fetched are: {fetched}.",
        )
    return found[name]


def home_of(name: str, folder: Path) -> Path:
    """Where the files of a set are."""
    return folder / name


def hub_of(entry: EncoderEntry) -> HubFile:
    """Where the weights of an entry of such a set come from."""
    if entry.hub is None:
        raise ValueError(f"{entry.name} is not fetched")
    return entry.hub


def plan(name: str, folder: Path | None = None) -> PullPlan:
    """What fetching the set ``name`` into ``folder`` would mean; raises ModelsError where it cannot be fetched."""
    folder = folder or paths.models_dir()
    files = tuple(_planned(entry) for entry in hub_set(name, folder).encoders)
    return PullPlan(name, files, home_of(name, folder))


def installed(name: str, folder: Path | None = None) -> bool:
    """Whether every file of the set ``name`` is there with its record; also for sets that are not fetched."""
    return any(s.name == name and s.installed for s in model_sets.model_sets(folder or paths.models_dir()))


def _planned(entry: EncoderEntry) -> PlannedFile:
    hub = hub_of(entry)
    present = bool(entry.sha256) and entry.weights.is_file()
    return PlannedFile(entry.weights.name, entry.name, hub.repo, hub.licence, entry.bytes, present)
