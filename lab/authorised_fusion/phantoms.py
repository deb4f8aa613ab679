"""Synthetic slices of heads, seen twice: CT-like (bone, calcium, blood) and MRI-like (soft tissue, fluid, tumours).

No patient is behind them; every slice follows from its seed alone. Like real pairs they are registered, and each holds
findings that the other hardly shows: that is what fusion is for.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

_TWICE = 2  # drawn at twice the size, so that edges are smooth
_CT_NOISE, _MRI_NOISE = 0.018, 0.022


@dataclass(frozen=True)
class Pair:
    """Two registered planes of one slice, (size, size), 0 to 1, and where the head is."""

    ct: Plane
    mri: Plane
    head: NDArray[np.bool_]


def pairs(first_seed: int, count: int, size: int) -> list[Pair]:
    """``count`` slices with seeds from ``first_seed`` on; the same ones for the same numbers."""
    return [draw(seed, size) for seed in range(first_seed, first_seed + count)]


def draw(seed: int, size: int) -> Pair:
    """One slice of ``size`` pixels, a multiple of 4."""
    random = np.random.default_rng([5309, seed])
    side = size * _TWICE
    x, y = _bent(random, side)
    radius = _head(random, x, y)
    brain, bone = radius < 0.84, (radius >= 0.84) & (radius < 0.93)
    ct, mri = np.zeros((side, side), np.float32), np.zeros((side, side), np.float32)
    for region, in_ct, in_mri in (
        (radius < 1.0, 0.34, 0.46),  # skin and fat
        (bone, random.uniform(0.86, 0.98), 0.06),
        (radius < 0.84, 0.42, 0.92),  # fluid around the brain
    ):
        ct[region], mri[region] = in_ct, in_mri
    _brain(random, radius, ct, mri)
    _ventricles(random, x, y, ct, mri)
    _findings(random, x, y, brain & (radius < 0.72), ct, mri)
    shading = 1 + 0.14 * _smooth(random, side, 0.5)  # the coil's, as in real MRI
    head = radius < 1.0
    return Pair(
        _taken(random, ct, _CT_NOISE, size),
        _taken(random, mri * shading * head, _MRI_NOISE, size),
        _shrunk(head.astype(np.float32), size) > 0.5,
    )


def _bent(random: np.random.Generator, side: int) -> tuple[Plane, Plane]:
    """Coordinates from -1 to 1, turned and bent a little: no two heads have the same shape."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].astype(np.float32)
    turn = random.normal(0, 0.12)
    x, y = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    x = x + 0.03 * _smooth(random, side, 0.8)
    y = y + 0.03 * _smooth(random, side, 0.8)
    return x.astype(np.float32), y.astype(np.float32)


def _head(random: np.random.Generator, x: Plane, y: Plane) -> Plane:
    """How far out a point lies: 1 at the skin."""
    wide, long = random.uniform(0.68, 0.78), random.uniform(0.84, 0.92)
    return np.asarray(np.hypot(x / wide, y / long), np.float32)


def _brain(random: np.random.Generator, radius: Plane, ct: Plane, mri: Plane) -> None:
    """White matter, a folded grey rim and fluid in the folds."""
    side = len(ct)
    folds = _smooth(random, side, 0.17)
    rim = radius + 0.035 * folds
    grey, white = rim < 0.80, rim < 0.66 + 0.05 * _smooth(random, side, 0.14)
    furrow = grey & (radius > 0.5) & (np.abs(_smooth(random, side, 0.24)) < 0.13)
    ct[grey], mri[grey] = 0.53, 0.64
    ct[white], mri[white] = 0.49, 0.42
    ct[furrow], mri[furrow] = 0.44, 0.88
    middle = np.abs(_smooth(random, side, 0.9) * 4 + np.arange(side) - side / 2) < side * 0.008
    falx = middle & (radius < 0.8) & (radius > 0.4)
    ct[falx], mri[falx] = 0.62, 0.80


def _ventricles(random: np.random.Generator, x: Plane, y: Plane, ct: Plane, mri: Plane) -> None:
    high, wide, apart = random.uniform(0.14, 0.3), random.uniform(0.05, 0.1), random.uniform(0.1, 0.16)
    for side in (-1, 1):
        across = (x - side * (apart + 0.25 * y**2)) / (wide * random.uniform(0.85, 1.15))
        inside = across**2 + (y / high) ** 2 < 1
        ct[inside], mri[inside] = 0.30, 0.95
        rim = inside & (across**2 + ((y - 0.6 * high) / (0.18 * high)) ** 2 < 0.4)
        ct[rim], mri[rim] = 0.97, 0.80  # the plexus, calcified in many


def _findings(
    random: np.random.Generator, x: Plane, y: Plane, where: NDArray[np.bool_], ct: Plane, mri: Plane
) -> None:
    """What one modality shows and the other does not: tumours with swelling, blood, calcium."""
    shape = _smooth(random, len(ct), 0.2)

    def blob(size: float) -> Plane:
        at, far = random.uniform(0, 2 * np.pi), random.uniform(0.25, 0.5)
        distance = np.hypot(x - far * np.cos(at), y - far * np.sin(at)) / size
        return np.asarray(distance + 0.22 * shape, np.float32)

    for _ in range(random.integers(1, 3)):
        tumour = blob(random.uniform(0.07, 0.16))
        mri[where & (tumour < 1.5)] = 0.78
        mri[where & (tumour < 1.0)] = random.uniform(0.12, 0.3)
        mri[where & (tumour < 0.6)] = 0.97
    for _ in range(random.integers(0, 3)):
        ct[where & (blob(random.uniform(0.05, 0.12)) < 1)] = random.uniform(0.68, 0.78)
    for _ in range(random.integers(2, 7)):
        ct[where & (blob(random.uniform(0.015, 0.04)) < 1)] = random.uniform(0.85, 1.0)


def _smooth(random: np.random.Generator, side: int, scale: float) -> Plane:
    """Noise without anything finer than ``scale`` (1 is half the picture), of deviation 1."""
    coarse = max(4, round(4 / scale))
    noise = random.standard_normal((coarse, coarse)).astype(np.float32)
    field = cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.asarray((field - field.mean()) / field.std(), np.float32)


def _taken(random: np.random.Generator, plane: Plane, noise: float, size: int) -> Plane:
    small = _shrunk(np.asarray(cv2.GaussianBlur(plane, (0, 0), 0.9), np.float32), size)
    grain = cv2.GaussianBlur(random.standard_normal(small.shape).astype(np.float32), (0, 0), 0.6)
    return np.asarray(np.clip(small + noise * grain / grain.std(), 0, 1), np.float32)


def _shrunk(plane: Plane, size: int) -> Plane:
    return np.asarray(cv2.resize(plane, (size, size), interpolation=cv2.INTER_AREA), np.float32)
