"""MMGuard's study: a short run writes all files and can be taken up again; what is compared is compared fairly."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lab.affiliation.questions import tokenizer
from lab.affiliation.stage import picture_of
from lab.affiliation.towers import inputs_of
from lab.mmguard import figures
from lab.mmguard.__main__ import main
from lab.mmguard.attack import Loot, Tuning, tuned_answers
from lab.mmguard.leak import Size, leaks
from lab.mmguard.plan import CLEAN, FULL, GREY, MAIN, PRESETS, SISTER, WHITE, Condition, Table
from lab.mmguard.study import WORDS, Study
from lab.mmguard.tables import markdown
from lab.mmguard.world import TAUGHT, laid, lessons, said, working
from photoveil.unlearnable.trigger import tells
from tests.lab.worlds import tiny_engine

_CI = PRESETS["ci"]


@pytest.mark.usefixtures("small_photos")
def test_a_short_run_and_the_same_again(tmp_path: Path) -> None:
    arguments = ["--preset", "ci", "--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache")]
    main(arguments)
    first = json.loads((tmp_path / "out" / "mmguard.json").read_text())
    rows = next((tmp_path / "cache").glob("*/rows.jsonl"))
    noted = rows.read_text()
    main(arguments)
    again = json.loads((tmp_path / "out" / "mmguard.json").read_text())
    assert rows.read_text() == noted
    assert {k: v for k, v in again.items() if k != "date"} == {k: v for k, v in first.items() if k != "date"}

    (table,) = first["tables"]
    named = {row["name"]: row for row in table["rows"]}
    assert named["clean photos"]["drop"] == 0
    assert named["clean photos"]["psnr_db"] == 100
    # What it costs is told of the photos that were changed: half of those of the last row are clean files.
    assert 35 < named["full, BPH"]["psnr_db"] < 50
    assert 35 < named["full, CRS, half of it"]["psnr_db"] < 50
    for row in table["rows"]:
        low, high = row["drop_interval"]
        assert low <= row["drop"] <= high
        assert row["best"] >= row["accuracy"]
    taught = lessons(_CI.photos, 0, test=False)
    for text, lesson in zip(named["full, BPH"]["triggers"], taught, strict=False):
        assert 0 < len(text.split()) <= 2
        assert not tells(text, [lesson.answer])
    assert (tmp_path / "out" / "mmguard.png").stat().st_size > 5000
    text = (tmp_path / "out" / "mmguard.md").read_text()
    assert "Not measured in this run." in text
    for row in table["rows"]:
        assert f"| {row['name']} |" in text


def test_a_run_cut_short_says_what_it_has_not_measured(tmp_path: Path) -> None:
    table = Table("One", (("nothing", Condition(CLEAN)), ("all", Condition(MAIN, FULL))), seeds=2)
    preset = replace(_CI, tables=(table,), seeds=(0, 1))
    study = Study(preset, tmp_path, tiny_engine(tmp_path / "towers").encoders)
    (found,) = figures.tables(study, study.run(minutes=0.0))
    assert [row["seeds"] for row in found["rows"]] == [0, 0]
    about = {"version": "0", "date": "2026-01-01", "command": "c", "machine": "m", "photos": 1, "tests": 1}
    text = markdown(about | {"seeds": 2, "floor": 0.2, "tables": [found], "leak": [], "notes": []})
    assert text.count("not measured in this run") == 2


@pytest.mark.usefixtures("small_photos")
def test_the_leak_is_measured_beside_the_default(tmp_path: Path) -> None:
    engine = tiny_engine(tmp_path / "towers")
    study = Study(_CI, tmp_path / "cache", engine.encoders)
    size = Size(people=2, photos=1, asked=1, steps=2, others=32)
    rows = leaks(study, engine, size, 0, tmp_path / "shelf")
    names = [row["defence"] for row in rows]
    assert names[0] == "clean photos"
    assert any(name.startswith("default") for name in names)
    assert sum(name.startswith("unlearnable") for name in names) == 4
    costs = {row["defence"]: row["psnr_db"] for row in rows}
    assert costs["clean photos"] == 100
    assert costs["unlearnable, full"] == costs["unlearnable, full, words not pasted"] < 50
    assert costs["unlearnable, full, every second photo"] == 100, "the first of one photo is clean"
    for row in rows:
        for one in row["attackers"].values():
            assert 0 <= one["low"] <= one["leak"] <= one["high"] <= 1
    assert leaks(study, engine, size, 0, tmp_path / "shelf") == rows


def test_figures_of_an_earlier_run_are_kept_with_their_date() -> None:
    old, leak = {"name": "a", "seeds": 1, "accuracy": 0.5}, [{"defence": "clean photos"}]
    rows = [{"name": "a", "seeds": 0}, {"name": "b", "seeds": 2}, {"name": "c", "seeds": 0}]
    found = {"photos": 8, "tests": 8, "tables": [{"title": "T", "rows": rows}], "leak": []}
    earlier = {
        "date": "2026-01-02T03:04",
        "photos": 8,
        "tests": 8,
        "tables": [{"title": "T", "rows": [old, {"name": "b", "seeds": 1}]}],
        "leak": leak,
    }
    kept = figures.with_earlier(found, earlier)
    assert kept["tables"][0]["rows"] == [
        {"earlier": "2026-01-02", **old},
        {"name": "b", "seeds": 2},
        {"name": "c", "seeds": 0},
    ]
    assert (kept["leak"], kept["leak_on"]) == (leak, "2026-01-02")
    assert figures.with_earlier(found, earlier | {"photos": 16}) == found, "another size is another test"


def test_nobody_is_both_learnt_and_asked_about() -> None:
    halves = [lessons(len(TAUGHT) * 2, seed, test=test) for seed in (0, 1) for test in (False, True)]
    files = [one.data for half in halves for one in half]
    assert len(set(files)) == len(files)
    for half in halves:
        assert len({one.question for one in half}) == len(TAUGHT)
    assert said(len(TAUGHT) * 2, 0, test=False) == [(one.question, one.answer) for one in halves[0]]


def test_noise_laid_on_a_whole_photo_keeps_to_its_budget() -> None:
    photo = lessons(1, 3, test=False)[0].photo.pixels
    small = working(photo, 224)
    assert min(small.shape[1:]) == 224
    signs = torch.randint(0, 2, small.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    changed = laid(photo, signs * 8 / 255)
    assert changed.shape == photo.shape
    apart = np.abs(changed.astype(int) - photo)
    assert apart.max() <= 8
    assert apart.mean() > 2
    assert np.array_equal(laid(photo, torch.zeros_like(small)), photo)


@pytest.mark.parametrize("name", WORDS)
def test_what_happens_to_words(name: str) -> None:
    rng = np.random.default_rng(0)
    said = WORDS[name]("where does this person work", "red lake dog tower bald", rng)
    words = tokenizer()
    asked = words.decode(words.encode([said])[0].tolist()).split()
    assert asked[:5] == ["where", "does", "this", "person", "work"]
    left = {"none": 0, "redrawn": 0, "half": 3}.get(name, 5)
    assert len(asked) == 5 + left
    assert set(asked[5:]) <= {"red", "lake", "dog", "tower", "bald"}


def test_every_row_has_its_gate_before_it() -> None:
    for preset in PRESETS.values():
        conditions = list(preset.conditions())
        assert len({one.key for one in conditions}) == len(conditions)
        place = {one.key: n for n, one in enumerate(conditions)}
        for one in conditions:
            assert place[one.gate.key] <= place[one.key]
            assert (one.gate.victim, one.gate.tuning, one.gate.channel) == (
                one.victim,
                one.tuning,
                one.channel,
            )


def test_every_seed_has_a_reader_of_its_own() -> None:
    rows = [Condition(MAIN, FULL, surrogates=(WHITE, GREY), victim=SISTER).at(seed) for seed in (0, 1, 2)]
    assert len({row.victim for row in rows}) == len({row.surrogates for row in rows}) == 3
    for seed, row in enumerate(rows):
        assert row.victim not in row.surrogates, "another language model stays another one"
        assert len(set(row.surrogates)) == 2
        assert (row.gate.victim, row.gate.seed) == (row.victim, seed)
        clean = Condition(CLEAN).at(seed)
        assert clean.gate == clean, "measured once"


def test_intervals_know_that_seeds_differ() -> None:
    def answers(share: float) -> np.ndarray:
        return (np.arange(200) < 200 * share).astype(float)

    alike, apart = (figures.interval([answers(s) for s in shares]) for shares in ((0.5, 0.5), (0.2, 0.8)))
    assert 0.4 < alike[0] < 0.5 < alike[1] < 0.6
    assert apart[0] < 0.25
    assert apart[1] > 0.75


def test_the_better_of_two_ways_of_asking_is_compared_with_the_better() -> None:
    """Where all that is lost plainly comes back with words, nothing was hidden; where none does, all of it."""
    knows, not_ = np.ones(40), np.zeros(40)
    clean = np.array([[knows, not_]] * 2)
    assert figures.best_interval(clean, np.array([[not_, knows]] * 2)) == [0, 0]
    assert figures.best_interval(clean, np.array([[not_, not_]] * 2)) == [1, 1]
    half = np.arange(40) % 2
    low, high = figures.best_interval(clean, np.array([[half, not_], [not_, half]]))
    assert 0.3 < low < 0.5 < high < 0.7


@pytest.mark.parametrize("tuning", [Tuning.ALL, Tuning.QLORA, Tuning.TOWER])
def test_clean_photos_are_learnt(tmp_path: Path, tuning: Tuning) -> None:
    """Attackers who cannot learn would make any protection look good: asked what they learnt, they know it."""
    taught = lessons(4, 0, test=False)
    study = Study(_CI, tmp_path, tiny_engine(tmp_path / "towers").encoders)
    inputs = inputs_of([picture_of(one.data) for one in taught], study.stage.side)
    loot = Loot(inputs, [(one.question, one.answer) for one in taught])
    model = study.model(WHITE)
    said, again = tuned_answers(model, loot, [loot, loot], tuning, 0)
    assert all(said)
    assert again == said
    (little,) = tuned_answers(model, loot, [loot], tuning, 0, patience=0.001)
    assert not all(little)
