"""The image part: a change of the pixels within a budget, on the grid of 8 bits (§5.1 of the paper)."""

from __future__ import annotations

import torch
from torch import Tensor

_START = 1 / 255
"""Noise begins at up to one step, by lot: from nothing, no patch would be more changed than another."""


def begun(pixels: Tensor, epsilon: float, seed: int) -> Tensor:
    """The first noise of a photo (3×H×W); equal seeds give equal noise."""
    generator = torch.Generator().manual_seed(seed)
    first = torch.rand(pixels.shape, generator=generator) * 2 - 1
    return projected(first.to(pixels.device) * _START, pixels, epsilon)


def projected(delta: Tensor, pixels: Tensor, epsilon: float) -> Tensor:
    """The nearest noise within the budget that leaves the photo in 0…1."""
    return (pixels + delta.clamp(-epsilon, epsilon)).clamp(0, 1) - pixels


def stepped(delta: Tensor, gradient: Tensor, pixels: Tensor, step: float, epsilon: float) -> Tensor:
    """One step of projected gradient descent, down the sign of the gradient."""
    return projected(delta - step * gradient.sign(), pixels, epsilon)


def shown(pixels: Tensor, delta: Tensor) -> Tensor:
    """The changed photo as a file holds it: rounded to 8 bits exactly, the gradient passed through (STE)."""
    changed = pixels + delta
    return changed + ((changed.clamp(0, 1) * 255).round() / 255 - changed).detach()


def delivered(pixels: Tensor, delta: Tensor, epsilon: float) -> Tensor:
    """The photo to hand out: on the grid of 8 bits, in 0…1, and nowhere farther than ``epsilon`` from the original.

    The original is taken to its own nearest 8-bit values first.
    """
    most = int(epsilon * 255 + 1e-4)
    steps = (delta.detach() * 255).round().clamp(-most, most)
    return ((pixels.detach() * 255).round() + steps).clamp(0, 255) / 255


def strength_on(delta: Tensor, patches: Tensor) -> Tensor:
    """Mean |δ| under each patch: N of ``patches`` N×4 (left, top, right, bottom in pixels); 0 for empty ones."""
    height, width = delta.shape[1:]
    table = torch.zeros(height + 1, width + 1, dtype=torch.float64, device=delta.device)
    table[1:, 1:] = delta.detach().abs().mean(0).double().cumsum(0).cumsum(1)
    edges = patches.round().long()
    left, right = (edges[:, side].clamp(0, width) for side in (0, 2))
    top, bottom = (edges[:, side].clamp(0, height) for side in (1, 3))
    total = table[bottom, right] - table[top, right] - table[bottom, left] + table[top, left]
    area = (right - left).clamp_min(0) * (bottom - top).clamp_min(0)
    return torch.where(area > 0, total / area.clamp_min(1), 0.0).float()
