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


def interval(per_person: NDArray[np.float64], seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of the mean; whole persons are drawn, as their answers stand and fall together."""
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, len(per_person), (_DRAWS, len(per_person)))
    low, high = np.percentile(per_person[draws].mean(axis=1), (2.5, 97.5))
    return float(low), float(high)


def by_person(right: NDArray[np.bool_], owners: NDArray[np.int64]) -> NDArray[np.float64]:
    """Each person's rate of right answers over their photos and the kinds."""
    return np.array([right[owners == who].mean() for who in np.unique(owners)])
