"""The tower made for speed tells what the tower itself tells."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from photoveil.protection import Engine
from photoveil.protection.encoders import Encoder, Features
from photoveil.protection.folding import quickened


def _features(visual: nn.Module, encoder: Encoder, images: torch.Tensor) -> torch.Tensor:
    out = visual.forward_intermediates(images, indices=[-1], output_fmt="NCHW")  # type: ignore[operator]
    return torch.cat([out["image_features"].flatten(), out["image_intermediates"][-1].flatten()])


@pytest.mark.parametrize("name", ["starter-dla", "starter-resnet", "starter-regnet"])
def test_shipped_towers_lose_their_norms_and_keep_their_features(starters: Engine, name: str) -> None:
    encoder = next(e for e in starters.encoders if e.name == name)
    quick = quickened(encoder.visual, half=False)
    assert any(isinstance(module, nn.BatchNorm2d) for module in encoder.visual.modules())
    assert not any(isinstance(module, nn.BatchNorm2d) for module in quick.modules())
    images = torch.randn(2, 3, encoder.size, encoder.size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        usual, fast = (_features(tower, encoder, images) for tower in (encoder.visual, quick))
    assert (usual - fast).abs().max() < 1e-4 * usual.abs().max()


def test_a_tower_without_norms_is_not_copied(engine: Engine) -> None:
    plain = next(e for e in engine.encoders if e.name == "tiny-vit")
    assert quickened(plain.visual, half=True) is plain.visual


def test_a_quick_look_follows_its_tower_and_points_the_same_way(starters: Engine) -> None:
    encoder = starters.surrogates[0]
    images = torch.rand(1, 3, encoder.size, encoder.size, generator=torch.Generator().manual_seed(2))

    def slope(see: Callable[[torch.Tensor], Features]) -> torch.Tensor:
        views = images.clone().requires_grad_(True)
        found = see(views)
        return torch.autograd.grad(found.pooled[0, 0] + found.tokens[..., 0].mean(), views)[0].flatten()

    assert torch.cosine_similarity(slope(encoder), slope(encoder.roughly), dim=0) > 0.95
