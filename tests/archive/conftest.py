"""The tiny models, and a home in which the persona is settled already."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.archive.house import House
from tests.tiny_models import tiny_models


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, models: Path) -> House:
    """The library, protected by one process; not to be changed."""
    house = House(tmp_path_factory.mktemp("finished"), models)
    house.fill()
    house.told = house.run("--processes", "1")
    return house


@pytest.fixture
def house(tmp_path: Path, finished: House) -> House:
    """The same library and the same home, with nothing protected yet."""
    shutil.copytree(finished.root / "home", tmp_path / "home")
    shutil.copytree(finished.library, tmp_path / "library")
    return House(tmp_path, finished.models)
