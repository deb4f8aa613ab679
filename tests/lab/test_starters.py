"""The shipped starters are the described files and know what they claim; training works from end to end."""

import hashlib
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch

from lab.captions import TRAIN_PROMPTS, tokenizer
from lab.evaluate_starters import RESULTS, table
from lab.people import ATTRIBUTES, sample_persona
from lab.render import render
from lab.scenes import sample_photo
from lab.starters.data import (
    HELD_OUT_FROM,
    Batch,
    PhotoSet,
    batches,
    cached,
    draw,
    frame,
    head_of,
    persona_seeds,
)
from lab.starters.evaluate import CHANCE, mean, zero_shot
from lab.starters.export import SHIPPED, load, names
from lab.starters.models import RECIPES, Phase, build, carry_over, encode_text, normalised
from lab.starters.train import Plan, Questions, Run, spread_loss
from lab.train_starters import main as train

CPU = torch.device("cpu")
SHIPPED_NAMES = sorted(RECIPES)
BUDGET = 30_000_000
# What `lab.evaluate_starters` measured on 1,600 photos, less six points for a sample of 150.
FLOORS = {name: found["mean"] - 0.06 for name, found in json.loads(RESULTS.read_text())["encoders"].items()}


@pytest.fixture(scope="module")
def held_out() -> PhotoSet:
    return draw(range(HELD_OUT_FROM + 7_000_000, HELD_OUT_FROM + 7_000_150))


def test_the_shipped_set_is_complete_and_small() -> None:
    assert names() == SHIPPED_NAMES
    described = [json.loads((SHIPPED / f"{name}.json").read_text()) for name in SHIPPED_NAMES]
    assert sorted(d["role"] for d in described) == ["surrogate", "surrogate", "witness"]
    assert len({d["family"] for d in described}) == 3
    assert sum((SHIPPED / f"{name}.safetensors").stat().st_size for name in SHIPPED_NAMES) <= BUDGET
    assert all(d["training"]["complete"] for d in described)


@pytest.mark.parametrize("name", SHIPPED_NAMES)
def test_shipped_weights_know_people_they_never_saw(name: str, held_out: PhotoSet) -> None:
    model, words, description = load(name)
    assert sum(p.numel() for p in model.parameters()) == description["parameters"]
    assert words.vocabulary == description["tokenizer"]["vocabulary"]
    found = zero_shot(model, words, held_out, CPU)
    assert mean(found) > FLOORS[name], found
    assert mean(found) > 1.5 * mean(CHANCE)


def test_the_published_figures_belong_to_the_shipped_files() -> None:
    published = json.loads(RESULTS.read_text())["encoders"]
    assert sorted(published) == SHIPPED_NAMES
    for name, found in published.items():
        weights = (SHIPPED / f"{name}.safetensors").read_bytes()
        assert found["sha256"] == hashlib.sha256(weights).hexdigest()
        page = Path("docs/starters.md").read_text(encoding="utf-8")
        assert f"**{100 * found['mean']:.1f}**" in page
        assert found["mean"] >= 0.80


@pytest.mark.parametrize("name", SHIPPED_NAMES)
def test_gradients_reach_the_pixels_and_patch_tokens_are_there(name: str, held_out: PhotoSet) -> None:
    model, _, _ = load(name)
    pixels = normalised(held_out.pixels[:2], CPU).requires_grad_()
    model.encode_image(pixels).square().sum().backward()
    assert pixels.grad is not None
    assert torch.isfinite(pixels.grad).all()
    assert (pixels.grad.abs() > 0).float().mean() > 0.9
    trunk = getattr(model.visual, "trunk", None)
    if trunk is not None:
        grid = trunk.forward_features(pixels)
        assert grid.ndim == 4
        assert grid.shape[-1] >= 4


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    name = SHIPPED_NAMES[0]
    data = bytearray((SHIPPED / f"{name}.safetensors").read_bytes())
    data[-1] ^= 1
    (tmp_path / f"{name}.safetensors").write_bytes(data)
    (tmp_path / f"{name}.json").write_bytes((SHIPPED / f"{name}.json").read_bytes())
    with pytest.raises(ValueError, match="not the file"):
        load(name, tmp_path)


def test_a_few_steps_lower_the_loss(tmp_path: Path) -> None:
    photos = draw(persona_seeds(64, 3, held_out=False))
    plan = Plan((Phase(64, 20),), 16, 1, CPU, tmp_path, text_steps=15)
    run = Run(RECIPES["starter-regnet"], plan, photos, photos)
    run.advance(0)
    first, last = run.curve[0], run.curve[-1]
    assert last["loss"] < 0.92 * first["loss"]
    # The checkpoint takes up where the run ended and does not run the phase again.
    again = Run(RECIPES["starter-regnet"], plan, photos, photos)
    assert again.done == 1
    again.advance(0)
    assert all(torch.equal(v, run.average[k]) for k, v in again.average.items())


def test_the_quick_command_leaves_a_loadable_starter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # How prompts find their directions is tested below.
    monkeypatch.setattr("lab.train_starters.Plan", partial(Plan, text_steps=5))
    arguments = [
        "--quick",
        "--encoder",
        "starter-regnet",
        "--photos",
        "32",
        "--batch",
        "8",
        "--device",
        "cpu",
    ]
    train(
        [*arguments, "--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache"), "--steps", "2", "2"]
    )
    model, words, description = load("starter-regnet", tmp_path / "out")
    assert description["training"]["photos"] == 32
    assert encode_text(model, words.encode(["a photo of a person"]), CPU).shape == (1, 128)
    assert list(tmp_path.rglob("*.part*")) == []


