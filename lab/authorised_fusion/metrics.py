"""How good a fusion is, and how much of the mark and of the withheld detail is in a picture.

Pictures are (height, width) planes, 0 to 1.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

LEVELS = 64
"""Grey levels of mutual information: with 256, small pictures leave most cells of the joint histogram empty."""

_STRENGTH = (0.9994, -15.0, 0.5)
_ANGLE = (0.9879, -22.0, 0.8)
_SIGMA, _WINDOW = 1.5, 5


def mutual_information(ct: Plane, mri: Plane, fused: Plane, levels: int = LEVELS) -> float:
    """What the fused picture tells of both sources, in bits: I(ct; fused) + I(mri; fused) (Qu et al. 2002)."""
    return _shared(ct, fused, levels) + _shared(mri, fused, levels)


def _shared(one: Plane, other: Plane, levels: int) -> float:
    joint, _, _ = np.histogram2d(one.ravel(), other.ravel(), levels, range=((0, 1), (0, 1)))
    joint /= joint.sum()
    apart = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    there = joint > 0
    return float((joint[there] * np.log2(joint[there] / apart[there])).sum())


def fusion_ssim(ct: Plane, mri: Plane, fused: Plane) -> float:
    """Structural similarity with the two sources, averaged."""
    return (ssim(ct, fused) + ssim(mri, fused)) / 2


def ssim(one: Plane, other: Plane) -> float:
    """Structural similarity with Gaussian windows of 11 pixels (Wang et al. 2004), data range 1."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    mean_a, mean_b = _blurred(a), _blurred(b)
    var_a, var_b = _blurred(a * a) - mean_a**2, _blurred(b * b) - mean_b**2
    both = _blurred(a * b) - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    top = (2 * mean_a * mean_b + c1) * (2 * both + c2)
    whole = top / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
    return float(whole[_WINDOW:-_WINDOW, _WINDOW:-_WINDOW].mean())


def _blurred(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    side = 2 * _WINDOW + 1
    return np.asarray(cv2.GaussianBlur(plane, (side, side), _SIGMA), np.float64)


def q_abf(ct: Plane, mri: Plane, fused: Plane) -> float:
    """Q^AB/F: how well the edges of both sources are kept (Xydeas and Petrović 2000), with their constants.

    Edges count as much as they are strong in their source. 0 to 0.975: their sigmoids never reach 1. Pictures
    without any edge have none to lose: nan.
    """
    kept, weights = 0.0, 0.0
    strength, angle = _edges(fused)
    for source in (ct, mri):
        own, turn = _edges(source)
        low, high = np.minimum(own, strength), np.maximum(own, strength)
        ratio = np.divide(low, high, out=np.zeros_like(low), where=high > 0)
        aligned = 1 - np.abs(turn - angle) / (np.pi / 2)
        kept += float((_sigmoid(ratio, *_STRENGTH) * _sigmoid(aligned, *_ANGLE) * own).sum())
        weights += float(own.sum())
    return kept / weights if weights else float("nan")


def _edges(plane: Plane) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sobel's strength and angle (-π/2 to π/2) where the whole operator lies inside the picture."""
    across = cv2.Sobel(plane.astype(np.float64), cv2.CV_64F, 1, 0)[1:-1, 1:-1]
    down = cv2.Sobel(plane.astype(np.float64), cv2.CV_64F, 0, 1)[1:-1, 1:-1]
    slope = np.divide(down, across, out=np.full_like(down, np.inf), where=across != 0)
    return np.hypot(across, down), np.arctan(slope)


def _sigmoid(value: NDArray[np.float64], top: float, steep: float, middle: float) -> NDArray[np.float64]:
    return np.asarray(top / (1 + np.exp(steep * (value - middle))), np.float64)


def psnr(one: Plane, other: Plane, where: NDArray[np.bool_] | None = None) -> float:
    """In decibels, of pictures as they are saved: cut to 0 to 1; where they are equal, 99."""
    difference = np.clip(one, 0, 1) - np.clip(other, 0, 1)
    error = float(np.square(difference if where is None else difference[where], dtype=np.float64).mean())
    return min(99.0, -10 * math.log10(error)) if error else 99.0


def shares(picture: Plane, preview: Plane, detail: Plane, ink: Plane) -> tuple[float, float]:
    """How much of the withheld detail and of the mark is in a picture, by least squares; 1 is all of it.

    Args:
        picture: what an attacker has got.
        preview: what anybody may see.
        detail: the clean fusion minus the preview.
        ink: what the mark adds to the picture that it stands on.
    """
    parts = np.stack([detail.ravel(), ink.ravel()], axis=1).astype(np.float64)
    found, *_ = np.linalg.lstsq(parts, (picture - preview).ravel().astype(np.float64), rcond=None)
    return float(found[0]), float(found[1])
