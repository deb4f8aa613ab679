"""Upload channels and views: the matrices must tell what Pillow does."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from photoveil.protection.canvas import stretch
from photoveil.protection.channel import REPORTED, View, centre_view, draw_platform, draw_view, fit, to_planes


def _smooth(width: int, height: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    waves: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = 127 + 60 * np.sin(x / 9) + 50 * np.cos(y / 7)
    return waves


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(40, 300), st.integers(40, 300))
def test_matrices_show_what_pillow_shows(seed: int, width: int, height: int) -> None:
    view = draw_view(random.Random(seed), width, height)
    pixels = _smooth(width, height)
    grey = Image.fromarray(pixels.round().astype(np.uint8))
    shown = view.show(grey, 64)[0, 0] * 255
    rows, columns = view.matrices(width, height, 64)
    computed = stretch(torch.from_numpy(pixels)[None, None], rows, columns)[0, 0]
    inside = stretch(torch.ones(1, 1, height, width), rows, columns)[0, 0] > 0.999
    assert inside.any()
    # Pillow rounds to 8 bits, and pastes letter-boxed pictures at whole pixels.
    tolerance = 2.5 if view.left >= 0 and view.top >= 0 else 30.0
    assert (shown - computed)[inside].abs().max() < tolerance


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(64, 400), st.integers(64, 400), st.booleans())
def test_planes_show_what_pillow_shows(seed: int, width: int, height: int, grey: bool) -> None:
    """Within a level, where Pillow takes its two passes in the other order or a sum falls on a tie."""
    view = draw_view(random.Random(seed), width, height)
    pixels = _smooth(width, height).round().astype(np.uint8)
    picture = Image.fromarray(pixels if grey else np.stack([pixels, 255 - pixels, pixels // 2], -1))
    shown, fast = view.show(picture, 64), view.show_planes(to_planes(picture), 64)
    assert shown.shape == fast.shape
    assert float((shown - fast).abs().max()) * 255 < 1.01


def test_the_middle_of_a_view_is_what_a_crop_shows() -> None:
    pixels = _smooth(300, 200).round().astype(np.uint8)
    picture = Image.fromarray(pixels)
    middle = centre_view(300, 200).inner(0.8).show(picture, 64)[..., 3:-3, 3:-3]
    cropped = centre_view(240, 160).show(picture.crop((30, 20, 270, 180)), 64)[..., 3:-3, 3:-3]
    assert torch.equal(
        middle, cropped
    )  # but for the borders, where a crop knows nothing of what lies outside


def test_letter_box_pads_with_grey() -> None:
    view = View(0.0, -0.5, 1.0, 1.5)
    shown = view.show(Image.new("RGB", (200, 100), (255, 0, 0)), 40)
    assert shown[0, :, 2, 20].tolist() == pytest.approx([127 / 255] * 3)
    assert shown[0, :, 20, 20].tolist() == pytest.approx([1.0, 0.0, 0.0], abs=0.01)


def test_centre_view_is_clips() -> None:
    picture = Image.fromarray(_smooth(400, 200).astype(np.uint8))
    expected = picture.resize((100, 50), Image.Resampling.BICUBIC).crop((25, 0, 75, 50))
    shown = centre_view(400, 200).show(picture, 50)[0, 0] * 255
    assert torch.equal(shown.round(), torch.from_numpy(np.asarray(expected).astype(np.float32)))


@pytest.mark.parametrize("channel", REPORTED, ids=lambda c: c.name)
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("size", [(1, 1), (1, 900), (1500, 700)], ids=str)
def test_reported_channels_take_any_picture(channel: object, mode: str, size: tuple[int, int]) -> None:
    picture = Image.new(mode, size, 120 if mode == "L" else (10, 120, 200))
    apply = getattr(channel, "apply")  # noqa: B009  parametrised as object for readable ids
    result = apply(picture)
    result.load()
    assert result.mode == mode
    assert max(result.size) <= max(picture.size)


def test_fit_never_enlarges_and_keeps_shape() -> None:
    assert fit(Image.new("RGB", (300, 200)), 1080).size == (300, 200)
    assert fit(Image.new("RGB", (4000, 3000)), 1080).size == (1080, 810)


def test_platform_draws_repeat_with_their_seed() -> None:
    picture = Image.fromarray(np.stack([_smooth(320, 300)] * 3, -1).astype(np.uint8))
    first = [draw_platform(random.Random(5), picture).tobytes() for _ in range(2)]
    assert first[0] == first[1]
    sizes = {draw_platform(random.Random(seed), picture).size for seed in range(20)}
    assert len(sizes) > 2
