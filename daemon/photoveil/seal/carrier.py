"""How a seal is written into the mark itself: a fine grain of bits, and a coarser one by which the mark is found.

Both live in two scales of the mark reduced to 384×128 samples: fine enough to look like paper, coarse enough for a
photo that was scaled to 1080 pixels and compressed. The bits stand in a public order, since what they say is
encrypted. A convolutional code within a Reed–Solomon code mends what the photo beneath and JPEG make of them.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from PIL import Image
from reedsolo import ReedSolomonError, RSCodec

from photoveil.seal import convolution, wavelet
from photoveil.seal.convolution import Bits
from photoveil.seal.wavelet import Plane

WIDTH, HEIGHT = 384, 128
"""Samples of a mark, however large it is."""

FRAME_BYTES = 225
"""What a mark holds."""

_PARITY = 30
_SENT = convolution.RATE * (8 * (FRAME_BYTES + _PARITY) + convolution.TAIL)
_FINE, _COARSE = 2, 3
_FINE_FACTOR, _COARSE_FACTOR = 1.2, 1.6
_FINE_RANGE, _COARSE_RANGE = (9.0, 62.0), (16.0, 34.0)
_SHARE = 0.35
"""Standard deviation of samples whose bits are of strength 1."""
_LOUDEST = 1.5
_PUBLIC = b"photoveil seal, public pattern 1"


class UnreadableError(Exception):
    """There are too many wrong bits."""


def encoded(frame: bytes) -> Bits:
    """The bits for a frame of ``FRAME_BYTES``, with what is needed to mend them."""
    whole = bytes(RSCodec(_PARITY).encode(frame))
    return convolution.encoded(np.unpackbits(np.frombuffer(whole, np.uint8)).astype(bool))


def decoded(soft: npt.NDArray[np.float32]) -> bytes:
    """The frame that was sent.

    Args:
        soft: from ``read``.

    Raises:
        UnreadableError: too much of it was lost.
    """
    whole = np.packbits(convolution.decoded(soft)).tobytes()
    try:
        return bytes(RSCodec(_PARITY).decode(whole)[0])
    except ReedSolomonError as error:
        raise UnreadableError from error


def reduced(plane: Plane, box: tuple[float, float, float, float] | None = None) -> Plane:
    """A mark, or that part of a plane, as 128×384 samples."""
    image = Image.fromarray(plane)
    return np.asarray(image.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC, box=box), np.float32)


def enlarged(samples: Plane, width: int, height: int) -> Plane:
    """128×384 samples at a mark's size."""
    image = Image.fromarray(samples)
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC), np.float32)


def strengths(beneath: Plane, voice: float) -> tuple[float, float]:
    """How strongly bits and finding pattern must be drawn over a disguised picture, in levels.

    Args:
        beneath: 128×384.
        voice: factor for the bits, 1 or more, where letters and platforms get in their way.
    """
    found = _bands(beneath)
    fine = voice * max(_FINE_FACTOR * float(np.std(_cells(found, _FINE))), _FINE_RANGE[0])
    fine = min(fine, _FINE_RANGE[1])
    # The pattern is found by its share of all that is seen of a mark.
    coarse = _COARSE_FACTOR * math.hypot(float(np.std(beneath)), fine * _SHARE)
    return fine, float(np.clip(coarse, *_COARSE_RANGE))


def grain(bits: Bits) -> Plane:
    """The bits as 128×384 samples around 0, each coefficient ±1."""
    return _drawn(_FINE, np.where(bits[_order()], 1.0, -1.0))


def read(samples: Plane) -> npt.NDArray[np.float32]:
    """What a mark of 128×384 samples says: a value for each bit, positive for ones, the larger the surer."""
    cells = _cells(_bands(samples), _FINE)
    # The edges of letters are louder than any bit.
    usual = max(float(np.median(np.abs(cells))), 1e-3)
    votes = np.clip(cells / usual, -_LOUDEST, _LOUDEST)
    return np.bincount(_order(), weights=votes, minlength=_SENT).astype(np.float32)


def compared(seen: Plane, written: Plane) -> Plane:
    """How much of the bits' grain is left in 128×384 samples, for each of its 32×96 cells: 1 where all is."""
    found, known = _bands(seen), _bands(written)
    shares = [found[where] / known[where] for where in _places(_FINE)]
    return np.asarray(np.mean(shares, axis=0), np.float32)


@cache
def pattern() -> Plane:
    """What every mark has in common, as 128×384 samples around 0, each coefficient ±1."""
    return _drawn(_COARSE, np.where(_public(b"find", _count(_COARSE)) & np.uint64(1), 1.0, -1.0))


@cache
def _order() -> npt.NDArray[np.int64]:
    """Which bit each coefficient carries: all as often, none beside its own repetition."""
    count = _count(_FINE)
    shuffled = np.argsort(_public(b"bits", count), kind="stable")
    return shuffled % _SENT


def _public(label: bytes, count: int) -> npt.NDArray[np.uint64]:
    nonce = bytes(8) + label.rjust(8, b"\0")
    stream = Cipher(algorithms.ChaCha20(_PUBLIC, nonce), mode=None).encryptor()
    return np.frombuffer(stream.update(bytes(8 * count)), "<u8")


def _places(level: int) -> list[tuple[slice, slice]]:
    """Where the upright and level details of a scale lie; the diagonal ones suffer most from JPEG."""
    return [where for number, where in wavelet.bands(HEIGHT, WIDTH) if number == level][:2]


def _count(level: int) -> int:
    return 2 * (HEIGHT >> level) * (WIDTH >> level)


def _bands(samples: Plane) -> Plane:
    return wavelet.forward(samples)


def _cells(bands: Plane, level: int) -> Plane:
    return np.concatenate([bands[where].ravel() for where in _places(level)])


def _drawn(level: int, values: npt.NDArray[np.float64]) -> Plane:
    bands = np.zeros((HEIGHT, WIDTH), np.float32)
    for where, part in zip(_places(level), np.split(values, 2), strict=True):
        bands[where] = part.reshape(HEIGHT >> level, WIDTH >> level)
    return wavelet.inverse(bands)
