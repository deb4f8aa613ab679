"""What there is to choose from: strengths, methods and model sets. Imports neither torch nor Pillow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from photoveil.errors import PhotoveilError

_T = TypeVar("_T")

MODELS_DIR = Path(__file__).parent
"""Folder of the model sets shipped with the package, one sub-folder each."""


class CatalogueError(PhotoveilError):
    """A strength, method or model set was asked for that does not exist or is damaged."""

    code = "catalogue"


class Role(StrEnum):
    """What an encoder is used for: a witness is never optimised against."""

    SURROGATE = "surrogate"
    WITNESS = "witness"


@dataclass(frozen=True)
class Strength:
    """A perceptual budget.

    Attributes:
        tone_db: what of the PSNR the persona's look may take (`grade`); None for no look at all.
        flat: largest change on smooth areas such as skin and sky, in 8-bit levels.
        texture: largest change where texture hides it, in 8-bit levels.
        chroma: share of these that changes of colour may take; changes of brightness take all.
        psnr_floor: dB, at full resolution on the delivered bytes; never undercut.
        ssim_floor: structural similarity (Wang et al. 2004) on the same; never undercut.
        steps: steps of the optimiser.
    """

    name: str
    description: str
    tone_db: float | None
    flat: float
    texture: float
    chroma: float
    psnr_floor: float
    ssim_floor: float
    steps: int


STRENGTHS: dict[str, Strength] = {
    s.name: s
    for s in (
        Strength(
            "subtle",
            "for the pictures you care about most; the weakest protection",
            tone_db=40.5,
            flat=1.0,
            texture=10.0,
            chroma=0.3,
            psnr_floor=38.0,
            ssim_floor=0.96,
            steps=20,
        ),
        Strength(
            "balanced",
            "the default; beside the original, a faint tint on plain areas",
            tone_db=35.5,
            flat=1.5,
            texture=14.0,
            chroma=0.35,
            psnr_floor=34.0,
            ssim_floor=0.93,
            steps=20,
        ),
        Strength(
            "strong",
            "a slight tint, and visible to a trained eye on smooth areas",
            tone_db=32.5,
            flat=3.0,
            texture=15.0,
            chroma=0.5,
            psnr_floor=31.0,
            ssim_floor=0.89,
            steps=20,
        ),
        Strength(
            "film",
            "a look of its own, like grain and toning of film: meant to be seen; the strongest protection",
            tone_db=25.0,
            flat=4.0,
            texture=18.0,
            chroma=0.3,
            psnr_floor=23.0,
            ssim_floor=0.8,
            steps=20,
        ),
    )
}

METHODS: dict[str, str] = {
    "antithetical": "moves every photo of a persona away from where clean photos of that persona lie (DP2-VL)",
}


@dataclass(frozen=True)
class EncoderEntry:
    """One encoder of a model set, as its JSON file describes it."""

    name: str
    role: Role
    family: str
    parameters: int
    bytes: int
    sha256: str
    weights: Path
    reference: Path | None
    config: dict[str, Any]


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
        """Names of the files that are not on disk."""
        wanted = (file for e in self.encoders for file in (e.weights, e.reference) if file)
        return [file.name for file in wanted if not file.is_file()]


_DESCRIPTIONS = {
    "starter": "tiny encoders shipped with Photoveil: for trying it out, not for trusting it",
}


def strength(name: str) -> Strength:
    """The strength called ``name``; raises CatalogueError."""
    return _choose("strength", name, STRENGTHS)


def check_method(name: str) -> str:
    """``name`` if there is such a method; raises CatalogueError."""
    _choose("method", name, METHODS)
    return name


def _choose(kind: str, name: str, table: dict[str, _T]) -> _T:
    if name not in table:
        raise CatalogueError(
            f"No such {kind}", f"There is no {kind} called “{name}”.", f"Choose one of: {', '.join(table)}."
        )
    return table[name]


def model_sets(models_dir: Path | None = None) -> list[ModelSet]:
    """The model sets found in ``models_dir`` (default: those shipped with the package)."""
    root = models_dir or MODELS_DIR
    folders = sorted({file.parent for file in root.glob("*/*.json")})
    return [_read_set(folder) for folder in folders]


def model_set(name: str, models_dir: Path | None = None) -> ModelSet:
    """The model set called ``name``; raises CatalogueError when unknown or without its weights."""
    found = _choose("model set", name, {s.name: s for s in model_sets(models_dir)})
    if not found.installed:
        raise CatalogueError(
            "Model set incomplete",
            f"“{name}” lacks {', '.join(found.missing)}.",
            "Reinstall Photoveil to get its weights back.",
        )
    return found


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
        raise CatalogueError(
            "Model description damaged", f"{file.name} cannot be read ({error}).", "Reinstall Photoveil."
        ) from error
