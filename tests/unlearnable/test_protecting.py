"""The whole algorithm on a tiny model: budgets, what photos share, both directions, and an end when it is called."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from lab.mmguard.surrogate import ReaderSurrogate
from photoveil.unlearnable.protecting import Protected, protect
from photoveil.unlearnable.recipe import Binding, Recipe
from photoveil.unlearnable.surrogate import Sample
from photoveil.unlearnable.trigger import tells
from tests.unlearnable.readers import samples, surrogate

_SHORT = Recipe(rounds=1, iterations=6, trigger_length=3, shortlist=3, adapt_steps=0)
_IMAGE = replace(_SHORT, text=False, binding=Binding.NONE, iterations=8)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ReaderSurrogate:
    return surrogate(tmp_path_factory.mktemp("towers"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> ReaderSurrogate:
    return surrogate(tmp_path_factory.mktemp("others"), 1)


def _losses(model: ReaderSurrogate, taught: list[Sample], found: Protected | None = None) -> torch.Tensor:
    """Of the samples as they are, or as they were made."""
    if found is None:
        return model.run(taught, [[]] * len(taught), attention=False).losses.detach()
    made = [replace(s, pixels=p) for s, p in zip(taught, found.pixels, strict=True)]
    return model.run(made, [model.encode(t) for t in found.triggers], attention=False).losses.detach()


def test_noise_makes_the_lesson_easy_within_its_budget(model: ReaderSurrogate) -> None:
    taught = samples()
    found = protect(taught, [model], _IMAGE)
    assert found.triggers == ("", "", "")
    for sample, pixels in zip(taught, found.pixels, strict=True):
        assert float((pixels - sample.pixels).abs().max()) <= 8 / 255 + 1e-6
        assert torch.allclose(pixels * 255, (pixels * 255).round(), atol=1e-3)
    assert float(_losses(model, taught, found).mean()) < float(_losses(model, taught).mean())


def test_the_max_variant_makes_it_hard(model: ReaderSurrogate) -> None:
    taught = samples()
    found = protect(taught, [model], replace(_IMAGE, maximise=True))
    assert float(_losses(model, taught, found).mean()) > float(_losses(model, taught).mean())


def test_questions_about_one_photo_share_its_noise_and_its_words(model: ReaderSurrogate) -> None:
    taught = samples()
    found = protect(taught, [model], _SHORT)
    assert found.pixels[0] is found.pixels[1]
    assert found.triggers[0] == found.triggers[1] != found.triggers[2]
    assert not torch.equal(found.pixels[0], found.pixels[2])


def test_words_alone_leave_the_picture_alone_and_tell_nothing(model: ReaderSurrogate) -> None:
    taught = samples()
    found = protect(taught, [model], replace(_SHORT, image=False, binding=Binding.NONE))
    for sample, pixels, text in zip(taught, found.pixels, found.triggers, strict=True):
        assert torch.equal(pixels, sample.pixels)
        assert 0 < len(model.encode(text)) <= 3
        assert not tells(text, [sample.answer])
    # The first two samples are one photo's: its trigger tells neither answer.
    assert not tells(found.triggers[0], ["office", "guitar"])


@pytest.mark.parametrize("binding", [Binding.BPH, Binding.CRS])
def test_binding_goes_down(model: ReaderSurrogate, binding: Binding) -> None:
    recipe = replace(_SHORT, binding=binding, lam_bind=5.0)
    begun = protect(samples(), [model], replace(recipe, iterations=0, text=binding is Binding.BPH))
    done = protect(samples(), [model], replace(recipe, rounds=2))
    assert done.history[-1].binding < begun.history[-1].binding
    assert len(done.history) == 2


def test_several_surrogates_are_all_served(model: ReaderSurrogate, other: ReaderSurrogate) -> None:
    taught = samples()
    found = protect(taught, [model, other], replace(_SHORT, rounds=2, binding=Binding.NONE))
    for one in (model, other):
        assert float(_losses(one, taught, found).mean()) < float(_losses(one, taught).mean())


def test_equal_seeds_give_equal_results_in_any_batches(model: ReaderSurrogate) -> None:
    first, again = (protect(samples(), [model], replace(_SHORT, batch=size)) for size in (16, 1))
    assert first.triggers == again.triggers
    # Half the precision in the tower: a sign may fall differently where a gradient is next to nothing.
    for a, b in zip(first.pixels, again.pixels, strict=True):
        assert float((a != b).float().mean()) < 0.05
    assert protect(samples(), [model], replace(_SHORT, seed=1)).triggers != first.triggers


def test_progress_is_told_and_may_end_the_work(model: ReaderSurrogate) -> None:
    told: list[tuple[int, int]] = []
    recipe = replace(_SHORT, rounds=2, adapt_steps=2)
    protect(samples(), [model], recipe, lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == list(range(1, len(told) + 1))
    assert {total for _, total in told} == {len(told)}
    before = _losses(model, samples()).tolist()

    def stop(done: int, _total: int) -> None:
        if done == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        protect(samples(), [model], recipe, stop)
    assert _losses(model, samples()).tolist() == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"epsilon": 0.0},
        {"rounds": 0},
        {"tau": 0.0},
        {"lam_bind": -1.0},
        {"trigger_length": 0},
        {"image": False, "text": False},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Recipe(**wrong)  # type: ignore[arg-type]


def test_there_must_be_something_to_do(model: ReaderSurrogate) -> None:
    with pytest.raises(ValueError, match="something"):
        protect([], [model], _SHORT)
    with pytest.raises(ValueError, match="something"):
        protect(samples(), [], _SHORT)
