"""How much of the leak a picture leaves; intervals know that a person's photos and a model's people hang together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

DRAWS = 2000
_SEED = 17


class About(StrEnum):
    """What was asked for: the name, as in the paper, or the facts that the photo does not show."""

    NAME = "name"
    FACTS = "facts"


@dataclass(frozen=True)
class Row:
    """What came of the questions of one sort about one picture.

    Attributes:
        case, sight, about: values of their enums.
        person: of all runs, each with its own; ``photo`` its number.
        kind: of the photo.
        asked, right, unknown: questions, right answers, and answers that say that nothing is known.
        guess: right answers to be expected of somebody who always gives the commonest answer of these people.
    """

    case: str
    sight: str
    about: str
    person: str
    photo: int
    kind: str
    asked: int
    right: int
    unknown: int
    guess: float

    def as_list(self) -> list[Any]:
        """Its values, to be noted."""
        return list(asdict(self).values())


@dataclass(frozen=True)
class Share:
    """Figures of one picture; ``…_low`` and ``…_high`` bound 95 % of the draws of people.

    Attributes:
        rate: right answers of those asked; ``unknown``: answers that say that nothing is known.
        guess: the rate of the commonest answers.
        left: of the leak above ``guess`` on the same photos as they are; None where there is none.
        over_scene: ``rate`` less that of the scene alone, or None where this was not shown.
    """

    people: int
    photos: int
    asked: int
    rate: float
    rate_low: float
    rate_high: float
    unknown: float
    guess: float
    left: float | None
    left_low: float | None
    left_high: float | None
    over_scene: float | None
    over_scene_low: float | None
    over_scene_high: float | None


def share(rows: Sequence[Row], original: Sequence[Row], scene: Sequence[Row]) -> Share:
    """Figures of a picture from its rows, those of the photos as they are and those of the scene alone.

    Only photos that have the picture count. Runs, each with its own model, are drawn with replacement, then people of
    each, all their photos at once.
    """
    photos = {(row.person, row.photo) for row in rows}
    people = sorted({row.person for row in rows})
    own, before, bare = (
        _sums([row for row in part if (row.person, row.photo) in photos], people)
        for part in (rows, original, scene)
    )
    draws = _drawn(people)
    rates = [_rate(part, draws) for part in (own, before)]
    guesses = draws @ own[:, 3] / (draws @ own[:, 0])
    rate, whole = _rate(own), _rate(before)
    guess = float(own[:, 3].sum() / own[:, 0].sum())
    leak = whole - guess
    left = float((rate - guess) / leak) if leak > 0 else None
    drawn_leak = rates[1] - guesses
    drawn_left = (rates[0] - guesses)[drawn_leak > 0] / drawn_leak[drawn_leak > 0]
    over = (float(rate - _rate(bare)), *_middle(rates[0] - _rate(bare, draws))) if scene else (None,) * 3
    return Share(
        len(people),
        len(photos),
        int(own[:, 0].sum()),
        float(rate),
        *_middle(rates[0]),
        float(own[:, 2].sum() / own[:, 0].sum()),
        guess,
        left,
        *(_middle(drawn_left) if left is not None else (None, None)),
        *over,
    )


def _drawn(people: Sequence[str]) -> NDArray[np.int64]:
    """How often each of the people is in each draw: draws × people; a run is what stands before their last dash."""
    rng = np.random.default_rng(_SEED)
    runs = np.array([person.rpartition("-")[0] for person in people])
    names = sorted(set(runs))
    times = rng.multinomial(len(names), [1 / len(names)] * len(names), DRAWS)
    drawn = np.zeros((DRAWS, len(people)), np.int64)
    for column, name in enumerate(names):
        own = np.flatnonzero(runs == name)
        drawn[:, own] = rng.multinomial(times[:, column] * len(own), [1 / len(own)] * len(own))
    return drawn


def _sums(rows: Sequence[Row], people: Sequence[str]) -> NDArray[np.float64]:
    """Of every person: questions, right answers, unknown, and guessed."""
    found = np.zeros((len(people), 4))
    places = {person: at for at, person in enumerate(people)}
    for row in rows:
        found[places[row.person]] += (row.asked, row.right, row.unknown, row.guess)
    return found


def _rate(sums: NDArray[np.float64], draws: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
    """Right answers of those asked, over everybody or over the people of each draw."""
    part = sums.sum(0) if draws is None else draws @ sums
    return np.asarray(part[..., 1] / part[..., 0])


def _middle(values: NDArray[np.float64]) -> tuple[float, float]:
    """What bounds 95 % of the values."""
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def verdict(one: Share) -> str:
    """What The Phantom Menace's sentence comes to, by the rule that stood before the figures (`lab.leakage.blurring`).

    Returns:
        ``most`` or ``not-most`` of the leak is left, or ``open`` where the interval holds a half.
    """
    if one.left_low is None or one.left_high is None:
        return "open"
    if one.left_low > 0.5:
        return "most"
    return "not-most" if one.left_high < 0.5 else "open"


def insufficient(one: Share) -> bool:
    """Whether the picture still leaks: more than guessing and more than the scene alone, intervals and all."""
    over = one.over_scene_low
    return one.rate_low > one.guess and over is not None and over > 0
