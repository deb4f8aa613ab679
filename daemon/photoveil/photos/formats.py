"""Which file formats there are, and how a file's first bytes tell them apart."""

from __future__ import annotations

from enum import StrEnum

from photoveil.photos.errors import NotAPhoto, UnsupportedPhoto


class Format(StrEnum):
    """A container format that can be read and written."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    TIFF = "tiff"
    BMP = "bmp"
    GIF = "gif"
    AVIF = "avif"
    HEIC = "heic"

    @property
    def extension(self) -> str:
        """The usual file name extension, with its dot."""
        return _EXTENSIONS.get(self, f".{self.value}")

    @property
    def extensions(self) -> tuple[str, ...]:
        """All extensions that name this format, lower case."""
        return (self.extension, *_ALSO.get(self, ()))

    @property
    def mime(self) -> str:
        """The MIME type."""
        return f"image/{self.value}"

    @property
    def label(self) -> str:
        """The name as written in sentences."""
        return "WebP" if self is Format.WEBP else self.value.upper()


_EXTENSIONS = {Format.JPEG: ".jpg", Format.TIFF: ".tif"}
_ALSO = {
    Format.JPEG: (".jpeg", ".jpe", ".jfif"),
    Format.TIFF: (".tiff",),
    Format.HEIC: (".heif", ".hif"),
    Format.BMP: (".dib",),
    Format.PNG: (".apng",),
}

_MAGIC = (
    (b"\xff\xd8\xff", Format.JPEG),
    (b"\x89PNG\r\n\x1a\n", Format.PNG),
    (b"GIF87a", Format.GIF),
    (b"GIF89a", Format.GIF),
    (b"II*\0", Format.TIFF),
    (b"MM\0*", Format.TIFF),
    (b"BM", Format.BMP),
)

_RAW = "a camera raw file"
_VIDEO = "a video"
_FOREIGN = (
    (b"II*\0\x10\0\0\0CR", _RAW),
    (b"FUJIFILMCCD-RAW", _RAW),
    (b"IIRO", _RAW),
    (b"IIRS", _RAW),
    (b"MMOR", _RAW),
    (b"IIU\0", _RAW),
    (b"FOVb", _RAW),
    (b"\0MRM", _RAW),
    (b"HEAPCCDR", _RAW),
    (b"II\x1a\0\0\0HEAP", _RAW),
    (b"II+\0", "a BigTIFF file"),
    (b"MM\0+", "a BigTIFF file"),
    (b"8BPS", "a Photoshop document"),
    (b"gimp xcf", "a GIMP document"),
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript document"),
    (b"\0\0\1\0", "an icon"),
    (b"\x1aE\xdf\xa3", _VIDEO),
    (b"\0\0\1\xba", _VIDEO),
    (b"FLV\1", _VIDEO),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 file"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 file"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL file"),
    (b"\xff\x0a", "a JPEG XL file"),
    (b"v/1\1", "an OpenEXR file"),
    (b"#?RADIANCE", "a Radiance file"),
    (b"SIMPLE  =", "a FITS file"),
    (b"qoif", "a QOI file"),
    (b"\xd7\xcd\xc6\x9a", "a Windows metafile"),
)

_BRANDS = {
    b"avif": Format.AVIF,
    b"avis": Format.AVIF,
    b"heic": Format.HEIC,
    b"heix": Format.HEIC,
    b"heim": Format.HEIC,
    b"heis": Format.HEIC,
    b"hevc": Format.HEIC,
    b"hevx": Format.HEIC,
    b"mif1": Format.HEIC,
    b"msf1": Format.HEIC,
}


def sniff(data: bytes) -> Format:
    """The format that the first bytes announce, whatever the file is called.

    Raises:
        UnsupportedPhoto: a known kind of file that cannot be protected (raw, SVG, video, …).
        NotAPhoto: anything else.
    """
    if not data:
        raise NotAPhoto.of("The file is empty.")
    for magic, foreign in _FOREIGN:
        if data.startswith(magic):
            raise UnsupportedPhoto.of(f"It is {foreign}.")
    for magic, known in _MAGIC:
        if data.startswith(magic):
            return known
    if data.startswith(b"RIFF"):
        return _sniff_riff(data)
    if data[4:8] == b"ftyp":
        return _sniff_bmff(data)
    head = data[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(b"<svg") or (head.startswith((b"<?xml", b"<!")) and b"<svg" in head):
        raise UnsupportedPhoto.of("It is an SVG drawing, which has no pixels.")
    raise NotAPhoto.of("Its first bytes are those of no picture format that Photoveil knows.")


def _sniff_riff(data: bytes) -> Format:
    if data[8:12] == b"WEBP":
        return Format.WEBP
    if data[8:12] == b"AVI ":
        raise UnsupportedPhoto.of(f"It is {_VIDEO}.")
    raise NotAPhoto.of("It is a RIFF file without a picture.")


def _sniff_bmff(data: bytes) -> Format:
    length = int.from_bytes(data[:4], "big")
    names = data[8 : min(length, 256)]
    major, compatible = names[:4], {names[i : i + 4] for i in range(8, len(names), 4)}
    if major == b"crx ":
        raise UnsupportedPhoto.of(f"It is {_RAW}.")
    # "mif1" and "msf1" only say HEIF: the codec is told by the compatible brands.
    if major in (b"mif1", b"msf1") and compatible & {b"avif", b"avis"}:
        return Format.AVIF
    if major in _BRANDS:
        return _BRANDS[major]
    raise UnsupportedPhoto.of(f"It is {_VIDEO}, or a picture format that Photoveil does not know.")
