"""Resampling and full-size application of a change."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from photoveil.protection.canvas import apply_full_size, canvas_size, resampling, stretch, working_size
from photoveil.protection.lanes import Lanes

_LANES = Lanes(2)


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((224, 224), (0, 0, 407, 301)),
        ((224, 96), (20.5, 30.25, 200.75, 280.5)),
        ((600, 500), (0, 0, 407, 301)),
        ((64, 64), (3, 5, 150, 150)),
    ],
    ids=["reduce", "box", "enlarge", "corner"],
)
def test_resampling_is_what_pillow_does(
    size: tuple[int, int], box: tuple[float, float, float, float]
) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (301, 407)).astype(np.float32)
    expected = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC, box=box))
    rows, columns = resampling(301, size[1], box[1], box[3]), resampling(407, size[0], box[0], box[2])
    found = stretch(torch.from_numpy(pixels)[None, None], rows, columns)[0, 0].numpy()
    assert np.abs(found - expected).max() < 0.01


def test_outside_of_the_picture_counts_as_zero() -> None:
    rows = resampling(100, 50, -50.0, 150.0)
    assert torch.all(rows[:11] == 0)
    assert torch.allclose(rows[20:30].sum(1), torch.ones(10), atol=1e-5)


@given(st.integers(1, 9000), st.integers(1, 9000))
def test_canvas_never_larger_than_working_copy_nor_that_than_the_photo(width: int, height: int) -> None:
    working = working_size(width, height)
    canvas = canvas_size(*working)
    for small, middle, large in zip(canvas, working, (width, height), strict=True):
        assert 1 <= small <= middle <= large
    assert max(working) <= 1080


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 700), st.integers(1, 700), st.booleans(), st.integers(1, 300))
def test_bands_do_not_show(width: int, height: int, grey: bool, band: int) -> None:
    random = np.random.default_rng(width * 1000 + height)
    shape = (height, width) if grey else (height, width, 3)
    pixels = random.integers(0, 256, shape, dtype=np.uint8)
    small = canvas_size(*working_size(width, height))
    change = torch.from_numpy(random.uniform(-9, 9, (1, 1 if grey else 3, small[1], small[0]))).float()
    whole = apply_full_size(pixels, change, band=10_000)
    parts = apply_full_size(pixels, change, band=band)
    assert np.array_equal(apply_full_size(pixels, change, band=band, lanes=_LANES), parts)
    assert whole.shape == pixels.shape
    # A tie in rounding may fall either way when sums are taken in another order.
    assert np.mean(whole != parts) < 0.001


def test_change_is_limited_and_rounded_to_nearest() -> None:
    pixels = np.array([[0, 3, 252, 255]], dtype=np.uint8).repeat(4, 0)
    up = apply_full_size(pixels, torch.full((1, 1, 4, 4), 4.6))
    down = apply_full_size(pixels, torch.full((1, 1, 4, 4), -4.6))
    assert up[0].tolist() == [5, 8, 255, 255]
    assert down[0].tolist() == [0, 0, 247, 250]
