"""The tiny models, and a home in which the persona is settled already."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.archive.house import House
from tests.shared import once
from tests.tiny_models import tiny_models

_TOLD = "told.json"


def _protect(folder: Path) -> None:
    house = House(folder, tiny_models(folder / "models"))
    house.fill()
    (folder / _TOLD).write_text(json.dumps(house.run("--processes", "1")))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> House:
    """The library, protected by one process; not to be changed, as other processes look at it too."""
    folder = once(tmp_path_factory, "archive", _protect)
    return House(folder, folder / "models", json.loads((folder / _TOLD).read_text()))


@pytest.fixture
def copied(tmp_path: Path, finished: House) -> House:
    """A copy of it, to go on with."""
    for part in ("home", "library", "out"):
        shutil.copytree(finished.root / part, tmp_path / part)
    return House(tmp_path, finished.models, finished.told)


@pytest.fixture
def house(tmp_path: Path, finished: House) -> House:
    """The same library and the same home, with nothing protected yet."""
    for part in ("home", "library"):
        shutil.copytree(finished.root / part, tmp_path / part)
    return House(tmp_path, finished.models)
