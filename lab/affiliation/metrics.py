"""From right answers to rates: leak with its interval, chance, and what the gate says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lab.affiliation.questions import fact_answer
from lab.people import KINDS, Facts

GATE = 0.95
"""A clean attacker below this has not learnt to attack, and no figure beside it counts."""
_DRAWS = 2000


def chance(facts: Sequence[Facts], kinds: Sequence[str] = KINDS) -> float:
    """How often the commonest answer to each question is right: all that can be known without looking."""
    rates = []
    for kind in kinds:
        answers = Counter(fact_answer(kind, f) for f in facts)
        rates.append(answers.most_common(1)[0][1] / len(facts))
    return float(np.mean(rates))


def interval(albums: Sequence[NDArray[np.float64]], seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of the mean over albums, their people and tuning seeds.

    Drawn is what stands and falls together: albums first, then whole persons of each and the runs about them. Few
    albums say little about how albums differ, so intervals over three are rather too narrow.

    Args:
        albums: for each album one rate per tuning seed and person, T×P.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    shape = (_DRAWS, len(albums))
    drawn = [_drawn(rates, shape, rng) for rates in albums]
    picked = rng.integers(0, len(albums), shape)
    means = np.take_along_axis(np.stack(drawn), picked[None], axis=0)[0].mean(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)


def _drawn(
    rates: NDArray[np.float64], shape: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.float64]:
    """As many times as ``shape`` says, the mean of an album whose people and tuning seeds are drawn anew."""
    runs, people = rates.shape
    who = rng.integers(0, people, (*shape, 1, people))
    which = rng.integers(0, runs, (*shape, runs, 1))
    return np.asarray(rates[which, who].mean(axis=(2, 3)), np.float64)


def by_person(right: NDArray[np.bool_], owners: NDArray[np.int64]) -> NDArray[np.float64]:
    """Each person's rate of right answers over their photos and the kinds."""
    return np.array([right[owners == who].mean() for who in np.unique(owners)])
