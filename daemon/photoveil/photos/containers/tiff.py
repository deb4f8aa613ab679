"""TIFF: directories read, a clean directory given to the decoder, metadata put into fresh files."""

from __future__ import annotations

import struct
from dataclasses import replace

from photoveil.photos import exif as exif_block
from photoveil.photos.containers import photoshop
from photoveil.photos.errors import UnsupportedPhoto
from photoveil.photos.exif import Directory, Exif, integer, integers
from photoveil.photos.model import Metadata, Scan, Style

_XMP, _IPTC, _PHOTOSHOP, _ICC, _DNG = 700, 33723, 34377, 34675, 50706
_SUBFILE, _COMPRESSION, _PHOTOMETRIC, _SUB_DIRECTORIES = 254, 259, 262, 330
_REDUCED = 1
_ACROSS, _DOWN, _UNIT = 282, 283, 296

# What a decoder needs to find and understand the samples; all else stays out of its reach.
STRUCTURE = frozenset((
    254, 255, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325,
    332, 334, 338, 339, 347, 512, 513, 514, 515, 517, 519, 520, 521, 529, 530, 531, 532,
))  # fmt: skip
_PICTURE_TAGS = STRUCTURE | {
    _XMP,
    _IPTC,
    _PHOTOSHOP,
    _ICC,
    _SUB_DIRECTORIES,
    _ACROSS,
    _DOWN,
    _UNIT,
    269,
    285,
    297,
}

_COMPRESSIONS = {
    1: "raw",
    5: "tiff_lzw",
    8: "tiff_adobe_deflate",
    32946: "tiff_adobe_deflate",
    32773: "packbits",
    50000: "zstd",
}
_OTHER_COMPRESSION = "The TIFF's own compression cannot be kept; it is delivered with lossless compression."
_RAW_COMPRESSIONS = {32767, 32769, 32770, 34713, 65000}


def scan(data: bytes) -> Scan:
    """A TIFF taken apart.

    Raises:
        ValueError: the directories are broken, or claim more than the file has.
        UnsupportedPhoto: camera raw, float samples, or several pages.
    """
    order = exif_block.byte_order(data)
    pages = list(exif_block.directories(data))
    if not pages:
        raise ValueError("it has no picture")
    first = pages[0]
    _refuse_raw(first, order)
    further = sum(1 for d in pages[1:] if not (integer(d.get(_SUBFILE), order) or 0) & _REDUCED)
    width, height = (integer(first.get(tag), order) or 0 for tag in (256, 257))
    if not width or not height:
        raise ValueError("the picture has no size")
    bits = max(integers(first[258], order), default=1) if 258 in first else 1
    compression = integer(first.get(_COMPRESSION), order) or 1
    kept = _COMPRESSIONS.get(compression)
    notes = [] if kept else [_OTHER_COMPRESSION]
    if bits == 16 and (integer(first.get(277), order) or 1) > 1:
        notes.append("The photo has 16 bits per colour; it is delivered with 8.")
    return Scan(
        width=width,
        height=height,
        orientation=exif_block.orientation_of(Exif(order, first)),
        frames=1 + further,
        metadata=_metadata(data, first, order),
        style=Style(compression=kept or "tiff_adobe_deflate", lossless=True),
        parts=_clean(data, first, order),
        notes=tuple(notes),
        bits=bits,
    )


def _refuse_raw(first: Directory, order: str) -> None:
    compression = integer(first.get(_COMPRESSION), order)
    photometric = integer(first.get(_PHOTOMETRIC), order)
    preview = (integer(first.get(_SUBFILE), order) or 0) & _REDUCED and _SUB_DIRECTORIES in first
    if _DNG in first or compression in _RAW_COMPRESSIONS or photometric in (32803, 34892) or preview:
        raise UnsupportedPhoto.of("It is a camera raw file.")
    if 339 in first and 3 in integers(first[339], order):
        raise UnsupportedPhoto.of(
            "Its samples are floating-point numbers.", "Export it with 8 or 16 bits per colour."
        )


def _metadata(data: bytes, first: Directory, order: str) -> Metadata:
    blobs = {tag: first[tag].data if tag in first else b"" for tag in (_XMP, _IPTC, _PHOTOSHOP, _ICC)}
    whole = exif_block.parse(data)
    resources = list(photoshop.parse(blobs[_PHOTOSHOP]))
    if blobs[_IPTC] and not any(number == photoshop.IPTC for number, _ in resources):
        resources.append((photoshop.IPTC, blobs[_IPTC].rstrip(b"\0")))
    exif = None
    if whole is not None:
        main = {tag: entry for tag, entry in whole.main.items() if tag not in _PICTURE_TAGS}
        exif = replace(whole, main=main)
    return Metadata(
        icc=blobs[_ICC] or None,
        xmp=blobs[_XMP] or None,
        photoshop=tuple(resources),
        exif=None if exif is None or exif.is_empty else exif_block.serialise(exif),
        dpi=_dpi(first, order),
    )


def _dpi(first: Directory, order: str) -> tuple[float, float] | None:
    unit = integer(first.get(_UNIT), order) or 2
    values = []
    for tag in (_ACROSS, _DOWN):
        entry = first.get(tag)
        if entry is None or entry.kind != 5:
            return None
        over, under = struct.unpack_from(order + "II", entry.data)
        values.append(over / under if under else 0.0)
    if unit not in (2, 3) or not all(0 < v < 1e6 for v in values):
        return None
    scale = 1.0 if unit == 2 else 2.54
    return values[0] * scale, values[1] * scale


def _clean(data: bytes, first: Directory, order: str) -> tuple[slice | bytes, ...]:
    """The file with a directory of its own structure only, appended and pointed to.

    The orientation is left out too: Pillow would apply it itself, in some versions and not in others.
    """
    bare = Exif(order, {tag: entry for tag, entry in first.items() if tag in STRUCTURE})
    return _appended(data, bare)


def _appended(data: bytes, exif: Exif) -> tuple[slice | bytes, ...]:
    base = len(data) + (len(data) & 1)
    head = data[:4] + struct.pack(exif.order + "I", base)
    return head, slice(8, len(data)), bytes(base - len(data)), exif_block.layout(exif, base)


def with_metadata(data: bytes, metadata: Metadata) -> bytes:
    """A fresh TIFF with the metadata put in.

    Args:
        data: a single-page file from Pillow's encoder, with no metadata of its own.
    """
    order = exif_block.byte_order(data)
    own, _ = exif_block.read_directory(data, order, exif_block.first_offset(data, order))
    exif = exif_block.parse(metadata.exif) if metadata.exif else None
    exif = exif_block.in_order(exif, order) if exif is not None else Exif(order)
    main = {tag: entry for tag, entry in exif.main.items() if tag not in _PICTURE_TAGS} | own
    for tag, value, kind in ((_XMP, metadata.xmp, 1), (_ICC, metadata.icc, 7)):
        if value:
            main[tag] = exif_block.blob(tag, value, kind)
    iptc = next((value for number, value in metadata.photoshop if number == photoshop.IPTC), None)
    others = tuple(r for r in metadata.photoshop if r[0] != photoshop.IPTC)
    if iptc:
        main[_IPTC] = exif_block.blob(_IPTC, iptc)
    if others:
        main[_PHOTOSHOP] = exif_block.blob(_PHOTOSHOP, photoshop.serialise(others))
    parts = _appended(data, replace(exif, main=main))
    return b"".join(data[p] if isinstance(p, slice) else p for p in parts)
