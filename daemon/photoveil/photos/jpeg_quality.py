"""JPEG quality estimated from quantisation tables, on the scale of the Independent JPEG Group."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

_ZIGZAG = (
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
)  # fmt: skip
_LUMA = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
_CHROMA = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
)  # fmt: skip


@cache
def _scale() -> npt.NDArray[np.float64]:
    """Logarithms of the tables of all qualities: 100 × 2 (luma, chroma) × 64, in zigzag order."""
    base = np.array([_LUMA, _CHROMA])[:, list(_ZIGZAG)]
    qualities = np.arange(1, 101)
    percent = np.where(qualities < 50, 5000 // qualities, 200 - 2 * qualities)
    tables = np.clip((base[None] * percent[:, None, None] + 50) // 100, 1, 255)
    logarithms: npt.NDArray[np.float64] = np.log(tables.astype(np.float64))
    return logarithms


def estimate_quality(tables: Sequence[Sequence[int]]) -> int | None:
    """The quality whose tables are nearest, 1 to 100; None without tables.

    Distances are between logarithms, so that tables of another maker but the same coarseness land
    near the quality that looks the same.

    Args:
        tables: the luma table and, where there is one, the chroma table, 64 values in zigzag order.
    """
    if not tables:
        return None
    measured = np.log(np.maximum(np.array(tables[:2], dtype=np.float64), 1.0))
    distance = np.abs(_scale()[:, : len(measured)] - measured).sum(axis=(1, 2))
    return int(np.argmin(distance)) + 1
