"""The method wins where it must: the benchmark's `ci` preset, in a file of its own as it takes longest."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.affiliation.plan import CLEAN, SECOND, WHITE
from lab.affiliation.study import Study
from lab.affiliation.tables import summary


@pytest.mark.timeout(900)
def test_the_method_wins_where_it_must(tmp_path: Path) -> None:
    """The `ci` preset: a floor below which the build fails, not the figures of docs/results/affiliation.md."""
    lines = summary(Study("ci", tmp_path, jobs=2).run())
    leak = {(line["defence"], line["victim"]): line for line in lines if line["attacker"] == "prototype"}
    for victim in (WHITE, SECOND):
        clean, noise, strong = (leak[defence, victim] for defence in (CLEAN, "canvas-noise", "strong"))
        assert clean["counts"], clean
        assert noise["leak"] >= clean["leak"] - 0.05, noise
        assert strong["leak"] <= strong["chance"] + 0.15, strong
        assert strong["psnr_db"] >= 31
