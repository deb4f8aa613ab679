"""Noise stays in its budget, on the grid of 8 bits, and lets gradients through."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from photoveil.unlearnable.noise import begun, delivered, projected, shown, stepped, strength_on
from tests.unlearnable.readers import picture


@given(st.integers(0, 1000), st.integers(1, 32), st.floats(0, 0.5))
def test_what_is_delivered_is_within_the_budget_and_on_the_grid(seed: int, most: int, spread: float) -> None:
    photo = picture(seed, 12, 9)
    delta = torch.randn(photo.shape, generator=torch.Generator().manual_seed(seed)) * spread
    file = delivered(photo, delta, most / 255)
    assert torch.allclose(file * 255, (file * 255).round(), atol=1e-3)
    assert float(file.min()) >= 0
    assert float(file.max()) <= 1
    assert float((file - photo).abs().max()) <= most / 255 + 1e-6


@given(st.integers(0, 1000), st.integers(1, 16))
def test_steps_never_leave_the_budget(seed: int, most: int) -> None:
    photo = picture(seed, 10, 10)
    delta = begun(photo, most / 255, seed)
    for number in range(20):
        gradient = torch.randn(photo.shape, generator=torch.Generator().manual_seed(number))
        delta = stepped(delta, gradient, photo, 1 / 255, most / 255)
    assert float(delta.abs().max()) <= most / 255 + 1e-6
    assert float((photo + delta).min()) >= -1e-6
    assert float((photo + delta).max()) <= 1 + 1e-6
    assert torch.allclose(projected(delta, photo, most / 255), delta)


def test_a_step_goes_down_the_gradient() -> None:
    photo = torch.full((3, 4, 4), 0.5)
    gradient = torch.ones_like(photo)
    assert torch.allclose(
        stepped(torch.zeros_like(photo), gradient, photo, 2 / 255, 8 / 255), -gradient * 2 / 255
    )


def test_what_is_shown_is_rounded_and_the_gradient_is_not() -> None:
    photo = picture(3, 8, 8)
    delta = torch.full_like(photo, 0.3 / 255).requires_grad_(True)
    seen = shown(photo, delta)
    assert torch.equal((seen * 255).round(), (photo * 255).round())
    (gradient,) = torch.autograd.grad((seen * torch.arange(8.0)).sum(), delta)
    assert torch.equal(gradient, torch.arange(8.0).expand_as(photo))


def test_how_much_each_patch_was_changed() -> None:
    delta = torch.randn(3, 11, 17, generator=torch.Generator().manual_seed(0))
    boxes = torch.tensor([[0, 0, 17, 11], [3, 2, 9, 7], [16, 10, 17, 11], [5, 5, 5, 5]], dtype=torch.float32)
    found = strength_on(delta, boxes)
    for box, value in zip(boxes[:3].int().tolist(), found[:3].tolist(), strict=True):
        left, top, right, bottom = box
        assert abs(value - float(delta[:, top:bottom, left:right].abs().mean())) < 1e-5
    assert found[3] == 0
