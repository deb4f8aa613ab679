"""The last rounding errors of a restored photo, for files that lose nothing: with them it is exact.

They travel, encrypted, in a private chunk of a PNG file. A platform that drops the chunk leaves a photo that is
restored nearly exactly.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Sequence

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from photoveil.photos.model import Pixels
from photoveil.seal.model import Box
from photoveil.seal.wraps import Content

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHUNK = b"pvSL"
_MOST = 256 << 20


def made(original: Pixels, restored: Pixels, boxes: Sequence[Box], content: Content) -> bytes:
    """What separates a restored photo from the original inside the boxes, encrypted."""
    packer = zlib.compressobj(6)
    parts = [hashlib.sha256(original.tobytes()).digest()]
    for box in boxes:
        # Modulo 256, the difference of two bytes is a byte.
        parts.append(packer.compress((original - restored)[box.rows, box.columns].tobytes()))
    parts.append(packer.flush())
    return AESGCM(content.derived("residual")).encrypt(bytes(12), b"".join(parts), None)


def applied(restored: Pixels, boxes: Sequence[Box], content: Content, rest: bytes) -> Pixels | None:
    """The original; None where the residual is not this photo's, or the photo was changed since."""
    try:
        plain = AESGCM(content.derived("residual")).decrypt(bytes(12), rest, None)
        sizes = [restored[box.rows, box.columns].size for box in boxes]
        packed = zlib.decompressobj().decompress(plain[32:], sum(sizes))
    except (InvalidTag, zlib.error, ValueError):
        return None
    if len(packed) != sum(sizes):
        return None
    exact = restored.copy()
    for box, part in zip(
        boxes, np.split(np.frombuffer(packed, np.uint8), np.cumsum(sizes)[:-1]), strict=True
    ):
        view = exact[box.rows, box.columns]
        view += part.reshape(view.shape)
    return exact if hashlib.sha256(exact.tobytes()).digest() == plain[:32] else None


def put(png: bytes, rest: bytes) -> bytes:
    """A PNG file with the chunk before its end."""
    end = png.rfind(b"\0\0\0\0IEND")
    chunk = struct.pack(">I", len(rest)) + _CHUNK + rest + struct.pack(">I", zlib.crc32(_CHUNK + rest))
    return png[:end] + chunk + png[end:]


def found(data: bytes) -> bytes:
    """The chunk of a PNG file; empty where there is none or the file is something else."""
    if not data.startswith(_SIGNATURE):
        return b""
    at = len(_SIGNATURE)
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if length > _MOST or at + 12 + length > len(data):
            return b""
        if data[at + 4 : at + 8] == _CHUNK:
            return data[at + 8 : at + 8 + length]
        at += 12 + length
    return b""
