"""Sets taken from files on disk, checked and removed."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path

import pytest

from photoveil import models
from photoveil.models import ModelsError
from photoveil.protection.model_sets import read_pins
from tests.models import tiny_hub
from tests.models.tiny_hub import DUO, FILE, checkpoint, repository

CLIP, CONVNEXT = "tiny-clip-quickgelu", "tiny-convnext"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def _named(root: Path) -> Path:
    for name in DUO:
        (root / f"{name}.safetensors").write_bytes(checkpoint(name))
    return root


def _clones(root: Path) -> Path:
    for name in DUO:
        (root / repository(name)).mkdir(parents=True)
        (root / repository(name) / FILE).write_bytes(checkpoint(name))
        (root / repository(name) / "config.json").write_text("{}")
    return root


def _cache(root: Path) -> Path:
    """As huggingface_hub lays files out: links to blobs that have no telling name."""
    for name in DUO:
        home = root / f"models--{repository(name).replace('/', '--')}"
        snapshot, blobs = home / "snapshots" / COMMIT, home / "blobs"
        snapshot.mkdir(parents=True)
        blobs.mkdir()
        (blobs / "0123").write_bytes(checkpoint(name))
        (snapshot / FILE).symlink_to(blobs / "0123")
    return root


@pytest.mark.parametrize("layout", [_named, _clones, _cache])
def test_a_set_is_taken_from_files(folder: Path, tmp_path: Path, layout: object) -> None:
    given = tmp_path / "given"
    given.mkdir()
    assert callable(layout)
    done = models.add("duo", layout(given), folder)
    assert done.installed
    for encoder in done.encoders:
        data = checkpoint(encoder.name)
        assert encoder.weights.read_bytes() == data
        assert not encoder.weights.is_symlink()
        pin = read_pins(folder / "duo")[encoder.weights.name]
        assert pin.sha256 == encoder.sha256 == hashlib.sha256(data).hexdigest()
        assert pin.origin == "file"
        assert pin.revision == (COMMIT if layout is _cache else "")
    assert models.verify("duo", folder) == []
    assert sum(1 for file in given.rglob("*.safetensors") if file.is_file()) == 2  # what was given stays


def test_single_files_one_after_the_other(folder: Path, tmp_path: Path) -> None:
    _named(tmp_path)
    assert models.add("duo", tmp_path / f"{CLIP}.safetensors", folder).missing == [f"{CONVNEXT}.safetensors"]
    assert not models.installed("duo", folder)
    assert models.add("duo", [tmp_path / f"{CONVNEXT}.safetensors"], folder).installed


def test_the_record_of_another_photoveil_is_enforced(folder: Path, tmp_path: Path) -> None:
    models.add("duo", _named(tmp_path), folder)
    stick = tmp_path / "stick" / "duo"
    shutil.copytree(folder / "duo", stick)
    (stick / f"{CLIP}.safetensors").write_bytes(checkpoint(CLIP, 1))
    other = tmp_path / "other computer"
    tiny_hub.describe(other, "duo", DUO)
    with pytest.raises(ModelsError, match="not the recorded one"):
        models.add("duo", stick, other)
    assert not (other / "duo" / f"{CLIP}.safetensors").exists()
    (stick / f"{CLIP}.safetensors").write_bytes(checkpoint(CLIP))
    assert models.add("duo", stick, other).installed


def test_what_was_recorded_is_not_replaced_by_something_else(folder: Path, tmp_path: Path) -> None:
    models.add("duo", _named(tmp_path), folder)
    (tmp_path / f"{CLIP}.safetensors").write_bytes(checkpoint(CLIP, 1))
    with pytest.raises(ModelsError, match="not the recorded one"):
        models.add("duo", tmp_path / f"{CLIP}.safetensors", folder)
    assert models.verify("duo", folder) == []


def test_damaged_files_are_put_right_by_adding_them_again(folder: Path, tmp_path: Path) -> None:
    models.add("duo", _named(tmp_path), folder)
    (folder / "duo" / f"{CLIP}.safetensors").write_bytes(b"damaged")
    assert [found.problem for found in models.verify("duo", folder)] == ["changed"]
    models.add("duo", tmp_path / f"{CLIP}.safetensors", folder)
    assert models.verify("duo", folder) == []


def test_only_what_fits_is_taken(folder: Path, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    with pytest.raises(ModelsError, match="Nothing there belongs"):
        models.add("duo", given, folder)
    (given / "model.safetensors").write_bytes(checkpoint(CLIP))  # fits, but does not say what it is
    with pytest.raises(ModelsError, match="Nothing there belongs") as told:
        models.add("duo", given, folder)
    assert f"{CLIP}.safetensors" in told.value.reason
    for content in (checkpoint(CONVNEXT), b"\x80\x04 a pickle" * 100, checkpoint(CLIP)[:-1]):
        (given / f"{CLIP}.safetensors").write_bytes(content)
        with pytest.raises(ModelsError, match="does not fit"):
            models.add("duo", given, folder)
    assert not any((folder / "duo").glob("*"))


def test_files_that_are_not_there_are_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelsError, match="No such file"):
        models.add("duo", tmp_path / "nowhere", folder)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that cannot be read even by root")
def test_a_file_that_cannot_be_read_is_told_by_its_name(folder: Path, tmp_path: Path) -> None:
    given = tmp_path / f"{CLIP}.safetensors"
    given.symlink_to("/proc/self/mem")  # a regular file, at whose beginning every read fails
    with pytest.raises(ModelsError, match=given.name) as told:
        models.add("duo", given, folder)
    assert told.value.title == "This file cannot be read"
    assert not (folder / "duo" / given.name).exists()


def test_a_removed_set_is_gone_and_what_is_not_ours_stays(folder: Path, tmp_path: Path) -> None:
    models.add("duo", _named(tmp_path), folder)
    (folder / "duo" / "notes.txt").write_text("mine")
    assert models.remove("duo", folder) > len(checkpoint(CLIP)) + len(checkpoint(CONVNEXT))
    assert not models.installed("duo", folder)
    assert [file.name for file in (folder / "duo").iterdir()] == ["notes.txt"]
    (folder / "duo" / "notes.txt").unlink()
    assert models.remove("duo", folder) == 0
    assert not (folder / "duo").exists()


def test_what_is_not_fetched_is_not_removed(folder: Path) -> None:
    with pytest.raises(ModelsError, match="part of Photoveil"):
        models.remove("starter", folder)
    assert models.installed("starter", folder)


def test_the_starters_are_verified_too(tmp_path: Path) -> None:
    assert models.verify("starter", tmp_path) == []
    shipped = next(Path(models.__file__).parents[1].glob("protection/starter"))
    shutil.copytree(shipped, tmp_path / "starter")
    reference = next((tmp_path / "starter").glob("*.reference.safetensors"))
    reference.write_bytes(reference.read_bytes()[:-1])
    assert [(found.file, found.problem) for found in models.verify("starter", tmp_path)] == [
        (reference.name, "changed")
    ]


def test_records_are_plain_json_that_people_can_read(folder: Path, tmp_path: Path) -> None:
    models.add("duo", _named(tmp_path), folder)
    written = json.loads((folder / "duo" / "pins.json").read_text())
    assert written["version"] == 1
    assert set(written["files"][f"{CLIP}.safetensors"]) == {
        "sha256", "bytes", "repo", "file", "revision", "origin", "date",
    }  # fmt: skip
