"""The keyed disguise of a rectangle: in every band of a wavelet transform, places and signs are shuffled.

What is left to see is how much detail there is, not where, so that guessing the picture is no easier than filling a
hole. Each band is also raised or lowered before (pre-emphasis): strong coarse bands would use up the range of the
mark, and weak fine ones would drown in JPEG's noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from photoveil.seal import wavelet
from photoveil.seal.wavelet import Plane

_Order = npt.NDArray[np.int64]
_Signs = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Gain:
    """How much the bands are raised.

    Args:
        base: factor of the finest bands.
        slope: by how many powers of two every level coarser than ``knee`` is lowered.
        knee: the last level that has the full gain.
    """

    base: float
    slope: float
    knee: int = 1

    def at(self, level: int) -> np.float32:
        """The factor of a level, 1 being the finest."""
        return np.float32(self.base * 2.0 ** (-self.slope * max(level - self.knee, 0)))


def disguise(plane: Plane, key: bytes, number: int, gain: Gain) -> Plane:
    """The plane nobody recognises without the key.

    Args:
        plane: H×W, about 0 on average.
        key: 32 bytes.
        number: of the plane; no two planes under one key may have the same.
    """
    found = wavelet.forward(plane)
    out = np.empty_like(found)
    for (level, where), (order, signs) in _shuffles(plane.shape, key, number):
        band = found[where]
        out[where] = (band.ravel()[order] * signs * gain.at(level)).reshape(band.shape)
    return wavelet.inverse(out)


def reveal(plane: Plane, key: bytes, number: int, gain: Gain) -> Plane:
    """What ``disguise`` was given, as far as its result is unharmed."""
    found = wavelet.forward(plane)
    out = np.empty_like(found)
    for (level, where), (order, signs) in _shuffles(plane.shape, key, number):
        band = found[where]
        flat = np.empty(band.size, np.float32)
        flat[order] = band.ravel() * signs / gain.at(level)
        out[where] = flat.reshape(band.shape)
    return wavelet.inverse(out)


def _shuffles(
    shape: tuple[int, ...], key: bytes, number: int
) -> Iterator[tuple[tuple[int, tuple[slice, slice]], tuple[_Order, _Signs]]]:
    """Every band with its order and signs, drawn from a stream cipher."""
    stream = Cipher(algorithms.ChaCha20(key, bytes(8) + number.to_bytes(8, "little")), mode=None).encryptor()
    for level, where in wavelet.bands(shape[0], shape[1]):
        rows, columns = where
        count = (rows.stop - rows.start) * (columns.stop - columns.start)
        drawn = np.frombuffer(stream.update(bytes(8 * count)), "<u8")
        signs = 1.0 - 2.0 * (drawn & np.uint64(1)).astype(np.float32)
        yield (level, where), (np.argsort(drawn, kind="stable"), signs)
