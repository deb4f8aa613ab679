"""One engine with random weights for all tests of this room, and one with those that are shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from photoveil.protection import Engine, Persona, looks
from photoveil.protection.catalogue import STRENGTHS
from photoveil.protection.roster import ENOUGH_PHOTOS
from tests.protection.pictures import photo
from tests.tiny_models import tiny_models


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def engine(models_dir: Path) -> Engine:
    return Engine.load(device="cpu", models_dir=models_dir)


@pytest.fixture(scope="session")
def known(engine: Engine) -> Persona:
    """Somebody settled who has a look for every strength, fitted in a few steps, so that no test waits for another."""
    persona = Persona("me")
    engine.learn(persona, [photo(100, 80 + 8 * n) for n in range(ENOUGH_PHOTOS)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(looks, "_FIRST_STEPS", 4)
        for strength in STRENGTHS:
            engine.protect(photo(60, 40), persona=persona, strength=strength)
    assert all(look.fitted == ENOUGH_PHOTOS for look in persona.looks.values())
    return persona


@pytest.fixture(scope="session")
def starters() -> Engine:
    return Engine.load(device="cpu")
