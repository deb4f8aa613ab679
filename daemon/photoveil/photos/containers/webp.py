"""WebP: RIFF chunks read. Writing is left to Pillow, which carries all three metadata chunks."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from photoveil.photos import exif as exif_block
from photoveil.photos.model import Metadata, Scan, Style

_ANIMATION = 0x02


def scan(data: bytes) -> Scan:
    """A WebP taken apart.

    Raises:
        ValueError: the chunks are broken or end early.
    """
    chunks: dict[bytes, bytes] = {}
    frames = 0
    for kind, start, end in _chunks(data):
        frames += kind == b"ANMF"
        chunks.setdefault(kind, data[start:end])
    width, height = _size(chunks)
    animated = frames > 1 or bool(chunks.get(b"VP8X", b"\0")[0] & _ANIMATION and frames != 1)
    raw_exif = chunks.get(b"EXIF", b"").removeprefix(b"Exif\0\0") or None
    return Scan(
        width=width,
        height=height,
        orientation=exif_block.orientation_of(exif_block.parse(raw_exif) if raw_exif else None),
        frames=max(1, frames),
        animated=animated,
        metadata=Metadata(icc=chunks.get(b"ICCP"), exif=raw_exif, xmp=chunks.get(b"XMP ")),
        style=Style(lossless=b"VP8L" in chunks),
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(type, start, end) of the content of every chunk."""
    (size,) = struct.unpack_from("<I", data, 4)
    if size + 8 > len(data):
        raise ValueError("it is shorter than it says")
    at, last = 12, size + 8
    while at + 8 <= last:
        kind, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > last:
            raise ValueError("a chunk runs past the end")
        yield kind, at + 8, at + 8 + length
        at += 8 + length + (length & 1)


def _size(chunks: dict[bytes, bytes]) -> tuple[int, int]:
    extended, lossless, lossy = (chunks.get(k, b"") for k in (b"VP8X", b"VP8L", b"VP8 "))
    if len(extended) >= 10:
        return _u24(extended, 4) + 1, _u24(extended, 7) + 1
    if len(lossless) >= 5 and lossless[0] == 0x2F:
        (bits,) = struct.unpack_from("<I", lossless, 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if len(lossy) >= 10 and lossy[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", lossy, 6)
        if width & 0x3FFF and height & 0x3FFF:
            return width & 0x3FFF, height & 0x3FFF
    raise ValueError("it has no picture")


def _u24(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")
