"""The best trade-offs found: what is better than all others in one respect or the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photoveil.assistant.parameters import Parameters

Values = NDArray[np.float64]

MIDDLE = 0.5
"""Where the knee is on the slider."""


@dataclass(frozen=True)
class Measured:
    """What an evaluation found.

    Attributes:
        leak: what is left of the private regions, 0 (nothing) to 1 (all).
        loss: what is lost of the photo's use, 0 (nothing) to 1 (all).
        agreement: how well answers agree with those about the original, 0…1.
        kept: share of the answers that stayed the same, 0…1.
    """

    leak: float
    loss: float
    agreement: float = 1.0
    kept: float = 1.0


@dataclass(frozen=True)
class Point:
    """One trade-off."""

    parameters: Parameters
    measured: Measured


@dataclass(frozen=True)
class Front:
    """Trade-offs that no other beats in both respects, from the most useful to the most private.

    Attributes:
        points: never empty.
        queries: how many evaluations were made.
        history: leak and loss of every evaluation, in order.
    """

    points: tuple[Point, ...]
    queries: int
    history: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, points: Sequence[Point]) -> Front:
        """The front of everything that was evaluated."""
        values = np.array([(p.measured.leak, p.measured.loss) for p in points], np.float64)
        best = [points[int(i)] for i in np.flatnonzero(non_dominated(values))]
        best.sort(key=lambda p: (p.measured.loss, -p.measured.leak))
        return cls(tuple(best), len(points), tuple((leak, loss) for leak, loss in values.tolist()))

    @property
    def knee(self) -> Point:
        """The default: the point nearest to giving nothing away and losing nothing."""
        return self.points[self._knee]

    @property
    def _knee(self) -> int:
        return min(range(len(self.points)), key=lambda i: _far(self.points[i]))

    def pick(self, slider: float) -> Point:
        """The point at a place of the slider: 0 most useful, 0.5 the knee, 1 most private."""
        slider = min(max(slider, 0.0), 1.0)
        last = len(self.points) - 1
        if slider <= MIDDLE:
            place = slider / MIDDLE * self._knee
        else:
            place = self._knee + (slider - MIDDLE) / (1 - MIDDLE) * (last - self._knee)
        return self.points[round(place)]


def _far(point: Point) -> float:
    return float(np.hypot(point.measured.leak, point.measured.loss))


def non_dominated(values: Values) -> NDArray[np.bool_]:
    """Which of N×2 (both to be small) no other beats; of equal ones the first."""
    order = np.lexsort((values[:, 1], values[:, 0]))
    found = np.zeros(len(values), np.bool_)
    lowest = np.inf
    for i in order:
        if values[i, 1] < lowest:
            lowest = values[i, 1]
            found[i] = True
    return found


def staircase(values: Values) -> Values:
    """The non-dominated of N×2, by the first number; only what is better than 1 in both counts."""
    inside = values[(values < 1).all(axis=1)]
    best = inside[non_dominated(inside)] if len(inside) else inside
    return best[np.argsort(best[:, 0])]


def hypervolume(values: Values) -> float:
    """The area between the front of N×2 and the worst of all worlds, (1, 1): 0…1 for values in 0…1."""
    steps = staircase(np.asarray(values, np.float64).reshape(-1, 2))
    if not len(steps):
        return 0.0
    right = np.append(steps[1:, 0], 1.0)
    return float(((right - steps[:, 0]) * (1 - steps[:, 1])).sum())


def improvement(candidates: Values, values: Values) -> Values:
    """How much hypervolume each of the candidates (…×2) would add to the front of ``values`` (N×2)."""
    steps = staircase(values)
    left = np.concatenate([[-np.inf], steps[:, 0]])
    right = np.append(steps[:, 0], 1.0)
    level = np.concatenate([[1.0], steps[:, 1]])
    a, b = candidates[..., 0, None], candidates[..., 1, None]
    wide = np.maximum(right - np.maximum(left, a), 0.0)
    added: Values = (wide * np.maximum(level - b, 0.0)).sum(axis=-1)
    return added
