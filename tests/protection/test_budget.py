"""What the eye is promised: masks, PSNR and SSIM."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from photoveil.protection.budget import budget_map, psnr, ssim
from photoveil.protection.catalogue import STRENGTHS
from photoveil.protection.lanes import Lanes


@settings(max_examples=30, deadline=None)
@given(st.integers(11, 400), st.integers(11, 400), st.integers(1, 30), st.booleans())
def test_psnr_and_ssim_agree_with_scikit_image(height: int, width: int, noise: int, grey: bool) -> None:
    random = np.random.default_rng(height * 401 + width)
    shape = (height, width) if grey else (height, width, 3)
    before = random.integers(0, 256, shape, dtype=np.uint8)
    after = (before + random.normal(0, noise, shape)).clip(0, 255).astype(np.uint8)
    assert psnr(before, after) == pytest.approx(peak_signal_noise_ratio(before, after), abs=1e-3)
    if grey:
        # scikit-image leaves a border of half a window out of the mean, as we do.
        expected = structural_similarity(
            before, after, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
        )
        assert ssim(before, after) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (3, 200, 3), (200, 4), (129, 140, 3)])
def test_identical_pictures_of_any_size(shape: tuple[int, ...]) -> None:
    picture = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    assert psnr(picture, picture) == 100.0
    assert ssim(picture, picture) == pytest.approx(1.0, abs=1e-5)


def _half_smooth_half_busy() -> torch.Tensor:
    random = np.random.default_rng(2)
    pixels = np.full((300, 400), 150.0, dtype=np.float32)
    pixels[:, 200:] = random.uniform(60, 200, (300, 200))
    return torch.from_numpy(pixels)[None, None]


def test_smooth_areas_get_the_small_budget_and_texture_the_large() -> None:
    strength = STRENGTHS["balanced"]
    budget = budget_map(_half_smooth_half_busy(), strength)[0, 0]
    assert budget[:, :180].max() == pytest.approx(strength.flat)
    assert budget[:, 225:].mean() > 0.97 * strength.texture
    assert budget.max() <= strength.texture + 1e-4


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 300), st.integers(1, 60), st.integers(0, 9))
def test_it_is_the_texture_of_neighbourhoods_in_pieces_as_in_one(height: int, width: int, seed: int) -> None:
    """As OpenCV's filters find it for the whole picture, with its border repeated."""
    random = np.random.default_rng(seed)
    noise = random.uniform(0, 25, (height, 1)) * random.standard_normal((height, width))
    pixels = (120 + noise).clip(0, 255)
    mean, squares = (cv2.blur(x, (3, 3), borderType=cv2.BORDER_REPLICATE) for x in (pixels, pixels**2))
    detail = np.sqrt(np.maximum(squares - mean**2, 0))
    quiet = cv2.erode(detail, np.ones((5, 5)), borderType=cv2.BORDER_REPLICATE)
    share = cv2.blur(((quiet - 1.2) / (9.0 - 1.2)).clip(0, 1), (5, 5), borderType=cv2.BORDER_REPLICATE)
    strength = STRENGTHS["balanced"]
    expected = strength.flat + (strength.texture - strength.flat) * share
    for lanes in (None, Lanes(2)):
        found = budget_map(torch.from_numpy(pixels).float()[None, None], strength, lanes)[0, 0]
        assert np.allclose(found.numpy(), expected, atol=0.05)


def test_a_lone_edge_is_no_excuse() -> None:
    pixels = torch.full((1, 1, 300, 400), 90.0)
    pixels[..., 200:] = 190.0
    strength = STRENGTHS["balanced"]
    assert budget_map(pixels, strength).max() < strength.flat + 0.25 * (strength.texture - strength.flat)


def test_strengths_are_ordered() -> None:
    chosen = list(STRENGTHS.values())
    assert [s.name for s in chosen] == ["subtle", "balanced", "strong", "film"]
    assert sorted(chosen, key=lambda s: s.flat) == chosen
    assert sorted(chosen, key=lambda s: s.psnr_floor, reverse=True) == chosen
    assert STRENGTHS["balanced"].psnr_floor >= 34
    assert STRENGTHS["balanced"].ssim_floor >= 0.93
