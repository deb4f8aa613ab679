"""The optimisation loop on encoders with random weights: budgets are kept, the aim is approached."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from photoveil.protection import Engine, catalogue
from photoveil.protection.budget import BLUE, psnr
from photoveil.protection.canvas import apply_full_size, resampling, stretch
from photoveil.protection.encoders import Encoder, Features
from photoveil.protection.methods import antithetical
from photoveil.protection.solver import Target, solve
from tests.protection.pictures import pixels as pixels_of

BALANCED = catalogue.STRENGTHS["balanced"]


@pytest.fixture
def encoders(engine: Engine) -> list[Encoder]:
    return engine.encoders


def _targets(encoders: list[Encoder], pixels: NDArray[np.uint8]) -> list[Target]:
    found = []
    for encoder in encoders:
        clean = encoder.encode([Image.fromarray(pixels)])
        anchor = Features(-clean.pooled[0].clone(), -clean.tokens[0].mean(0).clone())

        def loss(view: torch.Tensor, e: Encoder = encoder, a: Features = anchor) -> torch.Tensor:
            return antithetical.loss(e(view), a)

        found.append(Target(encoder.size, loss))
    return found


def test_a_photo_moves_towards_the_anchor_far_more_than_by_chance(encoders: list[Encoder]) -> None:
    pixels = pixels_of(600, 400)
    encoder = encoders[0]
    before = encoder.encode([Image.fromarray(pixels)])
    anchor = Features(-before.pooled[0], -before.tokens[0].mean(0))
    found = solve(pixels, _targets([encoder], pixels), BALANCED)
    moved = apply_full_size(pixels, found.change)
    noise = np.random.default_rng(0).normal(0, 255 / 10 ** (psnr(pixels, moved) / 20), pixels.shape)
    noisy = (pixels + noise).round().clip(0, 255).astype(np.uint8)
    shifts = [
        float(antithetical.shift(before, encoder.encode([Image.fromarray(p)]), anchor)[0])
        for p in (moved, noisy)
    ]
    assert shifts[0] > 5 * abs(shifts[1])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 500), st.integers(1, 500), st.booleans(), st.sampled_from(sorted(catalogue.STRENGTHS)))
def test_budget_is_kept_for_any_shape(
    encoders: list[Encoder], width: int, height: int, grey: bool, strength: str
) -> None:
    pixels = pixels_of(width, height, grey=grey)
    budget = replace(catalogue.STRENGTHS[strength], steps=4)
    found = solve(pixels, _targets(encoders[:1], pixels), budget)
    assert found.change.shape[1] == (1 if grey else 3)
    # Brightness and colour add up, and resampling the map may overshoot a little.
    assert float(found.change.abs().max()) <= budget.texture * (1 + BLUE * budget.chroma) * 1.3
    rows = resampling(found.change.shape[2], height)
    columns = resampling(found.change.shape[3], width)
    energy = float(stretch(found.change, rows, columns).square().mean())
    assert energy <= 255**2 / 10 ** (budget.psnr_floor / 10) * 1.001


def test_equal_seeds_give_equal_results_and_others_do_not(encoders: list[Encoder]) -> None:
    pixels = pixels_of(300, 200)
    run = partial(solve, pixels, _targets(encoders[:2], pixels), replace(BALANCED, steps=6))
    assert torch.equal(run(seed=3).change, run(seed=3).change)
    assert not torch.equal(run(seed=3).change, run(seed=4).change)


def test_one_encoder_at_a_time_finds_the_same_way(encoders: list[Encoder]) -> None:
    pixels = pixels_of(300, 200)
    run = partial(solve, pixels, _targets(encoders, pixels), replace(BALANCED, steps=2))
    usual, sparing = run().change, run(sparing=True).change
    assert (usual - sparing).abs().max() < 0.01 * usual.abs().max()


def test_a_change_outlives_a_crop(starters: Engine) -> None:
    pixels = pixels_of(600, 400)
    encoder = next(e for e in starters.encoders if e.name == "starter-resnet")
    clean, cropped = (encoder.encode([_cropped(pixels, share)]) for share in (0.0, 0.1))
    anchor = Features(-clean.pooled[0], -clean.tokens[0].mean(0))
    moved = apply_full_size(pixels, solve(pixels, _targets([encoder], pixels), BALANCED).change)
    whole, part = (
        float(antithetical.shift(before, encoder.encode([_cropped(moved, share)]), anchor)[0])
        for before, share in ((clean, 0.0), (cropped, 0.1))
    )
    assert part > 0.6 * whole


def _cropped(pixels: NDArray[np.uint8], share: float) -> Image.Image:
    height, width = pixels.shape[:2]
    x, y = round(width * share), round(height * share)
    return Image.fromarray(pixels).crop((x, y, width - x, height - y))


def test_progress_rises_to_one(encoders: list[Encoder]) -> None:
    pixels = pixels_of(300, 200)
    told: list[float] = []
    solve(pixels, _targets(encoders[:1], pixels), replace(BALANCED, steps=4), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_pixels_without_a_share_of_their_budget_stay_as_they_are(encoders: list[Encoder]) -> None:
    pixels = pixels_of(300, 200)
    allowed = np.ones((200, 300), np.float32)
    allowed[:, :150] = 0
    found = solve(pixels, _targets(encoders, pixels), BALANCED, allowed=allowed)
    moved = apply_full_size(pixels, found.change).astype(int) - pixels
    assert np.abs(moved[:, :140]).max() == 0
    assert np.abs(moved[:, 160:]).mean() > 0.5
    whole = solve(pixels, _targets(encoders, pixels), BALANCED)
    same = solve(pixels, _targets(encoders, pixels), BALANCED, allowed=np.ones((200, 300), np.float32))
    assert torch.equal(whole.change, same.change)
