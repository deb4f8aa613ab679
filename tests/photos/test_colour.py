"""Inks, 16 bits, palettes and transparency: delivered in kind."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from photoveil.photos import Format, Pixels, decode, encode
from photoveil.photos.planes import changed_deep, changed_inks

from .samples import SRGB, image, picture, pixels_of, saved


def shifted(pixels: Pixels, by: int = 12) -> Pixels:
    result: Pixels = np.clip(pixels.astype(int) + by, 0, 255).astype(np.uint8)
    return result


@pytest.mark.parametrize("kind", [Format.JPEG, Format.TIFF], ids=lambda f: f.value)
def test_cmyk_stays_cmyk_and_carries_the_change(kind: Format) -> None:
    options = {"quality": 95} if kind is Format.JPEG else {"compression": "tiff_lzw"}
    photo = decode(saved(image("CMYK", 96, 64), kind, **options))
    pixels = np.clip(photo.pixels, 20, 220)
    delivered = encode(photo, shifted(pixels))
    with Image.open(BytesIO(delivered.data)) as seen:
        assert seen.mode == "CMYK"
    change = decode(delivered.data).pixels.astype(int) - photo.pixels
    wanted = shifted(pixels).astype(int) - photo.pixels
    assert np.corrcoef(change.ravel(), wanted.ravel())[0, 1] > 0.8
    assert abs(float(np.median(change)) - 12) <= 3
    assert any("CMYK" in note for note in photo.notes)


def test_unchanged_inks_stay_bit_for_bit() -> None:
    photo = decode(saved(image("CMYK"), Format.TIFF))
    assert np.array_equal(pixels_of(encode(photo, photo.pixels).data), np.asarray(image("CMYK")))


def test_ink_changes_stay_in_range() -> None:
    rng = np.random.default_rng(2)
    inks = rng.integers(0, 256, (20, 20, 4), dtype=np.uint8)
    before, after = (rng.integers(0, 256, (20, 20, 3), dtype=np.uint8) for _ in range(2))
    changed = changed_inks(inks, before, after)
    assert np.array_equal(changed[..., 3], inks[..., 3])
    assert np.array_equal(changed_inks(inks, before, before), inks)


def test_a_useless_profile_of_inks_falls_back() -> None:
    photo = decode(saved(image("CMYK"), Format.TIFF, icc_profile=SRGB))
    assert photo.pixels.shape == (32, 48, 3)
    assert decode(saved(image("CMYK"), Format.JPEG, icc_profile=b"nonsense")).pixels.shape == (32, 48, 3)


@pytest.mark.parametrize("kind", [Format.PNG, Format.TIFF], ids=lambda f: f.value)
def test_sixteen_bit_grey_stays_sixteen_bit(kind: Format) -> None:
    original = np.asarray(image("I;16"))
    photo = decode(saved(image("I;16"), kind))
    assert np.array_equal(pixels_of(encode(photo, photo.pixels).data), original)
    found = pixels_of(encode(photo, shifted(photo.pixels, 3)).data).astype(int)
    wanted = np.clip(
        original.astype(int) + (shifted(photo.pixels, 3).astype(int) - photo.pixels) * 257, 0, 65535
    )
    assert np.array_equal(found, wanted)


def test_sixteen_bit_changes_clip() -> None:
    deep = np.array([[0, 65535]], np.uint16)
    low, high = np.zeros((1, 2), np.uint8), np.full((1, 2), 255, np.uint8)
    assert changed_deep(deep, low, high).tolist() == [[65535, 65535]]
    assert changed_deep(deep, high, low).tolist() == [[0, 0]]


def test_sixteen_bit_colour_is_noted() -> None:
    data = saved(picture(), Format.PNG)

    # Pillow writes no 16-bit colour, so the picture is made by hand.
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + bytes(range(12)) for _ in range(2))
    header = struct.pack(">IIBBBBB", 2, 2, 16, 2, 0, 0, 0)
    made = data[:8] + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    photo = decode(made)
    assert photo.pixels.shape == (2, 2, 3)
    assert any("16 bits" in note for note in photo.notes)


def test_palette_becomes_colour_or_is_chosen_anew() -> None:
    png = decode(saved(image("P"), Format.PNG))
    assert np.array_equal(png.pixels, np.asarray(image("P").convert("RGB")))
    assert np.array_equal(decode(encode(png, shifted(png.pixels)).data).pixels, shifted(png.pixels))
    gif = decode(saved(image("P"), Format.GIF))
    assert any("256" in note for note in gif.notes)


def test_a_grey_palette_is_greyscale() -> None:
    photo = decode(saved(image("L"), Format.GIF))
    assert photo.pixels.ndim == 2
    assert np.array_equal(photo.pixels, np.asarray(image("L")))
    with_hole = image("L")
    photo = decode(saved(with_hole, Format.GIF, transparency=int(np.asarray(with_hole)[0, 0])))
    assert photo.pixels.ndim == 2
    assert photo.source.alpha is not None
    assert decode(encode(photo, photo.pixels).data).pixels.shape == photo.pixels.shape


@pytest.mark.parametrize("mode", ["L", "RGB", "1", "I;16"])
def test_png_colour_keys_become_alpha(mode: str) -> None:
    keyed = image(mode)
    first = keyed.getpixel((0, 0))
    photo = decode(saved(keyed, Format.PNG, transparency=first))
    assert photo.source.alpha is not None
    assert photo.source.alpha[0, 0] == 0
    assert photo.source.alpha.max() == 255


@pytest.mark.parametrize("kind", [Format.PNG, Format.WEBP, Format.TIFF], ids=lambda f: f.value)
def test_colours_under_transparency_are_carried(kind: Format) -> None:
    rgba = np.dstack((picture(), np.zeros((32, 48), np.uint8)))
    options = {"lossless": True, "exact": True} if kind is Format.WEBP else {}
    photo = decode(saved(rgba, kind, **options))
    again = decode(encode(photo, shifted(photo.pixels)).data)
    assert np.array_equal(again.pixels, shifted(picture()))
    assert again.source.alpha is not None
    assert not again.source.alpha.any()


def test_bmp_with_alpha_is_written() -> None:
    rgba = np.dstack((picture(), picture(channels=1, seed=9)))
    png = decode(saved(rgba, Format.PNG), name="a.png")
    assert np.array_equal(pixels_of(encode(png, png.pixels, format=Format.BMP).data), rgba)


def test_webp_keeps_its_kind() -> None:
    lossless = decode(saved(picture(), Format.WEBP, lossless=True))
    delivered = encode(lossless, shifted(lossless.pixels))
    assert b"VP8L" in delivered.data[:64]
    assert delivered.quality is None
    lossy = decode(saved(picture(), Format.WEBP, quality=90))
    delivered = encode(lossy, shifted(lossy.pixels))
    assert b"VP8 " in delivered.data[:64]
    assert delivered.quality is not None


@pytest.mark.parametrize(("subsampling", "number"), [("4:4:4", 0), ("4:2:2", 1), ("4:2:0", 2)])
def test_modern_formats_keep_their_subsampling(subsampling: str, number: int) -> None:
    avif = saved(picture(), Format.AVIF, subsampling=subsampling)
    heic = saved(picture(), Format.HEIC, chroma=int(subsampling.replace(":", "")))
    for data in (avif, heic):
        photo = decode(data)
        assert photo.source.style.subsampling == number
        assert decode(encode(photo, photo.pixels).data).source.style.subsampling == number


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"])
def test_tiff_compression_is_kept_unless_lossy(compression: str) -> None:
    photo = decode(saved(picture(), Format.TIFF, compression=compression))
    with Image.open(BytesIO(encode(photo, photo.pixels).data)) as seen:
        wanted = "tiff_adobe_deflate" if compression == "jpeg" else compression
        assert seen.info["compression"] == wanted
    assert bool(photo.notes) == (compression == "jpeg")
