"""The perturbation's own small canvas, and the way from it to a picture of any size and shape.

The canvas has a few hundred pixels on its short side and holds changes in 8-bit levels. All resampling is linear and
separable, so it is written as two matrices, one for rows and one for columns: canvas → working copy → encoder
input collapses into one small product per step, and the full-size photo is touched only once, at the end.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photoveil.protection.bands import Bands
from photoveil.protection.excerpt import Excerpt
from photoveil.protection.lanes import Lanes

CANVAS_SIDE = 256
WORKING_EDGE = 1080
"""Long edge of the working copy: what the tightest of the big platforms delivers."""
_CACHED = 512 * 1024
"""Numbers of 32 bits that are worked on at a time: what a core's own cache holds. With less, threads that take turns at
running Python wait for each other longer than they compute."""


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
    centres = start + (np.arange(target) + 0.5) * step
    first = np.floor(centres - 2 * width).astype(np.int64)
    samples = first[:, None] + np.arange(int(4 * width) + 3)
    weights = _bicubic((samples + 0.5 - centres[:, None]) / width)
    inside = (samples >= 0) & (samples < source)
    if start >= 0 and stop <= source:
        weights = weights * inside  # Pillow cuts the kernel off at the border, then normalises
    weights = weights / weights.sum(1, keepdims=True)
    matrix = np.zeros((target, source), np.float32)
    rows, taps = np.nonzero(inside)
    matrix[rows, samples[rows, taps]] = weights[rows, taps]
    return torch.from_numpy(matrix)


def _bicubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The cubic convolution kernel with a = −0.5 (Keys 1981), Pillow's."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def stretch(canvas: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """B×C×h×w canvas → B×C×H×W with ``rows`` H×h and ``columns`` W×w."""
    return rows @ (canvas @ columns.T)


class Stretched:
    """What a canvas changes of a photo of any size, to be had band of rows by band of rows."""

    @torch.inference_mode()
    def __init__(self, change: Tensor, pixels: NDArray[np.uint8], excerpt: Excerpt | None = None) -> None:
        """See `apply_full_size`."""
        height, width = excerpt.height if excerpt else len(pixels), pixels.shape[1]
        wide = Bands(resampling(change.shape[-1], width)).beside(change[0].cpu())
        self._wide = wide[0] if pixels.ndim == 2 else wide.permute(1, 2, 0).reshape(change.shape[-2], -1)
        rows = resampling(change.shape[-2], height)
        self._rows = rows[torch.from_numpy(excerpt.rows)] if excerpt else rows
        self._shape = pixels.shape[1:]

    def of(self, part: slice) -> Tensor:
        """Of some of the pixels' rows, in 8-bit levels: rows×W×3 or rows×W."""
        rows = self._rows[part]
        used = rows.any(0).nonzero().flatten()
        near = slice(int(used[0]), int(used[-1]) + 1)
        return (rows[:, near] @ self._wide[near]).view(len(rows), *self._shape)


@torch.inference_mode()
def apply_full_size(
    pixels: NDArray[np.uint8],
    change: Tensor,
    excerpt: Excerpt | None = None,
    *,
    also: Callable[[slice, Tensor], object] | None = None,
    band: int | None = None,
    lanes: Lanes | None = None,
) -> NDArray[np.uint8]:
    """Add the canvas's change to a photo of any size, band of rows by band of rows.

    Args:
        pixels: H×W×3 or H×W.
        change: 1×C×h×w in 8-bit levels, C matching the pixels.
        excerpt: which rows of a photo the pixels are; by default they are a whole photo.
        also: adds a further change of some rows to this one (rows×W×3, 8-bit levels), to be rounded together.
        band: rows at a time; by default so few that they stay in a core's own cache while they are worked on.
        lanes: each gets a share of the bands, which are too small to be shared by several threads.

    Returns:
        pixels of the same shape, rounded to nearest.
    """
    stretched, height = Stretched(change, pixels, excerpt), len(pixels)
    band = band or max(2, _CACHED // pixels[0].size)
    out = np.empty_like(pixels)

    @torch.inference_mode()
    def move(part: slice) -> None:
        moved = stretched.of(part)
        if also:
            also(part, moved)
        moved += torch.from_numpy(pixels[part].copy())
        # By way of 16 bits: from there torch has a fast way to 8, from floating point it has not.
        torch.from_numpy(out[part]).copy_(moved.round_().clamp_(0, 255).to(torch.int16))

    (lanes or Lanes()).share(move, [slice(top, min(height, top + band)) for top in range(0, height, band)])
    return out
