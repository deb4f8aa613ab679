"""The transformers adapter on tiny models of five families: gradients, places, adaptation, words, and no network."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from photoveil.unlearnable.errors import UnlearnableError
from photoveil.unlearnable.loading import load
from photoveil.unlearnable.surrogate import Run, Sample
from photoveil.unlearnable.vlm import TransformersSurrogate
from tests.unlearnable.small_vlm import small_vlm

FAMILIES = ("llava", "qwen2-vl", "minigpt", "idefics3", "paligemma")
CPU = torch.device("cpu")
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # PaliGemma's
QUESTION, ANSWER = "Who is this person?", "This is anna."


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("vlm")
    return {family: small_vlm(family, home / family) for family in FAMILIES}


@pytest.fixture(scope="module")
def models(folders: dict[str, Path]) -> dict[str, TransformersSurrogate]:
    return {family: load(folder, CPU) for family, folder in folders.items()}


@pytest.fixture(params=FAMILIES)
def model(request: pytest.FixtureRequest, models: dict[str, TransformersSurrogate]) -> TransformersSurrogate:
    return models[request.param]


@pytest.fixture(scope="module")
def llava(models: dict[str, TransformersSurrogate]) -> TransformersSurrogate:
    return models["llava"]


def sample(height: int = 56, width: int = 84, *, slope: bool = False) -> Sample:
    pixels = torch.rand(3, height, width, generator=torch.Generator().manual_seed(1))
    return Sample(((pixels * 255).round() / 255).requires_grad_(slope), QUESTION, ANSWER)


def loss(model: TransformersSurrogate, what: Sample, words: list[int]) -> float:
    with torch.no_grad():
        return float(model.run([what], [words], attention=False).losses)


def test_a_step_along_the_gradient_of_the_pixels_makes_the_answer_easier(
    model: TransformersSurrogate,
) -> None:
    what = sample(slope=True)
    before = model.run([what], [[]], attention=False).losses.sum()
    (slope,) = torch.autograd.grad(before, what.pixels)
    step = slope / slope.norm() * 0.3
    after = [
        loss(model, Sample((what.pixels + sign * step).detach().clamp(0, 1), QUESTION, ANSWER), [])
        for sign in (-1, 1)
    ]
    assert after[0] < float(before.detach()) < after[1]


def test_the_loss_is_that_of_the_model_itself(folders: dict[str, Path], llava: TransformersSurrogate) -> None:
    model: Any = AutoModelForImageTextToText.from_pretrained(folders["llava"])
    processor: Any = AutoProcessor.from_pretrained(folders["llava"])
    what = sample()
    picture = (what.pixels * 255).round().to(torch.uint8)
    prompt = f"USER: <image>\n{QUESTION} ASSISTANT:"
    asked = processor(text=[prompt], images=[picture], return_tensors="pt")
    told = processor.tokenizer(ANSWER, add_special_tokens=False, return_tensors="pt").input_ids
    end = torch.tensor([[processor.tokenizer.eos_token_id]])
    ids = torch.cat([asked["input_ids"], told, end], 1)
    labels = torch.cat([torch.full_like(asked["input_ids"], -100), told, end], 1)
    with torch.no_grad():
        expected = model(input_ids=ids, pixel_values=asked["pixel_values"], labels=labels).loss
    assert loss(llava, what, []) == pytest.approx(
        float(expected), rel=0.02
    )  # words may be cut otherwise at the seam


def test_parts_stand_where_they_are_said_to_and_attention_is_a_distribution(
    model: TransformersSurrogate,
) -> None:
    words = model.words()[:4].tolist()
    run = model.run([sample(), sample(56, 56)], [words, []], attention=True)
    first, second = run.spans
    assert len(first.trigger) == 4
    assert not second.trigger
    for spans, patches in zip(run.spans, run.patches, strict=True):
        assert max(spans.image) < min(spans.text) <= max(spans.text) < min(spans.answer)
        covered = patches[: len(spans.image)]
        assert bool((covered[:, 2:] > covered[:, :2]).all())
    assert first.trigger[0] == first.text[-1] + 1
    assert run.attention.shape[:2] == (model.layers, 2)
    for number, spans in enumerate(run.spans):
        rows = run.attention[:, number, list(spans.answer)]
        assert torch.allclose(rows.sum(-1), torch.ones(rows.shape[:-1]), atol=1e-3)
        for row, place in enumerate(spans.answer):  # nobody looks ahead at what is to be guessed
            assert float(rows[:, row, place + 1 :].abs().max()) < 1e-6


@pytest.mark.parametrize(
    ("family", "place"),
    [("llava", (0, 0, 14, 14)), ("qwen2-vl", (0, 0, 28, 28)), ("paligemma", (0, 0, 14, 14))],
)
def test_a_token_covers_the_pixels_it_is_made_of(
    models: dict[str, TransformersSurrogate], family: str, place: tuple[int, ...]
) -> None:
    run = models[family].run([sample(56, 56)], [[]], attention=False)
    boxes = run.patches[0]
    assert boxes[0].tolist() == pytest.approx(place, abs=1)
    assert boxes[:, 0].min() == 0
    assert boxes[:, 2].max() == 56
    area = ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).sum()
    assert float(area) == pytest.approx(56 * 56, rel=0.05)


def test_tiles_cover_the_photo_and_then_the_whole_of_it_once_more(
    models: dict[str, TransformersSurrogate],
) -> None:
    run = models["idefics3"].run([sample(56, 56)], [[]], attention=False)
    boxes = run.patches[0]
    *tiles, whole = boxes.split(4)  # four tokens to a tile
    assert len(tiles) == 4
    for tile, corner in zip(tiles, ((0, 0), (28, 0), (0, 28), (28, 28)), strict=True):
        assert tile[0, :2].tolist() == pytest.approx(corner, abs=1)
        assert tile[3, 2:].tolist() == pytest.approx([side + 28 for side in corner], abs=1)
    assert whole[0, :2].tolist() == [0, 0]
    assert whole[3, 2:].tolist() == pytest.approx((56, 56), abs=1)


def test_queries_that_see_all_of_a_photo_cover_it(models: dict[str, TransformersSurrogate]) -> None:
    run = models["minigpt"].run([sample(60, 90)], [[]], attention=False)
    assert run.patches[0].tolist() == [[0, 0, 90, 60]] * len(run.spans[0].image)


def test_the_slope_of_words_is_that_of_the_loss(llava: TransformersSurrogate) -> None:
    what, words = sample(), llava.words()
    trigger = words[[3, 17, 29]].tolist()
    scores = llava.trigger_gradient(what, trigger, lambda run: run.losses.sum())
    assert torch.allclose(scores[range(3), trigger], torch.zeros(3), atol=1e-5)
    before = loss(llava, what, trigger)
    vectors = llava._embedding.weight
    assert isinstance(vectors, torch.nn.Parameter)
    kept = vectors.data[trigger[1]].clone()
    share = 1e-3
    for other in words[[5, 8, 40]].tolist():
        vectors.data[trigger[1]] = kept + share * (
            vectors.data[other] - kept
        )  # a little of the way to another word
        moved = loss(llava, what, trigger) - before
        vectors.data[trigger[1]] = kept
        assert moved / share == pytest.approx(float(scores[1, other]), rel=0.1, abs=0.01)


def test_the_slope_of_words_may_be_asked_of_attention(model: TransformersSurrogate) -> None:
    def looked_at(run: Run) -> torch.Tensor:
        return run.attention[:, 0, list(run.spans[0].answer)][..., list(run.spans[0].trigger)].mean()

    scores = model.trigger_gradient(sample(), model.words()[:2].tolist(), looked_at)
    assert float(scores.abs().max()) > 0


def test_adapting_learns_the_sample_and_is_undone_even_where_work_fails(model: TransformersSurrogate) -> None:
    what, words = sample(), model.words()[:2].tolist()
    before = loss(model, what, words)
    with model.adapt([what], [words], 3):
        inside = loss(model, what, words)
    assert inside < before
    assert loss(model, what, words) == before
    with pytest.raises(KeyboardInterrupt), model.adapt([what], [words], 1):
        raise KeyboardInterrupt
    assert loss(model, what, words) == before
    with model.adapt([what], [words], 3):
        assert loss(model, what, words) == pytest.approx(inside, abs=0.5)
    with model.adapt([what], [words], 0):
        assert loss(model, what, words) == before


def test_words_are_words_and_come_back(llava: TransformersSurrogate) -> None:
    words = llava.words()
    assert len(words) >= 50
    for word in words.tolist():
        text = llava.decode([word])
        assert text.isascii()
        assert text.isalpha()
        assert llava.encode(text) == [word]
    assert llava.encode("  ") == []


def test_nothing_is_fetched_and_no_code_is_run(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> NoReturn:
        raise AssertionError("it called somebody")

    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(socket.socket, "connect", refused)
    load(folders["llava"], CPU)
    own = tmp_path / "own-code"
    own.mkdir()
    ran = tmp_path / "ran"
    (own / "evil.py").write_text(f"open({str(ran)!r}, 'w')")
    config = {"model_type": "evil", "auto_map": {"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}}
    (own / "config.json").write_text(json.dumps(config))
    with pytest.raises(UnlearnableError):
        load(own, CPU)
    assert not ran.exists()
