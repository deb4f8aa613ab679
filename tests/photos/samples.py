"""Real files made on the spot, some of them full of private matter."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from photoveil.photos import Format, Pixels, guard
from photoveil.photos import exif as exif_block
from photoveil.photos.containers import jpeg, photoshop, png, tiff
from photoveil.photos.exif import Entry, Exif
from photoveil.photos.model import Metadata

PLUGINS = {f: f.value.upper() for f in Format} | {Format.HEIC: "HEIF"}
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

SECRETS = (
    b"SERIAL-BODY-4711",
    b"SERIAL-LENS-4712",
    b"Secretville",
    b"MAKERNOTE",
    b"GPSLatitude",
    b"SECRET-COMMENT",
)
THUMBNAIL_MARK = b"MINIATURE-OF-THE-ORIGINAL"

XMP = b"""<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="kit"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="uuid:1234" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:aux="http://ns.adobe.com/exif/1.0/aux/" xmlns:g="http://ns.adobe.com/xap/1.0/g/img/"
 exif:GPSLatitude="52,31.2N" photoshop:City="Secretville" tiff:Orientation="6" tiff:Make="Lab"
 aux:SerialNumber="SERIAL-BODY-4711" xmp:CreateDate="2024-05-01T12:30:00+02:00">
<dc:creator><rdf:Seq><rdf:li>Ada Lovelace</rdf:li></rdf:Seq></dc:creator>
<xmp:Thumbnails><rdf:Alt><rdf:li g:image="MINIATURE-OF-THE-ORIGINAL"/></rdf:Alt></xmp:Thumbnails>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def _record(dataset: int, value: bytes) -> bytes:
    return struct.pack(">BBBH", 0x1C, 2, dataset, len(value)) + value


IPTC = _record(80, b"Ada Lovelace") + _record(90, b"Secretville") + _record(116, b"(c) Ada")


