"""The grain of materials and the light of the hour, the same at every size."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

_TILE = 1024
_OCTAVES = (32, 64, 128, 256, 512)


@lru_cache(maxsize=1)
def _master() -> NDArray[np.float32]:
    """One tile of fixed noise, a unit wide, that joins itself at its edges."""
    rng = np.random.default_rng(20240607)
    field = np.zeros((_TILE, _TILE), np.float32)
    for cells in _OCTAVES:
        grid = rng.standard_normal((cells, cells)).astype(np.float32)
        wrapped = np.pad(grid, 4, mode="wrap")
        scale = _TILE // cells
        large = cv2.resize(wrapped, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        field += large[4 * scale : -4 * scale, 4 * scale : -4 * scale] * np.float32(cells**-0.1)
    return np.asarray(field / (3.2 * field.std()), np.float32)


@lru_cache(maxsize=6)
def _covering(width: int, height: int) -> NDArray[np.float32]:
    """Noise for a frame of this size and one unit more on each axis, to be cut from."""
    unit = min(width, height)
    method = cv2.INTER_AREA if unit < _TILE else cv2.INTER_CUBIC
    tile = cv2.resize(_master(), (unit, unit), interpolation=method)
    across, down = -(-width // unit) + 1, -(-height // unit) + 1
    return np.tile(tile, (down, across))


def grain(width: int, height: int, seed: int) -> NDArray[np.float32]:
    """A frame of noise with a deviation of about 0.3 at most, cut where the seed says."""
    field = _covering(width, height)
    unit = min(width, height)
    x = round(unit * (seed % 8) / 8 - (width - unit) / 2) % unit
    y = round(unit * (seed // 8 % 8) / 8 - (height - unit) / 2) % unit
    return field[y : y + height, x : x + width]


def _from_centre(length: int, unit: int) -> NDArray[np.float32]:
    """-1 to 1 over the square in the middle, a little more outside of it."""
    steps = (np.arange(length, dtype=np.float32) - np.float32((length - 1) / 2)) * np.float32(2 / (unit - 1))
    return np.asarray(np.clip(steps, -1.5, 1.5), np.float32)


def illuminate(
    painted: NDArray[np.uint8],
    noise: NDArray[np.float32],
    cast: tuple[float, float, float],
    slope: tuple[float, float],
    strength: float = 1.0,
) -> NDArray[np.uint8]:
    """Lay the grain over the surfaces, then the light: a colour cast and a slope of brightness across the frame."""
    height, width = painted.shape[:2]
    across = slope[0] * _from_centre(width, min(width, height))
    down = 1 + slope[1] * _from_centre(height, min(width, height))
    gain = cv2.multiply(painted[..., 3], noise, scale=strength / 255, dtype=cv2.CV_32F)
    gain += 1
    gain *= np.add.outer(down, across)
    channels = [cv2.multiply(painted[..., i], gain, scale=cast[i], dtype=cv2.CV_8U) for i in range(3)]
    return np.asarray(cv2.merge(channels), np.uint8)
