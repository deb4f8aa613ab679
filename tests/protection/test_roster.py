"""The list of personas: read from their files without torch, in the eyes of the model sets that are installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from photoveil.protection import Engine, Persona, catalogue, roster
from photoveil.protection.roster import ENOUGH_PHOTOS, Knowledge, PersonaError
from tests.protection.pictures import photo
from tests.tiny_models import tiny_models


def test_who_is_known_and_how_well(engine: Engine, models_dir: Path, tmp_path: Path) -> None:
    for name, count in (("zoe", 3), ("anna", ENOUGH_PHOTOS)):
        persona = Persona(name)
        engine.learn(persona, [photo(64 + 8 * number, 64) for number in range(count)])
        persona.save(tmp_path)
    found = roster.personas(tmp_path, catalogue.model_sets(models_dir))
    assert [(entry.name, entry.knowledge) for entry in found] == [
        ("anna", (Knowledge("starter", ENOUGH_PHOTOS),)),
        ("zoe", (Knowledge("starter", 3),)),
    ]
    assert [entry.of("starter").settled for entry in found] == [True, False]
    assert found[0].of("another") == Knowledge("another", 0)


def test_encoders_with_other_weights_know_nobody(engine: Engine, tmp_path: Path) -> None:
    persona = Persona("anna")
    engine.learn(persona, [photo(64, 64), photo(72, 64)])
    persona.save(tmp_path)
    others = catalogue.model_sets(tiny_models(tmp_path / "models", seed=1))
    found = roster.find(tmp_path, "anna", others)
    assert found is not None
    assert found.knowledge == (Knowledge(None, 2),)
    assert found.of("starter").photos == 0


def test_a_set_is_known_as_well_as_its_least_encoder(
    engine: Engine, models_dir: Path, tmp_path: Path
) -> None:
    persona = Persona("anna")
    engine.learn(persona, [photo(64, 64), photo(72, 64)])
    persona.unlearn(engine.encoders[1])
    persona.save(tmp_path)
    found = roster.find(tmp_path, "anna", catalogue.model_sets(models_dir))
    assert found is not None
    assert found.knowledge == (Knowledge("starter", 0),)


@pytest.mark.parametrize(
    "data", [b"", b"\x08\0\0\0\0\0\0\0rubbish!", b"\x02\0\0\0\0\0\0\0[]", b"\xff" * 20], ids=repr
)
def test_a_damaged_file_is_on_the_list_and_can_be_forgotten(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "me.safetensors").write_bytes(data)
    [entry] = roster.personas(tmp_path, [])
    assert entry.error is not None
    assert "personas forget" in entry.error.remedy
    with pytest.raises(PersonaError, match="damaged"):
        entry.of("starter")
    assert roster.forget(tmp_path, "me")
    assert roster.personas(tmp_path, []) == []
    assert not roster.forget(tmp_path, "me")


def test_where_nothing_is_nobody_is_known(tmp_path: Path) -> None:
    assert roster.personas(tmp_path / "nowhere", []) == []
    assert roster.find(tmp_path / "nowhere", "me", []) is None
    assert not (tmp_path / "nowhere").exists()


def test_one_process_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "_PATIENCE", 0.2)
    script = (
        "import sys; from pathlib import Path; from photoveil.protection import roster\n"
        "with roster.locked(Path(sys.argv[1])):\n    print('held', flush=True); sys.stdin.readline()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(PersonaError, match="in use"):
            roster.forget(tmp_path, "me")
        other.kill()
    assert not roster.forget(tmp_path, "me")


def test_it_needs_no_torch() -> None:
    script = (
        "import sys; from pathlib import Path; from photoveil.protection import roster\n"
        "roster.personas(Path('.'), []); print({'torch', 'numpy', 'PIL', 'filelock'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
