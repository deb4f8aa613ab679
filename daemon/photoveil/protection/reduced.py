"""The smaller copy of a big photo: what encoders, the solver and measures of light start from.

Everything that looks at a photo at a few hundred pixels would else go through all of its megapixels on its own. Up
to `BIG` pixels there is no such copy: the photo itself is used.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

BIG = 2_000_000
"""Pixels above which a photo is handled by way of a smaller copy and measured by samples."""

_LONG, _SHORT = 1600, 800
"""The copy's edges stay above these: half as much again as the solver works on, and twice what encoders look at."""


def is_big(pixels: NDArray[np.uint8]) -> bool:
    """Whether a photo (H×W×3 or H×W) has more than `BIG` pixels."""
    height, width = pixels.shape[:2]
    return bool(height * width > BIG)


def factor(width: int, height: int) -> int:
    """By how much a photo of this size is reduced, a whole number."""
    if width * height <= BIG:
        return 1
    return max(1, min(max(width, height) // _LONG, min(width, height) // _SHORT))


def reduced(picture: Image.Image) -> Image.Image:
    """The picture, or its smaller copy: each pixel the mean of a square of the picture's."""
    by = factor(*picture.size)
    return picture if by == 1 else picture.reduce(by)
