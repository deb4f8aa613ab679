"""A photo in 41 bytes that JPEG and scaling hardly change, and edits and other photos do.

Of each of 12 × 9 fields, the mean brightness modulo 32 is kept in steps of 4: a platform moves a mean by less than
one level, and a change by more than four is seen with seven chances in nine.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PIL import Image

from photoveil.seal.model import Box
from photoveil.seal.wavelet import Plane

COLUMNS, ROWS = 12, 9
FINGERPRINT_BYTES = -(-COLUMNS * ROWS * 3 // 8)
_STEP, _CYCLE = 4, 32
_TOLERANCE = _STEP / 2 + 1.5
_RESTORED_TOLERANCE = _STEP / 2 + 4.5
"""Where a mark was taken off a compressed photo."""


def taken(brightness: Plane) -> bytes:
    """The fingerprint of a whole photo, given as H×W, 0 to 255."""
    means = np.asarray(Image.fromarray(brightness).resize((COLUMNS, ROWS), Image.Resampling.BOX), np.float32)
    steps = (means % _CYCLE // _STEP).astype(np.uint8).ravel()
    bits = np.unpackbits(steps[:, None], axis=1)[:, 5:]
    return np.packbits(bits.ravel()).tobytes()


def compared(
    fingerprint: bytes,
    brightness: Plane,
    whole: tuple[float, float, float, float],
    restored: npt.NDArray[np.bool_] | None = None,
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which fields differ from a fingerprint, and which could be compared; 9×12 each.

    Args:
        brightness: of the photo as it is now, perhaps scaled or cropped.
        whole: left, top, right and bottom of the photo as it was, in the present pixels.
        restored: where marks were taken off, H×W.
    """
    bits = np.unpackbits(np.frombuffer(fingerprint, np.uint8))[: COLUMNS * ROWS * 3].reshape(-1, 3)
    centres = (bits @ np.array([4, 2, 1])).reshape(ROWS, COLUMNS) * _STEP + _STEP / 2
    differs = np.zeros((ROWS, COLUMNS), bool)
    seen = np.zeros((ROWS, COLUMNS), bool)
    image = Image.fromarray(brightness)
    for row in range(ROWS):
        for column in range(COLUMNS):
            left, top, right, bottom = field(whole, row, column)
            # A hair of rounding must not cost a field at the edge.
            if left < -0.01 or top < -0.01 or right > image.width + 0.01 or bottom > image.height + 0.01:
                continue
            inside = (max(left, 0), max(top, 0), min(right, image.width), min(bottom, image.height))
            mean = float(np.asarray(image.resize((1, 1), Image.Resampling.BOX, box=inside))[0, 0])
            off = (mean - centres[row, column] + _CYCLE / 2) % _CYCLE - _CYCLE / 2
            cells = slice(int(inside[1]), math.ceil(inside[3])), slice(int(inside[0]), math.ceil(inside[2]))
            mended = restored is not None and bool(restored[cells].any())
            differs[row, column] = abs(off) > (_RESTORED_TOLERANCE if mended else _TOLERANCE)
            seen[row, column] = True
    return differs, seen


def field(
    whole: tuple[float, float, float, float], row: int, column: int
) -> tuple[float, float, float, float]:
    """A field of a photo that lies in these bounds."""
    left, top, right, bottom = whole
    wide, high = (right - left) / COLUMNS, (bottom - top) / ROWS
    return left + column * wide, top + row * high, left + (column + 1) * wide, top + (row + 1) * high


def as_box(bounds: tuple[float, float, float, float]) -> Box:
    """Bounds as whole pixels."""
    left, top, right, bottom = (round(value) for value in bounds)
    return Box(max(left, 0), max(top, 0), max(right - max(left, 0), 1), max(bottom - max(top, 0), 1))
