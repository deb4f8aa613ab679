"""The search on a problem whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from photoveil.assistant.front import Measured, hypervolume
from photoveil.assistant.history import History, Subject
from photoveil.assistant.parameters import STYLES, Parameters, Space
from photoveil.assistant.search import AT_FIRST, ENOUGH, WARM, Search, front, queries_for

FACE = Subject(("face",), (0.2, 0.4))


def measured(parameters: Parameters, wanted: float = 0.6) -> Measured:
    """Painting over at some strength hides all; anything beyond, and any global measure, costs answers."""
    face = parameters.regions["face"]
    short = max(0.0, wanted - face.strength) / wanted
    leak = min(1.0, short + 0.3 * (face.style != "inpaint"))
    beyond = max(0.0, face.strength - wanted) + 0.5 * face.margin
    everywhere = parameters.downscale + parameters.noise + parameters.tone
    return Measured(leak, min(1.0, 0.4 * beyond + everywhere))


async def evaluate(parameters: Parameters) -> Measured:
    return measured(parameters)


def random_area(queries: int, seed: int) -> float:
    space, rng = Space(("face",)), np.random.default_rng(seed)
    found = [measured(space.parameters(rng.random(space.size))) for _ in range(queries)]
    return hypervolume(np.array([(m.leak, m.loss) for m in found]))


async def test_it_beats_random_and_the_history_of_a_few_photos_beats_it() -> None:
    history = History()
    cold = []
    for number in range(4):
        photo = Subject(("face",), (0.2 + 0.02 * number, 0.4))
        found = await front(photo, evaluate, 12, history, seed=number)
        cold.append(np.array(found.history))
    warm = np.array((await front(FACE, evaluate, 4, history, seed=9)).history)

    # The first had no history to begin with.
    assert hypervolume(cold[0]) > np.mean([random_area(12, seed) for seed in range(30)])
    assert hypervolume(warm) > hypervolume(cold[0][:4]) + 0.1


async def test_a_search_can_be_repeated_and_evaluates_what_it_is_allowed() -> None:
    asked: list[Parameters] = []

    async def counted(parameters: Parameters) -> Measured:
        asked.append(parameters)
        return measured(parameters)

    first = await front(FACE, counted, 12, History(), seed=4)
    second = await front(FACE, evaluate, 12, History(), seed=4)

    assert len(asked) == 12 == first.queries
    assert first == second


async def test_what_was_learnt_is_kept_when_the_model_stops_answering() -> None:
    history = History()
    left = iter(range(7))

    async def failing(parameters: Parameters) -> Measured:
        if next(left, None) is None:
            raise ConnectionError
        return measured(parameters)

    with pytest.raises(ConnectionError):
        await front(FACE, failing, 20, history)

    ((subject, trials),) = history.records
    assert subject == FACE
    assert 0 < len(trials) <= 7


async def test_no_query_is_no_search() -> None:
    with pytest.raises(ValueError, match="query"):
        await front(FACE, evaluate, 0, History())


async def test_photos_of_other_kinds_are_no_teachers() -> None:
    history = History()
    await front(FACE, evaluate, 6, history)

    def place(of: Subject, known: History) -> list[float]:
        return list(Search(of, known, 3).propose())

    code = Subject(("code",), (0.2, 0.4))
    assert place(code, history) == place(code, History())
    assert place(FACE, history) != place(FACE, History())


def test_photos_after_the_first_ten_need_few_queries() -> None:
    record = (FACE, ())

    assert queries_for(History(None, [record] * (WARM - 1))) == AT_FIRST
    assert queries_for(History(None, [record] * WARM)) == ENOUGH == 10


def test_every_vector_means_something() -> None:
    space = Space(("face", "chosen"))

    nothing, everything = (space.parameters(np.full(space.size, v)) for v in (0.0, 1.0))

    assert set(nothing.regions) == {"face", "chosen"}
    assert nothing.regions["face"].style == STYLES[0]
    assert everything.regions["face"].style == STYLES[-1]
    assert (nothing.noise, everything.noise) == (0.0, 1.0)
    assert space.parameters(np.full(space.size, 0.2)).tone == 0.0
