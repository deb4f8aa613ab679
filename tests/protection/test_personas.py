"""Personas learn from their first photos, keep what they learnt, and survive on disk."""

from __future__ import annotations

import hashlib
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from photoveil.protection import Engine, Persona, roster
from photoveil.protection.encoders import Features
from photoveil.protection.roster import ENOUGH_PHOTOS, PersonaError
from tests.protection.pictures import photo

CPU = torch.device("cpu")


def features(seed: int) -> Features:
    random = torch.Generator().manual_seed(seed)
    return Features(
        F.normalize(torch.randn(1, 32, generator=random), dim=-1),
        F.normalize(torch.randn(1, 9, 16, generator=random), dim=-1),
    )


def digest(seed: int) -> str:
    return hashlib.sha256(str(seed).encode()).hexdigest()


def taught(engine: Engine, seeds: list[int]) -> Persona:
    """A persona that learnt from made-up features, for the first encoder."""
    persona = Persona("anna")
    for seed in seeds:
        persona.learn(engine.encoders[0], features(seed), digest(seed))
    return persona


def anchor(engine: Engine, persona: Persona) -> Tensor:
    return torch.cat([*vars(persona.anchor(engine.encoders[0], CPU)).values()])


@given(st.lists(st.integers(0, 50), min_size=1, max_size=ENOUGH_PHOTOS, unique=True), st.randoms())
def test_the_order_of_photos_does_not_matter(engine: Engine, seeds: list[int], random: object) -> None:
    shuffled = sorted(seeds, key=lambda _: random.random())  # type: ignore[attr-defined]
    one, two = taught(engine, seeds), taught(engine, shuffled)
    torch.testing.assert_close(anchor(engine, one), anchor(engine, two), atol=1e-5, rtol=1e-4)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30))
def test_however_often_a_photo_is_met_it_counts_once(engine: Engine, seeds: list[int]) -> None:
    once = taught(engine, list(dict.fromkeys(seeds)))
    assert torch.equal(anchor(engine, taught(engine, seeds)), anchor(engine, once))
    assert once.photos_known(engine.encoders[:1]) == len(set(seeds))


@given(st.lists(st.integers(100, 150), max_size=5))
def test_a_settled_mean_never_changes(engine: Engine, later: list[int]) -> None:
    first = list(range(ENOUGH_PHOTOS))
    assert torch.equal(
        anchor(engine, taught(engine, [*first, *later])), anchor(engine, taught(engine, first))
    )


def test_two_who_loaded_the_same_file_both_keep_what_they_learnt(engine: Engine, tmp_path: Path) -> None:
    taught(engine, [0]).save(tmp_path)
    one, two = Persona.load(tmp_path, "anna"), Persona.load(tmp_path, "anna")
    for persona, seeds in ((one, (1, 2)), (two, (2, 3))):
        for seed in seeds:
            persona.learn(engine.encoders[0], features(seed), digest(seed))
        persona.save(tmp_path)
    back = Persona.load(tmp_path, "anna")
    for persona in (two, back):
        assert persona.photos_known(engine.encoders[:1]) == 4
        torch.testing.assert_close(anchor(engine, persona), anchor(engine, taught(engine, [0, 1, 2, 3])))


def test_what_another_has_settled_meanwhile_stays_settled(engine: Engine, tmp_path: Path) -> None:
    late = taught(engine, [99])
    first = taught(engine, list(range(ENOUGH_PHOTOS)))
    first.save(tmp_path)
    late.save(tmp_path)
    assert torch.equal(anchor(engine, Persona.load(tmp_path, "anna")), anchor(engine, first))
    assert not late.met(engine.encoders[:1], digest(99))


def test_without_anything_new_the_file_is_not_touched(engine: Engine, tmp_path: Path) -> None:
    taught(engine, list(range(ENOUGH_PHOTOS))).save(tmp_path)
    before = (tmp_path / "anna.safetensors").stat()
    persona = Persona.load(tmp_path, "anna")
    persona.learn(engine.encoders[0], features(99), digest(99))
    persona.save(tmp_path)
    after = (tmp_path / "anna.safetensors").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_starting_anew_drops_what_the_file_holds_of_that_encoder_alone(
    engine: Engine, tmp_path: Path
) -> None:
    first, second = engine.encoders[:2]
    persona = taught(engine, [0, 1])
    persona.learn(second, features(0), digest(0))
    persona.save(tmp_path)
    anew = Persona.load(tmp_path, "anna")
    anew.unlearn(first)
    anew.learn(first, features(1), digest(1))
    anew.save(tmp_path)
    back = Persona.load(tmp_path, "anna")
    assert [back.photos_known([encoder]) for encoder in (first, second)] == [1, 1]
    assert torch.equal(anchor(engine, back), anchor(engine, taught(engine, [1])))


def test_who_was_forgotten_meanwhile_does_not_come_back_whole(engine: Engine, tmp_path: Path) -> None:
    taught(engine, [0, 1]).save(tmp_path)
    persona = Persona.load(tmp_path, "anna")
    persona.learn(engine.encoders[0], features(2), digest(2))
    assert roster.forget(tmp_path, "anna")
    persona.save(tmp_path)
    assert torch.equal(anchor(engine, Persona.load(tmp_path, "anna")), anchor(engine, taught(engine, [2])))


_ROUNDS = 10
_RACERS = """
import os
import sys
from pathlib import Path
from photoveil.protection import Engine, Persona
from tests.protection.test_personas import digest, features

models, folder, rounds = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
encoder = Engine.load(device="cpu", models_dir=models).encoders[0]
lessons = [(features(seed), digest(seed)) for seed in range(8)]


def race(mine):
    for number in range(rounds):
        for lesson in mine:
            persona = Persona.load(folder, f"anna {number}")
            persona.learn(encoder, *lesson)
            persona.save(folder)


# Loading torch takes longer than the race: once is enough for both.
other = os.fork()
race(lessons[:4] if other else lessons[4:])
sys.exit(os.waitpid(other, 0)[1] if other else 0)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_two_processes_lose_nothing(engine: Engine, models_dir: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", _RACERS, models_dir, tmp_path, str(_ROUNDS)],
        cwd=Path(__file__).parents[2],
        check=True,
        timeout=240,
    )
    alone = anchor(engine, taught(engine, list(range(8))))
    for number in range(_ROUNDS):
        found = Persona.load(tmp_path, f"anna {number}")
        assert found.photos_known(engine.encoders[:1]) == 8
        torch.testing.assert_close(anchor(engine, found), alone, atol=1e-5, rtol=1e-4)


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
