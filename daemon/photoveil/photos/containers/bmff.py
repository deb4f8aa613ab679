"""AVIF and HEIC: only what the decoders do not say; they read and write the metadata."""

from __future__ import annotations

from photoveil.photos.model import Scan, Style

_SEQUENCES = (b"hevc", b"hevx", b"msf1")
_DEEP = "The photo has more than 8 bits per colour; it is delivered with 8."


def scan(data: bytes) -> Scan:
    """What the boxes tell about depth and subsampling; width and height are the decoder's to say.

    The codec's configuration is searched, not parsed to: only a note and a default depend on it.
    """
    head = data[: 256 * 1024]
    if data[8:12] in _SEQUENCES:
        return Scan(width=0, height=0, frames=0, animated=True)
    at = head.find(b"av1C")
    if at >= 0 and at + 8 <= len(head):
        flags = head[at + 6]
        across, down = bool(flags & 0x08), bool(flags & 0x04)
        style = Style(subsampling=2 if across and down else 1 if across else 0)
        return Scan(width=0, height=0, style=style, notes=(_DEEP,) if flags & 0x40 else ())
    at = head.find(b"hvcC")
    if at >= 0 and at + 22 <= len(head):
        deep = head[at + 4 + 17] & 7
        style = Style(subsampling={1: 2, 2: 1, 3: 0}.get(head[at + 4 + 16] & 3, 2))
        return Scan(width=0, height=0, style=style, notes=(_DEEP,) if deep else ())
    return Scan(width=0, height=0)
