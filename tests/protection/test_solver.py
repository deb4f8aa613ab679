"""The optimisation loop on encoders with random weights: budgets are kept, the aim is approached."""

from __future__ import annotations

from collections.abc import Sequence
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
from photoveil.protection.solver import Case, Solution, Target, solve, solve_many
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

        def losses(
            views: torch.Tensor, _whose: object, e: Encoder = encoder, a: Features = anchor
        ) -> torch.Tensor:
            return antithetical.losses(e(views), a)

        found.append(Target(encoder.size, losses))
    return found


def test_a_photo_moves_towards_the_anchor_far_more_than_by_chance(encoders: list[Encoder]) -> None:
    pixels = pixels_of(600, 400)
    encoder = encoders[0]
    before = encoder.encode([Image.fromarray(pixels)])
    anchor = Features(-before.pooled[0], -before.tokens[0].mean(0))
    found = solve(Case(pixels, BALANCED), _targets([encoder], pixels))
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
    found = solve(Case(pixels, budget), _targets(encoders[:1], pixels))
    assert found.change.shape[1] == (1 if grey else 3)
    # Brightness and colour add up, and resampling the map may overshoot a little.
    assert float(found.change.abs().max()) <= budget.texture * (1 + BLUE * budget.chroma) * 1.3
    rows = resampling(found.change.shape[2], height)
    columns = resampling(found.change.shape[3], width)
    energy = float(stretch(found.change, rows, columns).square().mean())
    assert energy <= 255**2 / 10 ** (budget.psnr_floor / 10) * 1.001


def test_equal_seeds_give_equal_results_and_others_do_not(encoders: list[Encoder]) -> None:
    pixels = pixels_of(300, 200)
    run = partial(Case, pixels, replace(BALANCED, steps=6))
    targets = _targets(encoders[:2], pixels)
    first, again, other = (solve(run(seed=seed), targets).change for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_companions_change_nothing_but_rounding(encoders: list[Encoder]) -> None:
    """Photos of other sizes, a grey one, other seeds and strengths, of which one is done earlier than the others."""
    photos = pixels_of(300, 200), pixels_of(180, 260, seed=1), pixels_of(240, 240, grey=True)
    steps = 4, 7, 3
    cases = [
        Case(pixels, replace(BALANCED, steps=count), seed=seed)
        for seed, (pixels, count) in enumerate(zip(photos, steps, strict=True))
    ]
    targets = _targets(encoders[:2], photos[0])
    alone = [solve(case, targets) for case in cases]
    for at_once in (None, 2):
        together = dict(solve_many(cases, targets, at_once=at_once))
        assert sorted(together) == [0, 1, 2]
        for place, expected in enumerate(alone):
            found = together[place]
            assert isinstance(found, Solution)
            assert (found.change - expected.change).abs().max() < 0.01 * expected.change.abs().max()


def test_each_photo_has_its_own_aim(encoders: list[Encoder]) -> None:
    """The second photo's aim is the opposite of the first's: both move there, side by side."""
    encoder, pixels = encoders[0], pixels_of(300, 200)
    clean = encoder.encode([Image.fromarray(pixels)])
    aside = torch.randn(clean.pooled.shape[1], generator=torch.Generator().manual_seed(1))
    aims = torch.stack([aside, -aside])

    def losses(views: torch.Tensor, whose: Sequence[int]) -> torch.Tensor:
        seen: Features = encoder(views)
        return -(seen.pooled * aims[list(whose)]).sum(1)

    cases = [Case(pixels, replace(BALANCED, steps=6))] * 2
    shifts = {}
    for place, found in solve_many(cases, [Target(encoder.size, losses)]):
        assert isinstance(found, Solution)
        moved = encoder.encode([Image.fromarray(apply_full_size(pixels, found.change))])
        shifts[place] = float((moved.pooled - clean.pooled)[0] @ aside)
    assert shifts[0] > 0 > shifts[1]


def test_what_one_photo_raises_leaves_the_others_alone(encoders: list[Encoder]) -> None:
    def stop(_share: float) -> None:
        raise InterruptedError("not wanted any more")

    pixels, budget = pixels_of(300, 200), replace(BALANCED, steps=4)
    nothing = np.zeros((0, 0, 3), np.uint8)
    cases = [Case(pixels, budget, progress=stop), Case(pixels, budget), Case(nothing, budget)]
    targets = _targets(encoders[:1], pixels)
    found = dict(solve_many(cases, targets))
    assert isinstance(found[0], InterruptedError)
    assert isinstance(found[2], Exception)
    alone, whole = solve(cases[1], targets), found[1]
    assert isinstance(whole, Solution)
    assert (whole.change - alone.change).abs().max() < 0.01 * alone.change.abs().max()
    with pytest.raises(InterruptedError, match="not wanted"):
        solve(cases[0], targets)


def test_lack_of_memory_concerns_all(encoders: list[Encoder]) -> None:
    def full(_share: float) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    pixels, budget = pixels_of(300, 200), replace(BALANCED, steps=4)
    cases = [Case(pixels, budget), Case(pixels, budget, progress=full)]
    with pytest.raises(torch.OutOfMemoryError):
        list(solve_many(cases, _targets(encoders[:1], pixels)))


def test_a_change_outlives_a_crop(starters: Engine) -> None:
    pixels = pixels_of(600, 400)
    encoder = next(e for e in starters.encoders if e.name == "starter-resnet")
    clean, cropped = (encoder.encode([_cropped(pixels, share)]) for share in (0.0, 0.1))
    anchor = Features(-clean.pooled[0], -clean.tokens[0].mean(0))
    moved = apply_full_size(pixels, solve(Case(pixels, BALANCED), _targets([encoder], pixels)).change)
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
    solve(Case(pixels, replace(BALANCED, steps=4), progress=told.append), _targets(encoders[:1], pixels))
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_pixels_without_a_share_of_their_budget_stay_as_they_are(encoders: list[Encoder]) -> None:
    pixels = pixels_of(300, 200)
    allowed = np.ones((200, 300), np.float32)
    allowed[:, :150] = 0
    targets = _targets(encoders, pixels)
    found = solve(Case(pixels, BALANCED, allowed), targets)
    moved = apply_full_size(pixels, found.change).astype(int) - pixels
    assert np.abs(moved[:, :140]).max() == 0
    assert np.abs(moved[:, 160:]).mean() > 0.5
    whole = solve(Case(pixels, BALANCED), targets)
    same = solve(Case(pixels, BALANCED, np.ones((200, 300), np.float32)), targets)
    assert torch.equal(whole.change, same.change)
