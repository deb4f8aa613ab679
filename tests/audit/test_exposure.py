"""What the starters read off drawn photos, on photos they were never trained on."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lab.people import ATTRIBUTES, FACT_ATTRIBUTES, sample_persona
from lab.render import render
from lab.scenes import sample_photo
from lab.starters.data import persona_seeds
from photoveil.audit import exposure
from photoveil.audit.errors import AuditError
from photoveil.audit.facts import KINDS
from photoveil.protection import catalogue
from photoveil.protection.catalogue import ModelSet
from tests.cli.house import make
from tests.tiny_models import tiny_models

SEEDS = persona_seeds(24, 77, held_out=True)
MAIN = {kind: names[0] for kind, names in FACT_ATTRIBUTES.items()}


def test_the_words_are_those_the_starters_were_taught() -> None:
    for kind, attribute in MAIN.items():
        assert len(exposure._THINGS[kind]) == len(ATTRIBUTES[attribute])
        for said, value in zip(exposure._THINGS[kind], ATTRIBUTES[attribute], strict=True):
            assert value in said
    for kind, said_in in exposure._DETAILS.items():
        colours = ATTRIBUTES[FACT_ATTRIBUTES[kind][1]]
        assert all(colour in said for colour, said in zip(colours, said_in, strict=True))


def test_what_a_photo_shows_is_read_and_named() -> None:
    specs = [
        sample_photo(sample_persona(seed), 9, ("portrait", *KINDS)[i % 8]) for i, seed in enumerate(SEEDS)
    ]
    found = exposure.expose([render(spec, 240, 240) for spec in specs], catalogue.model_set("starter"))
    right = named = false = 0
    for spec, one in zip(specs, found, strict=True):
        told = {reading.kind: reading.says for reading in one.shown}
        if spec.kind in KINDS:
            right += spec.kind in told
            named += spec.attributes[MAIN[spec.kind]] in told.get(spec.kind, "")
        false += len(told.keys() - {spec.kind})
    shown = sum(spec.kind in KINDS for spec in specs)
    assert right >= 0.45 * shown
    assert named >= 0.75 * right
    assert false <= 0.2 * len(KINDS) * len(specs)


def test_every_kind_is_told_of_once_and_in_bounds() -> None:
    (one,) = exposure.expose([np.full((60, 90), 120, np.uint8)], catalogue.model_set("starter"))
    assert [reading.kind for reading in one.readings] == list(KINDS)
    for reading in one.readings:
        assert 0 <= reading.sure <= 1
        assert 0 <= reading.rank <= 1
        assert reading.shows == (reading.rank >= exposure.SHOWS_FROM)
    assert len(one.as_dict()["readings"]) == 7


def test_the_command_shows_before_and_after(tmp_path: Path) -> None:
    house = make(tmp_path / "house", Path(os.environ["PHOTOVEIL_MODELS"]))
    spec = sample_photo(sample_persona(SEEDS[0]), 9, "workplace")
    photo, copy = house.folder / "photo.png", house.folder / "copy.png"
    Image.fromarray(render(spec, 240, 240)).save(photo)
    Image.new("RGB", (240, 240), "grey").save(copy)
    found = house.json("exposure", "photo.png", "--protected", "copy.png")
    (before,) = (one for one in found["before"]["readings"] if one["kind"] == "workplace")
    assert before["shows"]
    assert spec.attributes["workplace"] in before["says"]
    (after,) = (one for one in found["after"]["readings"] if one["kind"] == "workplace")
    assert after["rank"] < before["rank"]
    said = house.run("exposure", "photo.png", "--only-before")
    assert "workplace" in said.stdout
    assert "demonstration" in said.stderr
    assert "not a file" in house.refused("exposure", "nothing.png")


def test_a_set_without_words_says_so(tmp_path: Path) -> None:
    models = catalogue.model_set("starter", tiny_models(tmp_path))
    with pytest.raises(AuditError, match="without their words"):
        exposure.expose([np.zeros((8, 8, 3), np.uint8)], ModelSet("tiny", "", models.encoders))
