"""A smooth wavelet transform of a rectangle of any size: CDF 9/7 by lifting, nearly orthonormal.

Its bands separate scales well, so that scaling a picture down dampens all coefficients of a band alike. Shuffling
within a band therefore survives what a platform does to a photo.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]

_STEPS = (-1.586134342, -0.05298011854, 0.8829110762, 0.4435068522)
_SCALE = 1.149604398
_SMALLEST = 4


def levels(height: int, width: int) -> int:
    """How often a rectangle is halved until a side has fewer than eight samples."""
    count = 0
    while min(height, width) >= 2 * _SMALLEST:
        height, width, count = (height + 1) // 2, (width + 1) // 2, count + 1
    return count


def bands(height: int, width: int) -> list[tuple[int, tuple[slice, slice]]]:
    """Where the bands of a transformed rectangle lie: (level, rows and columns), the finest level is 1.

    The coarsest band comes last, under a level of its own.
    """
    found: list[tuple[int, tuple[slice, slice]]] = []
    count = levels(height, width)
    for level in range(1, count + 1):
        low_h, low_w = (height + 1) // 2, (width + 1) // 2
        top, bottom = slice(0, low_h), slice(low_h, height)
        left, right = slice(0, low_w), slice(low_w, width)
        found += [(level, (top, right)), (level, (bottom, left)), (level, (bottom, right))]
        height, width = low_h, low_w
    return [*found, (count + 1, (slice(0, height), slice(0, width)))]


def forward(plane: Plane) -> Plane:
    """The coefficients of an H×W plane, as H×W: the coarse bands in the upper left corner."""
    out = plane.astype(np.float32, copy=True)
    height, width = out.shape
    for _ in range(levels(height, width)):
        part = out[:height, :width]
        part[:] = _split(_split(part).T).T
        height, width = (height + 1) // 2, (width + 1) // 2
    return out


def inverse(coefficients: Plane) -> Plane:
    """The plane whose coefficients these are."""
    out = coefficients.astype(np.float32, copy=True)
    sizes = [out.shape]
    for _ in range(levels(*out.shape)):
        height, width = sizes[-1]
        sizes.append(((height + 1) // 2, (width + 1) // 2))
    for height, width in reversed(sizes[:-1]):
        part = out[:height, :width]
        part[:] = _merge(_merge(part.T).T)
    return out


def _split(plane: Plane) -> Plane:
    """One level along the first axis: the smooth half above, the detail below."""
    smooth, detail = plane[0::2].copy(), plane[1::2].copy()
    for number, factor in enumerate(_STEPS):
        _lift(smooth, detail, factor, detail_changes=number % 2 == 0)
    return np.concatenate((smooth * np.float32(_SCALE), detail * np.float32(1 / _SCALE)))


def _merge(plane: Plane) -> Plane:
    """What ``_split`` took apart."""
    half = (len(plane) + 1) // 2
    smooth, detail = plane[:half] * np.float32(1 / _SCALE), plane[half:] * np.float32(_SCALE)
    for number, factor in reversed(list(enumerate(_STEPS))):
        _lift(smooth, detail, -factor, detail_changes=number % 2 == 0)
    out = np.empty_like(plane)
    out[0::2], out[1::2] = smooth, detail
    return out


def _lift(smooth: Plane, detail: Plane, factor: float, *, detail_changes: bool) -> None:
    """Add ``factor`` times the two neighbours; beyond the edge the picture is mirrored."""
    weight = np.float32(factor)
    if detail_changes:
        detail += weight * smooth[: len(detail)]
        after = smooth[1:]
        detail[: len(after)] += weight * after
        if len(after) < len(detail):
            detail[-1] += weight * smooth[-1]
        return
    smooth[: len(detail)] += weight * detail
    smooth[1:] += weight * detail[: len(smooth) - 1]
    smooth[0] += weight * detail[0]
    if len(smooth) > len(detail):
        smooth[-1] += weight * detail[-1]
