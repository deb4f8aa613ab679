"""The engine from photo to delivered bytes and report."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import time
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from photoveil.photos import decode
from photoveil.protection import Engine, Job, Persona, Protected, catalogue
from photoveil.protection.budget import psnr, ssim
from photoveil.protection.catalogue import CatalogueError
from tests.protection.pictures import photo, pixels

_CHANNELS = {"jpeg75", "resize1080_jpeg75", "resize540_jpeg75"}


@pytest.mark.parametrize("strength", list(catalogue.STRENGTHS))
def test_report_tells_the_truth_about_the_delivered_bytes(
    engine: Engine, known: Persona, strength: str
) -> None:
    original = photo(500, 380, quality=93)
    done = engine.protect(original, persona=known, strength=strength)
    report = json.loads(json.dumps(done.report.as_dict()))
    again = decode(done.encoded.data)
    assert report["delivered"]["sha256"] == hashlib.sha256(done.encoded.data).hexdigest()
    assert report["delivered"]["bytes"] == len(done.encoded.data)
    assert np.array_equal(again.pixels, done.pixels)
    assert report["psnr_db"] == pytest.approx(psnr(original.pixels, again.pixels), abs=1e-3)
    assert report["ssim"] == pytest.approx(ssim(original.pixels, again.pixels), abs=1e-3)
    assert {e["role"] for e in report["encoders"]} == {"surrogate", "witness"}
    assert all(set(e["channels"]) == _CHANNELS for e in report["encoders"])
    assert report["original"]["width"] == report["delivered"]["width"] == 500
    assert set(report["timings_ms"]) == {"prepare", "protect", "write", "measure", "total"}


@pytest.mark.parametrize("strength", list(catalogue.STRENGTHS))
@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_floors_of_a_strength_hold_on_delivered_bytes(
    engine: Engine, known: Persona, strength: str, form: str
) -> None:
    """In a look fitted to this very photo, the first of somebody new, and in one fitted to others."""
    # A clean, high-quality file: nothing but the perturbation may cost quality.
    original = photo(400, 300, form=form, quality=97, subsampling=0)
    done = engine.protect(original, persona=Persona("me") if form == "PNG" else known, strength=strength)
    budget = catalogue.STRENGTHS[strength]
    assert done.report.psnr_db >= budget.psnr_floor
    assert done.report.ssim >= budget.ssim_floor


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 600), st.integers(1, 600), st.booleans(), st.sampled_from(["PNG", "JPEG", "WEBP"]))
def test_any_size_and_mode_comes_back_as_it_was(
    engine: Engine, known: Persona, width: int, height: int, grey: bool, form: str
) -> None:
    original = photo(width, height, form=form, grey=grey)
    short = replace(catalogue.STRENGTHS["subtle"], steps=3)  # how well is not asked
    with mock.patch.dict(catalogue.STRENGTHS, subtle=short):
        done = engine.protect(original, persona=known, strength="subtle")
    delivered = decode(done.encoded.data)
    assert delivered.pixels.shape == original.pixels.shape
    assert delivered.format is original.format
    assert done.encoded.name == original.name


def test_alpha_is_untouched(engine: Engine, known: Persona) -> None:
    rgba = np.dstack([pixels(200, 160), np.arange(200, dtype=np.uint8)[None].repeat(160, 0)])
    buffer = io.BytesIO()
    Image.fromarray(rgba).save(buffer, "PNG")
    done = engine.protect(decode(buffer.getvalue(), name="a.png"), persona=known)
    back = np.asarray(Image.open(io.BytesIO(done.encoded.data)))
    assert np.array_equal(back[..., 3], rgba[..., 3])
    assert not np.array_equal(back[..., :3], rgba[..., :3])


def test_twelve_megapixels_in_and_out(engine: Engine, known: Persona) -> None:
    original = photo(4000, 3000, quality=90)
    done = engine.protect(original, persona=known)
    assert (done.report.delivered.width, done.report.delivered.height) == (4000, 3000)
    assert done.report.psnr_db >= 34


def test_progress_names_every_stage(engine: Engine) -> None:
    told: list[tuple[str, float]] = []
    engine.protect(photo(300, 200), persona=Persona("me"), progress=lambda *news: told.append(news))
    assert list(dict.fromkeys(stage for stage, _ in told)) == ["prepare", "protect", "write", "measure"]
    assert all(0 <= share <= 1 for _, share in told)


@pytest.mark.parametrize(("strength", "method"), [("brutal", "antithetical"), ("subtle", "magic")])
def test_unknown_choices_are_told(engine: Engine, strength: str, method: str) -> None:
    with pytest.raises(CatalogueError, match="Choose one of"):
        engine.protect(photo(64, 64), persona=Persona("me"), strength=strength, method=method)


def test_unknown_model_set_is_told(models_dir: Path) -> None:
    with pytest.raises(CatalogueError, match="starter"):
        Engine.load("nonsense", models_dir=models_dir)


def test_changed_weights_are_refused(models_dir: Path, tmp_path: Path) -> None:
    shutil.copytree(models_dir / "starter", tmp_path / "starter")
    file = tmp_path / "starter" / "tiny-vit.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(CatalogueError, match="SHA-256"):
        Engine.load(models_dir=tmp_path)


def test_missing_weights_are_told(models_dir: Path, tmp_path: Path) -> None:
    shutil.copytree(models_dir / "starter", tmp_path / "starter")
    (tmp_path / "starter" / "tiny-vit.safetensors").unlink()
    with pytest.raises(CatalogueError, match="tiny-vit"):
        Engine.load(models_dir=tmp_path)
    assert not catalogue.model_sets(tmp_path)[0].installed


def test_witness_is_never_optimised_against(engine: Engine) -> None:
    """Without its witness the engine finds the very same pixels."""
    original = photo(300, 200, form="PNG")
    whole = engine.protect(original, persona=Persona("me"))
    blind = Engine(engine.model_set, engine.surrogates, engine._device)
    assert np.array_equal(whole.pixels, blind.protect(original, persona=Persona("me")).pixels)


def test_comparison_picture_shows_three_panels(engine: Engine, known: Persona) -> None:
    original = photo(300, 200)
    done = engine.protect(original, persona=known)
    sheet = Image.open(io.BytesIO(engine.compare(original, done)))
    assert sheet.width > 3 * 300
    left = np.asarray(sheet)[56:256, 24:324]
    assert np.array_equal(left, original.pixels)


def test_floor_is_reached_by_weakening(
    engine: Engine, known: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    fussy = replace(catalogue.STRENGTHS["strong"], ssim_floor=0.995)
    monkeypatch.setitem(catalogue.STRENGTHS, "strong", fussy)
    done = engine.protect(photo(300, 200, form="PNG"), persona=known, strength="strong")
    assert done.report.ssim >= 0.995


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """How well a photo is protected is none of these tests' business."""
    for name, usual in catalogue.STRENGTHS.items():
        monkeypatch.setitem(catalogue.STRENGTHS, name, replace(usual, tone_db=None, steps=4))


