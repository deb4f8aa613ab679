"""Whether machines can still read a QR code or bar code: encoders see little of codes, and would think them hidden."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from photoveil.errors import PhotoveilError

Pixels = NDArray[np.uint8]

STEPS = (0.6, 0.8, 1.0)
"""Places of the slider that are tried where a code can still be read, towards private."""


class StillReadableError(PhotoveilError):
    """A code that could not be hidden."""

    code = "code_readable"


def readable(pixels: Pixels) -> bool:
    """Whether a machine reads a code on these pixels (H×W×3 RGB or H×W grey)."""
    colour = np.ascontiguousarray(pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2))
    code, bars = cv2.QRCodeDetector(), cv2.barcode.BarcodeDetector()
    # Readers for many overlook single codes.
    return bool(code.detectAndDecode(colour)[0]) or any(
        any(reader.detectAndDecodeMulti(colour)[1] or ()) for reader in (code, bars)
    )


def still_readable() -> StillReadableError:
    """The error for a photo whose code can be read at every place of the slider."""
    return StillReadableError(
        "The photo was held back",
        "A QR code or bar code on it could still be read after it had been hidden as well as possible.",
        "Cover or cut off the code yourself, then try again.",
    )
