"""Candidates for the headline measure what they say, and correlations are correlations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import normalize

from lab.affiliation.headline import Values, correlations, usable, write
from lab.affiliation.measures import MEASURES, Sight, measure, ranks, spearman
from lab.affiliation.plan import BLACK, CLEAN, PLAIN, SECOND, WHITE, Block
from lab.affiliation.tables import summary
from lab.affiliation.towers import Seen
from photoveil.protection.catalogue import Role
from tests.lab.worlds import tiny_study

ROLES = {WHITE: Role.SURROGATE, SECOND: Role.SURROGATE, BLACK: Role.WITNESS}


def test_rank_correlation_is_that_of_places() -> None:
    assert ranks([3.0, 1.0, 3.0, 9.0]).tolist() == [1.5, 0.0, 1.5, 3.0]
    assert spearman([1, 2, 3, 4], [1, 4, 9, 1000]) == pytest.approx(1.0)
    assert spearman([1, 2, 3, 4], [0.5, 0.4, 0.1, 0.0]) == pytest.approx(-1.0)
    assert spearman([1, 2, 3, 4], [1, 3, 2, 4]) == pytest.approx(0.8)
    assert spearman([1, 2, 3], [5, 5, 5]) is None


def _seen(pooled: torch.Tensor) -> Seen:
    return Seen(pooled[:, None].half(), normalize(pooled, dim=-1))


def test_measures_tell_a_hidden_photo_from_an_untouched_one() -> None:
    torch.manual_seed(0)
    person, bank = torch.randn(16), normalize(torch.randn(200, 16), dim=-1)
    clean = person + 0.2 * torch.randn(6, 16)
    same, hidden = (measure(Sight(_seen(clean), _seen(x)), bank) for x in (clean, clean - 2 * person))
    assert set(same) == set(hidden) == set(MEASURES)
    assert min(same["cosine"]) > 0.999 > max(hidden["cosine"])
    assert max(same["rank"]) == 0.0
    assert min(hidden["rank"]) > 0.9
    assert min(same["margin"]) > 0 > max(hidden["margin"])
    assert max(map(abs, (*same["moved"], *same["moved_tokens"]))) < 1e-3
    assert min(*hidden["moved"], *hidden["moved_tokens"]) > 0.5


def _made_up(leaks: list[float]) -> tuple[list[dict[str, Any]], dict[tuple[Any, ...], Values]]:
    """Rows whose measures go up or down with their leak: `moved` and `rank` down, the others up."""
    rows, cells = [], {}
    for i, leak in enumerate(leaks):
        for victim in ROLES:
            cell = ("easy", 0, f"d{i}", "upload", 20, 8)
            fields = dict(
                zip(("looks", "album_seed", "defence", "channel", "people", "photos"), cell, strict=True)
            )
            rows.append({**fields, "victim": victim, "attacker": "probe", "leak": leak})
        values = {name: -leak if name in ("moved", "rank") else leak**3 for name in MEASURES}
        cells[cell] = dict.fromkeys(ROLES, values)
    return rows, cells


def test_monotone_figures_correlate_fully() -> None:
    rows, cells = _made_up([0.1, 0.5, 0.3, 0.9, 0.7])
    lines = correlations(rows, cells, ROLES)
    assert len(lines) == 3 * len(MEASURES)
    for line in lines:
        sign = -1 if line["measure"] in ("moved", "rank") else 1
        assert line["rows"] == 15
        assert all(value == pytest.approx(sign) for value in line["spearman"].values()), line
        assert set(line["spearman"]) == {"all", "probe", *ROLES}
    few, cells = _made_up([0.1, 0.5])
    assert correlations(few, cells, ROLES)[0]["spearman"]["probe"] is not None
    assert correlations(few, cells, ROLES)[0]["spearman"][WHITE] is None


@pytest.mark.usefixtures("small_photos")
def test_a_run_is_measured_once_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = (
        Block(("face-blur",), PLAIN, (WHITE, SECOND, BLACK)),
        Block(("face-blur",), ("prototype",), (WHITE,), channels=("blur",), shares=(0.5, 1.0)),
    )
    study = tiny_study(tmp_path, *blocks)
    study.run()
    rows = study.noted()
    # Random towers pass no gate; what is wanted here is the way from rows to a table.
    rows = [row | ({"leak": 1.0, "by_person": [1.0] * 4} if row["defence"] == CLEAN else {}) for row in rows]
    assert len(usable(rows, summary(rows))) == len(rows) - 1
    text = write("ci", study, rows, tmp_path / "out")
    assert "| rank | witness | 14 |" in text
    document = json.loads((tmp_path / "out" / "affiliation-headline.json").read_text())
    assert len(document["correlations"]) == 15
    assert len(document["rows"]) == 14
    monkeypatch.setattr("lab.affiliation.headline.measure", None)
    assert write("ci", study, rows, tmp_path / "out") == text