def picture(width: int = 48, height: int = 32, *, channels: int = 3, seed: int = 0) -> Pixels:
    """A gradient with a little noise and a coloured corner mark: H×W×channels, or H×W for one channel."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    planes = [x * 200 / max(1, width - 1), y * 200 / max(1, height - 1), (x + y) * 2 % 200, 255 - x % 200]
    stack = np.stack(planes[:channels], axis=-1) + rng.integers(0, 30, (height, width, channels))
    stack[: max(1, height // 4), : max(1, width // 4)] = [250, 230, 210, 190][:channels]
    array: Pixels = np.clip(stack, 0, 255).astype(np.uint8)
    return array[..., 0] if channels == 1 else array


def image(mode: str, width: int = 48, height: int = 32, *, seed: int = 0) -> Image.Image:
    """A Pillow image in any mode that photos come in."""
    if mode == "I;16":
        return Image.fromarray(picture(width, height, channels=1, seed=seed).astype(np.uint16) * 251 + 3)
    if mode in ("1", "P", "CMYK"):
        rgb = Image.fromarray(picture(width, height, seed=seed))
        return rgb.quantize(32) if mode == "P" else rgb.convert(mode)
    if mode == "PA":
        return image("RGBA", width, height, seed=seed).quantize(32)
    channels = Image.getmodebands(mode)
    return Image.merge(
        mode, [Image.fromarray(p) for p in _bands(picture(width, height, channels=channels, seed=seed))]
    )


def saved(picture_or_pixels: Image.Image | Pixels, kind: Format, **options: Any) -> bytes:
    """The bytes of a file written by Pillow."""
    guard.plugin(kind)
    out = BytesIO()
    source = picture_or_pixels
    loaded = source if isinstance(source, Image.Image) else Image.fromarray(source)
    loaded.save(out, format=PLUGINS[kind], **options)
    return out.getvalue()


def pixels_of(data: bytes) -> npt.NDArray[Any]:
    """What Pillow alone sees in a file."""
    with Image.open(BytesIO(data)) as opened:
        return np.asarray(opened)


def text(tag: int, value: bytes) -> Entry:
    return Entry(tag, 2, len(value) + 1, value + b"\0")


def private_exif(order: str = "<", orientation: int = 1) -> bytes:
    """EXIF with place, serial numbers, a maker note and a miniature in a second directory."""
    entries = {
        "main": [
            text(0x010F, b"Lab"),
            text(0x0110, b"Camera One"),
            text(0x013B, b"Ada Lovelace"),
            text(0x8298, b"(c) Ada"),
        ],
        "exif": [
            text(0x9003, b"2024:05:01 12:30:00"),
            text(0xA431, b"SERIAL-BODY-4711"),
            text(0xA435, b"SERIAL-LENS-4712"),
            exif_block.blob(0x927C, b"MAKERNOTE" + b"\xff\xd8\xff" + THUMBNAIL_MARK),
            exif_block.long(0xA002, 9999, order),
        ],
        "gps": [text(0x0001, b"N"), text(0x001C, b"Secretville")],
    }
    directories = {key: {e.tag: e for e in listed} for key, listed in entries.items()}
    directories["main"][0x0112] = exif_block.short(0x0112, orientation, order)
    block = exif_block.serialise(Exif(order, **directories))
    return block + b"\xff\xd8\xff" + THUMBNAIL_MARK  # where a camera's miniature lies: after the directories


def private_jpeg(*, orientation: int = 1, order: str = "<") -> bytes:
    """A JPEG with everything that should not travel, and a second picture after the end."""
    resources = ((photoshop.IPTC, IPTC), (0x040C, b"\xff\xd8\xff" + THUMBNAIL_MARK))
    metadata = Metadata(
        icc=SRGB,
        exif=private_exif(order, orientation),
        xmp=XMP,
        photoshop=resources,
        comment=b"SECRET-COMMENT",
    )
    data, _ = jpeg.with_metadata(saved(picture(), Format.JPEG, quality=90), metadata)
    return data + saved(picture(), Format.JPEG, comment=THUMBNAIL_MARK)


def private_png(*, orientation: int = 1) -> bytes:
    texts = (
        ("Author", b"Author\0Ada Lovelace", b"tEXt"),
        ("Comment", b"Comment\0SECRET-COMMENT", b"tEXt"),
        ("Raw profile type exif", b"Raw profile type exif\0" + THUMBNAIL_MARK, b"tEXt"),
    )
    metadata = Metadata(icc=SRGB, exif=private_exif(">", orientation), xmp=XMP, texts=texts)
    return png.with_metadata(saved(picture(), Format.PNG), metadata) + THUMBNAIL_MARK


def private_tiff(*, orientation: int = 1) -> bytes:
    metadata = Metadata(
        icc=SRGB,
        exif=private_exif("<", orientation),
        xmp=XMP,
        photoshop=((photoshop.IPTC, IPTC), (0x040C, THUMBNAIL_MARK)),
    )
    return tiff.with_metadata(saved(picture(), Format.TIFF, compression="tiff_lzw"), metadata)


def private_by_pillow(kind: Format, *, orientation: int = 1) -> bytes:
    """WebP, AVIF and HEIC, which carry all blocks through Pillow."""
    options: dict[str, Any] = {"lossless": True} if kind is Format.WEBP else {"quality": 90}
    return saved(picture(), kind, exif=private_exif("<", orientation), xmp=XMP, icc_profile=SRGB, **options)


def private(kind: Format, *, orientation: int = 1) -> bytes:
    """A file of any format that carries metadata."""
    makers = {Format.JPEG: private_jpeg, Format.PNG: private_png, Format.TIFF: private_tiff}
    maker = makers.get(kind)
    return maker(orientation=orientation) if maker else private_by_pillow(kind, orientation=orientation)


def _bands(stack: Pixels) -> list[Pixels]:
    return (
        [stack] if stack.ndim == 2 else [np.ascontiguousarray(stack[..., i]) for i in range(stack.shape[2])]
    )
