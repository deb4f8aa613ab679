"""What is measured, which rows count, and where the figures go."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from lab.affiliation import study as studies
from lab.affiliation import towers
from lab.affiliation.__main__ import default_device
from lab.affiliation.album import Looks, make_album
from lab.affiliation.channels import CHANNELS
from lab.affiliation.digest import newest, write_run
from lab.affiliation.metrics import chance as chance_of
from lab.affiliation.owners import BASELINES, CLEAN, defence
from lab.affiliation.plan import (
    ALL_COUNTERS,
    BLACK,
    BOXES,
    CLIP,
    GREY,
    LOOK_ANEW,
    PLAIN,
    PRESETS,
    READERS,
    STRENGTHS,
    UNFROZEN,
    WHITE,
    Block,
    Condition,
)
from lab.affiliation.shelf import Shelf
from lab.affiliation.tables import as_markdown, summary
from lab.affiliation.veil import VEIL, VEIL_MAP, VEIL_QUERY
from lab.people import KINDS
from photoveil.protection import catalogue
from tests.lab.worlds import tiny_engine, tiny_study
from tests.tiny_models import tiny_models

GOOD = Condition(Looks.LOOKALIKE, 0, CLEAN, "upload", WHITE, "probe", 0)


def _row(condition: Condition, leak: float, chance: float = 0.2) -> dict[str, Any]:
    fields = {name: getattr(condition, name) for name in condition.__dataclass_fields__}
    measured = {"psnr_db": None, "ssim": None, "general": None, "general_before": None}
    people = 1 if condition.people == 1 else 5
    return {
        "key": condition.key,
        **fields,
        "leak": leak,
        "by_person": [leak] * people,
        "by_kind": dict.fromkeys(KINDS, leak),
        "by_kind_and_person": {kind: [leak] * people for kind in KINDS},
        "strangers": 0.2,
        "chance": chance,
        "seconds": 1.5,
        **measured,
    }


@pytest.mark.parametrize("name", list(PRESETS))
def test_presets_measure_every_row_once_and_the_clean_attacker_of_each(name: str) -> None:
    conditions = list(PRESETS[name].conditions())
    assert len({condition.key for condition in conditions}) == len(conditions)
    for place, condition in enumerate(conditions):
        assert condition.gate in conditions[: place + 1]
        assert condition.victim in BOXES
        # These look anew at photos of their own, which the two cases below cannot give them.
        assert condition.attacker not in LOOK_ANEW or (condition.people > 1 and condition.counter not in VEIL)


def test_the_shortest_preset_is_what_it_was() -> None:
    conditions = list(PRESETS["ci"].conditions())
    assert len(conditions) == 18
    assert {c.defence for c in conditions} == {CLEAN, "canvas-noise", "strong"}
    assert {(c.people, c.photos) for c in conditions} == {(8, 4)}
    assert GREY not in {c.victim for c in conditions}


def test_the_seeds_preset_measures_what_is_quoted_over_three_albums() -> None:
    conditions = list(PRESETS["seeds"].conditions())
    seeds = {(attacker, c.defence): set[tuple[int, int]]() for c in conditions for attacker in [c.attacker]}
    for condition in conditions:
        assert (condition.people, condition.photos, condition.channel) == (10, 8, "upload")
        seeds[condition.attacker, condition.defence].add((condition.album_seed, condition.tune_seed))
    everything = {(album, tune) for album in range(3) for tune in range(2)}
    for name in (CLEAN, "canvas-noise", *STRENGTHS):
        assert seeds["probe", name] == everything
        assert {album for album, _ in seeds["prototype", name]} == {0, 1, 2}
    assert seeds["reader", CLEAN] == seeds["reader", "strong"] == everything
    # What must hold is measured first.
    first = [c.defence for c in conditions if c.defence != CLEAN]
    assert first.index("strong") < first.index("film") < first.index("balanced") < first.index("subtle")


def test_the_preset_of_forty_minutes_has_enough_people_and_who_attacks() -> None:
    """What it has no time for, `seeds` and `axes` have; see the test below."""
    conditions = list(PRESETS["small"].conditions())
    assert PRESETS["small"].personas >= 20
    assert {"strong", "balanced", "film", "face-blur"} <= {c.defence for c in conditions}
    assert {c.counter for c in conditions} == {"", *ALL_COUNTERS} - {VEIL_QUERY}
    assert {c.attacker for c in conditions if c.victim == GREY} == set(PLAIN)
    assert {c.attacker for c in conditions if c.victim == WHITE} == {*PLAIN, "reader", "clip"}


def test_the_presets_of_the_figures_have_every_strength_and_everyone_who_fights_back() -> None:
    conditions = [*PRESETS["seeds"].conditions(), *PRESETS["axes"].conditions()]
    assert set(catalogue.STRENGTHS) <= {c.defence for c in conditions}
    assert {c.counter for c in conditions} == {"", *ALL_COUNTERS}
    assert {c.attacker for c in conditions} == {*PLAIN, *READERS, "clip"}
    assert {c.victim for c in conditions if c.attacker == "reader"} == {WHITE, GREY, BLACK}


@pytest.mark.parametrize("name", ["full", "gpu"])
def test_longer_presets_have_every_strength_and_enough_people(name: str) -> None:
    conditions = list(PRESETS[name].conditions())
    assert set(catalogue.STRENGTHS) <= {c.defence for c in conditions}
    assert PRESETS[name].personas >= 20
    assert {c.counter for c in conditions} == {"", *ALL_COUNTERS}
    assert set(BASELINES) <= {c.defence for c in conditions}
    assert {c.attacker for c in conditions if c.victim == GREY} >= {*PLAIN, *READERS}
    assert {c.people for c in conditions} == {1, 10, 20, 50}
    assert {4, 8, 16} <= {c.photos for c in conditions}
    assert {c.share for c in conditions} == {0.2, 0.4, 0.6, 0.8, 1.0}
    assert {(c.album_seed, c.tune_seed) for c in conditions if c.attacker == "reader"} == {
        (album, tune) for album in range(3) for tune in range(2)
    }


def test_a_condition_is_found_again_in_its_row() -> None:
    for looks in Looks:
        condition = replace(GOOD, looks=looks, counter="grey", people=1)
        again = Condition.of(json.loads(json.dumps(_row(condition, 0.5))))
        assert again == condition
        assert again.looks is looks


def test_all_defences_can_be_made(tmp_path: Path) -> None:
    engine = tiny_engine(tmp_path)
    for name in (*BASELINES, *STRENGTHS, CLEAN):
        assert callable(defence(name, engine, Shelf(tmp_path)))


def test_rows_without_a_clean_attacker_that_works_do_not_count() -> None:
    bad = replace(GOOD, attacker="prototype")
    rows = [
        _row(GOOD, 0.99),
        _row(bad, 0.8),
        _row(replace(GOOD, defence="strong"), 0.3),
        _row(replace(bad, defence="strong"), 0.3),
        _row(replace(GOOD, defence="strong", counter=VEIL_MAP), 0.4),
        _row(replace(GOOD, defence="strong", counter="grey"), 0.4),
        _row(replace(GOOD, defence="strong", share=0.4), 0.5),
    ]
    lines = summary(rows)
    counts = {(x["attacker"], x["defence"], x["counter"], x["share"]): x["counts"] for x in lines}
    assert counts == {
        ("probe", "clean", "", 1): True,
        ("prototype", "clean", "", 1): False,
        ("probe", "strong", "", 1): True,
        ("prototype", "strong", "", 1): False,
        ("probe", "strong", VEIL_MAP, 1): True,
        ("probe", "strong", "grey", 1): False,
        ("probe", "strong", "", 0.4): True,
    }
    text = as_markdown(lines, "command", "1")
    assert "| 30.0 |" in text
    assert "| (30.0) |" in text


def test_rows_do_not_count_where_noise_changes_something() -> None:
    strong = _row(replace(GOOD, defence="strong"), 0.3)
    for leak, counts in ((0.97, True), (0.9, False)):
        rows = [_row(GOOD, 0.99), _row(replace(GOOD, defence="canvas-noise"), leak), strong]
        assert {line["counts"] for line in summary(rows)} == {counts}


def test_an_attacker_who_tells_the_same_of_everybody_does_not_count() -> None:
    one = replace(GOOD, people=1)
    for chance, counts in ((0.2, True), (0.9, False)):
        rows = [_row(one, 1.0, chance), _row(replace(one, defence="strong"), 0.9, chance)]
        assert {line["counts"] for line in summary(rows)} == {counts}


def test_lines_tell_kinds_seeds_and_time() -> None:
    rows = [
        _row(replace(GOOD, album_seed=album, tune_seed=tune), 0.9 + 0.02 * album)
        for album in (0, 1)
        for tune in (0, 1)
    ]
    (line,) = summary(rows)
    assert (line["album_seeds"], line["tune_seeds"], line["seconds"], line["runs"]) == (
        [0, 1],
        [0, 1],
        6.0,
        4,
    )
    assert line["leak"] == pytest.approx(0.91)
    assert set(line["by_kind"]) == set(KINDS)
    low, high = line["by_kind"]["pet"]["interval"]
    assert low <= line["by_kind"]["pet"]["leak"] <= high


def test_runs_keep_their_own_files_and_the_digest_tells_the_newest_long_one(tmp_path: Path) -> None:
    small = replace(GOOD, people=20, photos=8)
    rows = [
        _row(small, 1.0),
        _row(replace(small, defence="strong"), 0.3),
        _row(replace(small, defence="strong", counter=VEIL_MAP), 0.4),
        _row(replace(small, channel="blur"), 1.0),
        _row(replace(small, defence="strong", channel="blur"), 0.35),
        _row(replace(small, defence="torchattacks-pgd"), 0.8),
    ]
    write_run("small", rows, tmp_path)
    before = (tmp_path / "affiliation-small.json").read_bytes()
    write_run("ci", [_row(replace(GOOD, people=8), 1.0)], tmp_path)
    assert (tmp_path / "affiliation-small.json").read_bytes() == before
    found = newest(tmp_path)
    assert found is not None
    assert found[0] == "small"
    assert {row["command"] for row in found[1]["rows"]} == {"python -m lab.affiliation --preset small"}
    text = (tmp_path / "affiliation.md").read_text()
    titles = [line[4:] for line in text.splitlines() if line.startswith("### ")]
    assert titles == ["Strengths", "After other channels", "Attackers who fight back", "Other defences"]
    digest = json.loads((tmp_path / "affiliation.json").read_text())
    assert digest["digest_of"] == "affiliation-small.json"
    assert len(digest["summary"]) == len(rows)
    assert (tmp_path / "affiliation.png").read_bytes().startswith(b"\x89PNG")


def test_the_digest_leads_with_what_holds_over_seeds(tmp_path: Path) -> None:
    small = replace(GOOD, people=20, photos=8)
    write_run("small", [_row(small, 1.0), _row(replace(small, defence="strong"), 0.3)], tmp_path)
    ten = replace(GOOD, people=10, photos=8)
    pairs = [(album, tune) for album in range(3) for tune in range(2)]
    rows = [
        _row(replace(ten, album_seed=a, tune_seed=t, defence=d), leak)
        for a, t in pairs
        for d, leak in ((CLEAN, 1.0), ("strong", 0.2 + 0.01 * a))
    ]
    rows += [_row(replace(ten, defence="untaught"), 0.5), _row(replace(ten, mixed=True), 0.96)]
    write_run("seeds", rows, tmp_path)
    found = newest(tmp_path)
    assert found is not None
    assert found[0] == "small"
    digest = json.loads((tmp_path / "affiliation.json").read_text())
    assert digest["digest_of"] == "affiliation-small.json"
    assert digest["over_seeds"]["digest_of"] == "affiliation-seeds.json"
    text = (tmp_path / "affiliation.md").read_text()
    assert (
        text.index("## 3 albums, 2 tuning seeds") < text.index("## One album") < text.index("### Strengths")
    )
    assert "| 21.0 | 20.0 to 22.0 |" in text
    assert "| 3 × 2 |" in text
    kinds = text[text.index("### By kind of fact") : text.index("## One album")]
    assert "chance, 10 people, albums 0, 1, 2" in kinds
    assert "untaught" not in kinds  # of one album only
    assert "clean, facts in these only" in text[text.index("### Facts in protected photos only") :]
    assert (tmp_path / "affiliation-seeds.png").read_bytes().startswith(b"\x89PNG")


def test_the_axes_stand_beside_the_run_and_never_lead(tmp_path: Path) -> None:
    small, ten = replace(GOOD, people=20, photos=8), replace(GOOD, people=10, photos=8)
    write_run("small", [_row(small, 1.0), _row(replace(small, defence="strong"), 0.3)], tmp_path)
    rows = [
        _row(replace(ten, channel="blur"), 1.0),
        _row(replace(ten, defence="strong", channel="blur"), 0.44),
    ]
    write_run("axes", rows, tmp_path)
    found = newest(tmp_path)
    assert found is not None
    assert found[0] == "small"
    text = (tmp_path / "affiliation.md").read_text()
    own = text[text.index("## Every axis, on one smaller album") :]
    assert "`python -m lab.affiliation --preset axes`" in own
    assert "### After other channels" in own
    assert "| 44.0 |" in own


def test_the_axes_preset_walks_every_axis() -> None:
    conditions = list(PRESETS["axes"].conditions())
    strong = [c for c in conditions if c.defence == "strong" and c.victim == WHITE]
    assert {c.channel for c in strong} == set(CHANNELS)
    assert {c.counter for c in strong} == {"", *ALL_COUNTERS}
    assert {c.share for c in strong} == {0.2, 0.4, 0.6, 0.8, 1.0}
    assert {c.people for c in strong} == {1, 10, 50}
    assert {c.photos for c in strong} == {4, 8, 16}
    assert {c.looks for c in strong} == set(Looks)
    assert {c.attacker for c in strong} == {*PLAIN, "reader", CLIP, UNFROZEN}


def test_chances_by_kind_are_those_of_the_albums() -> None:
    (line,) = summary([_row(GOOD, 1.0)])
    kinds = [line["by_kind"][kind]["chance"] for kind in KINDS]
    members = make_album(GOOD.looks, GOOD.people, 1, 1, 0).members
    assert sum(kinds) / len(kinds) == pytest.approx(chance_of([member.persona.facts for member in members]))


def test_without_a_long_run_the_digest_tells_the_short_one(tmp_path: Path) -> None:
    write_run("ci", [_row(replace(GOOD, people=8, photos=4), 1.0)], tmp_path)
    assert "affiliation-ci.md" in (tmp_path / "affiliation.md").read_text()


def test_rows_on_a_missing_grey_box_are_skipped_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tiny_study(tmp_path, Block((CLEAN,), ("prototype",), (WHITE, GREY, BLACK)))
    rows = study.run()
    assert [row["victim"] for row in rows] == [WHITE, BLACK]
    told = [line for line in capsys.readouterr().err.splitlines() if "skipped" in line]
    assert len(told) == 1
    assert "1 rows skipped" in told[0]
    assert studies.TRAIN_GREY in told[0]


def test_rows_of_a_package_that_is_not_there_are_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.affiliation.outside.installed", lambda: False)
    study = tiny_study(tmp_path, Block(("torchattacks-pgd",), ("prototype",), (WHITE,)))
    assert Counter(row["defence"] for row in study.run()) == {CLEAN: 1}
    assert "--no-deps" in capsys.readouterr().err


def test_a_grey_box_that_is_there_has_a_name_of_its_own(tmp_path: Path) -> None:
    assert towers.grey_towers(torch.device("cpu"), tmp_path) == []
    home = tiny_models(tmp_path)
    (home / "starter").rename(home / "grey")
    for file in (home / "grey").glob("*.json"):
        if file.stem != "tiny-resnet":
            file.unlink()
            continue
        config = json.loads(file.read_text()) | {"name": "starter-resnet"}
        file.write_text(json.dumps(config))
    (found,) = towers.grey_towers(torch.device("cpu"), home)
    assert found.name == GREY


@pytest.mark.parametrize(
    ("preset", "there", "device"), [("gpu", True, "cuda"), ("gpu", False, "cpu"), ("ci", True, "cpu")]
)
def test_the_gpu_preset_makes_do_without_one(
    preset: str, there: bool, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert default_device(preset) == device
