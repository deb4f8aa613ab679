"""What a file is: told by its first bytes and its structure, whatever it is called."""

from __future__ import annotations

import struct

import pytest
from PIL import Image

from photoveil.errors import PhotoveilError
from photoveil.photos import AnimatedPhoto, Format, NotAPhoto, UnsupportedPhoto, decode, inspect
from photoveil.photos.exif import Exif, blob, layout, long, read_directory

from .samples import image, picture, saved


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", NotAPhoto),
        (b"hello", NotAPhoto),
        (b"RIFF\0\0\0\0WAVE", NotAPhoto),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", UnsupportedPhoto),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<svg/>", UnsupportedPhoto),
        (b"8BPS\0\1", UnsupportedPhoto),
        (b"II*\0\x10\0\0\0CR\2\0", UnsupportedPhoto),
        (b"FUJIFILMCCD-RAW 0201", UnsupportedPhoto),
        (b"%PDF-1.7", UnsupportedPhoto),
        (b"%!PS-Adobe", UnsupportedPhoto),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", UnsupportedPhoto),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", UnsupportedPhoto),
        (b"\x1aE\xdf\xa3", UnsupportedPhoto),
        (b"RIFF\0\0\0\0AVI ", UnsupportedPhoto),
        (b"\0\0\0\x18ftyphevc\0\0\0\0hevcmsf1", AnimatedPhoto),
    ],
    ids=lambda value: value[:12].hex() if isinstance(value, bytes) else value.code,
)
def test_other_files_are_named(data: bytes, error: type[PhotoveilError]) -> None:
    with pytest.raises(error):
        decode(data)


@pytest.mark.parametrize("kind", [Format.PNG, Format.WEBP, Format.GIF, Format.AVIF], ids=lambda f: f.value)
def test_animations_are_told_apart(kind: Format) -> None:
    frames = [Image.fromarray(picture(seed=i)) for i in range(3)]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)
    info = inspect(data)
    assert (info.frames, info.animated) == (3, True)
    with pytest.raises(AnimatedPhoto, match="3 pictures"):
        decode(data)


def test_pages_are_refused() -> None:
    data = saved(image("RGB"), Format.TIFF, save_all=True, append_images=[image("RGB", seed=1)])
    assert inspect(data).frames == 2
    assert not inspect(data).animated
    with pytest.raises(UnsupportedPhoto, match="2 pages"):
        decode(data)


def test_raw_files_in_a_tiff_coat_are_refused() -> None:
    plain = saved(picture(), Format.TIFF)
    own, _ = read_directory(plain, "<", struct.unpack_from("<I", plain, 4)[0])
    for extra in ({50706: blob(50706, b"\1\4\0\0", 1)}, {254: long(254, 1, "<"), 330: long(330, 8, "<")}):
        base = len(plain) + (len(plain) & 1)
        raw = (
            plain[:4]
            + struct.pack("<I", base)
            + plain[8:].ljust(base - 8, b"\0")
            + layout(Exif("<", own | extra), base)
        )
        with pytest.raises(UnsupportedPhoto, match="raw"):
            decode(raw)
