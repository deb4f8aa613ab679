"""The callable that any engine can use: picklable, without Ray, one photo's trouble its own."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from photoveil.archive import cluster, local
from photoveil.archive.batch import BatchConfig, ProtectBatch, ReadPhotos, rows
from photoveil.archive.errors import ArchiveError, ArchiveUsageError
from photoveil.archive.recipe import Acquaintance, Recipe, encoder_keys, mark
from photoveil.protection import catalogue
from tests.archive.house import House, picture, sha, tree

RECIPE = Recipe("me", "antithetical", "balanced", "starter", "strip-location")


def _config(house: House, recipe: Recipe = RECIPE) -> BatchConfig:
    models = catalogue.model_set("starter", house.models)
    persona = (house.root / "home" / "default" / "state" / "personas" / "me.safetensors").read_bytes()
    return BatchConfig(recipe, encoder_keys(models), persona)


def test_a_batch_goes_through_in_any_process_and_makes_the_bytes_of_the_command(
    finished: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTOVEIL_MODELS", str(finished.models))
    originals, copies = tree(finished.library), tree(finished.out)
    names = [*originals][:2]
    batch: dict[str, Any] = {
        "name": np.array([*names, "broken.jpg"], dtype=object),
        "data": [*(originals[name] for name in names), b"\xff\xd8\xff broken"],
        "album": np.array([1, 2, 3]),
    }
    protect = pickle.loads(pickle.dumps(ProtectBatch(_config(finished))))  # noqa: S301 - our own
    found = protect(batch)
    again = pickle.loads(pickle.dumps(protect))({name: values[:1] for name, values in batch.items()})  # noqa: S301
    assert found["data"][0] == copies[names[0]]
    assert again["data"][0] == found["data"][0]
    assert found["data"][1] == copies[names[1]]
    assert [*found["outcome"]] == ["protected", "protected", "failed"]
    assert [*found["album"]] == [1, 2, 3]
    assert [*found["nth"]] == [1, 2, 3]
    assert json.loads(found["report"][0])["delivered"]["sha256"] == sha(copies[names[0]])
    assert json.loads(found["error"][2])["title"] == "The photo is incomplete or damaged"


def test_other_encoders_or_another_version_are_refused(
    finished: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTOVEIL_MODELS", str(finished.models))
    one = {"name": ["a.jpg"], "data": [picture(1)]}
    config = _config(finished)
    with pytest.raises(ArchiveError, match="different encoders"):
        ProtectBatch(BatchConfig(config.recipe, ("another@0123",), config.persona))(one)
    older = BatchConfig(config.recipe, config.encoders, config.persona, version="0.0.1")
    with pytest.raises(ArchiveError, match="different versions"):
        ProtectBatch(older)(one)
    (refused,) = rows(cluster.Actor(older)(one))  # Ray would hide who raised what
    assert refused["outcome"] == "refused"
    assert "different versions" in refused["error"]


def test_a_missing_ray_is_told_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ArchiveUsageError, match=r"pip install photoveil\[ray\]"):
        cluster.check("auto")


def test_a_photo_that_changed_or_went_away_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"other bytes")
    (tmp_path / "b.jpg").write_bytes(b"right")
    batch = {"key": ["0" * 64, sha(b"right"), "1" * 64], "path": [b"a.jpg", b"b.jpg", b"gone.jpg"]}
    changed, right, gone = rows(ReadPhotos(str(tmp_path))(batch))
    assert json.loads(changed["error"])["title"] == "The photo was changed meanwhile"
    assert (right["data"], right["error"], right["name"]) == (b"right", "", "b.jpg")
    assert json.loads(gone["error"])["title"] == "It cannot be read"


def test_neither_the_command_nor_the_callable_loads_torch_or_ray_before_there_is_work() -> None:
    code = (
        "import sys\n"
        "import photoveil.cli.archive, photoveil.archive.batch, photoveil.archive.cluster, photoveil.archive.child\n"
        "print([name for name in ('torch', 'ray', 'aiohttp') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_the_mark_changes_with_what_would_change_the_bytes(finished: House) -> None:
    models = catalogue.model_set("starter", finished.models)
    known = Acquaintance.of(finished.root / "home" / "default" / "state" / "personas", "me", models)
    assert known.settled
    nobody = Acquaintance.of(finished.root / "none", "me", models)
    assert not nobody.settled
    assert not nobody.met("0" * 64)
    marks = {
        mark(RECIPE, models, known),
        mark(RECIPE, models, nobody),
        *(
            mark(Recipe(**{**vars(RECIPE), **other}), models, known)
            for other in ({"strength": "strong"}, {"metadata": "keep"}, {"seed": 1}, {"persona": "anna"})
        ),
    }
    assert len(marks) == 6
    assert mark(RECIPE, models, known) == mark(Recipe(**vars(RECIPE)), models, known)


@pytest.mark.parametrize(
    ("weights", "wished", "cores", "memory", "expected"),
    [
        (20, None, 2, 16, (2, 1)),
        (20, 1, 2, 16, (1, 1)),
        (20, 7, 2, 16, (7, 1)),
        (20, None, 16, 8, (3, 5)),
        (2000, None, 16, 32, (3, 5)),
        (2000, None, 4, 4, (1, 4)),
    ],
)
def test_processes_and_threads_fit_the_machine_and_threads_never_depend_on_processes(
    weights: int, wished: int | None, cores: int, memory: int, expected: tuple[int, int]
) -> None:
    size = local.fitting(weights << 20, wished, cores=cores, memory=memory << 30)
    assert (size.processes, size.threads) == expected
    assert size.threads == local.fitting(weights << 20, 1, cores=cores, memory=memory << 30).threads
    assert wished or size.processes * size.threads <= cores
