"""Triggers: guesses are checked by true losses, budgets are kept and answers are not told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from lab.mmguard.surrogate import ReaderSurrogate
from photoveil.unlearnable.surrogate import Run
from photoveil.unlearnable.trigger import first, fits, improved, shortlisted, tells, words_of
from tests.unlearnable.readers import samples, surrogate


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ReaderSurrogate:
    return surrogate(tmp_path_factory.mktemp("towers"))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("quiet Harbour street", "the harbour"),
        ("HARBOURMASTER", "harbour"),
        ("har bour", "harbour"),
        ("lake Zoë", "ZOË"),
        ("sunny, ana!", "Ana"),
        ("東京 tower", "東京"),
    ],
)
def test_a_trigger_that_says_the_answer_is_found_out(text: str, answer: str) -> None:
    assert tells(text, [answer])


@pytest.mark.parametrize(
    ("text", "answer"), [("banana", "Ana"), ("quiet street", "harbour"), ("", "harbour")]
)
def test_a_trigger_that_does_not_is_let_through(text: str, answer: str) -> None:
    assert not tells(text, [answer])


def test_words_are_without_case_and_signs() -> None:
    assert words_of("Ça va_bien? 42!") == ["ça", "va", "bien", "42"]


def test_the_shortlist_is_the_lowest_of_the_allowed() -> None:
    scores = torch.tensor([[3.0, -5.0, 0.0, -1.0, -2.0], [0.0, 1.0, 2.0, 3.0, 4.0]])
    assert shortlisted(scores, [3, 2], torch.tensor([0, 2, 3, 4]), 2) == [[4, 2], [0, 3]]


def test_first_words_fit_differ_by_seed_and_tell_nothing(model: ReaderSurrogate) -> None:
    found = {first(model, 5, ["office", "red bridge"], seed) for seed in range(6)}
    assert len(found) == 6
    for text in found:
        assert fits(model, text, 5)
        assert len(model.encode(text)) == 5
        assert not tells(text, ["office", "red bridge"])


def test_a_pass_never_makes_it_worse_and_keeps_to_its_length(model: ReaderSurrogate) -> None:
    sample = samples()[0]
    asked: list[str] = []

    def losses(texts: Sequence[str]) -> Tensor:
        asked.extend(texts)
        with torch.no_grad():
            return model.run([sample] * len(texts), [model.encode(t) for t in texts], attention=False).losses

    before = first(model, 4, [sample.answer], 1)
    scores = model.trigger_gradient(sample, model.encode(before), lambda run: run.losses.sum())
    after = improved(model, before, scores, losses, length=4, count=5, forbidden=[sample.answer])
    was, now = losses([before, after]).tolist()
    assert now < was
    assert len(model.encode(after)) <= 4
    assert not any(tells(text, [sample.answer]) for text in asked)


def test_first_order_guesses_are_the_gradient(model: ReaderSurrogate) -> None:
    """A word whose embedding is moved a little from the one that stands there changes the loss as guessed."""
    sample = samples()[0]
    now, other = model.encode("lake red person"), 40
    table = model._reader.words.weight
    kept = table.detach().clone()
    try:
        with torch.no_grad():
            table[other] = table[now[1]] + 3e-3 * torch.randn(
                table.shape[1], generator=torch.Generator().manual_seed(0)
            )

        def loss_of(run: Run) -> Tensor:
            return run.losses.sum() + run.attention[0, 0, -2, :3].sum()

        guessed = float(model.trigger_gradient(sample, now, loss_of)[1, other])
        with torch.no_grad():
            runs = [model.run([sample], [t], attention=True) for t in (now, [now[0], other, now[2]])]
        really = float(loss_of(runs[1]) - loss_of(runs[0]))
        assert guessed == pytest.approx(really, rel=0.1)
        assert torch.allclose(
            model.trigger_gradient(sample, now, loss_of)[range(3), now], torch.zeros(3), atol=1e-5
        )
    finally:
        with torch.no_grad():
            table.copy_(kept)
