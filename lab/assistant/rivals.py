"""Searches to be compared with: random, NSGA-II, and ours without the history of other photos."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.problem import Problem
from pymoo.core.termination import NoTermination

from photoveil.assistant.front import Measured
from photoveil.assistant.history import History, Subject
from photoveil.assistant.parameters import Space
from photoveil.assistant.search import Search

Array = NDArray[np.float64]


class Searcher(Protocol):
    """Proposes vectors and is told what came of them."""

    def propose(self) -> Array:
        """The next vector."""
        ...

    def tell(self, vector: Array, measured: Measured, /) -> None:
        """What came of it."""
        ...


class Random:
    """Every query drawn evenly."""

    def __init__(self, size: int, seed: int) -> None:
        self._size, self._rng = size, np.random.default_rng([seed, 83])

    def propose(self) -> Array:
        """The next vector."""
        return self._rng.random(self._size)

    def tell(self, _vector: Array, _measured: Measured) -> None:
        """Of no interest."""


class Nsga2:
    """NSGA-II (Deb et al. 2002) as pymoo has it, with its own settings but for a population small enough."""

    population = 10

    def __init__(self, size: int, seed: int) -> None:
        self._algorithm = NSGA2(pop_size=self.population)
        self._algorithm.setup(
            Problem(n_var=size, n_obj=2, xl=0.0, xu=1.0),
            termination=NoTermination(),
            seed=seed,
            verbose=False,
        )
        self._brood: list[object] = []
        self._values: list[tuple[float, float]] = []

    def propose(self) -> Array:
        """The next of a generation."""
        if not self._values and not self._brood:
            self._offspring = self._algorithm.ask()
            self._brood = list(self._offspring)
        return np.asarray(self._brood[len(self._values)].X, np.float64)  # type: ignore[attr-defined]

    def tell(self, _vector: Array, measured: Measured) -> None:
        """When a whole generation is known, the next is bred."""
        self._values.append((measured.leak, measured.loss))
        if len(self._values) == len(self._brood):
            self._offspring.set("F", np.array(self._values))
            for one in self._offspring:
                one.evaluated.add("F")
            self._algorithm.tell(infills=self._offspring)
            self._brood, self._values = [], []


def _ours(subject: Subject, seed: int, history: History) -> Searcher:
    return Search(subject, history, seed)


def _cold(subject: Subject, seed: int, _history: History) -> Searcher:
    return Search(subject, History(), seed)


def _size(subject: Subject) -> int:
    return Space(subject.kinds).size


SEARCHES: dict[str, Callable[[Subject, int, History], Searcher]] = {
    "critical history": _ours,
    "no history": _cold,
    "NSGA-II": lambda subject, seed, _history: Nsga2(_size(subject), seed),
    "random": lambda subject, seed, _history: Random(_size(subject), seed),
}
"""By the names that tables use; ours first."""
