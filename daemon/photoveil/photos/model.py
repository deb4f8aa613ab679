"""The types that photos travel in, from bytes to pixels and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from photoveil.photos.formats import Format

Pixels = npt.NDArray[np.uint8]
Deep = npt.NDArray[np.uint16]


class MetadataPolicy(StrEnum):
    """What of a photo's metadata reaches the delivered file. Thumbnails never do."""

    STRIP_LOCATION = "strip-location"
    STRIP_ALL = "strip-all"
    KEEP = "keep"


@dataclass(frozen=True)
class Limits:
    """What is refused before any pixel is decoded.

    Args:
        max_bytes: size of the file.
        max_pixels: width times height of the picture.
    """

    max_bytes: int = 100 * 1024 * 1024
    max_pixels: int = 150_000_000


@dataclass(frozen=True)
class Info:
    """What a file's header says.

    Args:
        format: container format.
        width, height: as stored, before the orientation is applied.
        upright_width, upright_height: as the photo is seen and delivered.
        frames: pictures in the file (pages for TIFF); 1 for a still photo.
        animated: whether the pictures are an animation.
        orientation: EXIF orientation, 1 to 8.
    """

    format: Format
    width: int
    height: int
    upright_width: int
    upright_height: int
    frames: int
    animated: bool
    orientation: int


@dataclass(frozen=True)
class Metadata:
    """Metadata as raw blocks, in no container's clothing.

    Args:
        icc: colour profile.
        exif: a TIFF structure that starts with its byte order, without ``Exif\\0\\0``.
        xmp: the XMP packet, UTF-8.
        photoshop: image resources (id, data), IPTC among them as 0x0404.
        texts: (keyword, whole chunk data, chunk type) of PNG text chunks.
        comment: JPEG or GIF comment.
        dpi: pixels per inch, across and down, of the upright picture.
        colour_chunks: PNG chunks that say what colours mean (gAMA, cHRM, sRGB, cICP).
    """

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    photoshop: tuple[tuple[int, bytes], ...] = ()
    texts: tuple[tuple[str, bytes, bytes], ...] = ()
    comment: bytes | None = None
    dpi: tuple[float, float] | None = None
    colour_chunks: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True)
class Style:
    """How the file was compressed, so that the delivered file can be alike.

    Args:
        quality: estimated JPEG quality, 1 to 100.
        subsampling: chroma subsampling as Pillow counts it (0 4:4:4, 1 4:2:2, 2 4:2:0).
        progressive: JPEG stored in progressive scans.
        lossless: WebP stored without loss.
        compression: TIFF compression by Pillow's name.
    """

    quality: int | None = None
    subsampling: int | None = None
    progressive: bool = False
    lossless: bool = False
    compression: str | None = None


@dataclass(frozen=True)
class Scan:
    """A container taken apart, before any pixel is decoded.

    Args:
        width, height: as stored; 0 when only the decoder can tell.
        orientation: EXIF orientation, 1 to 8.
        parts: what the decoder gets, slices of the file or new bytes; all that is hostile or private
            stays out. Empty: the whole file.
        notes: what will be missing from the delivered file.
        bits: bits per sample.
    """

    width: int
    height: int
    orientation: int = 1
    frames: int = 1
    animated: bool = False
    metadata: Metadata = field(default_factory=Metadata)
    style: Style = field(default_factory=Style)
    parts: tuple[slice | bytes, ...] = ()
    notes: tuple[str, ...] = ()
    bits: int = 8


@dataclass(frozen=True, eq=False)
class Source:
    """What ``encode`` needs besides the pixels. All planes are upright.

    Args:
        alpha: H×W uint8, delivered bit for bit.
        inks: H×W×4 uint8, CMYK with 255 as full ink.
        deep: H×W uint16, the 16-bit samples of a greyscale photo.
        size: bytes of the original file; 0 when there is none.
        sha256: of the original file, in hex; empty when there is none.
    """

    metadata: Metadata = field(default_factory=Metadata)
    style: Style = field(default_factory=Style)
    alpha: Pixels | None = None
    inks: Pixels | None = None
    deep: Deep | None = None
    size: int = 0
    sha256: str = ""


@dataclass(frozen=True, eq=False)
class Photo:
    """One decoded photo.

    Args:
        pixels: upright uint8 array, H×W×3 RGB or H×W greyscale, 0 to 255, read-only.
        name: the file name as given; a claim, not a path.
        format: container format of the original.
        notes: plain sentences on what will differ in the delivered file.
        source: what ``encode`` needs; no business of callers.
    """

    pixels: Pixels
    name: str
    format: Format
    notes: tuple[str, ...] = ()
    source: Source = field(default_factory=Source, repr=False)

    @property
    def width(self) -> int:
        """Width of the upright picture in pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Height of the upright picture in pixels."""
        return int(self.pixels.shape[0])

    @classmethod
    def from_pixels(cls, pixels: Pixels, *, name: str = "photo.png", format: Format = Format.PNG) -> Photo:
        """A photo that never was a file, for pictures made by programs.

        Args:
            pixels: uint8, H×W×3 or H×W; copied.
        """
        own = np.array(pixels, dtype=np.uint8, order="C")
        own.setflags(write=False)
        return cls(pixels=own, name=name, format=format)


@dataclass(frozen=True)
class Encoded:
    """A delivered file.

    Args:
        data: the whole file.
        name: a safe base name; the extension differs from the photo's only if the format does.
        quality: the quality it was written at, 1 to 100; None where nothing is lost.
        notes: what differs for this delivery alone (a changed format, metadata that did not fit).
    """

    data: bytes = field(repr=False)
    format: Format
    name: str
    quality: int | None = None
    notes: tuple[str, ...] = ()
