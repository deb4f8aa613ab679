"""One sentence about a report, true to its figures."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from photoveil.protection import Engine, Persona
from photoveil.protection.catalogue import Role
from photoveil.protection.encoders import Reference
from photoveil.protection.headline import CHANNEL, sentence, strangers
from photoveil.protection.report import strangers_nearer
from tests.protection.pictures import photo


def _encoder(role: str, share: float | None) -> dict[str, Any]:
    return {"role": role, "channels": {CHANNEL: {"strangers_nearer": share}}}


def test_strangers_are_counted_who_are_nearer_than_home() -> None:
    home = torch.tensor([1.0, 0.0])
    bank = torch.nn.functional.normalize(
        torch.tensor([[1.0, 1.0], [0.0, 1.0], [-1.0, 0.0], [1.0, 0.1]]), dim=1
    )
    seen = torch.nn.functional.normalize(torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]), dim=1)
    reference = Reference(bank, torch.zeros(2))
    assert strangers_nearer(seen, home, reference) == pytest.approx([0.0, 0.75, 1.0])
    assert strangers_nearer(seen, home, None) == [None, None, None]


def test_the_sentence_tells_surrogates_and_witness_apart() -> None:
    report = {"encoders": [_encoder("surrogate", 0.9), _encoder("surrogate", 0.8), _encoder("witness", 0.4)]}
    assert strangers(report["encoders"], Role.SURROGATE) == pytest.approx(0.85)
    assert sentence(report).startswith("To an encoder it was not made against, 40% of strangers")
    assert sentence(report).endswith("(85% to those it was)")
    assert sentence({"encoders": report["encoders"][:2]}).startswith("85% of strangers")


@pytest.mark.parametrize(
    "report",
    [{"encoders": [_encoder("surrogate", None)]}, {"encoders": [{"role": "surrogate", "channels": {}}]}, {}],
)
def test_old_reports_and_sets_without_strangers_get_no_sentence(report: dict[str, Any]) -> None:
    assert sentence(report) == ""


def test_the_shipped_starters_count_strangers(starters: Engine) -> None:
    done = starters.protect(photo(160, 120), persona=Persona("me"), strength="film")
    told = sentence(done.report.as_dict())
    assert "of strangers look more like this photo than you do" in told
    assert all(0 <= strangers(done.report.as_dict()["encoders"], role) <= 1 for role in Role)  # type: ignore[operator]
