"""BMP: header read; pictures with alpha written, which Pillow's encoder cannot."""

from __future__ import annotations

import struct

import numpy as np

from photoveil.photos.model import Metadata, Pixels, Scan


def scan(data: bytes) -> Scan:
    """A BMP's header.

    Raises:
        ValueError: the header is cut off or absurd.
    """
    (header,) = struct.unpack_from("<I", data, 14)
    if header == 12:
        width, height = struct.unpack_from("<HH", data, 18)
        return Scan(width=width, height=height)
    width, height = struct.unpack_from("<ii", data, 18)
    if width <= 0 or not height:
        raise ValueError("the picture has no size")
    across, down = struct.unpack_from("<ii", data, 38)
    dpi = (across * 0.0254, down * 0.0254) if across > 0 and down > 0 else None
    return Scan(width=width, height=abs(height), metadata=Metadata(dpi=dpi))


def with_alpha(pixels: Pixels, alpha: Pixels) -> bytes:
    """A 32-bit BMP with an alpha channel (BITMAPV4HEADER).

    Args:
        pixels: H×W×3 RGB.
        alpha: H×W.
    """
    height, width = alpha.shape
    rows = np.dstack((pixels[..., ::-1], alpha))[::-1].tobytes()
    start = 14 + 108
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    info = struct.pack("<IiiHHIIiiII", 108, width, height, 1, 32, 3, len(rows), 2835, 2835, 0, 0)
    space = b"BGRs" + bytes(48)  # "sRGB": end points and gammas unused
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + info + masks + space + rows
