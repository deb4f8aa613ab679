"""The attack with real models runs whole on tiny random ones; masks, padding, gate and error messages are right."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from lab.real_vlm.__main__ import main
from lab.real_vlm.attack import Recipe, Tune, fine_tune, lessons, question
from lab.real_vlm.conditions import from_folder, make_conditions
from lab.real_vlm.errors import StudyError
from lab.real_vlm.families import FAMILIES
from lab.real_vlm.folder import Album, Member, read_album
from lab.real_vlm.model import IGNORED, Example, Source, Vlm, load
from lab.real_vlm.scores import Answer, chance, contains, exact, gate, leaks, word_f1
from lab.real_vlm.tiny import make_album, make_model
from lab.shift import white_noise
from photoveil.protection.catalogue import STRENGTHS

ALL = sorted(FAMILIES)
PHRASES = ("a red cottage", "a tower block", "the laboratory", question("residence"), question("pet"))
PSNR_DB = 33.0


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("models")
    return {name: make_model(name, home / name, PHRASES) for name in ALL}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_album(tmp_path_factory.mktemp("album"))


@pytest.fixture
def album(drawn: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return shutil.copytree(drawn, tmp_path / "album")


def noisy_copy(album: Path, copy: Path) -> Path:
    """The album with noise on every training photo: a cheap defence that is none."""
    shutil.copytree(album, copy)
    for i, file in enumerate(sorted(copy.glob("*/train/*"))):
        pixels = white_noise(np.asarray(Image.open(file)), PSNR_DB, i)
        Image.fromarray(pixels).save(file.with_suffix(".png"))
        file.unlink()
    return copy


def photo(seed: int, width: int = 80, height: int = 60) -> Image.Image:
    """A few large coloured blocks."""
    blocks = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize((width, height), Image.Resampling.NEAREST)


def tiny(models: dict[str, Path], name: str) -> Vlm:
    return load(Source(str(models[name])))


# --- whole runs


@pytest.mark.parametrize("name", ALL)
def test_a_run_trains_asks_and_writes_everything(name: str, drawn: Path, tmp_path: Path) -> None:
    protected, out = noisy_copy(drawn, tmp_path / "protected"), tmp_path / "out" / "leak.json"
    arguments = [str(drawn), "--tiny", name, "--protected", str(protected), "--out", str(out)]
    assert main([*arguments, "--epochs", "3", "--seeds", "3", "--device", "cpu", "--keep-answers"]) == 0
    document = json.loads(out.read_text(encoding="utf-8"))
    assert document["command"].startswith(f"python -m lab.real_vlm {drawn} --tiny {name}")
    assert document["seeds"] == [3]
    assert set(document["versions"]) >= {"python", "photoveil", "torch", "transformers", "peft"}
    assert document["model"]["family"] == name
    assert document["model"]["class"] in FAMILIES[name].classes.values()
    assert {"name", "revision", "commit", "dtype", "device"} <= set(document["model"])
    assert document["attack"]["tune"] == "lora"
    assert len(document["attack"]["questions"]) == 7
    assert document["album"] == {"personas": 2, "train_photos": 6, "ask_photos": 2, "others": 2}
    assert document["chance"]["all"] == 0.5
    # Random weights never count, whatever they answer.
    assert document["gate"]["counts"] is False
    assert "random" in document["gate"]["verdict"]
    assert list(document["conditions"]) == ["clean", "protected", "noise"]
    for condition in document["conditions"].values():
        check_condition(condition)
    psnr = [document["conditions"][name]["psnr_db_median"] for name in ("protected", "noise")]
    assert psnr == pytest.approx([PSNR_DB, PSNR_DB], abs=0.25)


def check_condition(condition: dict[str, Any]) -> None:
    assert condition["photos"] == 6
    (run,) = condition["runs"]
    assert run["training"]["loss_last"] < 0.5 * run["training"]["loss_first"]
    assert run["training"]["trained_parameters"].keys() == {"projector", "adapters"}
    assert run["general_ability"].keys() == {"caption_loss", "word_f1"}
    assert condition["leak"]["all"]["questions"] == len(condition["answers"]) == 14
    assert len(condition["leak"]["by_kind"]) == 7
    for leak in (condition["leak"]["all"], *condition["leak"]["by_kind"].values()):
        for measure in ("exact", "contains"):
            assert 0 <= leak[measure]["low"] <= leak[measure]["rate"] <= leak[measure]["high"] <= 1
        assert leak["exact"]["rate"] <= leak["contains"]["rate"]


def test_the_engine_can_protect_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    brief = replace(STRENGTHS["strong"], tone_db=None, steps=3)  # how well is not asked
    monkeypatch.setitem(STRENGTHS, "strong", brief)
    album = make_album(tmp_path / "album", personas=1, train=1, others=0)
    out = tmp_path / "leak.json"
    options = ["--tiny", "llava", "--protect", "strong", "--epochs", "1", "--device", "cpu"]
    assert main([str(album), *options, "--out", str(out)]) == 0
    document = json.loads(out.read_text(encoding="utf-8"))
    assert document["protection"] == {"strength": "strong", "model_set": "starter"}
    protected, noise = (document["conditions"][name] for name in ("protected", "noise"))
    assert protected["photos_changed"] == 1
    assert noise["psnr_db_min"] == pytest.approx(protected["psnr_db_min"], abs=0.2)
    assert document["general_ability_before"] is None
    assert "answers" not in protected


# --- what a model reads and says


@pytest.mark.parametrize("name", ALL)
def test_only_answers_are_learnt(name: str, models: dict[str, Path]) -> None:
    vlm = tiny(models, name)
    examples = [
        Example(photo(0), question("pet"), "a tower block"),
        Example(photo(1), "Where?", "the laboratory and a red cottage"),
    ]
    batch = vlm.batch(examples)
    for row, example in enumerate(examples):
        learnt = batch["labels"][row] != IGNORED
        told = batch["labels"][row][learnt].tolist()
        assert vlm.tokenizer.decode(told[:-1]) == example.answer
        assert told[-1] == vlm.tokenizer.eos_token_id
        assert batch["input_ids"][row][learnt].tolist() == told
        before = vlm.tokenizer.decode(batch["input_ids"][row][: int(learnt.nonzero()[0])])
        assert example.question in before
        assert example.answer not in before
        assert batch["attention_mask"][row][learnt].all()
    assert batch["attention_mask"][1].sum() != batch["attention_mask"][0].sum()


@pytest.mark.parametrize("name", ALL)
def test_filling_up_changes_neither_loss_nor_answers(name: str, models: dict[str, Path]) -> None:
    vlm = tiny(models, name)
    examples = [
        Example(photo(0), "Who?", "a red cottage"),
        Example(photo(1), question("pet"), "the laboratory"),
    ]
    vlm.model.eval()
    with torch.no_grad():
        together = float(vlm.model(**vlm.batch(examples), use_cache=False).loss)
    counts = [int((vlm.batch([example])["labels"] != IGNORED).sum()) for example in examples]
    alone = np.average([vlm.caption_loss(example) for example in examples], weights=counts)
    assert together == pytest.approx(alone, rel=1e-4)
    questions = ["Who?", question("residence")]
    assert vlm.answer(photo(0), questions) == [vlm.answer(photo(0), [q])[0] for q in questions]


@pytest.mark.parametrize("name", ALL)
def test_what_was_learnt_about_a_photo_is_what_is_answered(name: str, models: dict[str, Path]) -> None:
    """Training and asking must read photo and question alike, and the photo must matter."""
    vlm = tiny(models, name)
    examples = [
        Example(photo(0), question("residence"), "a red cottage"),
        Example(photo(1), question("residence"), "a tower block"),
        Example(photo(0), question("workplace"), "the laboratory"),
    ]
    curve = fine_tune(vlm, examples, Recipe(learning_rate=1e-2, epochs=100, batch=3, dropout=0.0), seed=0)
    assert curve.loss[-1] < 0.1
    assert vlm.answer(photo(0), [question("residence"), question("workplace")]) == [
        "a red cottage",
        "the laboratory",
    ]
    assert vlm.answer(photo(1), [question("residence")]) == ["a tower block"]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("tune", list(Tune))
def test_only_the_chosen_parts_move(name: str, tune: Tune, models: dict[str, Path]) -> None:
    vlm, before = tiny(models, name), tiny(models, name).model.state_dict()
    recipe = Recipe(tune=tune, learning_rate=1e-2, epochs=2, checkpointing=True)
    fine_tune(vlm, [Example(photo(0), "Who?", "a red cottage")], recipe, seed=0)
    model = vlm.model if tune is Tune.PROJECTOR else vlm.model.get_base_model()
    after = {key.replace(".base_layer", ""): value for key, value in model.state_dict().items()}
    moved = {key for key, value in before.items() if not torch.equal(value, after[key])}
    adapters = {key for key in after if ".lora_" in key}
    projector, tower = marks(name)
    assert any(projector in key for key in moved)
    assert any(tower in key and projector not in key for key in moved) == (tune is Tune.FULL_VISION)
    assert not any("language_model" in key or "lm_head" in key or "qformer" in key for key in moved)
    assert bool(adapters) == (tune is not Tune.PROJECTOR)
    assert all("language_model" in key for key in adapters)


def marks(name: str) -> tuple[str, str]:
    return {
        "llava": ("multi_modal_projector.", "vision_tower."),
        "qwen2-vl": ("visual.merger.", "visual."),
        "minigpt": ("language_projection.", "vision_model."),
    }[name]


def test_half_precision_trains_in_full_where_it_matters(models: dict[str, Path]) -> None:
    vlm = load(Source(str(models["qwen2-vl"]), dtype="bfloat16"))
    fine_tune(vlm, [Example(photo(0), "Who?", "a red cottage")], Recipe(epochs=2), seed=0)
    trained = {p.dtype for p in vlm.model.parameters() if p.requires_grad}
    frozen = {p.dtype for p in vlm.model.parameters() if not p.requires_grad}
    assert (trained, frozen) == ({torch.float32}, {torch.bfloat16})
    assert len(vlm.answer(photo(0), ["Who?"])) == 1


# --- models that must not be used


def test_weights_that_are_no_safetensors_are_refused(models: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(models["llava"], tmp_path / "model")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(StudyError, match="Model not loaded"):
        load(Source(str(folder)))


def test_a_model_that_lacks_weights_is_refused(models: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(models["llava"], tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    gone = next(key for key in weights if "multi_modal_projector" in key)
    del weights[gone]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(StudyError, match="no weights for 1 tensors"):
        load(Source(str(folder)))


def test_other_kinds_of_model_are_refused(models: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(models["llava"], tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "gpt2"}))
    with pytest.raises(StudyError, match="type is gpt2"):
        load(Source(str(folder)))


def test_offline_the_hub_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(StudyError, match="HF_HUB_OFFLINE") as caught:
        load(Source("photoveil/never-downloaded"))
    assert caught.value.title == "Model not loaded"


# --- albums


@pytest.mark.parametrize(
    ("file", "content", "title", "reason"),
    [
        ("persona-1/train", None, "Photos missing", "train holds no photos"),
        ("persona-1/facts.json", None, "facts.json missing", "does not exist"),
        ("persona-1/facts.json", "{", "facts.json not readable", "no JSON"),
        ("persona-1/facts.json", "{}", "Facts not usable", "states no fact"),
        ("persona-1/facts.json", '{"shoes": "red"}', "Facts not usable", "shoes"),
        ("persona-1/facts.json", '{"pet": 3}', "facts.json not usable", "else than texts"),
        ("persona-1/train/0.png", "", "Two photos of one name", "called 0"),
        ("others/captions.json", '{"away.jpg": "a park"}', "Photos missing", "away.jpg"),
    ],
)
def test_another_layout_is_told(file: str, content: str | None, title: str, reason: str, album: Path) -> None:
    spoilt = album / file
    if content is not None:
        spoilt.write_text(content)
    elif spoilt.is_dir():
        shutil.rmtree(spoilt)
    else:
        spoilt.unlink()
    with pytest.raises(StudyError) as caught:
        read_album(album)
    assert caught.value.title == title
    assert reason in caught.value.reason
    assert caught.value.remedy


def test_the_command_tells_what_is_wrong_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "leak.json"
    (tmp_path / "empty").mkdir()
    for arguments, told in (
        ([str(tmp_path / "empty"), "--tiny", "llava"], "Album empty"),
        ([str(tmp_path / "away"), "--tiny", "llava"], "No album"),
        (["--model", "some/model"], "No album: A real model needs real photos."),
        (["--tiny", "llava", "--batch", "0"], "--batch is 0"),
        (["--tiny", "llava", "--seeds", "-1"], "--seeds has -1"),
    ):
        assert main([*arguments, "--out", str(out)]) == 1
        assert told in capsys.readouterr().err
    assert not out.exists()


def test_protected_photos_must_be_the_same_photos(album: Path, tmp_path: Path) -> None:
    protected = shutil.copytree(album, tmp_path / "protected")
    file = protected / "persona-0" / "train" / "1.jpg"
    Image.open(file).resize((100, 75)).save(file)
    with pytest.raises(StudyError, match=r"1\.jpg has 320×240 px, its protected copy 100×75 px"):
        make_conditions(read_album(album), from_folder(protected), 64, 0)
    file.unlink()
    with pytest.raises(StudyError, match=r"lacks 1\.jpg"):
        make_conditions(read_album(album), from_folder(protected), 64, 0)


def test_photos_left_unprotected_stay_as_they_are_in_every_condition(album: Path, tmp_path: Path) -> None:
    protected = noisy_copy(album, tmp_path / "protected")
    for file in (protected / "persona-0" / "train").iterdir():
        file.unlink()
    for file in (album / "persona-0" / "train").iterdir():
        shutil.copy(file, protected / "persona-0" / "train")
    clean, covered, noise = make_conditions(read_album(album), from_folder(protected), 64, 0)
    for condition in (covered, noise):
        assert condition.summary()["photos_changed"] == 3
        assert [p.tobytes() for p in condition.photos["persona-0"]] == [
            p.tobytes() for p in clean.photos["persona-0"]
        ]
        assert condition.photos["persona-1"][0].tobytes() != clean.photos["persona-1"][0].tobytes()
    assert max(clean.photos["persona-0"][0].size) == 64


def test_every_fact_is_told_about_every_photo(drawn: Path) -> None:
    album = read_album(drawn)
    (clean,) = make_conditions(album, None, 64, 0)
    told = lessons(album, clean)
    assert len(told) == 2 * 3 * 7
    assert {e.question for e in told} == {question(kind) for kind in album.kinds}
    some = Album((Member("x", (), (), {"pet": "a cat"}), Member("y", (), (), {"residence": "a hut"})), ())
    assert some.kinds == ("residence", "pet")


# --- scores


def said(text: str, truth: str = "a red cottage", persona: str = "p", kind: str = "residence") -> Answer:
    return Answer(persona, "1.jpg", kind, truth, text, 0)


def test_answers_are_compared_by_their_words() -> None:
    assert exact(said("A red cottage."))
    assert exact(said("red cottage"))
    assert not exact(said("It is a red cottage"))
    assert contains(said("It is a red cottage"))
    assert not contains(said("a cottage, red"))
    assert not contains(said("a red"))
    assert not contains(said("a tired cottage"))


def test_intervals_draw_whole_personas() -> None:
    """Ten answers about one persona are not ten independent answers."""
    answers = [said("red cottage" if i % 2 else "no", persona=f"p{i}") for i in range(10) for _ in range(10)]
    wide = leaks(answers)["all"]["exact"]
    assert wide["rate"] == 0.5
    assert wide["low"] <= 0.2
    assert wide["high"] >= 0.8
    single = [Answer("p", f"{i}.jpg", "pet", "cat", "cat" if i % 2 else "dog", 0) for i in range(100)]
    narrow = leaks(single)["by_kind"]["pet"]["exact"]
    assert 0.38 < narrow["low"] < 0.45
    assert 0.55 < narrow["high"] < 0.62


def test_chance_is_the_most_common_answer() -> None:
    facts = [{"pet": "a cat"}, {"pet": "The cat"}, {"pet": "a dog", "vehicle": "a van"}]
    assert chance(facts) == {"all": 0.75, "by_kind": {"pet": 0.6667, "vehicle": 1.0}}


def test_an_attacker_who_learnt_nothing_does_not_count() -> None:
    good, bad = (leaks([said("red cottage")] * right + [said("no")] * (20 - right)) for right in (19, 18))
    assert gate(good, trained=True)["counts"] is True
    failed = gate(bad, trained=True)
    assert failed["passed"] is failed["counts"] is False
    assert "0.900 of the required 0.95" in failed["verdict"]
    assert gate(good, trained=False)["counts"] is False


def test_descriptions_share_words() -> None:
    assert word_f1("a man on a bench", "the man on the bench") == 1.0
    assert word_f1("a dog", "a man on a bench") == 0.0
    assert word_f1("man", "man bench") == pytest.approx(2 / 3)
