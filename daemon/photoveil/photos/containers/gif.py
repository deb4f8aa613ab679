"""GIF: blocks counted. Frames are told apart here, so that an animation costs no decoding."""

from __future__ import annotations

import struct

from photoveil.photos.model import Metadata, Scan


def scan(data: bytes) -> Scan:
    """A GIF taken apart.

    Raises:
        ValueError, IndexError: the blocks are broken or end early.
    """
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    if not width or not height:
        raise ValueError("the picture has no size")
    at = 13 + _table(flags)
    frames, comment = 0, None
    while data[at] != 0x3B:
        if data[at] == 0x2C:
            frames += 1
            at = _after_blocks(data, at + 11 + _table(data[at + 9]))
        elif data[at] == 0x21:
            end = _after_blocks(data, at + 2)
            if data[at + 1] == 0xFE:
                comment = _content(data, at + 2)
            at = end
        else:
            raise ValueError("a block is of no known kind")
    if not frames:
        raise ValueError("it has no picture")
    return Scan(
        width=width,
        height=height,
        frames=frames,
        animated=frames > 1,
        metadata=Metadata(comment=comment or None),
    )


def _table(flags: int) -> int:
    """Bytes of the colour table that these flags announce."""
    return int(3 * 2 ** ((flags & 7) + 1)) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += data[at] + 1
    return at + 1


def _content(data: bytes, at: int) -> bytes:
    pieces = []
    while data[at]:
        pieces.append(data[at + 1 : at + 1 + data[at]])
        at += data[at] + 1
    return b"".join(pieces)
