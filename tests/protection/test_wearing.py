"""How photos wear a look: most in full, those with deep shadows faded where SSIM could not bear it."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from photoveil.photos import Photo, decode
from photoveil.protection import Engine, Persona, catalogue
from photoveil.protection.budget import LUMA, psnr, ssim
from photoveil.protection.grade import Grade, plain, share_worn, strength_for
from photoveil.protection.wearing import Worn, wear
from tests.protection.pictures import photo, pixels

_BLACK_SHARE = 0.35


def _grade(seed: int, size: float = 0.02) -> Grade:
    """A random look as smooth as fitted ones are: a lift of its own, and a little for every colour."""
    generator = torch.Generator().manual_seed(seed)
    table, field = (
        size
        * (
            torch.randn(3, *[1] * (part.ndim - 1), generator=generator)
            + 0.2 * torch.randn(part.shape, generator=generator)
        )
        for part in (plain().table, plain().field)
    )
    return Grade(table, field)


def _night(width: int, height: int, *, grey: bool = False, seed: int = 0) -> NDArray[np.uint8]:
    """Black sky, a dim street with noise, lit windows."""
    random = np.random.default_rng(seed)
    scene = np.zeros((height, width, 3))
    scene[round(_BLACK_SHARE * height) :] = (34, 30, 38)
    for _ in range(12):
        top, left = random.integers(height // 3, height - 8), random.integers(0, width - 8)
        scene[top : top + height // 8, left : left + width // 10] = random.integers(90, 250, 3)
    scene += random.normal(0, 1.5, scene.shape)
    if grey:
        scene = scene @ np.array(LUMA)
    return np.asarray(scene.clip(0, 255).astype(np.uint8))


def _taken(picture: NDArray[np.uint8]) -> Photo:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return decode(buffer.getvalue(), name="night.png")


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99), st.integers(1, 300), st.integers(1, 300), st.booleans())
@example(0, 1, 2, True)  # all of it would cost more than was computed
def test_photos_without_deep_shadows_wear_all_of_the_look(
    seed: int, width: int, height: int, grey: bool
) -> None:
    picture, grade = pixels(width, height, grey=grey).clip(60, 255), _grade(seed)
    worn = wear(grade, picture, tone_db=35.5, ssim_floor=0.93)
    assert worn.ramp == 0
    assert worn.leaves(picture) is None
    full = Worn(grade.scaled(strength_for(grade, picture, 35.5)))
    if psnr(picture, full.put_on(picture)) >= 35.5 - 0.3:
        assert torch.equal(worn.grade.table, full.grade.table)
    else:
        assert float(worn.grade.table.norm()) < float(full.grade.table.norm())
        assert psnr(picture, worn.put_on(picture)) >= 35.5 - 1


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99), st.booleans(), st.sampled_from(["subtle", "balanced", "strong", "film"]))
@example(15, False, "subtle")  # colours darken what light brightens: at black only one of them can
@example(43, False, "strong")
def test_where_shadows_are_deep_the_look_fades_until_ssim_can_bear_it(
    seed: int, grey: bool, name: str
) -> None:
    strength, picture = catalogue.STRENGTHS[name], _night(320, 240, grey=grey, seed=seed)
    assert strength.tone_db is not None
    grade = _grade(seed)
    full = Worn(grade.scaled(strength_for(grade, picture, strength.tone_db)))
    worn = wear(grade, picture, tone_db=strength.tone_db, ssim_floor=strength.ssim_floor)
    seen = ssim(picture, worn.put_on(picture))
    if worn.ramp:
        assert ssim(picture, full.put_on(picture)) < seen
    assert seen >= 1 - 0.75 * (1 - strength.ssim_floor)
    # What was saved makes it stronger elsewhere, in measure and within what a look may cost.
    assert psnr(picture, worn.put_on(picture)) >= strength.tone_db - 0.5
    assert float(worn.grade.table.norm()) <= 1.2 * float(full.grade.table.norm()) + 1e-5


@pytest.mark.parametrize("ramp", [24.0, 60.0])
@pytest.mark.parametrize("grey", [False, True])
def test_black_stays_black_and_light_wears_everything(ramp: float, grey: bool) -> None:
    picture, grade = _night(200, 160, grey=grey), _grade(5, 0.04)
    faded, full = Worn(grade, ramp).put_on(picture), Worn(grade).put_on(picture)
    share = share_worn(picture, ramp)
    black = (picture if grey else picture.max(2)) == 0
    assert black.any()
    assert np.array_equal(faded[black], picture[black])
    assert np.array_equal(faded[share == 1], full[share == 1])
    assert not np.array_equal(faded, picture)


@settings(max_examples=40, deadline=None)
@given(st.floats(-0.2, 0.2), st.sampled_from([(35.5, 0.93), (32.5, 0.89), (25.0, 0.8)]))
def test_tones_never_change_places(lift: float, limits: tuple[float, float]) -> None:
    """A ramp too steep would turn a gradient in a shadow around: bands and rings around every light."""
    gradient = np.repeat(np.arange(256, dtype=np.uint8)[None], 40, 0)
    picture = np.concatenate([np.zeros((60, 256), np.uint8), gradient])
    grade = Grade(plain().table + lift, plain().field)
    worn = wear(grade, picture, tone_db=limits[0], ssim_floor=limits[1])
    assert worn.ramp > 0 or lift < 0.02  # what darkens cannot darken black
    row = worn.put_on(picture)[-1].astype(int)
    assert (np.diff(row) >= 0).all()


def test_a_faded_grey_photo_gets_the_brightness_of_the_coloured_one() -> None:
    picture, worn = _night(200, 150, grey=True), Worn(_grade(3, 0.04), 40.0)
    colour = worn.put_on(np.repeat(picture[..., None], 3, 2)).astype(np.float32)
    assert np.abs(colour @ np.array(LUMA, np.float32) - worn.put_on(picture)).mean() < 1.0


def test_a_faded_look_hits_the_psnr_asked_for() -> None:
    picture, grade = _night(640, 480), _grade(4)
    factor = strength_for(grade, picture, 33.0, 100, 40.0)
    assert psnr(picture, Worn(grade.scaled(factor), 40.0).put_on(picture)) == pytest.approx(33.0, abs=0.7)
    assert factor > strength_for(grade, picture, 33.0, 100)


def test_what_a_photo_wears_hardly_depends_on_its_size() -> None:
    picture, grade = _night(1280, 960), _grade(2)
    small = np.asarray(Image.fromarray(picture).resize((640, 480), Image.Resampling.BOX))
    one, other = (wear(grade, x, tone_db=32.5, ssim_floor=0.89) for x in (picture, small))
    assert one.ramp == pytest.approx(other.ramp, rel=0.1)
    assert float(one.grade.table.norm()) == pytest.approx(float(other.grade.table.norm()), rel=0.1)


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("strength", list(catalogue.STRENGTHS))
def test_floors_hold_at_night(engine: Engine, strength: str, grey: bool) -> None:
    budget, night = catalogue.STRENGTHS[strength], _taken(_night(400, 300, grey=grey))
    done = engine.protect(night, persona=Persona("me"), strength=strength)
    assert done.report.psnr_db >= budget.psnr_floor
    assert done.report.ssim >= budget.ssim_floor
    # A third of it is black: that much less room, and not the whole protection gone.
    assert done.report.psnr_db <= budget.psnr_floor + 6
    if strength == "strong":
        again = engine.protect(night, persona=Persona("me"), strength=strength)
        assert np.array_equal(done.pixels, again.pixels)


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("level", [0, 3])
def test_a_photo_of_nothing_but_black_comes_through(engine: Engine, level: int, grey: bool) -> None:
    black = np.full((90, 120) if grey else (90, 120, 3), level, np.uint8)
    done = engine.protect(_taken(black), persona=Persona("me"), strength="strong")
    assert done.report.ssim >= catalogue.STRENGTHS["strong"].ssim_floor
    assert np.abs(done.pixels.astype(int) - black).max() <= (0 if level == 0 else 8)


def test_a_photo_that_needs_no_fading_is_delivered_as_ever(
    engine: Engine, known: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = photo(300, 200, form="PNG")
    done = engine.protect(original, persona=known, strength="strong")

    def never(*_: object) -> None:
        raise AssertionError("this photo has no shadows to fade out of")

    monkeypatch.setattr("photoveil.protection.wearing._faded", never)
    again = engine.protect(original, persona=known, strength="strong")
    assert np.array_equal(done.pixels, again.pixels)
