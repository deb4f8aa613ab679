"""What tests of the child share: tiny encoders, a strength that takes no time, a card that is only said to be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from photoveil.protection import catalogue, devices
from tests.tiny_models import tiny_models


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Photos are protected at `subtle` within two steps: how well is not asked."""
    short = replace(catalogue.STRENGTHS["subtle"], tone_db=None, steps=2)
    monkeypatch.setitem(catalogue.STRENGTHS, "subtle", short)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a child listens is not a matter of how busy this machine is; tests that do not want to wait say so."""
    monkeypatch.setattr("photoveil.worker.parent._CANCEL_GRACE", 60.0)


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a graphics card, for all that the choice of a device knows."""
    monkeypatch.setitem(devices._THERE, "cuda", lambda: True)
