from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from photoveil.photos import Photo, decode
from photoveil.photos.preview import LONG_EDGE, preview


def saved(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def shown(photo: Photo) -> Image.Image:
    return opened(preview(photo, photo.pixels))


def test_it_is_small_upright_and_in_webp() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    gradient = Image.linear_gradient("L").resize((1600, 800))
    photo = decode(saved(gradient.convert("RGB"), exif=exif))
    found = shown(photo)
    assert (found.format, found.size, found.mode) == ("WEBP", (LONG_EDGE // 2, LONG_EDGE), "RGB")
    wanted = Image.fromarray(photo.pixels).resize(found.size, Image.Resampling.LANCZOS)
    assert np.abs(np.asarray(found, int) - np.asarray(wanted, int)).max() <= 1


@pytest.mark.parametrize("mode", ["L", "RGB", "LA", "RGBA", "P", "I;16"])
def test_small_photos_are_shown_bit_for_bit(mode: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    photo = decode(
        saved(Image.fromarray(noise).convert("L" if mode == "I;16" else mode).convert(mode), "PNG")
    )
    wanted = Image.fromarray(photo.pixels).convert("RGB")
    assert shown(photo).tobytes() == wanted.tobytes()


def test_a_profile_of_colours_is_kept_and_others_are_not() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    colour = decode(saved(Image.new("RGB", (8, 8), "red"), icc_profile=profile))
    grey = decode(saved(Image.new("L", (8, 8)), icc_profile=profile))
    assert shown(colour).info["icc_profile"] == profile
    assert "icc_profile" not in shown(grey).info
    inks = decode(saved(Image.new("CMYK", (8, 8)), icc_profile=profile))
    assert "icc_profile" not in shown(inks).info
