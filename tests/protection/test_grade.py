"""A persona's look: applied the same at every size, learnt where it helps, kept with the persona."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from photoveil.protection import Engine, Persona, catalogue
from photoveil.protection.budget import psnr
from photoveil.protection.channel import View, centre_view
from photoveil.protection.grade import Grade, _descent, fit, plain, strength_for
from photoveil.protection.personas import PersonaLook
from photoveil.protection.roster import ENOUGH_PHOTOS
from photoveil.protection.wearing import Worn
from tests.protection.pictures import photo, pixels


def _random_grade(seed: int = 0, size: float = 0.05) -> Grade:
    generator = torch.Generator().manual_seed(seed)
    empty = plain()
    table, field = (
        torch.randn(part.shape, generator=generator) * size for part in (empty.table, empty.field)
    )
    return Grade(table, field)


def _graded(picture: NDArray[np.uint8], grade: Grade) -> NDArray[np.uint8]:
    return Worn(grade).put_on(picture)


def _less_red(views: torch.Tensor, count: int = 1) -> torch.Tensor:
    return views[:, 0].mean((1, 2)).sum() / count


def test_descent_is_adam() -> None:
    ours, theirs = ([torch.linspace(-1, 1, 12).view(3, 4).requires_grad_(True)] for _ in range(2))
    descend, optimizer = _descent(ours), torch.optim.Adam(theirs, lr=1.0)
    for rate in (0.3, 0.2, 0.05, 0.01):
        for parts in (ours, theirs):
            torch.autograd.backward((parts[0] ** 4 - parts[0]).sum())
        descend(rate)
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        assert ours[0].grad is None
        assert torch.equal(*ours, *theirs)


def test_the_plain_grade_changes_nothing() -> None:
    for picture in (pixels(90, 70), pixels(90, 70)[..., 0]):
        assert np.array_equal(_graded(picture, plain()), picture)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99), st.integers(1, 400), st.integers(1, 400), st.booleans())
def test_any_photo_can_be_graded_and_grey_stays_grey(seed: int, width: int, height: int, grey: bool) -> None:
    picture = pixels(width, height)[..., 0] if grey else pixels(width, height)
    graded = _graded(picture, _random_grade(seed))
    assert graded.shape == picture.shape
    assert graded.dtype == np.uint8


def test_a_grey_photo_gets_the_brightness_of_the_coloured_one() -> None:
    picture = pixels(200, 150)[..., 0]
    grade = _random_grade(3)
    colour = _graded(np.repeat(picture[..., None], 3, 2), grade).astype(np.float32)
    luma = colour @ np.array([0.299, 0.587, 0.114], np.float32)
    assert np.abs(luma - _graded(picture, grade)).mean() < 1.0


def test_views_show_what_the_full_picture_becomes() -> None:
    """The differentiable way and the way files take agree to within rounding."""
    picture, grade = pixels(640, 480), _random_grade(1)
    view = centre_view(640, 480)
    shown = grade.on_view(view.show(Image.fromarray(picture), 64), view)
    real = view.show(Image.fromarray(_graded(picture, grade)), 64)
    assert (shown - real).abs().mean() < 2 / 255


def test_a_look_does_not_depend_on_the_photo_size() -> None:
    picture, grade = Image.fromarray(pixels(1200, 900)), _random_grade(2)
    small = np.asarray(picture.resize((300, 225), Image.Resampling.LANCZOS))
    large = Image.fromarray(_graded(np.asarray(picture), grade)).resize((300, 225), Image.Resampling.LANCZOS)
    assert psnr(_graded(small, grade), np.asarray(large)) > 38


@pytest.mark.parametrize("tone_db", [25.0, 33.0, 38.0])
def test_strength_for_hits_the_psnr_asked_for(tone_db: float) -> None:
    picture, grade = pixels(800, 600), _random_grade(4, 0.02)
    graded = _graded(picture, grade.scaled(strength_for(grade, picture, tone_db, most=100)))
    assert psnr(picture, graded) == pytest.approx(tone_db, abs=0.7)


def test_strength_for_never_blows_a_faint_look_up() -> None:
    assert strength_for(plain(), pixels(80, 60), 25.0) == 3.0


def test_fitting_makes_the_loss_small_within_the_psnr() -> None:
    picture = Image.fromarray(pixels(300, 300))
    views = [(centre_view(300, 300).show(picture, 48), centre_view(300, 300))]
    grade = fit(views, _less_red, psnr_db=30.0, steps=20)
    graded = grade.on_view(*views[0])
    assert _less_red(graded) < _less_red(views[0][0]) - 0.01
    error = float((graded - views[0][0]).square().mean())
    assert -10 * math.log10(error) >= 29.9


def test_fitting_goes_on_from_where_it_was_and_is_the_same_every_time() -> None:
    picture = Image.fromarray(pixels(300, 300))
    views = [(View(0, 0, 1, 1).show(picture, 48), View(0, 0, 1, 1))]
    first = fit(views, _less_red, psnr_db=30.0, steps=10, seed=1)
    later = fit(views, _less_red, psnr_db=30.0, steps=1, start=first)
    assert torch.cosine_similarity(later.table.flatten(), first.table.flatten(), dim=0) > 0.7
    assert torch.equal(fit(views, _less_red, psnr_db=30.0, steps=10, seed=1).table, first.table)


def test_one_view_at_a_time_finds_the_same_look() -> None:
    picture = Image.fromarray(pixels(300, 300))
    ways = (centre_view(300, 300), centre_view(300, 300).inner(0.6))
    views = [(way.show(picture, 48), way) for way in ways]
    usual, sparing = (
        fit(views, _less_red, psnr_db=30.0, steps=4, sparing=sparing) for sparing in (False, True)
    )
    assert torch.allclose(usual.table, sparing.table, atol=1e-4)
    assert torch.allclose(usual.field, sparing.field, atol=1e-4)


def test_a_persona_from_before_there_were_looks_gets_one(engine: Engine) -> None:
    persona = Persona("me")
    engine.learn(persona, [photo(120 + number, 90) for number in range(ENOUGH_PHOTOS)])
    persona.sketches.clear()
    engine.protect(photo(300, 200), persona=persona, strength="strong")
    look = persona.look("strong", engine.surrogates)
    assert look is not None
    assert look.fitted == 1


def test_a_persona_keeps_its_look_once_enough_photos_made_it(engine: Engine, tmp_path: Path) -> None:
    persona = Persona("me")
    for number in range(ENOUGH_PHOTOS):
        engine.protect(photo(120 + number, 90), persona=persona, strength="film")
    look = persona.look("film", engine.surrogates)
    assert look is not None
    assert look.fitted == ENOUGH_PHOTOS
    persona.save(tmp_path)
    kept = Persona.load(tmp_path, "me")
    assert kept.sketches == persona.sketches
    engine.protect(photo(300, 200), persona=kept, strength="film")
    same = kept.look("film", engine.surrogates)
    assert same is not None
    assert torch.equal(same.grade.table, look.grade.table)
    assert torch.equal(same.grade.field, look.grade.field)
    assert kept.look("strong", engine.surrogates) is None


def test_what_was_learnt_beforehand_gives_all_photos_the_same_look(engine: Engine) -> None:
    persona = Persona("me")
    engine.learn(persona, [photo(120 + number, 90) for number in range(3)])
    engine.protect(photo(120, 90), persona=persona, strength="strong")
    first = persona.look("strong", engine.surrogates)
    engine.protect(photo(121, 90), persona=persona, strength="strong")
    assert first is not None
    assert persona.look("strong", engine.surrogates) is first


def test_sketches_are_small_and_few(engine: Engine) -> None:
    persona = Persona("me")
    engine.learn(persona, [photo(1300 + number, 900) for number in range(ENOUGH_PHOTOS + 2)])
    assert len(persona.sketches) == ENOUGH_PHOTOS
    assert all(max(Image.open(io.BytesIO(data)).size) <= 320 for data in persona.sketches.values())


def test_the_look_fitted_to_more_photos_wins_when_two_processes_save(engine: Engine, tmp_path: Path) -> None:
    one, two = Persona.load(tmp_path, "me"), Persona.load(tmp_path, "me")
    for number in (1, 2):
        one.sketch(str(number) * 64, Image.fromarray(pixels(40 + number, 30)))
    two.sketch("3" * 64, Image.fromarray(pixels(50, 30)))
    one.wear("strong", engine.surrogates, _random_grade(2))
    two.wear("strong", engine.surrogates, _random_grade(3))
    one.save(tmp_path)
    two.save(tmp_path)
    kept = Persona.load(tmp_path, "me")
    look = kept.look("strong", engine.surrogates)
    assert isinstance(look, PersonaLook)
    assert look.fitted == 2
    assert torch.equal(look.grade.table, _random_grade(2).table)
    assert len(kept.sketches) == 3


def test_a_persona_that_starts_anew_gets_a_new_look(engine: Engine, tmp_path: Path) -> None:
    persona = Persona("me")
    engine.protect(photo(160, 120), persona=persona, strength="strong")
    persona.save(tmp_path)
    persona = Persona.load(tmp_path, "me")
    for encoder in engine.encoders:
        persona.unlearn(encoder)
    engine.learn(persona, [photo(200, 120)])
    persona.save(tmp_path)
    kept = Persona.load(tmp_path, "me")
    assert kept.look("strong", engine.surrogates) is None
    assert len(kept.sketches) == 1


def test_a_strength_without_tone_has_no_look(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(catalogue.STRENGTHS, "subtle", replace(catalogue.STRENGTHS["subtle"], tone_db=None))
    persona = Persona("me")
    done = engine.protect(photo(160, 120), persona=persona, strength="subtle")
    assert not persona.looks
    assert done.report.psnr_db >= catalogue.STRENGTHS["subtle"].psnr_floor
