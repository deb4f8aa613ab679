"""Fusion without any network: what a model has to be better than, and what anybody has for nothing."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

_FINEST = 8  # pixels on a side, below which a pyramid ends


def average(ct: Plane, mri: Plane) -> Plane:
    """The mean of both."""
    return np.asarray((ct + mri) / 2, np.float32)


def brightest(ct: Plane, mri: Plane) -> Plane:
    """Whichever is brighter, pixel by pixel."""
    return np.maximum(ct, mri)


def laplacian(ct: Plane, mri: Plane) -> Plane:
    """The locally stronger coefficients of two Laplacian pyramids, averaged at the top (Burt and Adelson 1983)."""
    fused = [
        np.where(_strong(a) >= _strong(b), a, b) for a, b in zip(_pyramid(ct), _pyramid(mri), strict=True)
    ]
    small_ct, small_mri = _smallest(ct), _smallest(mri)
    picture = np.asarray((small_ct + small_mri) / 2, np.float32)
    for level in reversed(fused):
        picture = np.asarray(cv2.pyrUp(picture, dstsize=level.shape[::-1]) + level, np.float32)
    return np.clip(picture, 0, 1)


def _strong(level: Plane) -> Plane:
    """By its neighbourhood: pixel by pixel, noise would decide where both are about as strong."""
    return np.asarray(cv2.GaussianBlur(np.abs(level), (0, 0), 1.0), np.float32)


def _pyramid(plane: Plane) -> list[Plane]:
    levels = []
    while min(plane.shape) > _FINEST:
        smaller = cv2.pyrDown(plane)
        levels.append(np.asarray(plane - cv2.pyrUp(smaller, dstsize=plane.shape[::-1]), np.float32))
        plane = np.asarray(smaller, np.float32)
    return levels


def _smallest(plane: Plane) -> Plane:
    while min(plane.shape) > _FINEST:
        plane = np.asarray(cv2.pyrDown(plane), np.float32)
    return plane


BASELINES: dict[str, Callable[[Plane, Plane], Plane]] = {
    "average": average,
    "maximum": brightest,
    "Laplacian pyramid": laplacian,
}
