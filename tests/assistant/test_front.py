"""Fronts, their area, and places of the slider."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoveil.assistant.front import Front, Measured, Point, hypervolume, improvement, non_dominated
from photoveil.assistant.parameters import Parameters

SHARES = st.floats(0, 1, allow_nan=False)
VALUES = st.lists(st.tuples(SHARES, SHARES), min_size=1, max_size=12).map(lambda v: np.array(v, np.float64))


def of(*values: tuple[float, float]) -> Front:
    return Front.of([Point(Parameters(), Measured(leak, loss)) for leak, loss in values])


def test_known_areas() -> None:
    assert hypervolume(np.array([(0.0, 0.0)])) == 1.0
    assert hypervolume(np.array([(0.5, 0.5)])) == 0.25
    assert hypervolume(np.array([(0.2, 0.6), (0.6, 0.2), (0.7, 0.7)])) == pytest.approx(0.8 * 0.4 + 0.4 * 0.4)
    assert hypervolume(np.array([(1.0, 0.0), (0.0, 1.0)])) == 0.0
    assert hypervolume(np.empty((0, 2))) == 0.0


@given(VALUES)
def test_the_area_is_the_share_of_a_fine_grid_that_is_beaten(values: np.ndarray) -> None:
    middles = (np.arange(200) + 0.5) / 200
    x, y = np.meshgrid(middles, middles)
    beaten = np.zeros(x.shape, bool)
    for leak, loss in values:
        beaten |= (x >= leak) & (y >= loss)

    assert hypervolume(values) == pytest.approx(beaten.mean(), abs=0.02)


@given(VALUES, st.tuples(SHARES, SHARES))
def test_an_improvement_is_what_a_point_adds(values: np.ndarray, point: tuple[float, float]) -> None:
    added = hypervolume(np.vstack([values, point])) - hypervolume(values)

    assert float(improvement(np.array(point), values)) == pytest.approx(added, abs=1e-9)


@given(VALUES)
def test_nothing_beats_the_front_and_the_front_beats_the_rest(values: np.ndarray) -> None:
    best = non_dominated(values)

    for value in values[best]:
        assert not (((values <= value).all(axis=1)) & ((values < value).any(axis=1))).any()
    for value in values[~best]:
        assert ((values[best] <= value).all(axis=1)).any()


@given(VALUES, SHARES, SHARES)
def test_further_along_the_slider_is_more_private(values: np.ndarray, one: float, other: float) -> None:
    front = of(*map(tuple, values.tolist()))

    less, more = (front.pick(place).measured for place in sorted((one, other)))

    assert more.leak <= less.leak
    assert more.loss >= less.loss
    assert front.queries == len(values)


def test_the_slider_has_the_ends_and_the_knee_in_its_middle() -> None:
    front = of((0.9, 0.0), (0.1, 0.1), (0.05, 0.5), (0.0, 0.9), (0.5, 0.6))

    assert [(p.measured.leak, p.measured.loss) for p in front.points] == [
        (0.9, 0.0),
        (0.1, 0.1),
        (0.05, 0.5),
        (0.0, 0.9),
    ]
    assert front.pick(0.0) is front.points[0]
    assert front.pick(0.5) is front.knee is front.points[1]
    assert front.pick(1.0) is front.points[-1]
    assert front.pick(7.0) is front.points[-1]
