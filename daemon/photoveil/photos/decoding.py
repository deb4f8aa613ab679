"""From bytes to pixels."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from photoveil.photos import containers, guard, planes
from photoveil.photos import exif as exif_block
from photoveil.photos.errors import AnimatedPhoto, TooLarge, UnsupportedPhoto
from photoveil.photos.formats import Format, sniff
from photoveil.photos.model import Info, Limits, Metadata, Photo, Scan, Source

_DEFAULT = Limits()
_BY_DECODER = (Format.AVIF, Format.HEIC)


def inspect(data: bytes, *, limits: Limits = _DEFAULT) -> Info:
    """What the header says; no pixel is decoded.

    Raises:
        NotAPhoto, UnsupportedPhoto, TruncatedPhoto, TooLarge: see their descriptions.
    """
    kind, scan = _scanned(data, limits)
    if kind in _BY_DECODER and not scan.animated:
        with guard.opened(kind, data, limits) as image:
            # Several pictures in a HEIC are a burst or a collection: its primary picture is the photo.
            frames = int(getattr(image, "n_frames", 1)) if kind is Format.AVIF else 1
            turn = _told_by_decoder(kind, image.info.get("exif"))
            scan = replace(scan, width=image.width, height=image.height, orientation=turn, frames=frames)
            scan = replace(scan, animated=frames > 1)
    size = (scan.width, scan.height)
    upright = size[::-1] if scan.orientation >= 5 else size
    return Info(
        kind, *size, *upright, frames=scan.frames, animated=scan.animated, orientation=scan.orientation
    )


def decode(data: bytes, *, name: str = "photo", limits: Limits = _DEFAULT) -> Photo:
    """The photo in the file, upright.

    Args:
        data: the whole file.
        name: its name, for the delivered file and messages.

    Raises:
        AnimatedPhoto: the file is an animation.
        NotAPhoto, UnsupportedPhoto, TruncatedPhoto, TooLarge: see their descriptions.
    """
    kind, scan = _scanned(data, limits)
    if scan.animated:
        raise AnimatedPhoto.of(kind.label, scan.frames)
    if kind is Format.TIFF and scan.frames > 1:
        raise UnsupportedPhoto.of(
            f"This TIFF has {scan.frames} pages.", "Export each page as a file of its own and protect those."
        )
    with guard.opened(kind, _for_decoder(data, scan), limits) as image:
        if kind is Format.AVIF and getattr(image, "n_frames", 1) > 1:
            raise AnimatedPhoto.of(kind.label, int(getattr(image, "n_frames", 0)))
        image.load()
        if kind in _BY_DECODER:
            scan = _completed(kind, scan, image.info)
        split = planes.split(image, scan.metadata.icc)
    return _assembled(kind, name, data, scan, split)


def _scanned(data: bytes, limits: Limits) -> tuple[Format, Scan]:
    if len(data) > limits.max_bytes:
        raise TooLarge.of_bytes(len(data), limits.max_bytes)
    kind = sniff(data)
    scan = containers.scan(kind, data)
    guard.check_pixels(scan.width, scan.height, limits)
    return kind, scan


def _for_decoder(data: bytes, scan: Scan) -> bytes:
    if not scan.parts:
        return data
    view = memoryview(data)
    return b"".join(view[part] if isinstance(part, slice) else part for part in scan.parts)


def _told_by_decoder(kind: Format, exif: object) -> int:
    """AVIF's decoder says the turn in EXIF; HEIC's has already turned the picture."""
    if kind is Format.HEIC or not isinstance(exif, bytes):
        return 1
    return exif_block.orientation_of(exif_block.parse(exif.removeprefix(b"Exif\0\0")))


def _completed(kind: Format, scan: Scan, info: dict[str | tuple[int, int], object]) -> Scan:
    """The scan with the metadata that only the decoder could get at."""

    def block(key: str) -> bytes | None:
        value = info.get(key)
        return bytes(value) if isinstance(value, bytes | bytearray) and value else None

    exif = block("exif")
    metadata = Metadata(
        icc=block("icc_profile"), exif=exif.removeprefix(b"Exif\0\0") if exif else None, xmp=block("xmp")
    )
    return replace(scan, orientation=_told_by_decoder(kind, exif), metadata=metadata)


def _assembled(kind: Format, name: str, data: bytes, scan: Scan, split: planes.Planes) -> Photo:
    turn = scan.orientation
    metadata = scan.metadata
    if metadata.dpi and turn >= 5:
        metadata = replace(metadata, dpi=metadata.dpi[::-1])
    source = Source(
        metadata=metadata,
        style=scan.style,
        alpha=None if split.alpha is None else planes.upright(split.alpha, turn),
        inks=None if split.inks is None else planes.upright(split.inks, turn),
        deep=None if split.deep is None else planes.upright(split.deep, turn),
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    notes = list(scan.notes + split.notes)
    if kind is Format.GIF and split.pixels.ndim == 3:
        notes.append("A GIF has 256 colours only: they are chosen anew after the change.")
    pixels = planes.upright(np.asarray(split.pixels, dtype=np.uint8), turn)
    return Photo(pixels=pixels, name=name, format=kind, notes=tuple(notes), source=source)
