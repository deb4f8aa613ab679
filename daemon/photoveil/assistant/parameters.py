"""What can be done to a photo, as names for people and as a vector for the search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photoveil.assistant.kinds import KINDS

Vector = NDArray[np.float64]

STYLES = ("blur", "pixelate", "recolour", "inpaint")
GLOBALS = ("downscale", "noise", "tone")

_OFF_BELOW = 0.3
"""A global measure is off in this share of its range, so that a search can leave it out."""


@dataclass(frozen=True)
class Treatment:
    """What is done to all regions of a kind.

    Attributes:
        style: one of STYLES.
        strength: 0 (hardly) to 1 (nothing is left).
        margin: how far beyond the box, 0 (not at all) to 1 (as far again as the box is wide, half of it on each side).
    """

    style: str
    strength: float
    margin: float


@dataclass(frozen=True)
class Parameters:
    """What is done to a photo: a treatment for every kind of region, and global measures from 0 (none) to 1."""

    regions: Mapping[str, Treatment] = field(default_factory=dict)
    downscale: float = 0.0
    noise: float = 0.0
    tone: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        told = {kind: asdict(treatment) for kind, treatment in self.regions.items()}
        return {"regions": told, **{name: getattr(self, name) for name in GLOBALS}}


@dataclass(frozen=True)
class Space:
    """The vectors that describe what can be done to a photo with regions of these kinds.

    A vector has three numbers in 0…1 for each of ``kinds`` (style, strength, margin) and one for each global measure.
    """

    kinds: tuple[str, ...]

    @property
    def size(self) -> int:
        """Length of a vector."""
        return 3 * len(self.kinds) + len(GLOBALS)

    def parameters(self, vector: Vector) -> Parameters:
        """What the vector means."""
        values = np.clip(np.asarray(vector, np.float64), 0.0, 1.0)
        regions = {
            kind: Treatment(style_of(values[3 * i]), float(values[3 * i + 1]), float(values[3 * i + 2]))
            for i, kind in enumerate(self.kinds)
        }
        wide = (np.maximum(values[-len(GLOBALS) :] - _OFF_BELOW, 0.0) / (1 - _OFF_BELOW)).tolist()
        return Parameters(regions, **dict(zip(GLOBALS, wide, strict=True)))

    def full(self, vector: Vector) -> list[float | None]:
        """The vector with a place for every known kind, None for those that this photo lacks."""
        values: list[float | None] = np.asarray(vector, np.float64).tolist()
        found: list[float | None] = []
        for kind in KINDS:
            place = 3 * self.kinds.index(kind) if kind in self.kinds else -1
            found += values[place : place + 3] if place >= 0 else [None] * 3
        return found + values[-len(GLOBALS) :]

    def of_full(self, values: Sequence[float | None]) -> Vector:
        """The part of a full vector that concerns this photo; 0.5 where it tells nothing."""
        wanted = [3 * KINDS.index(kind) + i for kind in self.kinds for i in range(3)]
        wanted += range(3 * len(KINDS), FULL)
        picked = [values[i] for i in wanted]
        return np.array([0.5 if value is None else value for value in picked], np.float64)

    def features(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Vectors (N×size) as points whose distances mean something: each style a direction of its own."""
        parts = []
        for i in range(len(self.kinds)):
            styles = np.minimum((vectors[:, 3 * i] * len(STYLES)).astype(int), len(STYLES) - 1)
            parts += [_STYLE_APART * np.eye(len(STYLES))[styles], vectors[:, 3 * i + 1 : 3 * i + 3]]
        wide = np.maximum(vectors[:, -len(GLOBALS) :] - _OFF_BELOW, 0.0) / (1 - _OFF_BELOW)
        return np.concatenate([*parts, wide], axis=1)


FULL = 3 * len(KINDS) + len(GLOBALS)
"""Length of a full vector."""

_STYLE_APART = 0.35


def style_of(value: float) -> str:
    """The style that a number in 0…1 stands for."""
    return STYLES[min(int(value * len(STYLES)), len(STYLES) - 1)]
