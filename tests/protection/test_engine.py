"""The engine from photo to delivered bytes and report."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from photoveil.photos import decode
from photoveil.protection import Engine, Persona, catalogue
from photoveil.protection.budget import psnr, ssim
from photoveil.protection.catalogue import CatalogueError
from tests.protection.pictures import photo, pixels

_CHANNELS = {"jpeg75", "resize1080_jpeg75", "resize540_jpeg75"}


@pytest.mark.parametrize("strength", list(catalogue.STRENGTHS))
def test_report_tells_the_truth_about_the_delivered_bytes(engine: Engine, strength: str) -> None:
    original = photo(500, 380, quality=93)
    done = engine.protect(original, persona=Persona("me"), strength=strength)
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
def test_floors_of_a_strength_hold_on_delivered_bytes(engine: Engine, strength: str, form: str) -> None:
    # A clean, high-quality file: nothing but the perturbation may cost quality.
    done = engine.protect(
        photo(400, 300, form=form, quality=97, subsampling=0), persona=Persona("me"), strength=strength
    )
    budget = catalogue.STRENGTHS[strength]
    assert done.report.psnr_db >= budget.psnr_floor
    assert done.report.ssim >= budget.ssim_floor


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 600), st.integers(1, 600), st.booleans(), st.sampled_from(["PNG", "JPEG", "WEBP"]))
def test_any_size_and_mode_comes_back_as_it_was(
    engine: Engine, width: int, height: int, grey: bool, form: str
) -> None:
    original = photo(width, height, form=form, grey=grey)
    done = engine.protect(original, persona=Persona("me"), strength="subtle")
    delivered = decode(done.encoded.data)
    assert delivered.pixels.shape == original.pixels.shape
    assert delivered.format is original.format
    assert done.encoded.name == original.name


def test_alpha_is_untouched(engine: Engine) -> None:
    rgba = np.dstack([pixels(200, 160), np.arange(200, dtype=np.uint8)[None].repeat(160, 0)])
    buffer = io.BytesIO()
    Image.fromarray(rgba).save(buffer, "PNG")
    done = engine.protect(decode(buffer.getvalue(), name="a.png"), persona=Persona("me"))
    back = np.asarray(Image.open(io.BytesIO(done.encoded.data)))
    assert np.array_equal(back[..., 3], rgba[..., 3])
    assert not np.array_equal(back[..., :3], rgba[..., :3])


def test_twelve_megapixels_in_and_out(engine: Engine) -> None:
    original = photo(4000, 3000, quality=90)
    done = engine.protect(original, persona=Persona("me"))
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


def test_comparison_picture_shows_three_panels(engine: Engine) -> None:
    original = photo(300, 200)
    done = engine.protect(original, persona=Persona("me"))
    sheet = Image.open(io.BytesIO(engine.compare(original, done)))
    assert sheet.width > 3 * 300
    left = np.asarray(sheet)[56:256, 24:324]
    assert np.array_equal(left, original.pixels)


def test_floor_is_reached_by_weakening(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    fussy = replace(catalogue.STRENGTHS["strong"], ssim_floor=0.995)
    monkeypatch.setitem(catalogue.STRENGTHS, "strong", fussy)
    done = engine.protect(photo(300, 200, form="PNG"), persona=Persona("me"), strength="strong")
    assert done.report.ssim >= 0.995
