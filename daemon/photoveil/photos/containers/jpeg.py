"""JPEG: segments read up to the first scan, metadata segments written."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from photoveil.photos import exif as exif_block
from photoveil.photos.containers import photoshop
from photoveil.photos.errors import UnsupportedPhoto
from photoveil.photos.jpeg_quality import estimate_quality
from photoveil.photos.model import Metadata, Scan, Style

_SOI, _SOS, _DQT, _COM = 0xD8, 0xDA, 0xDB, 0xFE
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_LOSSLESS = {0xC3, 0xC7, 0xCB, 0xCF}
_BARE = {0x01, *range(0xD0, 0xD9)}
_NEEDED_APPS = {0xE0, 0xEE}  # JFIF and Adobe say what the components mean

_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_MORE_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_ICC = b"ICC_PROFILE\0"
_MOST = 65533  # bytes that fit into one segment


@dataclass
class _Found:
    """What the walk through the segments has gathered."""

    frame: tuple[int, bytes] | None = None
    tables: dict[int, list[int]] = field(default_factory=dict)
    exif: bytes | None = None
    xmp: bytes | None = None
    icc: dict[int, bytes] = field(default_factory=dict)
    resources: list[tuple[int, bytes]] = field(default_factory=list)
    comment: bytes | None = None
    dpi: tuple[float, float] | None = None
    parts: list[slice | bytes] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def scan(data: bytes) -> Scan:
    """A JPEG taken apart; the decoder gets no metadata, no second picture and no unknown segment.

    Raises:
        ValueError: the segments are broken.
        UnsupportedPhoto: 12-bit, lossless or hierarchical JPEG.
    """
    found = _Found(parts=[slice(0, 2)])
    for marker, start, end in _segments(data):
        _take(found, marker, data[start + 4 : end])
        if marker == _SOS:
            found.parts.append(slice(start, len(data)))
        elif not (0xE0 <= marker <= 0xEF or marker == _COM) or marker in _NEEDED_APPS:
            found.parts.append(slice(start, end))
    if found.frame is None:
        raise ValueError("it has no frame header")
    return _summed_up(found, found.frame)


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of every segment up to and including the first scan header."""
    at = 2
    while True:
        if at + 4 > len(data):
            raise ValueError("it ends before the picture begins")
        if data[at] != 0xFF:
            raise ValueError("a segment does not begin with a marker")
        marker = data[at + 1]
        if marker == 0xFF or marker in _BARE:  # fill byte, or a marker without content
            at += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        end = at + 2 + length
        if length < 2 or end > len(data):
            raise ValueError("a segment runs past the end")
        yield marker, at, end
        if marker == _SOS:
            return
        at = end


def _take(found: _Found, marker: int, body: bytes) -> None:
    if marker in _FRAMES:
        if marker in _LOSSLESS or len(body) < 6 or body[0] != 8:
            raise UnsupportedPhoto.of("It is a lossless or 12-bit JPEG.")
        found.frame = (marker, body)
    elif marker == _DQT:
        _take_tables(found.tables, body)
    elif marker == _COM:
        found.comment = body
    elif marker == 0xE0 and body.startswith(b"JFIF\0") and len(body) >= 12:
        unit, across, down = struct.unpack_from(">BHH", body, 7)
        if unit in (1, 2) and across and down:
            scale = 1.0 if unit == 1 else 2.54
            found.dpi = (across * scale, down * scale)
    elif 0xE1 <= marker <= 0xED:
        _take_app(found, marker, body)


def _take_app(found: _Found, marker: int, body: bytes) -> None:
    if marker == 0xE1 and body.startswith(_EXIF):
        found.exif = found.exif or body[len(_EXIF) :]
    elif marker == 0xE1 and body.startswith(_XMP):
        found.xmp = found.xmp or body[len(_XMP) :]
        if b"hdrgm:Version" in body:
            found.notes.append("The HDR gain map is left out; the standard picture is delivered.")
        if b"MotionPhoto" in body or b"MicroVideo" in body:
            found.notes.append("The short video of this motion photo is left out.")
    elif marker == 0xE1 and body.startswith(_MORE_XMP):
        found.notes.append("Extended XMP metadata is left out.")
    elif marker == 0xE2 and body.startswith(_ICC) and len(body) > len(_ICC) + 2:
        found.icc[body[len(_ICC)]] = body[len(_ICC) + 2 :]
    elif marker == 0xE2 and body.startswith(b"MPF\0"):
        found.notes.append("Further pictures embedded in the file (previews, depth, gain maps) are left out.")
    elif marker == 0xEB and b"c2pa" in body[:128]:
        found.notes.append(
            "The content credentials (C2PA) are left out: they no longer match changed pixels."
        )
    elif marker == 0xED:
        found.resources.extend(photoshop.parse_segment(body))


