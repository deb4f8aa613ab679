"""Big photos: what is told from samples and smaller copies is what the whole would tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from photoveil.photos import Encoded, MetadataPolicy, Photo, decode, encode
from photoveil.protection import Engine, catalogue, delivery
from photoveil.protection.budget import WINDOW, psnr, ssim, ssim_along
from photoveil.protection.canvas import apply_full_size, canvas_size, resampling, stretch, working_size
from photoveil.protection.channel import REPORTED
from photoveil.protection.encoders import encode_all
from photoveil.protection.excerpt import Excerpt
from photoveil.protection.grade import Grade, plain, share_worn
from photoveil.protection.reduced import BIG, factor, is_big, reduced
from photoveil.protection.report import AS_DELIVERED, through_channels
from photoveil.protection.tint import Tint
from photoveil.protection.wearing import Worn
from tests.protection.big import REAL, real, taken

_BALANCED = catalogue.STRENGTHS["balanced"]


def _change(pixels: NDArray[np.uint8], levels: float, seed: int = 0) -> Tensor:
    """A change of the kind that is found: strong in texture, weak in smooth parts."""
    height, width = pixels.shape[:2]
    size = canvas_size(*working_size(width, height))
    grey = np.asarray(Image.fromarray(pixels).convert("L").resize(size), np.float32)
    texture = np.clip(np.hypot(*np.gradient(grey)) / 12, 0.15, 1)
    planes = 1 if pixels.ndim == 2 else 3
    noise = np.random.default_rng(seed).normal(0, levels, (1, planes, *texture.shape))
    return torch.from_numpy((noise * texture).astype(np.float32))


def _look(seed: int = 3, size: float = 0.015) -> Worn:
    draws = torch.Generator().manual_seed(seed)
    parts = (
        size
        * (torch.randn(3, *[1] * (p.ndim - 1), generator=draws) + 0.3 * torch.randn(p.shape, generator=draws))
        for p in (plain().table, plain().field)
    )
    return Worn(Grade(*parts))


@pytest.mark.parametrize("name", REAL)
def test_ssim_of_a_big_photo_is_that_of_all_its_rows(name: str) -> None:
    before = taken(real(name))
    after = decode(encode(before, apply_full_size(before.pixels, _change(before.pixels, 10))).data).pixels
    everywhere = np.arange(WINDOW // 2, before.height - WINDOW // 2)
    whole = ssim_along(before.pixels, after, everywhere)
    assert whole < 0.99
    assert ssim(before.pixels, after) == pytest.approx(whole, abs=0.002)


def test_ssim_along_all_rows_is_ssim() -> None:
    before = real("coffee.png", 0.3)
    after = apply_full_size(before, _change(before, 10))
    everywhere = np.arange(WINDOW // 2, len(before) - WINDOW // 2)
    assert ssim_along(before, after, everywhere) == pytest.approx(ssim(before, after), abs=1e-5)


def test_ssim_of_a_grey_photo_is_that_of_the_same_in_colour() -> None:
    grey = np.asarray(Image.fromarray(real("coffee.png")).convert("L"))
    after = apply_full_size(grey, _change(grey, 10))
    assert is_big(grey)
    before_too, after_too = (np.repeat(one[..., None], 3, axis=2) for one in (grey, after))
    assert ssim(grey, after) == pytest.approx(ssim(before_too, after_too), abs=1e-4)


@pytest.mark.parametrize("name", REAL)
def test_an_excerpt_tells_what_the_whole_will_cost(name: str) -> None:
    photo, look = taken(real(name)), _look()
    excerpt = Excerpt.of(photo)
    assert excerpt is not None
    some, change = excerpt.photo(photo), _change(photo.pixels, 8)
    assert some.pixels.size < 0.5 * photo.pixels.size
    part, whole = (
        delivery._attempt(one, look, change, delivery._Amount(), MetadataPolicy.STRIP_ALL, of, None)
        for one, of in ((some, excerpt), (photo, None))
    )
    assert part.psnr_db == pytest.approx(whole.psnr_db, abs=0.5)
    assert part.ssim == pytest.approx(whole.ssim, abs=0.01)


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_a_big_photo_is_encoded_once_and_keeps_its_floors(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []

    def counting(photo: Photo, pixels: NDArray[np.uint8], *, metadata: MetadataPolicy) -> Encoded:
        written.append(len(pixels))
        return encode(photo, pixels, metadata=metadata)

    photo, all_of_it = taken(real("coffee.png"), form), delivery._Amount()
    wanted = (photo, _look(), _change(photo.pixels, 25))
    much = delivery._attempt(*wanted, all_of_it, MetadataPolicy.STRIP_ALL, None, None)
    assert not much.keeps(_BALANCED)
    monkeypatch.setattr(delivery, "encode", counting)
    done = delivery.deliver(*wanted, _BALANCED, MetadataPolicy.STRIP_ALL)
    assert written.count(photo.height) == 1
    assert len(written) > 2  # it was too much at first
    assert _BALANCED.psnr_floor <= done.psnr_db <= _BALANCED.psnr_floor + 1
    assert done.ssim >= _BALANCED.ssim_floor
    again = decode(done.encoded.data).pixels
    assert np.array_equal(again, done.pixels)
    assert done.psnr_db == pytest.approx(psnr(photo.pixels, again))


def test_floors_hold_on_the_whole_where_an_excerpt_promises_too_much() -> None:
    """All texture lies between the bands of the excerpt, which is smooth and hardly changes."""
    pixels = np.full((2000, 1500, 3), 128, np.uint8)
    photo = taken(pixels, "PNG")
    excerpt = Excerpt.of(photo)
    assert excerpt is not None
    between = np.setdiff1d(np.arange(2000), (excerpt.rows[:, None] + np.arange(-20, 21)).ravel())
    small = canvas_size(*working_size(1500, 2000))
    change = torch.zeros(1, 3, small[1], small[0])
    change[:, :, np.unique(between * small[1] // 2000)] = 12
    done = delivery.deliver(photo, None, change, _BALANCED, MetadataPolicy.STRIP_ALL)
    assert done.psnr_db >= _BALANCED.psnr_floor


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12_000), st.integers(1, 12_000))
@example(40_000, 60)
@example(60, 40_000)
def test_excerpts_are_bands_of_neighbours(width: int, height: int) -> None:
    if width * height > 40_000_000:
        return
    photo = Photo.from_pixels(np.broadcast_to(np.arange(height).astype(np.uint8)[:, None], (height, width)))
    excerpt = Excerpt.of(photo)
    if excerpt is None:
        assert height < 1024 or width < 32
        return
    assert np.array_equal(excerpt.photo(photo).pixels, photo.pixels[excerpt.rows])
    assert (np.diff(excerpt.rows) > 0).all()
    assert excerpt.rows[0] >= 0
    assert excerpt.rows[-1] < height
    for centre in excerpt.windows(WINDOW):
        around = excerpt.rows[centre - WINDOW // 2 : centre + WINDOW // 2 + 1]
        assert np.array_equal(around, np.arange(around[0], around[0] + WINDOW))


def test_an_excerpt_takes_alpha_along() -> None:
    rgba = np.zeros((1600, 1400, 4), np.uint8)
    rgba[..., 3] = np.arange(len(rgba))[:, None] % 256
    photo = taken(rgba, "PNG")
    excerpt = Excerpt.of(photo)
    assert excerpt is not None
    alpha = excerpt.photo(photo).source.alpha
    assert alpha is not None
    assert np.array_equal(alpha[:, 0], excerpt.rows % 256)


@pytest.mark.parametrize(("name", "ramp"), [("coffee.png", 0.0), ("page.png", 0.0), ("astronaut.png", 60.0)])
def test_big_photos_wear_what_small_ones_wear(name: str, ramp: float) -> None:
    """Looked up in squares, the look is the same but for hard edges; and an excerpt wears its rows of it."""
    photo, look = taken(real(name)), replace(_look(), ramp=ramp)
    change = _change(photo.pixels, 4)
    worn = look.put_on(photo.pixels, change)
    exact = _exactly(look, photo.pixels, change)
    assert psnr(worn, exact) > 46
    assert np.abs(worn.astype(int) - exact).max() <= 8
    excerpt = Excerpt.of(photo)
    assert excerpt is not None
    part = look.put_on(excerpt.photo(photo).pixels, change, excerpt)
    assert np.mean(part != worn[excerpt.rows]) < 0.001


def _exactly(look: Worn, pixels: NDArray[np.uint8], change: Tensor) -> NDArray[np.uint8]:
    """The look, looked up for every pixel, and a change."""
    matrices = [resampling(a, b) for a, b in zip(change.shape[2:], pixels.shape[:2], strict=True)]
    own, light = (
        stretch(canvas, *matrices)[0].permute(1, 2, 0).numpy()
        for canvas in (change, look.grade.light(change.shape[2], change.shape[3], 3))
    )
    tint = look.grade.on_picture(pixels).astype(np.float32) - pixels
    share = share_worn(pixels, look.ramp)[..., None] if look.ramp else 1.0
    return np.asarray(np.rint(pixels + share * (tint + light) + own).clip(0, 255), np.uint8)


def test_black_stays_black_in_big_photos() -> None:
    pixels = real("astronaut.png")
    pixels[:400] = 0
    worn = replace(_look(), ramp=24.0).put_on(pixels)
    assert not worn[:400].any()
    assert (worn[400:] != pixels[400:]).any()


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 50))
def test_tints_of_any_size_are_the_looks_change_of_plain_colours(width: int, height: int, seed: int) -> None:
    colour = np.random.default_rng(seed).integers(0, 256, 3, dtype=np.uint8)
    pixels = np.broadcast_to(colour, (height, width, 3)).copy()
    grade = _look(seed, 0.03).grade
    change = torch.zeros(height, width, 3)
    Tint(grade, pixels).add(slice(0, height), change)
    exact = grade.on_picture(pixels).astype(np.float32) - pixels
    assert (change - torch.from_numpy(exact)).abs().max() <= 1.0
    odd = torch.zeros(height - height // 3, width, 3)
    Tint(grade, pixels).add(slice(height // 3, height), odd)
    assert torch.equal(odd, change[height // 3 :])


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_only_big_photos_are_reduced_and_never_below_what_looks_at_them(width: int, height: int) -> None:
    by = factor(width, height)
    assert by >= 1
    if width * height <= BIG:
        assert by == 1
    if by > 1:
        assert max(width, height) / by >= 1.4 * max(working_size(width, height))
        assert min(width, height) / by >= 2 * 336


@pytest.mark.parametrize("name", ["coffee.png", "chelsea.png"])
def test_encoders_see_the_same_by_way_of_a_smaller_copy(starters: Engine, name: str) -> None:
    """To within a hundredth of what a report tells: so little does it matter which way a photo became small."""
    photo = Image.fromarray(real(name, 8.0))
    assert reduced(photo).width == photo.width // 2
    seen = through_channels(photo)
    assert list(seen) == [AS_DELIVERED, *(channel.name for channel in REPORTED)]
    whole = {AS_DELIVERED: photo} | {channel.name: channel.apply(photo) for channel in REPORTED}
    found = encode_all(starters.encoders, list(seen.values()))
    for encoder in starters.encoders:
        expected = encoder.encode(list(whole.values()))
        home = expected.pooled[0]
        assert ((found[encoder.name].pooled - expected.pooled) @ home).abs().max() < 0.01
        assert F.cosine_similarity(found[encoder.name].pooled, expected.pooled).min() > 0.99


def test_small_photos_are_measured_as_a_whole() -> None:
    pixels = real("coffee.png", 1.9)
    assert not is_big(pixels)
    photo = Image.fromarray(pixels)
    assert reduced(photo) is photo
    seen = through_channels(photo)
    for channel in REPORTED:
        assert np.array_equal(np.asarray(seen[channel.name]), np.asarray(channel.apply(photo)))


def test_weaker_and_weaker_until_nothing_is_left_is_still_an_answer() -> None:
    """Floors that no file of this format can keep: the last attempt is delivered, and its figures are told."""
    fussy = replace(_BALANCED, psnr_floor=90.0)
    photo = taken(real("coffee.png", 0.1), quality=85)
    done = delivery.deliver(photo, None, _change(photo.pixels, 9), fussy, MetadataPolicy.STRIP_ALL)
    assert done.psnr_db == pytest.approx(psnr(photo.pixels, decode(done.encoded.data).pixels))
