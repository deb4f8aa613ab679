"""PNG: chunks read, metadata chunks written."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from photoveil.photos import exif as exif_block
from photoveil.photos.model import Metadata, Scan

_NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_COLOUR = {b"gAMA", b"cHRM", b"sRGB", b"cICP"}
_TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
_XMP_KEY = "XML:com.adobe.xmp"
_MOST_ICC = 8 * 1024 * 1024
_MOST_TEXT = 1024 * 1024


@dataclass
class _Found:
    """What the walk through the chunks has gathered."""

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    frames: int = 1
    texts: list[tuple[str, bytes, bytes]] = field(default_factory=list)
    colour: list[tuple[bytes, bytes]] = field(default_factory=list)
    parts: list[slice | bytes] = field(default_factory=lambda: [slice(0, 8)])
    notes: list[str] = field(default_factory=list)


def scan(data: bytes) -> Scan:
    """A PNG taken apart; the decoder gets the picture's own chunks only.

    Raises:
        ValueError: the chunks are broken or end early.
    """
    found = _Found()
    header = b""
    for kind, start, end in _chunks(data):
        header = header or (data[start + 8 : end - 4] if kind == b"IHDR" else b"")
        if kind in _NEEDED:
            found.parts.append(slice(start, end))
        else:
            _take(found, kind, data[start + 8 : end - 4])
    if len(header) < 13:
        raise ValueError("it has no header")
    width, height, bits, colour = struct.unpack_from(">IIBB", header)
    if not width or not height:
        raise ValueError("the picture has no size")
    notes = list(found.notes)
    if bits == 16 and colour != 0:
        notes.append("The photo has 16 bits per colour; it is delivered with 8.")
    exif = exif_block.parse(found.exif) if found.exif else None
    return Scan(
        width=width,
        height=height,
        orientation=exif_block.orientation_of(exif),
        frames=found.frames,
        animated=found.frames > 1,
        metadata=Metadata(
            icc=found.icc,
            exif=found.exif,
            xmp=found.xmp,
            texts=tuple(found.texts),
            dpi=found.dpi,
            colour_chunks=tuple(found.colour),
        ),
        parts=tuple(found.parts),
        notes=tuple(notes),
        bits=bits,
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(type, start, end) of every chunk up to the end chunk."""
    at = 8
    while True:
        if at + 12 > len(data):
            raise ValueError("it ends before its last chunk")
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise ValueError("a chunk runs past the end")
        yield kind, at, end
        if kind == b"IEND":
            return
        at = end


def _take(found: _Found, kind: bytes, body: bytes) -> None:
    if kind == b"eXIf":
        found.exif = found.exif or body.removeprefix(b"Exif\0\0")
    elif kind == b"iCCP":
        _take_icc(found, body)
    elif kind in _COLOUR:
        found.colour.append((kind, body))
    elif kind in _TEXTS:
        _take_text(found, kind, body)
    elif kind == b"acTL" and len(body) >= 4:
        found.frames = max(1, struct.unpack_from(">I", body)[0])
    elif kind == b"pHYs" and len(body) == 9:
        across, down, unit = struct.unpack(">IIB", body)
        if unit == 1 and across and down:
            found.dpi = (across * 0.0254, down * 0.0254)
    elif kind == b"caBX":
        found.notes.append(
            "The content credentials (C2PA) are left out: they no longer match changed pixels."
        )


def _take_icc(found: _Found, body: bytes) -> None:
    _, _, packed = body.partition(b"\0")
    found.icc = _unpacked(packed[1:], _MOST_ICC)
    if found.icc is None:
        found.notes.append("The colour profile is damaged or absurdly large and is left out.")


def _take_text(found: _Found, kind: bytes, body: bytes) -> None:
    key = body.partition(b"\0")[0].decode("latin-1")
    if key != _XMP_KEY:
        found.texts.append((key, body, kind))
        return
    rest = body[len(key) + 1 :]
    if kind != b"iTXt" or len(rest) < 2:
        return
    packed, text = rest[0], rest[2:].split(b"\0", 2)[-1]
    found.xmp = _unpacked(text, _MOST_TEXT) if packed else text


def _unpacked(packed: bytes, most: int) -> bytes | None:
    """The inflated bytes; None when they are broken or more than ``most``."""
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(packed, most)
    except zlib.error:
        return None
    return data if data and inflater.eof else None


def with_metadata(data: bytes, metadata: Metadata) -> bytes:
    """A fresh PNG with the metadata put in, right after its header.

    Args:
        data: a file from Pillow's encoder, with no metadata of its own.
    """
    chunks = [_chunk(kind, body) for kind, body in metadata.colour_chunks]
    if metadata.icc:
        chunks.append(_chunk(b"iCCP", b"icc\0\0" + zlib.compress(metadata.icc)))
    if metadata.dpi:
        across, down = (round(d / 0.0254) for d in metadata.dpi)
        chunks.append(_chunk(b"pHYs", struct.pack(">IIB", across, down, 1)))
    if metadata.exif:
        chunks.append(_chunk(b"eXIf", metadata.exif))
    if metadata.xmp:
        chunks.append(_chunk(b"iTXt", _XMP_KEY.encode() + b"\0\0\0\0\0" + metadata.xmp))
    chunks.extend(_chunk(kind, body) for _, body, kind in metadata.texts)
    header_end = 8 + 25
    return b"".join((data[:header_end], *chunks, data[header_end:]))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
