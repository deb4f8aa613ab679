"""RGB and the brightness and colour differences in which JPEG thinks, as floating-point planes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from photoveil.photos.model import Pixels
from photoveil.seal.wavelet import Plane

_TO = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32)
_FROM = np.linalg.inv(_TO.astype(np.float64)).astype(np.float32)

Planes = npt.NDArray[np.float32]


def planes(pixels: Pixels | Planes) -> Planes:
    """C×H×W: brightness from 0 to 255, and for colour pictures two differences around 0.

    Args:
        pixels: H×W or H×W×3, 0 to 255.
    """
    if pixels.ndim == 2:
        return pixels.astype(np.float32)[None]
    return np.ascontiguousarray(np.moveaxis(pixels.astype(np.float32) @ _TO.T, -1, 0))


def picture(found: Planes) -> Planes:
    """H×W or H×W×3 again; not rounded, and perhaps beyond 0 to 255."""
    if len(found) == 1:
        return np.asarray(found[0])
    return np.asarray(np.moveaxis(found, 0, -1) @ _FROM.T, np.float32)


def rounded(values: Planes) -> Pixels:
    """The nearest 8-bit values."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def brightness(pixels: Pixels) -> Plane:
    """H×W, 0 to 255."""
    return pixels.astype(np.float32) if pixels.ndim == 2 else pixels.astype(np.float32) @ _TO[0]
