"""The perturbation's own small canvas, and the way from it to a picture of any size and shape.

The canvas has a few hundred pixels on its short side and holds changes in 8-bit levels. All resampling is linear and
separable, so it is written as two matrices, one for rows and one for columns: canvas → working copy → encoder
input collapses into one small product per step, and the full-size photo is touched only once, at the end.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

CANVAS_SIDE = 256
WORKING_EDGE = 1080
"""Long edge of the working copy: what the tightest of the big platforms delivers."""


def working_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the working copy of a photo."""
    scale = min(1.0, WORKING_EDGE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def canvas_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the canvas for a working copy of ``width``×``height``; never larger than it."""
    scale = min(1.0, CANVAS_SIDE / min(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def resampling(source: int, target: int, start: float = 0.0, stop: float | None = None) -> Tensor:
    """Bicubic resampling along one axis as a matrix, target×source, antialiased when it reduces (as Pillow does).

    Args:
        source: samples at hand.
        target: samples wanted.
        start, stop: the stretch of the source to show, in source samples; it may reach beyond the source, whose
            outside then counts as zero.
    """
    stop = float(source) if stop is None else stop
    step = (stop - start) / target
    width = max(step, 1.0)
    centres = start + (torch.arange(target, dtype=torch.float64) + 0.5) * step
    reach = int(2 * width) + 2
    outside = max(0, int(-start) + reach), max(0, int(stop) - source + reach)
    samples = torch.arange(-outside[0], source + outside[1], dtype=torch.float64) + 0.5
    weights = _bicubic((samples[None] - centres[:, None]) / width)
    inside = slice(outside[0], outside[0] + source)
    if start >= 0 and stop <= source:
        weights = weights[:, inside]  # Pillow cuts the kernel off at the border, then normalises
        return (weights / weights.sum(1, keepdim=True)).float()
    return (weights / weights.sum(1, keepdim=True))[:, inside].float()


def _bicubic(x: Tensor) -> Tensor:
    """The cubic convolution kernel with a = −0.5 (Keys 1981), Pillow's."""
    x = x.abs()
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x < 1, near, torch.where(x < 2, far, torch.zeros_like(x)))


def stretch(canvas: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """B×C×h×w canvas → B×C×H×W with ``rows`` H×h and ``columns`` W×w."""
    return rows @ (canvas @ columns.T)


@torch.inference_mode()
def apply_full_size(pixels: NDArray[np.uint8], change: Tensor, *, band: int = 256) -> NDArray[np.uint8]:
    """Add the canvas's change to a photo of any size, band of rows by band of rows.

    Args:
        pixels: H×W×3 or H×W.
        change: 1×C×h×w in 8-bit levels, C matching the pixels.
        band: rows at a time; bounds the memory used.

    Returns:
        pixels of the same shape, rounded to nearest.
    """
    height, width = pixels.shape[:2]
    wide = change[0].cpu() @ resampling(change.shape[-1], width).T
    wide = wide[0] if pixels.ndim == 2 else wide.permute(1, 2, 0).reshape(change.shape[-2], -1)
    rows = resampling(change.shape[-2], height)
    out = np.empty_like(pixels)
    for top in range(0, height, band):
        part = slice(top, min(height, top + band))
        used = rows[part].abs().sum(0).nonzero().flatten()
        near = slice(int(used[0]), int(used[-1]) + 1)
        moved = (rows[part, near] @ wide[near]).view(out[part].shape)
        moved += torch.from_numpy(pixels[part].astype(np.float32))
        out[part] = moved.round_().clamp_(0, 255).byte().numpy()
    return out
