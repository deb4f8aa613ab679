"""Binding: what attention is asked for, by hand and by the paper's theorem."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from photoveil.unlearnable.binding import changed_tokens, hijack, looked_at, mass, shift
from photoveil.unlearnable.surrogate import Spans

_SPANS = Spans(image=(0, 1, 2, 3), text=(4, 5), trigger=(6, 7), answer=(8, 9))
_CLEAN = Spans(image=(0, 1, 2, 3), text=(4, 5), trigger=(), answer=(6, 7))


def _attention(seed: int, length: int = 10, layers: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (3 * torch.randn(layers, length, length, generator=generator)).softmax(-1)


def test_mass_is_nothing_only_where_all_wanted_are_looked_at_alike() -> None:
    attention = torch.zeros(1, 3, 3)
    attention[0, 2] = torch.tensor([0.5, 0.5, 0.0])
    assert float(mass(attention, [2], [0, 1])) == pytest.approx(0, abs=1e-6)
    attention[0, 2] = torch.tensor([0.25, 0.25, 0.5])
    assert float(mass(attention, [2], [0, 1])) == pytest.approx(math.log(2))
    attention[0, 2] = torch.tensor([0.9, 0.1, 0.0])
    assert float(mass(attention, [2], [0, 1])) > 0.4


def test_what_is_not_there_cannot_be_bound() -> None:
    attention = _attention(0)
    assert float(mass(attention, [], [1])) == 0
    assert float(mass(attention, [1], [])) == 0


@given(st.integers(0, 10_000))
def test_attention_on_the_shortcut_alone_is_far_from_the_clean_one(seed: int) -> None:
    """Theorem 5.1: with ℓ_mass ≤ η, total variation from attention that has nothing there is at least 1 − √(η/2)."""
    attention, clean = _attention(seed, layers=1), _attention(seed + 1, layers=1)
    wanted = [1, 3]
    clean[..., wanted] = 0
    clean = clean / clean.sum(-1, keepdim=True)
    eta = float(mass(attention, [8, 9], wanted))
    apart = float((looked_at(attention, [8, 9]) - looked_at(clean, [8, 9])).abs().sum()) / 2
    assert apart >= 1 - math.sqrt(eta / 2) - 1e-5


def test_hijacking_adds_its_three_parts_and_goes_down_with_them() -> None:
    scores = torch.randn(2, 10, 10, generator=torch.Generator().manual_seed(1)).requires_grad_(True)
    optimizer = torch.optim.Adam([scores], lr=0.2)
    parts = [((6, 7), (1, 2)), ((8, 9), (6, 7)), ((8, 9), (1, 2))]
    attention = scores.softmax(-1)
    total = hijack(attention, _SPANS, (1, 2))
    assert float(total.detach()) == pytest.approx(
        sum(float(mass(attention.detach(), *part)) for part in parts), rel=1e-5
    )
    for _ in range(60):
        loss = hijack(scores.softmax(-1), _SPANS, (1, 2))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    # An answer cannot give all its attention to two things: half to either is the best there is.
    assert float(loss.detach()) < float(total.detach()) / 2
    looks = looked_at(scores.detach().softmax(-1), _SPANS.answer)[:, [1, 2, 6, 7]].sum(-1)
    assert float(looks.min()) > 0.9


def test_a_shift_is_nothing_without_one_and_falls_with_distance() -> None:
    clean = _attention(2, length=8)
    same = torch.zeros(2, 10, 10)
    before = [*_CLEAN.image, *_CLEAN.text, *_CLEAN.answer]
    keys = torch.tensor([*_SPANS.image, *_SPANS.text, *_SPANS.answer])
    for row, was in zip(_SPANS.answer, _CLEAN.answer, strict=True):
        same[:, row, keys] = clean[:, was][:, before]
    assert float(shift(same, _SPANS, clean, _CLEAN)) == pytest.approx(0, abs=1e-5)
    drawn = same.clone()
    for row in _SPANS.answer:
        drawn[:, row] /= 2
        drawn[:, row, 6] += 0.5  # half of it to the trigger
    assert float(shift(drawn, _SPANS, clean, _CLEAN)) == pytest.approx(-math.log(2), abs=1e-4)


def test_the_most_changed_tokens_are_those_under_the_noise() -> None:
    delta = torch.zeros(3, 8, 8)
    delta[:, 4:, :4] = 0.03
    delta[:, :4, 4:] = 0.02
    patches = torch.tensor([[0, 0, 8, 8], [0, 0, 4, 4], [4, 0, 8, 4], [0, 4, 4, 8], [0, 0, 0, 0]]).float()
    assert changed_tokens(delta, patches, _SPANS, 0.25) == (3,)
    assert changed_tokens(delta, patches, _SPANS, 0.5) == (2, 3)
