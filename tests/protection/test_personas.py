"""Personas learn from their first photos, keep what they learnt, and survive on disk."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import torch

from photoveil.protection import Engine, Persona
from photoveil.protection.personas import ENOUGH_PHOTOS, PersonaError
from tests.protection.pictures import photo


def test_learns_from_the_first_photos_then_keeps_its_anchor(engine: Engine) -> None:
    persona = Persona("anna")
    encoder = engine.encoders[0]
    anchors = []
    for count in range(ENOUGH_PHOTOS + 2):
        engine.learn(persona, [photo(100 + 20 * count, 90)])
        anchors.append(persona.anchor(encoder, torch.device("cpu")).pooled)
    assert not torch.equal(anchors[0], anchors[1])
    assert torch.equal(anchors[-3], anchors[-1])
    assert persona.knows(encoder)
    assert float(anchors[-1].norm()) == pytest.approx(1.0, abs=1e-5)


def test_a_photo_met_again_counts_once(engine: Engine) -> None:
    persona, again = Persona("anna"), photo(100, 90)
    engine.learn(persona, [again, photo(120, 90)])
    before = persona.anchor(engine.encoders[0], torch.device("cpu")).pooled
    engine.protect(again, persona=persona)
    assert torch.equal(before, persona.anchor(engine.encoders[0], torch.device("cpu")).pooled)


def test_comes_back_from_disk_readable_by_the_owner_only(engine: Engine, tmp_path: Path) -> None:
    persona = Persona("Anna Maria")
    engine.learn(persona, [photo(120, 90)])
    persona.save(tmp_path / "personas")
    file = tmp_path / "personas" / "Anna Maria.safetensors"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    back = Persona.load(tmp_path / "personas", "Anna Maria")
    for encoder in engine.encoders:
        ours, theirs = (p.anchor(encoder, torch.device("cpu")) for p in (persona, back))
        assert torch.equal(ours.pooled, theirs.pooled)
        assert torch.equal(ours.tokens, theirs.tokens)


def test_a_new_name_is_a_new_persona(tmp_path: Path) -> None:
    assert Persona.load(tmp_path, "nobody").means == {}


@pytest.mark.parametrize("name", ["", "../me", "a/b", "a\\b", ".hidden", "x" * 65, "a\0b", "a\nb"], ids=repr)
def test_names_that_are_no_file_names_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(PersonaError):
        Persona.load(tmp_path, name)


def test_damaged_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "me.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0rubbish!")
    with pytest.raises(PersonaError, match="Delete the file"):
        Persona.load(tmp_path, "me")