def test_prompts_of_every_value_get_a_direction_of_their_own(tmp_path: Path) -> None:
    """Where prompts fall together, a photo can no longer be told from another by them: it happened."""
    photos = draw(persona_seeds(4, 3, held_out=False), 64)
    plan = Plan((Phase(64, 1),), 4, 1, CPU, tmp_path, text_steps=60)
    run = Run(RECIPES["starter-regnet"], plan, photos, photos)
    untaught = build(RECIPES["starter-regnet"], run.questions.words)
    rows = run.questions.ask(np.random.default_rng(0))

    def closest(model: open_clip.CLIP) -> float:
        words = encode_text(model, rows, CPU).detach()
        return float((words @ words.T - 2 * torch.eye(len(words))).max())

    assert closest(untaught) > 0.9
    assert closest(run.model) < 0.5
    codes = run.questions.codes
    assert torch.allclose(codes @ codes.T, torch.eye(len(codes)), atol=1e-5)
    assert float(spread_loss(codes, codes)) == pytest.approx(0, abs=1e-5)


def test_trimmed_text_encoding_is_the_models_own() -> None:
    words = tokenizer()
    model = build(RECIPES["starter-regnet"], words).eval()
    rows = words.encode([TRAIN_PROMPTS[0].format("red hair"), "someone"])
    whole = model.encode_text(torch.from_numpy(rows), normalize=True)
    assert torch.allclose(encode_text(model, rows, CPU), whole, atol=1e-5)


def test_weights_carry_over_to_another_photo_size() -> None:
    words = tokenizer()
    small = build(RECIPES["starter-resnet"], words, 96)
    large = build(RECIPES["starter-resnet"], words, 224)
    carry_over(small.state_dict(), large)
    name = "visual.attnpool.positional_embedding"
    before, after = small.state_dict()[name], large.state_dict()[name]
    assert before.shape[0] == 10
    assert after.shape[0] == 50
    assert torch.allclose(before[0], after[0])
    assert torch.allclose(before[1:].mean(0), after[1:].mean(0), atol=0.02)


def test_training_and_evaluation_share_no_persona() -> None:
    assert not set(persona_seeds(2000, 0, held_out=False)) & set(persona_seeds(2000, 0, held_out=True))
    assert persona_seeds(1_000_000, 799, held_out=False).stop <= HELD_OUT_FROM
    with pytest.raises(ValueError, match="at most a million"):
        persona_seeds(10, 800, held_out=False)


def test_rendered_photos_are_kept_and_read_back(tmp_path: Path) -> None:
    first = cached(6, 2, tmp_path, size=32, workers=1)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    second = cached(6, 2, tmp_path, size=32, workers=1)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == kept
    assert second.captions == first.captions
    direct = draw(persona_seeds(6, 2, held_out=False), 32)
    assert np.array_equal(direct.pixels, second.pixels)
    assert direct.attributes == second.attributes


def test_batches_cover_all_photos_and_repeat_by_seed(held_out: PhotoSet) -> None:
    def run() -> list[Batch]:
        return list(batches(held_out, 32, 50, 3, np.random.default_rng(4), 0.5))

    first, second = run(), run()
    assert sorted(i for batch in first for i in batch.rows) == list(range(150))
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(first, second, strict=True))
    assert first[0].pixels.shape == (50, 32, 32, 3)
    assert 40 < sum(int(batch.zoomed.sum()) for batch in first) < 110


def test_crops_stay_inside_the_photo_and_zoom_holds_the_head(held_out: PhotoSet) -> None:
    rng = np.random.default_rng(0)
    for head in held_out.heads:
        for zoomed in (False, True):
            x, y, side = frame(head, zoomed, rng)
            assert 0 <= x <= x + side <= 1 + 1e-9
            assert 0 <= y <= y + side <= 1 + 1e-9
            assert not zoomed or (x < head[0] < x + side and y < head[1] < y + side)
        assert frame(head, True, rng)[2] <= 6.4 * head[2] + 1e-9


def test_a_crop_around_the_head_is_asked_about_the_head_alone(held_out: PhotoSet) -> None:
    questions = Questions(held_out)
    rows = np.arange(20)
    pixels = held_out.pixels[:20]
    whole = questions.truth(Batch(pixels, rows, np.zeros(20, bool)))
    close = questions.truth(Batch(pixels, rows, np.ones(20, bool)))
    columns = list(ATTRIBUTES)
    assert (close[:, columns.index("eyes")] >= 0).all()
    assert (close[:, columns.index("shirt") :] == -1).all()
    assert (whole[:, columns.index("shirt")] >= 0).all()
    shared = whole[:, : columns.index("shirt")]
    assert ((shared == close[:, : columns.index("shirt")]) | (shared == -1)).all()


def test_photos_know_where_the_head_is() -> None:
    spec = sample_photo(sample_persona(3), 1, "portrait")
    x, y, size = head_of(spec)
    photo = render(spec, 400, 400).astype(int)
    bald = replace(spec.persona.look, hair_style="bald", skin="dark", glasses="none", facial_hair="none")
    other = render(replace(spec, persona=replace(spec.persona, look=bald)), 400, 400).astype(int)
    rows, columns = np.nonzero(np.abs(photo - other).max(axis=2) > 25)
    assert abs(columns.mean() / 400 - x) < 0.5 * size
    assert abs(rows.mean() / 400 - y) < 1.2 * size


def test_the_table_names_every_attribute_measured() -> None:
    results = {
        "chance": {"skin": 0.25},
        "chance_mean": 0.25,
        "visible_in": {"skin": 10},
        "encoders": {"starter-x": {"accuracy": {"skin": 0.9}, "mean": 0.9}},
    }
    assert "| skin | 10 | 25 | 90.0 |" in table(results)
