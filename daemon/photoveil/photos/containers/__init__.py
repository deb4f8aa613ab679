"""Containers taken apart and put together without decoding a pixel: one module per format."""

from __future__ import annotations

import struct

from photoveil.errors import PhotoveilError
from photoveil.photos.containers import bmff, bmp, gif, jpeg, png, tiff, webp
from photoveil.photos.errors import TruncatedPhoto
from photoveil.photos.formats import Format
from photoveil.photos.model import Scan

_SCANNERS = {
    Format.JPEG: jpeg.scan,
    Format.PNG: png.scan,
    Format.WEBP: webp.scan,
    Format.TIFF: tiff.scan,
    Format.BMP: bmp.scan,
    Format.GIF: gif.scan,
    Format.AVIF: bmff.scan,
    Format.HEIC: bmff.scan,
}


def scan(kind: Format, data: bytes) -> Scan:
    """The container of ``kind`` taken apart.

    Raises:
        TruncatedPhoto: the structure ends early or contradicts itself.
        UnsupportedPhoto: a variant that cannot be protected.
    """
    try:
        return _SCANNERS[kind](data)
    except PhotoveilError:
        raise
    except (struct.error, ValueError, IndexError) as error:
        raise TruncatedPhoto.of(kind.label, str(error) or "its structure is broken") from error