@pytest.mark.usefixtures("brief")
def test_several_photos_come_out_as_if_alone(engine: Engine) -> None:
    """Colour and grey, of several sizes, strengths and personas that are settled: the same within rounding."""
    photos = [
        photo(300, 200, form="PNG"),
        photo(200, 260, form="PNG", grey=True),
        photo(260, 180, form="PNG"),
    ]
    me, other = Persona("me"), Persona("other")
    engine.learn(me, [photo(100, 80 + n) for n in range(8)])
    engine.learn(other, [photo(90, 70 + n) for n in range(8)])
    jobs = [
        Job(photos[0], me, strength="strong"),
        Job(photos[1], other),
        Job(photos[2], me, strength="subtle", seed=5),
    ]
    together = dict(engine.protect_many(jobs))
    assert sorted(together) == [0, 1, 2]
    for place, job in enumerate(jobs):
        alone = engine.protect(job.photo, persona=job.persona, strength=job.strength, seed=job.seed)
        found = together[place]
        assert isinstance(found, Protected)
        assert psnr(alone.pixels, found.pixels) > alone.report.psnr_db + 10
        assert found.report.strength == job.strength
        assert found.report.persona == job.persona.name
        assert found.report.original == alone.report.original


@pytest.mark.usefixtures("brief")
def test_a_batch_is_learnt_from_before_any_of_it_is_protected(engine: Engine) -> None:
    photos = [photo(120 + 8 * n, 90) for n in range(3)]
    me, known = Persona("me"), Persona("me")
    engine.learn(known, photos)
    _, first = next(engine.protect_many([Job(p, me, strength="subtle") for p in photos]))
    assert isinstance(first, Protected)
    assert me.photos_known(engine.encoders) == 3
    for encoder in engine.encoders:
        assert torch.equal(me.home(encoder, torch.device("cpu")), known.home(encoder, torch.device("cpu")))


@pytest.mark.usefixtures("brief")
def test_one_that_fails_does_not_stop_the_others(engine: Engine) -> None:
    def cancelled(stage: str, _share: float) -> None:
        if stage == "protect":
            raise InterruptedError

    me, told = Persona("me"), []
    jobs = [
        Job(photo(64, 64), me, strength="brutal"),
        Job(photo(80, 60), me, strength="subtle", progress=cancelled),
        Job(photo(100, 60), me, strength="subtle", progress=lambda *news: told.append(news)),
    ]
    found = dict(engine.protect_many(jobs))
    assert isinstance(found[0], CatalogueError)
    assert isinstance(found[1], InterruptedError)
    assert isinstance(found[2], Protected)
    assert list(dict.fromkeys(stage for stage, _ in told)) == ["prepare", "protect", "write", "measure"]


def test_times_of_a_batch_add_up(engine: Engine) -> None:
    """What photos share is counted once: a photo's time says how soon the next can be there."""
    jobs = [Job(photo(120, 90), Persona("me"), strength="subtle") for _ in range(3)]
    start = time.perf_counter()
    found = [made for _, made in engine.protect_many(jobs) if isinstance(made, Protected)]
    spent = 1000 * (time.perf_counter() - start)
    assert len(found) == 3
    assert 0.5 * spent < sum(made.report.timings_ms["total"] for made in found) <= spent


@pytest.mark.usefixtures("brief")
def test_sparing_takes_photos_one_by_one(engine: Engine) -> None:
    sparing = Engine(engine.model_set, engine.encoders, torch.device("cpu"))
    assert sparing.batch == 4
    sparing.sparing = True
    assert sparing.batch == 1
    found = dict(sparing.protect_many([Job(photo(64, 48), Persona("me"), strength="subtle")] * 2))
    assert all(isinstance(made, Protected) for made in found.values())
