"""What compression left on a restored photo is taken off again, as far as a photo can be told from it.

JPEG harms all coefficients of a disguised band about alike, and taking off the disguise spreads that harm evenly over
the photo, as noise; a photo's own detail stands together. So what is weak in a block's cosine transform is dropped, in
blocks at many places (Yu and Sapiro 2011), and once more weighed by that first result (as in Dabov et al. 2007).
Colour, of which most JPEG files keep every other pixel, then follows the brightness where the two go together nearby
(guided filter, He et al. 2010).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from photoveil.seal.colour import Planes
from photoveil.seal.wavelet import Plane

SIDE = 8
"""Of a block, in pixels, as in JPEG."""
_STEP = 2
_WEAK = 2.7
_QUIET = 0.2
"""The share of a photo's blocks that have next to no detail of some frequency; what is there in them is noise."""
_QUIET_SPREAD = 0.25335
"""Of a normal variable, that share is nearer to 0 than so many standard deviations."""

_LOUDEST = 8.0
"""Standard deviation of the noise in a mark, at most: what seems to be more is detail."""
_REACH, _FLAT = 4, 15.0
_HIGH = 8
_LOST, _MOST_LOST = 0.6, 0.5

_Blocks = npt.NDArray[np.float32]


def mended(planes: Planes, gain: float) -> Planes:
    """Brightness and colour, without most of the noise.

    Args:
        planes: C×H×W, brightness first.
        gain: at which brightness was hidden, hence by how much its noise was raised.
    """
    luma = _quieter(planes[0], _LOUDEST / gain)
    return np.stack([luma, *(_following(plane, luma) for plane in planes[1:])])


def compressed(brightness: Plane) -> bool:
    """Whether pixels in 8×8 blocks come out of a JPEG file that dropped something.

    Args:
        brightness: of a mark, whose grain has some of every frequency; from a corner of JPEG's grid on.
    """
    height, width = (side // SIDE * SIDE for side in brightness.shape)
    found = np.abs(_transformed(_cut(brightness[:height, :width])))
    high = np.add.outer(np.arange(SIDE), np.arange(SIDE)) >= _HIGH
    return float(np.mean(found[..., high] < _LOST)) > _MOST_LOST


def _quieter(plane: Plane, most: float) -> Plane:
    height, width = plane.shape
    room = [(SIDE, -side % SIDE + SIDE) for side in (height, width)]
    padded = np.pad(plane, room, mode="symmetric")
    noise = np.minimum(_noise(padded), np.float32(most))
    first = _everywhere(padded, noise, None)
    return _everywhere(padded, noise, first)[SIDE : SIDE + height, SIDE : SIDE + width]


def _noise(plane: Plane) -> npt.NDArray[np.float32]:
    """Its standard deviation at every frequency, 8×8."""
    found = np.abs(_transformed(_cut(plane)))
    return np.asarray(np.quantile(found, _QUIET, axis=(0, 1)) / _QUIET_SPREAD, np.float32)


def _everywhere(plane: Plane, noise: npt.NDArray[np.float32], guess: Plane | None) -> Plane:
    """The mean of what blocks at every other place say, those that needed little counting more.

    Args:
        plane: whole blocks.
        guess: what it may be without noise; without one, what is weak is dropped.
    """
    total, weights = np.zeros_like(plane), np.zeros_like(plane)
    for top in range(0, SIDE, _STEP):
        for left in range(0, SIDE, _STEP):
            rows = slice(top, top + (plane.shape[0] - top) // SIDE * SIDE)
            columns = slice(left, left + (plane.shape[1] - left) // SIDE * SIDE)
            found = _transformed(_cut(plane[rows, columns]))
            kept = _kept(found, noise, None if guess is None else _transformed(_cut(guess[rows, columns])))
            kept[..., 0, 0] = 1
            weight = 1 / np.square(kept).sum((-1, -2), keepdims=True)
            total[rows, columns] += _joined(_restored(found * kept) * weight)
            weights[rows, columns] += _joined(np.broadcast_to(weight, found.shape))
    return total / weights


def _kept(found: _Blocks, noise: npt.NDArray[np.float32], guess: _Blocks | None) -> _Blocks:
    """How much of each coefficient is the photo's, 0 to 1."""
    if guess is None:
        return (np.abs(found) > _WEAK * noise).astype(np.float32)
    power = np.square(guess)
    return np.asarray(power / (power + np.square(noise) + 1e-6), np.float32)


def _following(plane: Plane, luma: Plane) -> Plane:
    """A colour plane as a line of the brightness, fitted anew around every pixel."""
    around, spread = _mean(luma), _mean(luma * luma)
    slope = (_mean(luma * plane) - around * _mean(plane)) / (spread - around * around + _FLAT)
    return np.asarray(_mean(slope) * luma + _mean(_mean(plane) - slope * around), np.float32)


def _mean(plane: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Of the 9×9 pixels around each."""
    side = 2 * _REACH + 1
    padded = np.pad(plane.astype(np.float64), _REACH, mode="symmetric")
    sums = np.pad(padded.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    found = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return np.asarray(found / side**2)


@cache
def _cosines() -> npt.NDArray[np.float32]:
    places, waves = 2 * np.arange(SIDE) + 1, np.arange(SIDE)[:, None]
    found = np.cos(np.pi * waves * places / (2 * SIDE)) * np.sqrt(2 / SIDE)
    found[0] /= np.sqrt(2)
    return np.asarray(found, np.float32)


def _cut(plane: npt.NDArray[np.float32]) -> _Blocks:
    """Blocks of 8×8, as rows×columns×8×8."""
    height, width = plane.shape
    return plane.reshape(height // SIDE, SIDE, width // SIDE, SIDE).transpose(0, 2, 1, 3)


def _joined(blocks: _Blocks) -> Plane:
    rows, columns = blocks.shape[:2]
    return blocks.transpose(0, 2, 1, 3).reshape(rows * SIDE, columns * SIDE)


def _transformed(blocks: _Blocks) -> _Blocks:
    return np.asarray(_cosines() @ blocks @ _cosines().T, np.float32)


def _restored(blocks: _Blocks) -> _Blocks:
    return np.asarray(_cosines().T @ blocks @ _cosines(), np.float32)
