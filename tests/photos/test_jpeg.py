"""JPEG is written as it came: quality, subsampling, scans, size."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from PIL.JpegImagePlugin import get_sampling

from photoveil.photos import Format, UnsupportedPhoto, decode, encode, encoding
from photoveil.photos.containers import jpeg
from photoveil.photos.jpeg_quality import estimate_quality

from .samples import image, picture, saved


@pytest.mark.parametrize("subsampling", [0, 1, 2], ids=["444", "422", "420"])
def test_quality_is_estimated_within_one(subsampling: int) -> None:
    for quality in range(50, 101):
        style = jpeg.scan(saved(picture(), Format.JPEG, quality=quality, subsampling=subsampling)).style
        assert style.quality is not None
        assert abs(style.quality - quality) <= 1
        assert style.subsampling == subsampling


def test_quality_of_greyscale_is_estimated() -> None:
    for quality in range(1, 101, 7):
        assert jpeg.scan(saved(image("L"), Format.JPEG, quality=quality)).style.quality == quality


def test_quality_of_other_makers_is_near_the_same_coarseness() -> None:
    rng = np.random.default_rng(1)
    data = saved(picture(), Format.JPEG, quality=92)
    with Image.open(BytesIO(data)) as opened:
        tables = [np.array(t) for t in opened.quantization.values()]  # type: ignore[attr-defined]
    jittered = [np.clip(np.rint(t * rng.uniform(0.8, 1.25, 64)), 1, 255).astype(int).tolist() for t in tables]
    other = saved(picture(), Format.JPEG, qtables=jittered)
    found = jpeg.scan(other).style.quality
    assert found is not None
    assert abs(found - 92) <= 3
    assert estimate_quality([]) is None
    assert estimate_quality([[1] * 64]) == 100
    assert (estimate_quality([[255] * 64]) or 0) < 10


@pytest.mark.parametrize("quality", [60, 85, 90, 95, 100])
@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
def test_delivered_like_the_original(quality: int, progressive: bool) -> None:
    for subsampling in (0, 1, 2):
        data = saved(
            picture(320, 240),
            Format.JPEG,
            quality=quality,
            subsampling=subsampling,
            progressive=progressive,
            optimize=True,
        )
        photo = decode(data)
        delivered = encode(photo, photo.pixels)
        assert delivered.quality == max(85, quality)
        style = jpeg.scan(delivered.data).style
        assert (style.quality, style.subsampling) == (max(85, quality), subsampling)
        assert style.progressive == progressive
        if quality >= 85:
            assert 0.9 < len(delivered.data) / len(data) < 1.1


def test_quality_can_be_chosen() -> None:
    photo = decode(saved(picture(), Format.JPEG, quality=95))
    assert encode(photo, photo.pixels, quality=88).quality == 88


def test_pure_noise_at_the_highest_quality_is_written() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (500, 700, 3), dtype=np.uint8)
    photo = decode(saved(noise, Format.JPEG, quality=100, subsampling=0))
    assert decode(encode(photo, photo.pixels).data).pixels.shape == noise.shape


def test_a_buffer_too_small_for_optimising_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    saved_as_usual, refused = encoding._saved, []

    def refuse_to_optimise(job: encoding._Job, **options: object) -> bytes:
        if options.get("optimize"):
            refused.append(job)
            raise OSError("encoder error -2 when writing image file")
        return saved_as_usual(job, **options)

    photo = decode(saved(picture(), Format.JPEG, quality=90))
    monkeypatch.setattr(encoding, "_saved", refuse_to_optimise)
    assert decode(encode(photo, photo.pixels).data).pixels.shape == photo.pixels.shape
    assert refused


def test_one_pixel_is_written() -> None:
    photo = decode(saved(picture(1, 1), Format.JPEG, progressive=True))
    assert decode(encode(photo, photo.pixels).data).pixels.shape == (1, 1, 3)


def test_second_pictures_and_what_follows_the_end_are_left_behind() -> None:
    multi = saved(picture(), Format.JPEG)
    out = BytesIO()
    Image.fromarray(picture()).save(
        out, format="MPO", save_all=True, append_images=[Image.fromarray(picture(20, 20))]
    )
    photo = decode(out.getvalue())
    assert photo.format is Format.JPEG
    assert any("Further pictures" in note for note in photo.notes)
    data = encode(photo, photo.pixels).data
    assert b"MPF\0" not in data
    assert data.count(b"\xff\xd8\xff") == 1
    with Image.open(BytesIO(data)) as seen:
        assert get_sampling(seen) == jpeg.scan(multi).style.subsampling


def test_twelve_bits_are_refused() -> None:
    data = bytearray(saved(picture(), Format.JPEG))
    at = data.index(b"\xff\xc0")
    data[at + 4] = 12
    with pytest.raises(UnsupportedPhoto, match="12-bit"):
        decode(bytes(data))