def _take_tables(tables: dict[int, list[int]], body: bytes) -> None:
    at = 0
    while at < len(body):
        size = 128 if body[at] >> 4 else 64
        raw = body[at + 1 : at + 1 + size]
        if len(raw) < size:
            raise ValueError("a quantisation table is cut off")
        tables[body[at] & 15] = list(struct.unpack(">64H", raw) if size == 128 else raw)
        at += 1 + size


def _summed_up(found: _Found, frame: tuple[int, bytes]) -> Scan:
    marker, body = frame
    height, width, count = struct.unpack_from(">HHB", body, 1)
    if not width or not height or count not in (1, 3, 4) or len(body) < 6 + 3 * count:
        raise ValueError("its frame header is absurd")
    components = [body[6 + 3 * i : 9 + 3 * i] for i in range(count)]
    used = [found.tables[c[2]] for c in components if c[2] in found.tables]
    exif = exif_block.parse(found.exif) if found.exif else None
    return Scan(
        width=width,
        height=height,
        orientation=exif_block.orientation_of(exif),
        metadata=Metadata(
            icc=b"".join(found.icc[i] for i in sorted(found.icc)) or None,
            exif=found.exif,
            xmp=found.xmp,
            photoshop=tuple(found.resources),
            comment=found.comment,
            dpi=found.dpi,
        ),
        style=Style(
            quality=estimate_quality(used[:1] + used[2:3]) if count == 3 else estimate_quality(used[:1]),
            subsampling=_subsampling([c[1] for c in components]),
            progressive=marker in _PROGRESSIVE,
        ),
        parts=tuple(found.parts),
        notes=tuple(dict.fromkeys(found.notes)),
    )


def _subsampling(factors: list[int]) -> int:
    """Pillow's number for the sampling factors.

    Pillow writes 4:4:4, 4:2:2 and 4:2:0 only; others become the one with as many chroma samples.
    """
    if len(factors) != 3:
        return 0
    luma, chroma = ((f >> 4) * (f & 15) for f in factors[:2])
    ratio = luma / chroma if chroma else 1.0
    return 2 if ratio >= 4 else 1 if ratio >= 2 else 0


def with_metadata(data: bytes, metadata: Metadata) -> tuple[bytes, tuple[str, ...]]:
    """A fresh JPEG with the metadata put in, and notes on what did not fit.

    Args:
        data: a file from Pillow's encoder, with no metadata of its own.
    """
    segments: list[bytes] = []
    notes: list[str] = []
    candidates = (
        ("EXIF", 0xE1, _EXIF, metadata.exif),
        ("XMP", 0xE1, _XMP, metadata.xmp),
        ("IPTC", 0xED, photoshop.SIGNATURE, photoshop.serialise(metadata.photoshop)),
        ("comment", _COM, b"", metadata.comment),
    )
    for title, marker, prefix, body in candidates:
        if not body:
            continue
        if len(prefix) + len(body) > _MOST:
            notes.append(f"The {title} metadata is too large for a JPEG and is left out.")
        else:
            segments.append(_segment(marker, prefix + body))
    icc_segments = _icc_segments(metadata.icc or b"")
    if icc_segments is None:
        notes.append("The colour profile is too large for a JPEG and is left out.")
    segments.extend(icc_segments or [])
    at = 2
    if data[2:4] == b"\xff\xe0":
        at += 2 + int(struct.unpack_from(">H", data, 4)[0])
    return b"".join((data[:at], *segments, data[at:])), tuple(notes)


def _icc_segments(icc: bytes) -> list[bytes] | None:
    room = _MOST - len(_ICC) - 2
    pieces = [icc[i : i + room] for i in range(0, len(icc), room)]
    if len(pieces) > 255:
        return None
    return [_segment(0xE2, _ICC + bytes((i, len(pieces))) + p) for i, p in enumerate(pieces, 1)]


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body
