"""A tower's first convolution shows the same and has the same gradient, by a shorter way."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from photoveil.protection import Engine
from photoveil.protection.folding import quickened
from photoveil.protection.stem import Stem, fits


def _there_and_back(layer: nn.Module, picture: Tensor) -> tuple[Tensor, Tensor]:
    picture = picture.clone().requires_grad_(True)
    out = layer(picture)
    wanted = torch.rand(out.shape, generator=torch.Generator().manual_seed(1))
    return out.detach(), torch.autograd.grad((out * wanted).sum(), picture)[0]


@given(
    channels=st.integers(1, 4),
    features=st.integers(1, 20),
    reach=st.integers(1, 3),
    height=st.integers(1, 19),
    width=st.integers(1, 19),
    bias=st.booleans(),
)
def test_stands_in_for_its_convolution(
    channels: int, features: int, reach: int, height: int, width: int, bias: bool
) -> None:
    torch.manual_seed(0)
    convolution = nn.Conv2d(channels, features, 2 * reach + 1, padding=reach, bias=bias).requires_grad_(False)
    assert fits(convolution)
    picture = torch.rand(2, channels, height, width)
    usual, fast = (_there_and_back(layer, picture) for layer in (convolution, Stem(convolution)))
    assert torch.equal(fast[0], usual[0])
    torch.testing.assert_close(fast[1], usual[1], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "other",
    [
        nn.Conv2d(3, 16, 7, stride=2, padding=3),
        nn.Conv2d(3, 16, 7, padding=0),
        nn.Conv2d(3, 16, 7, padding=6, dilation=2),
        nn.Conv2d(3, 16, 7, padding=3, padding_mode="reflect"),
        nn.Conv2d(3, 16, (7, 3), padding=(3, 1)),
        nn.Conv2d(3, 16, 1),
        nn.Conv2d(8, 16, 7, padding=3),
        nn.Conv2d(3, 3, 7, padding=3, groups=3),
        nn.Conv2d(3, 16, 7, padding=3, dtype=torch.bfloat16),
        nn.Conv2d(3, 16, 7, padding="same"),
    ],
)
def test_leaves_other_convolutions_alone(other: nn.Conv2d) -> None:
    assert not fits(other)


def test_the_tower_that_begins_at_full_size_has_one(starters: Engine) -> None:
    has_one = {
        encoder.name: any(isinstance(m, Stem) for m in quickened(encoder.visual, half=False).modules())
        for encoder in starters.surrogates
    }
    assert has_one == {"starter-dla": True, "starter-resnet": False}
