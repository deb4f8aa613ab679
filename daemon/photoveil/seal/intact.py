"""Whether a mark is whole: what is written in it is known once it was read, and must be everywhere in it.

A little of the photo beneath lies in every part of a mark. Where a fiftieth of it was painted over, what comes back is
within about 20 dB of the photo, which is no better than filling the place from around it, and looks like noise.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from photoveil.seal import carrier, layers
from photoveil.seal.layers import Dress
from photoveil.seal.wavelet import Plane

_DETAIL = 2
"""Letters are drawn at so many times a mark's samples, and scaled to them as the mark itself is."""
_WINDOWS = ((6, 6), (32, 2), (2, 96))
"""Spots, uprights and lines, in cells of 4 × 4 samples, of which a mark has 32 × 96."""
_MISSING = 0.5
"""Of what is written, so much must be left in every window; platforms leave 0.6 in the worst one."""
_CHANCE = 6.0
"""Standard errors that a window must lack besides, so that what platforms blurred does not count as painted over."""


def is_damaged(brightness: Plane, bounds: tuple[float, float, float, float], dress: Dress) -> bool:
    """Whether more than about a fiftieth of a mark is not what was sealed.

    Args:
        brightness: H×W, 0 to 255.
        bounds: left, top, right and bottom of the mark.
        dress: as it was drawn, with the bits that were read.
    """
    left = _left(brightness, bounds, dress)
    usual = float(np.median(left))
    spread = 1.4826 * float(np.median(np.abs(left - usual)))
    for window in _WINDOWS:
        least = float(sliding_window_view(left, window).mean((2, 3)).min())
        lacks = max((1 - _MISSING) * usual, _CHANCE * spread / np.sqrt(window[0] * window[1]))
        if usual - least > lacks:
            return True
    return False


def _left(brightness: Plane, bounds: tuple[float, float, float, float], dress: Dress) -> Plane:
    """How much of what was written is left in each of 32×96 cells: 1 where all is, 0 where nothing is."""
    height, width = brightness.shape
    inside = (max(bounds[0], 0.0), max(bounds[1], 0.0), min(bounds[2], width), min(bounds[3], height))
    written = layers.written(dress)
    size = _DETAIL * carrier.WIDTH, _DETAIL * carrier.HEIGHT
    mark = carrier.reduced(brightness, inside)
    around = carrier.reduced(layers.drawn(dress, *size, 1)[0])
    return carrier.compared(mark - around + written, written)
