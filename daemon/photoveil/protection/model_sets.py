"""Model sets on disk: those shipped with the package, those fetched from a model hub, and those you made yourself.

A set is a folder. Most describe themselves: one JSON file per encoder beside its weights. Those from the hub are
described by a file of the package (``sets/*.json``) or of yours (the same beside the folders of the sets); their folder
holds the weights and ``pins.json``, which records what was fetched. A file without its pin counts as missing. Imports
neither torch nor Pillow.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from photoveil.errors import PhotoveilError

_T = TypeVar("_T")

MODELS_DIR = Path(__file__).parent
"""Folder of the model sets shipped with the package, one sub-folder each."""

PINS = "pins.json"
_HUB_SETS = "sets"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_DESCRIPTIONS = {
    "starter": "tiny encoders shipped with Photoveil: for trying it out, not for trusting it",
}


class CatalogueError(PhotoveilError):
    """A strength, method or model set was asked for that does not exist or is damaged."""

    code = "catalogue"


class Role(StrEnum):
    """What an encoder is used for: a witness is never optimised against."""

    SURROGATE = "surrogate"
    WITNESS = "witness"


@dataclass(frozen=True)
class HubFile:
    """Where a hub keeps an encoder's weights.

    Attributes:
        revision: the commit to fetch where it is known beforehand; else the newest at the first download.
        bytes: the size, to plan with; the hub's own word counts.
        tensors: fingerprint of the image tower's tensors (`photoveil.models.tensors`), which tells what a file is.
    """

    repo: str
    file: str
    revision: str | None
    bytes: int
    licence: str
    tensors: str


@dataclass(frozen=True)
class Pin:
    """What was fetched, recorded at the first download and enforced ever after.

    Attributes:
        revision: the hub's commit; empty for a file added from disk that did not tell.
        origin: the hub's address, or ``file``.
    """

    sha256: str
    bytes: int
    repo: str
    file: str
    revision: str
    origin: str
    date: str


@dataclass(frozen=True)
class EncoderEntry:
    """One encoder of a model set.

    Attributes:
        bytes: of its weights on disk; to be fetched, where they are not there.
        sha256: of its weights; empty where they were never fetched.
        config: how to build it and what it wants photos to look like.
        hub: where it comes from; None where it is shipped or was made here.
    """

    name: str
    role: Role
    family: str
    parameters: int
    bytes: int
    sha256: str
    weights: Path
    reference: Path | None
    config: dict[str, Any]
    hub: HubFile | None = None


@dataclass(frozen=True)
class ModelSet:
    """A named group of surrogates and witnesses."""

    name: str
    description: str
    encoders: tuple[EncoderEntry, ...]

    @property
    def installed(self) -> bool:
        """Whether every weight file is on disk."""
        return bool(self.encoders) and not self.missing

    @property
    def missing(self) -> list[str]:
        """Names of the files that are not on disk, or whose SHA-256 was never recorded."""
        unpinned = [e.weights.name for e in self.encoders if not e.sha256 or not e.weights.is_file()]
        return unpinned + [
            e.reference.name for e in self.encoders if e.reference and not e.reference.is_file()
        ]

    @property
    def from_hub(self) -> bool:
        """Whether its weights are fetched, not shipped."""
        return any(e.hub for e in self.encoders)


def model_sets(models_dir: Path | None = None) -> list[ModelSet]:
    """Every model set there is, also those still to be fetched: ``starter`` first, then the hub's, smallest first.

    A set in ``models_dir`` stands before one of the same name in the package.
    """
    shipped, own = _described(MODELS_DIR), _described(models_dir)
    fetched = {name: file for name, file in _hub_files(models_dir).items() if name not in own}
    hub = [_read_hub_set(file, models_dir) for file in fetched.values()]
    hub.sort(key=lambda found: sum(e.parameters for e in found.encoders))
    folders = shipped | own
    first, last = sorted(shipped), sorted(own.keys() - shipped.keys())
    return [*(_read_set(folders[n]) for n in first), *hub, *(_read_set(folders[n]) for n in last)]


def model_set(name: str, models_dir: Path | None = None) -> ModelSet:
    """The model set called ``name``; raises CatalogueError when unknown or without its weights."""
    found = choose("model set", name, {s.name: s for s in model_sets(models_dir)})
    if not found.installed:
        raise CatalogueError(
            "Model set incomplete",
            f"“{name}” lacks {', '.join(found.missing)}.",
            f"Fetch it with `photoveil models pull {name}`."
            if found.from_hub
            else "Reinstall Photoveil to get its weights back.",
        )
    return found


def choose(kind: str, name: str, table: Mapping[str, _T]) -> _T:
    """What ``table`` has under ``name``; raises CatalogueError, naming what else there is."""
    if name not in table:
        raise CatalogueError(
            f"No such {kind}", f"There is no {kind} called “{name}”.", f"Choose one of: {', '.join(table)}."
        )
    return table[name]


def read_pins(folder: Path) -> dict[str, Pin]:
    """What is recorded in a set's folder, by file name; nothing where the record is missing or damaged."""
    try:
        written = json.loads((folder / PINS).read_text("utf-8"))
        return {str(name): Pin(**pin) for name, pin in written["files"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _described(root: Path | None) -> dict[str, Path]:
    """The folders in ``root`` that describe themselves: a description lies beside weights of its name.

    Others, such as clones of a hub's repositories, are none of our business.
    """
    files = root.glob("*/*.json") if root else ()
    return {f.parent.name: f.parent for f in files if f.with_suffix(".safetensors").is_file()}


def _hub_files(models_dir: Path | None) -> dict[str, Path]:
    """What describes the sets to be fetched; the package's stand before yours of the same name."""
    roots = [root for root in (models_dir, MODELS_DIR) if root]
    return {file.stem: file for root in roots for file in sorted((root / _HUB_SETS).glob("*.json"))}


def _read_hub_set(file: Path, models_dir: Path | None) -> ModelSet:
    # Without a folder of their own there is nowhere sets could have been fetched to.
    folder = (models_dir or MODELS_DIR) / file.stem
    pins = read_pins(folder) if models_dir else {}
    try:
        data = json.loads(file.read_text("utf-8"))
        entries = tuple(_hub_entry(config, folder, pins) for config in data["encoders"])
        return ModelSet(_checked(file.stem), data["description"], entries)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(file, error) from error


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):  # it becomes the name of a file
        raise ValueError(f"“{name}” cannot be a name")
    return name


def _check_preprocessing(preprocess: dict[str, Any]) -> None:
    known = preprocess["resize_mode"] in ("shortest", "squash") and preprocess["interpolation"] == "bicubic"
    if not known:
        raise ValueError("photos can be shown cropped or squashed, and bicubic, in no other way")


def _hub_entry(config: dict[str, Any], folder: Path, pins: dict[str, Pin]) -> EncoderEntry:
    weights = folder / f"{_checked(config['name'])}.safetensors"
    pin = pins.get(weights.name)
    hub = HubFile(**config["hub"])
    _check_preprocessing(config["preprocess"])
    return EncoderEntry(
        name=config["name"],
        role=Role(config["role"]),
        family=config["family"],
        parameters=config["parameters"],
        bytes=pin.bytes if pin else hub.bytes,
        sha256=pin.sha256 if pin else "",
        weights=weights,
        reference=None,
        config=config,
        hub=hub,
    )


def _read_set(folder: Path) -> ModelSet:
    entries = tuple(_read_entry(file) for file in sorted(folder.glob("*.json")))
    return ModelSet(folder.name, _DESCRIPTIONS.get(folder.name, "installed by you"), entries)


def _read_entry(file: Path) -> EncoderEntry:
    try:
        config = json.loads(file.read_text("utf-8"))
        weights = file.with_suffix(".safetensors")
        return EncoderEntry(
            name=config["name"],
            role=Role(config["role"]),
            family=config["family"],
            parameters=int(config["parameters"]),
            bytes=weights.stat().st_size if weights.is_file() else 0,
            sha256=config["sha256"],
            weights=weights,
            reference=file.with_suffix(".reference.safetensors") if "reference_sha256" in config else None,
            config=config,
        )
    except (OSError, ValueError, KeyError) as error:
        raise _damaged(file, error) from error


def _damaged(file: Path, error: Exception) -> CatalogueError:
    return CatalogueError(
        "Model description damaged", f"{file.name} cannot be read ({error}).", "Reinstall Photoveil."
    )
