"""Any photo comes back with its size, kind of colour and orientation, or a clear error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from photoveil.photos import Format, Photo, Pixels, UnsupportedPhoto, decode, encode, inspect

from .samples import image, picture, pixels_of, saved

MODES = {
    Format.JPEG: ("L", "RGB", "CMYK"),
    Format.PNG: ("1", "L", "LA", "RGB", "RGBA", "P", "PA", "I;16"),
    Format.WEBP: ("RGB", "RGBA"),
    Format.TIFF: ("1", "L", "LA", "RGB", "RGBA", "P", "CMYK", "I;16"),
    Format.BMP: ("1", "L", "RGB", "P"),
    Format.GIF: ("1", "L", "RGB", "P", "PA"),
    Format.AVIF: ("L", "RGB", "RGBA"),
    Format.HEIC: ("L", "RGB", "RGBA"),
}
PAIRS = [pytest.param(f, m, id=f"{f.value}-{m}") for f, modes in MODES.items() for m in modes]
LOSSLESS = (Format.PNG, Format.TIFF, Format.BMP)
GREY = {"1", "L", "LA", "I;16"}


def changed(photo: Photo) -> Pixels:
    result: Pixels = np.clip(photo.pixels.astype(np.int16) + 5, 0, 255).astype(np.uint8)
    return result


def check_delivery(data: bytes, mode: str, kind: Format) -> None:
    photo = decode(data, name=f"p{kind.extension}")
    assert photo.format is kind
    # Pillow before 12 knows no monochrome AVIF.
    grey = mode in GREY and (kind is not Format.AVIF or pixels_of(data).ndim == 2)
    assert (photo.pixels.ndim == 2) == grey
    assert photo.pixels.dtype == np.uint8
    assert not photo.pixels.flags.writeable
    wanted = changed(photo)
    delivered = encode(photo, wanted)
    again = decode(delivered.data)
    assert again.format is kind
    assert delivered.format is kind
    assert again.pixels.shape == photo.pixels.shape
    assert (again.source.alpha is None) == (photo.source.alpha is None)
    if (
        photo.source.alpha is not None
        and again.source.alpha is not None
        and kind not in (Format.HEIC, Format.GIF)
    ):
        assert np.array_equal(again.source.alpha, photo.source.alpha)
    if kind in LOSSLESS and mode != "CMYK":
        assert np.array_equal(again.pixels, wanted)
    info = inspect(delivered.data)
    assert (info.upright_width, info.upright_height) == (photo.width, photo.height)


@pytest.mark.parametrize(("kind", "mode"), PAIRS)
def test_every_mode_comes_back(kind: Format, mode: str) -> None:
    check_delivery(saved(image(mode), kind), mode, kind)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    pair=st.sampled_from([p.values for p in PAIRS if p.values[0] not in (Format.AVIF, Format.HEIC)]),
    width=st.integers(1, 130),
    height=st.integers(1, 130),
    seed=st.integers(0, 5),
)
def test_any_small_size_comes_back(pair: tuple[Format, str], width: int, height: int, seed: int) -> None:
    kind, mode = pair
    check_delivery(saved(image(mode, width, height, seed=seed), kind), mode, kind)


@settings(max_examples=16, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(kind=st.sampled_from([Format.AVIF, Format.HEIC]), width=st.integers(1, 70), height=st.integers(1, 70))
def test_modern_formats_in_any_small_size(kind: Format, width: int, height: int) -> None:
    check_delivery(saved(image("RGB", width, height), kind), "RGB", kind)


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(
    kind=st.sampled_from([Format.JPEG, Format.PNG, Format.WEBP, Format.TIFF, Format.BMP]),
    width=st.integers(1, 4000),
    height=st.integers(1, 3000),
)
def test_large_sizes_come_back(kind: Format, width: int, height: int) -> None:
    options = {"quality": 90} if kind is Format.JPEG else {"method": 0} if kind is Format.WEBP else {}
    check_delivery(saved(image("RGB", width, height), kind, **options), "RGB", kind)


def test_twelve_megapixels_keep_their_size() -> None:
    photo = decode(saved(picture(4000, 3000), Format.JPEG, quality=88), name="IMG_0001.JPG")
    delivered = encode(photo, photo.pixels)
    assert (delivered.name, delivered.quality) == ("IMG_0001.JPG", 88)
    assert (inspect(delivered.data).width, inspect(delivered.data).height) == (4000, 3000)


@pytest.mark.parametrize("target", list(Format), ids=lambda f: f.value)
@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        (Format.PNG, "LA"),
        (Format.PNG, "RGBA"),
        (Format.PNG, "I;16"),
        (Format.TIFF, "CMYK"),
        (Format.GIF, "PA"),
    ],
)
def test_every_format_can_become_every_other(kind: Format, mode: str, target: Format) -> None:
    photo = decode(saved(image(mode), kind), name=f"a{kind.extension}")
    delivered = encode(photo, changed(photo), format=target)
    assert decode(delivered.data).pixels.shape[:2] == photo.pixels.shape[:2]
    assert delivered.name == f"a{target.extension}"


def test_transparency_becomes_white_where_there_is_none() -> None:
    rgba = np.dstack((picture(), np.zeros((32, 48), np.uint8)))
    photo = decode(saved(rgba, Format.PNG))
    delivered = encode(photo, photo.pixels, format=Format.JPEG)
    assert decode(delivered.data).pixels.min() >= 250
    assert any("transparen" in note for note in delivered.notes)


def test_a_made_photo_is_a_copy() -> None:
    array = picture()
    photo = Photo.from_pixels(array, name="made.webp", format=Format.WEBP)
    array[:] = 0
    assert photo.pixels.any()
    assert decode(encode(photo, photo.pixels).data).pixels.shape == photo.pixels.shape


def test_pixels_must_fit() -> None:
    photo = Photo.from_pixels(picture())
    with pytest.raises(ValueError, match="uint8"):
        encode(photo, photo.pixels[:5])
    with pytest.raises(ValueError, match="1 to 100"):
        encode(photo, photo.pixels, quality=101)
    with pytest.raises(ValueError, match="uint8"):
        encode(photo, photo.pixels.astype(np.float32))


def test_a_side_longer_than_the_format_allows_is_refused() -> None:
    photo = Photo.from_pixels(np.zeros((1, 20000), np.uint8))
    with pytest.raises(UnsupportedPhoto, match="16,383"):
        encode(photo, photo.pixels, format=Format.WEBP)


@pytest.mark.parametrize("mode", ["F", "I", "LAB"])
def test_modes_without_a_screen_picture_are_refused(mode: str) -> None:
    data = saved(_lab() if mode == "LAB" else image("L").convert(mode), Format.TIFF)
    with pytest.raises(UnsupportedPhoto):
        decode(data)


def _lab() -> Image.Image:
    rgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(image("RGB"), rgb, lab, outputMode="LAB")
    assert converted is not None
    return converted
