"""The search for the best trade-offs of a photo, in as few queries as possible.

Each query goes where the critical history, of this photo and of earlier ones alike, lets expect the largest gain in
hypervolume. Candidates are steps away from critical trials, mixtures of neighbours on the front, the middle of cliffs,
and anything at all. With nothing known, the first few queries are spread over the space.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import numpy as np
from numpy.typing import NDArray

from photoveil.assistant.front import Front, Measured, Point, hypervolume, improvement, non_dominated
from photoveil.assistant.history import History, Subject, Trial, critical
from photoveil.assistant.parameters import Parameters, Space
from photoveil.assistant.surrogate import Known, Surrogate

Array = NDArray[np.float64]
Evaluate = Callable[[Parameters], Awaitable[Measured]]

ENOUGH = 10
"""Queries for a photo when ten and more earlier ones are known."""

AT_FIRST = 40
"""Queries for each of the first photos."""

WARM = 10
"""So many photos in the history make it warm."""

_BLIND = 5  # queries spread over the space when nothing is known
_NEIGHBOURS = 12  # earlier photos that are asked about a new one
_FROM_OTHERS = 140  # trials of theirs, at most
_DRAWS = 24  # of what may come of a candidate


def queries_for(history: History) -> int:
    """How many queries a photo should get."""
    return ENOUGH if len(history.records) >= WARM else AT_FIRST


async def front(
    subject: Subject, evaluate: Evaluate, budget: int, history: History, *, seed: int = 0
) -> Front:
    """Search with ``budget`` queries; the history learns what was critical, also when the search is broken off.

    Raises:
        ValueError: no query is allowed.
        Exception: whatever ``evaluate`` raises.
    """
    if budget < 1:
        raise ValueError("a search needs a query")
    search = Search(subject, history, seed)
    try:
        for _ in range(budget):
            vector = search.propose()
            search.tell(vector, await evaluate(search.space.parameters(vector)))
    finally:
        history.learn(subject, search.trials)
    return search.front()


class Search:
    """The same in single steps: `propose`, evaluate, `tell`."""

    def __init__(self, subject: Subject, history: History, seed: int = 0) -> None:
        self.space = Space(subject.kinds)
        self.points: list[Point] = []
        self.trials: list[Trial] = []
        self._context = np.array(subject.context, np.float64)
        self._rng = np.random.default_rng([seed, 71])
        self._vectors = np.empty((0, self.space.size))
        self._values = np.empty((0, 2))
        self._expected: Array | None = None
        self._others = _others(history.nearest(subject, _NEIGHBOURS), self.space, len(self._context))

    def front(self) -> Front:
        """The best so far."""
        return Front.of(self.points)

    def hypervolume(self) -> float:
        """Of everything evaluated."""
        return hypervolume(self._values)

    def propose(self) -> Array:
        """The vector to be evaluated next."""
        self._expected = None
        if not len(self._others[0]) and len(self._vectors) < _BLIND:
            return self._far_from_all()
        candidates = self._candidates()
        mean, spread = self._model().predict(self.space.features(candidates), self._context, 0)
        draws = self._rng.standard_normal((_DRAWS, 1, 2))
        gains = improvement(np.clip(mean + draws * spread, 0.0, 1.5), self._values).mean(axis=0)
        best = int(np.argmax(gains))
        self._expected = mean[best]
        return np.asarray(candidates[best], np.float64)

    def tell(self, vector: Array, measured: Measured) -> None:
        """What came of it."""
        value = np.array([measured.leak, measured.loss])
        off = 0.0 if self._expected is None else float(np.abs(value - self._expected).max())
        self.points.append(Point(self.space.parameters(vector), measured))
        self.trials.append(Trial(tuple(self.space.full(vector)), measured.leak, measured.loss, min(off, 1.0)))
        self._vectors = np.vstack([self._vectors, vector])
        self._values = np.vstack([self._values, value])

    def _model(self) -> Surrogate:
        vectors, contexts, photos, values = self._others
        own = np.broadcast_to(self._context, (len(self._vectors), len(self._context)))
        return Surrogate(
            Known(
                self.space.features(np.concatenate([self._vectors, vectors])),
                np.concatenate([own, contexts]),
                np.concatenate([np.zeros(len(self._vectors), np.int64), photos]),
                np.concatenate([self._values, values]),
            )
        )

    def _far_from_all(self) -> Array:
        drawn = self._rng.random((64, self.space.size))
        if not len(self._vectors):
            return np.asarray(drawn[0])
        features, known = self.space.features(drawn), self.space.features(self._vectors)
        nearest = ((features[:, None] - known[None]) ** 2).sum(-1).min(axis=1)
        return np.asarray(drawn[int(np.argmax(nearest))])

    def _candidates(self) -> Array:
        rng, size = self._rng, self.space.size
        parents = self._parents()
        picked = parents[rng.integers(len(parents), size=96)]
        # A step changes a few of the numbers, mostly by little.
        moved = rng.random(picked.shape) < max(0.3, 1.5 / size)
        steps = rng.normal(0.0, rng.choice((0.05, 0.15, 0.4), (len(picked), 1)), picked.shape)
        other = parents[rng.integers(len(parents), size=48)]
        share = rng.random((48, 1))
        mixed = picked[:48] * share + other * (1 - share)
        swapped = np.where(rng.random((48, size)) < 0.5, picked[48:], other)
        every = [parents, picked + moved * steps, mixed, swapped, rng.random((64, size))]
        return np.asarray(np.clip(np.concatenate(every), 0, 1))

    def _parents(self) -> Array:
        """Where to begin: this photo's critical trials, and the fronts of others."""
        vectors, _, photos, values = self._others
        own = [self.space.of_full(trial.vector) for trial in critical(self.trials)] if self.trials else []
        fronts = [
            vectors[photos == photo][non_dominated(values[photos == photo])] for photo in np.unique(photos)
        ]
        found = np.concatenate([np.array(own).reshape(-1, self.space.size), *fronts])
        _, first = np.unique(found.round(3), axis=0, return_index=True)
        return np.asarray(found[np.sort(first)][:120])


def _others(
    records: list[tuple[Subject, tuple[Trial, ...]]], space: Space, width: int
) -> tuple[Array, Array, NDArray[np.int64], Array]:
    """Vectors, contexts, photo numbers from 1 and values of other photos' trials."""
    rows = [
        (space.of_full(trial.vector), subject.context, number, (trial.leak, trial.loss))
        for number, (subject, trials) in enumerate(records, start=1)
        if len(subject.context) == width and _comparable(subject, space)
        for trial in trials
    ][:_FROM_OTHERS]
    return (
        np.array([row[0] for row in rows], np.float64).reshape(-1, space.size),
        np.array([row[1] for row in rows], np.float64).reshape(-1, width),
        np.array([row[2] for row in rows], np.int64),
        np.array([row[3] for row in rows], np.float64).reshape(-1, 2),
    )


def _comparable(subject: Subject, space: Space) -> bool:
    """Whether another photo says anything about this one: kinds of regions in common, or none in both."""
    return bool(set(subject.kinds) & set(space.kinds)) or not (subject.kinds or space.kinds)
