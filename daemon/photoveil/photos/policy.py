"""Which metadata reaches the delivered file.

``strip-location`` works by lists of what is kept, not of what is removed: a tag nobody thought of
stays at home.
"""

from __future__ import annotations

from dataclasses import replace

from photoveil.photos import exif as exif_block
from photoveil.photos import iptc, xmp
from photoveil.photos.containers import photoshop
from photoveil.photos.exif import Directory, Exif
from photoveil.photos.model import Metadata, MetadataPolicy

_JPEG_MAGIC = b"\xff\xd8\xff"
# Places of miniatures and further pictures: sub-directories, embedded JPEGs, DNG and maker previews.
_PICTURES = {0x014A, 0x0201, 0x0202, 0xC634, 0xC4A5, 0xC6D3, 0xC71E, 0xC7BB}

_MAIN = {
    0x010D, 0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298,  # name, text, camera, date, author
    0x9C9B, 0x9C9C, 0x9C9D,  # title, comment and author as Windows writes them
    0x0213, 0x0211, 0x013E, 0x013F,  # what the colour numbers mean
}  # fmt: skip
_EXIF = {
    0x829A, 0x829D, 0x8822, 0x8827, 0x8830, 0x8831, 0x8832, 0x8833, 0x8834, 0x8835,  # exposure
    0x9000, 0x9003, 0x9004, 0x9290, 0x9291, 0x9292,  # version and dates; their time zones stay at home
    0x9101, 0x9102, 0x9201, 0x9202, 0x9203, 0x9204, 0x9205, 0x9206, 0x9207, 0x9208, 0x9209, 0x920A,
    0xA000, 0xA001, 0xA002, 0xA003, 0xA20B, 0xA20E, 0xA20F, 0xA210, 0xA215, 0xA217,
    0xA300, 0xA301, 0xA302, 0xA401, 0xA402, 0xA403, 0xA404, 0xA405, 0xA406, 0xA407, 0xA408, 0xA409,
    0xA40A, 0xA40C, 0xA432, 0xA433, 0xA434, 0xA460, 0xA461, 0xA500,  # lens model, not its serial number
}  # fmt: skip
_INTEROP = {0x0001, 0x0002}

_TEXTS = {"title", "author", "copyright", "creation time", "software", "source", "description"}
_THUMBNAIL_RESOURCES = {
    0x0409,
    0x040C,
    0x0422,
    0x0423,
    0x0424,
}  # miniatures, and second copies of EXIF and XMP


def delivered(metadata: Metadata, policy: MetadataPolicy, *, width: int, height: int) -> Metadata:
    """The metadata that goes with an upright picture of ``width`` × ``height`` under ``policy``.

    Thumbnails and previews are left out and the orientation is 1 under every policy.
    """
    if policy is MetadataPolicy.STRIP_ALL:
        return Metadata(icc=metadata.icc, colour_chunks=metadata.colour_chunks)
    keep = policy is MetadataPolicy.KEEP
    return replace(
        metadata,
        exif=_exif(metadata.exif, keep, width, height) if metadata.exif else None,
        xmp=xmp.filtered(metadata.xmp, keep_all=keep) if metadata.xmp else None,
        photoshop=_resources(metadata, keep),
        texts=tuple(t for t in metadata.texts if _text_stays(t[0].lower(), keep)),
        comment=metadata.comment if keep else None,
    )


def _exif(raw: bytes, keep: bool, width: int, height: int) -> bytes | None:
    block = exif_block.parse(raw)
    if block is None:
        return None
    if keep:
        block = Exif(
            block.order, *(_without_pictures(d) for d in (block.main, block.exif, block.gps, block.interop))
        )
    else:
        block = Exif(
            block.order,
            _only(block.main, _MAIN),
            _only(block.exif, _EXIF),
            {},
            _only(block.interop, _INTEROP),
        )
    if block.is_empty:
        return None
    block.main[exif_block.ORIENTATION] = exif_block.short(exif_block.ORIENTATION, 1, block.order)
    for tag, value in ((exif_block.PIXEL_WIDTH, width), (exif_block.PIXEL_HEIGHT, height)):
        if tag in block.exif:
            block.exif[tag] = exif_block.long(tag, value, block.order)
    return exif_block.serialise(block)


def _only(directory: Directory, tags: set[int]) -> Directory:
    return {tag: e for tag, e in directory.items() if tag in tags and _JPEG_MAGIC not in e.data}


def _without_pictures(directory: Directory) -> Directory:
    """All but miniatures; a maker note goes when it holds one."""
    return {tag: e for tag, e in directory.items() if tag not in _PICTURES and _JPEG_MAGIC not in e.data}


def _resources(metadata: Metadata, keep: bool) -> tuple[tuple[int, bytes], ...]:
    kept = []
    for number, data in metadata.photoshop:
        if number == photoshop.IPTC:
            records = iptc.filtered(data, keep_all=keep)
            if records:
                kept.append((number, records))
        elif keep and number not in _THUMBNAIL_RESOURCES and _JPEG_MAGIC not in data:
            kept.append((number, data))
    return tuple(kept)


def _text_stays(keyword: str, keep: bool) -> bool:
    # "Raw profile type …" hides a whole EXIF or IPTC block in hexadecimal digits, miniatures included.
    if keyword.startswith("raw profile type"):
        return False
    return keep or keyword in _TEXTS
