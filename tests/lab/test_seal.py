"""The seal's bench on one small photo: every figure is found, and the goals that do not depend on size are kept."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lab.people import sample_persona
from lab.render import render
from lab.scenes import sample_photo
from lab.seal import report
from lab.seal.pictures import CHANNELS, DRAWN, Picture
from lab.seal.study import Plan, Row, glanced, measured


def test_a_short_study(tmp_path: Path) -> None:
    photos = [
        Picture(str(seed), DRAWN, render(sample_photo(sample_persona(seed), seed), 1000, 750))
        for seed in (71, 72)
    ]
    rows, shown = measured(photos, Plan(keys=50, attacked=1, seed=1))
    named = {(row.part, row.name): row for row in rows}
    for channel in CHANNELS:
        assert named["restoration", f"opened: {channel.name}"].value == 2
        assert named["restoration", channel.name].value > 22
    assert named["restoration", "lossless"].met
    # Such a small photo loses more to JPEG than those that the goals are measured on.
    assert named["restoration", "JPEG 85"].value > 30
    assert named["restoration", "1080 pixels, JPEG 75"].value > 26
    for name in ("wrong key, all else known", "inpainting (Telea)", "inpainting (Navier–Stokes)"):
        assert named["attack", name].met, named["attack", name]
    assert named["attack", "wrong keys accepted"].value == 0
    assert named["attack", "keys with one wrong bit accepted"].count == 128
    assert named["detection", "mark of another photo: lossless"].value == 1
    assert named["detection", "the same in its opposite corner: lossless"].value == 1
    assert named["detection", "false alarms: JPEG 85"].value == 0
    assert named["detection", "5% of the mark painted over"].value == 1
    assert named["detection", "10% of the mark from another mark"].value == 1

    about: dict[str, str | int] = {
        "command": "c",
        "seed": 1,
        "version": "0",
        "date": "2026-01-01",
        "photos": "Two.",
    }
    report.write(tmp_path, rows, shown, about)
    assert len(json.loads((tmp_path / "seal.json").read_text())["rows"]) == len(rows)
    assert "| lossless | 2 drawn |" in (tmp_path / "seal.md").read_text()
    assert (tmp_path / "seal.png").stat().st_size > 10_000


def test_a_glance_tells_what_has_a_goal() -> None:
    small = Picture("71", DRAWN, render(sample_photo(sample_persona(71), 71), 400, 300))
    rows = glanced([small], 1)
    found = {row.name: row for row in rows if row.unit == "dB"}
    assert list(found) == [channel.name for channel in CHANNELS if channel.bar is not None]
    assert found["lossless"].met
    assert glanced([small], 1) == rows, "the seed fixes every key"
    assert glanced([small], 2) != rows


@pytest.mark.parametrize(("values", "met"), [((46.0, 47.0), True), ((44.0, 44.9), False)])
def test_a_missed_goal_is_told(values: tuple[float, float], met: bool) -> None:
    low, high = values
    row = Row(
        "restoration", "lossless", DRAWN, 2, float(np.mean(values)), "dB", "≥ 45", met, low, high, None, 0.5
    )
    text = report.markdown([row], {"command": "c", "seed": 1, "version": "0", "date": "d", "photos": ""})
    assert ("**missed**" in text) != met
