"""What a look's colours change of a big photo, told for squares of two by two pixels.

Colours are looked up four times less often, in the mean colour of a square, and their changes kept to a fraction of
an 8-bit level: they are rounded once, together with the canvas's. Changes follow colours slowly, so this differs from
looking up every pixel only within a pixel of hard edges, and there by a part of a change of a few levels.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from torch import Tensor

from photoveil.protection.grade import Grade

_BAND = 128
"""Rows of the photo at a time; even."""
_FINEST = 16.0
_MOST, _NONE = 127, 128
"""Changes are looked up as 8-bit numbers: so far up or down, around the one that stands for no change."""


class Tint:
    """The changes of red, green and blue that a grade's table makes of one photo's pixels (H×W×3)."""

    def __init__(self, grade: Grade, pixels: NDArray[np.uint8]) -> None:
        change = _at_nodes(grade)
        most = 255 * float(change.abs().max())
        self._steps = min(_FINEST, _MOST / max(most, 1e-6))  # per 8-bit level
        lookup = _lookup(change * self._steps)
        levels = np.empty((-(-len(pixels) // 2), pixels.shape[1], 3), np.int8)

        def band(top: int) -> None:
            found = _looked_up(pixels[top : top + _BAND], lookup)
            levels[top // 2 : top // 2 + len(found)] = found

        with ThreadPoolExecutor(torch.get_num_threads()) as pool:
            list(pool.map(band, range(0, len(pixels), _BAND)))
        self._levels = torch.from_numpy(levels)

    def add(self, part: slice, change: Tensor) -> None:
        """Add the tint of some of the photo's rows to a ``change`` of them, rows×W×3 in 8-bit levels."""
        below = part.start // 2
        levels = self._levels[below : -(-part.stop // 2)].repeat_interleave(2, 0)
        levels = levels[part.start - 2 * below :][: len(change)]
        change.add_(levels, alpha=1 / self._steps)


def _looked_up(pixels: NDArray[np.uint8], lookup: ImageFilter.Color3DLUT) -> NDArray[np.int8]:
    """For every second row and every column."""
    small = Image.fromarray(pixels).reduce(2).filter(lookup)
    wide = np.asarray(small.resize((2 * small.width, small.height), Image.Resampling.NEAREST))
    return (wide[:, : pixels.shape[1]] ^ _NONE).view(np.int8)


def _at_nodes(grade: Grade) -> Tensor:
    """The table's changes, 3×n×n×n in 0…1 units, without what would leave the range of colours."""
    steps = torch.linspace(0, 1, grade.table.shape[-1])
    blue, green, red = torch.meshgrid(steps, steps, steps, indexing="ij")
    colours = torch.stack([red, green, blue])
    return (colours + grade.table).clamp(0, 1) - colours


def _lookup(change: Tensor) -> ImageFilter.Color3DLUT:
    flat = (change + _NONE / 255).clamp(0, 1).permute(1, 2, 3, 0).reshape(-1, 3)
    return ImageFilter.Color3DLUT(change.shape[-1], [tuple(row) for row in flat.tolist()])
