"""One engine with random weights for all tests of this room, and one with those that are shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from photoveil.protection import Engine
from tests.tiny_models import tiny_models


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def engine(models_dir: Path) -> Engine:
    return Engine.load(device="cpu", models_dir=models_dir)


@pytest.fixture(scope="session")
def starters() -> Engine:
    return Engine.load(device="cpu")
