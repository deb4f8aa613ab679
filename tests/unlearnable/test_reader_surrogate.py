"""The lab's reader as a surrogate: it says what the reader itself would, and is put back after adaptation."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from lab.affiliation.language import written
from lab.affiliation.questions import tokenizer
from lab.affiliation.reader import answer_loss
from lab.mmguard.surrogate import ReaderSurrogate
from tests.unlearnable.readers import SIDE, TOKENS, picture, samples, surrogate


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ReaderSurrogate:
    return surrogate(tmp_path_factory.mktemp("towers"))


def test_losses_are_the_readers_own(model: ReaderSurrogate) -> None:
    for sample, trigger in zip(samples(), ([], [7], [9, 30, 31]), strict=True):
        found = model.run([sample], [trigger], attention=True).losses
        tokens = model._tokens([sample.pixels])
        text = f"{sample.text} {model.decode(trigger)}"
        own = answer_loss(model._reader, tokens, *written([[(text, sample.answer)]], tokenizer()))
        assert float(found[0]) == pytest.approx(float(own), rel=1e-4)


def test_samples_of_different_lengths_do_not_disturb_each_other(model: ReaderSurrogate) -> None:
    triggers = [[], [7, 8, 9], [12]]
    together = model.run(samples(), triggers, attention=True)
    for number, (sample, trigger) in enumerate(zip(samples(), triggers, strict=True)):
        alone = model.run([sample], [trigger], attention=True)
        assert float(alone.losses[0]) == pytest.approx(float(together.losses[number]), rel=1e-3)
        assert alone.spans[0] == together.spans[number]
        length = alone.attention.shape[-1]
        assert torch.allclose(
            alone.attention[:, 0], together.attention[:, number, :length, :length], atol=1e-3
        )


def test_attention_is_a_distribution_over_what_may_be_read(model: ReaderSurrogate) -> None:
    run = model.run(samples()[:1], [[7, 8]], attention=True)
    assert run.attention.shape[:2] == (model.layers, 1)
    assert torch.allclose(run.attention.sum(-1), torch.ones(run.attention.shape[:-1]), atol=1e-5)
    ahead = run.attention[:, 0].triu(1)
    ahead[..., : TOKENS + 1] = 0
    assert float(ahead.abs().max()) == 0
    assert model.run(samples()[:1], [[7, 8]], attention=False).attention.numel() == 0


def test_spans_name_the_parts_in_their_order(model: ReaderSurrogate) -> None:
    sample = samples()[2]
    (spans,) = model.run([sample], [[7, 8]], attention=False).spans
    assert spans.image == tuple(range(TOKENS + 1))
    assert len(spans.text) == len(sample.text.split())
    assert len(spans.trigger) == 2
    assert len(spans.answer) == len(["red", "bridge", "<end>"])
    assert spans.image[-1] < spans.text[0]
    assert spans.text[-1] + 1 == spans.trigger[0]
    assert spans.trigger[-1] + 2 == spans.answer[0]


def test_patches_cover_what_the_tower_is_shown(model: ReaderSurrogate) -> None:
    wide = replace(samples()[0], pixels=picture(5, SIDE * 2, SIDE))
    (patches,) = model.run([wide], [[]], attention=False).patches
    assert patches[0].tolist() == [32, 0, 96, 64]
    assert patches[1].tolist() == [32, 0, 48, 16]
    assert patches[-1].tolist() == [80, 48, 96, 64]


def test_a_larger_photo_gets_gradients_where_it_is_seen(model: ReaderSurrogate) -> None:
    large = picture(6, SIDE * 3, SIDE * 2).requires_grad_(True)
    run = model.run([replace(samples()[0], pixels=large)], [[]], attention=False)
    (gradient,) = torch.autograd.grad(run.losses.sum(), large)
    seen = gradient[..., SIDE // 2 : SIDE * 5 // 2]
    assert float((seen != 0).float().mean()) > 0.95
    assert float(gradient[..., : SIDE // 2 - 2].abs().max()) == 0


def test_adaptation_learns_the_samples_and_is_undone(model: ReaderSurrogate) -> None:
    taught, triggers = samples(), [[7], [7], [9]]

    def losses() -> list[float]:
        with torch.no_grad():
            return model.run(taught, triggers, attention=False).losses.tolist()

    before = losses()
    with model.adapt(taught, triggers, 6):
        assert sum(losses()) < 0.8 * sum(before)
    assert losses() == before
    with model.adapt(taught, triggers, 0):
        assert losses() == before


def test_a_failure_inside_adaptation_undoes_it_too(model: ReaderSurrogate) -> None:
    taught = samples()
    before = model.run(taught, [[], [], []], attention=False).losses.tolist()
    with pytest.raises(KeyboardInterrupt), model.adapt(taught, [[], [], []], 2):
        raise KeyboardInterrupt
    assert model.run(taught, [[], [], []], attention=False).losses.tolist() == before
