"""What past evaluations say about one that was not made: a small Gaussian process over photos and parameters.

Two photos share what is known of them as far as they are alike (an intrinsic model of coregionalisation): the kernel is
that of the parameters times ``_SHARED`` of a kernel between photos, and the rest for the very same photo.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_SHARED = 0.75
_ALIKE = 1.0
"""Length scale between photos, in the units of `Known.contexts`."""

_SCALES = (0.35, 0.6, 1.0)
"""Length scales of the parameters to choose from, by how well they explain what is known."""

_NOISE = 0.02


@dataclass(frozen=True)
class Known:
    """Evaluations.

    Attributes:
        features: N×F of the parameters.
        contexts: N×C of the photos.
        photos: N numbers; equal for the same photo.
        values: N×2, leak and loss.
    """

    features: Array
    contexts: Array
    photos: NDArray[np.int64]
    values: Array


class Surrogate:
    """Predicts leak and loss."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._mean = known.values.mean(axis=0)
        self._spread = np.maximum(known.values.std(axis=0), 0.05)
        self._wanted = (known.values - self._mean) / self._spread
        self._between = _photos(known.contexts, known.contexts, known.photos, known.photos)
        fits = [self._fit(scale) for scale in _SCALES]
        _, self._scale, self._lower, self._weights = max(fits, key=lambda fit: fit[0])

    def _fit(self, scale: float) -> tuple[float, float, Array, Array]:
        known = self._known
        kernel = _matern(known.features, known.features, scale) * self._between
        lower = np.asarray(np.linalg.cholesky(kernel + _NOISE * np.eye(len(kernel))), np.float64)
        whitened = np.linalg.solve(lower, self._wanted)
        weights = np.asarray(np.linalg.solve(lower.T, whitened), np.float64)
        evidence = -0.5 * float((whitened**2).sum()) - 2 * float(np.log(np.diag(lower)).sum())
        return evidence, scale, lower, weights

    def predict(self, features: Array, context: Array, photo: int) -> tuple[Array, Array]:
        """Mean and standard deviation, M×2 each, of parameters (M×F) on one photo."""
        known = self._known
        who = np.full(1, photo)
        between = _photos(context[None], known.contexts, who, known.photos)
        kernel = _matern(features, known.features, self._scale) * between
        mean = kernel @ self._weights
        whitened = np.linalg.solve(self._lower, kernel.T)
        left = np.sqrt(np.maximum(1.0 - (whitened**2).sum(axis=0), 1e-6))
        return mean * self._spread + self._mean, left[:, None] * self._spread


def _matern(a: Array, b: Array, scale: float) -> Array:
    """Matérn 5/2."""
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
    r = np.sqrt(5 * np.maximum(squared, 0.0)) / scale
    kernel: Array = (1 + r + r**2 / 3) * np.exp(-r)
    return kernel


def _photos(a: Array, b: Array, who_a: NDArray[np.int64], who_b: NDArray[np.int64]) -> Array:
    squared = ((a[:, None] - b[None]) ** 2).sum(-1)
    same = (who_a[:, None] == who_b[None]).astype(np.float64)
    kernel: Array = _SHARED * np.exp(-squared / (2 * _ALIKE**2)) + (1 - _SHARED) * same
    return kernel
