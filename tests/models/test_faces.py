"""The face detector: fetched as it was published, or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from photoveil.models import ModelsError, Source, UnreachableError, faces
from tests.models.conftest import HASTY
from tests.models.server import Fault, Hub
from tests.models.test_command import Run, run

__all__ = ["run"]

REPO = "opencv/face_detection_yunet"
DATA = b"as published" * 999


@pytest.fixture(autouse=True)
def _published(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.files[REPO] = DATA
    monkeypatch.setattr(faces, "SHA256", hashlib.sha256(DATA).hexdigest())


def test_it_is_fetched_once(tmp_path: Path, hub: Hub, source: Source) -> None:
    folder = tmp_path / "new" / "models"
    place = faces.pull(folder, source, HASTY)
    assert (place.parent, place.read_bytes()) == (folder, DATA)
    before = len(hub.seen)
    assert faces.pull(folder, Source(offline=True)) == place
    assert len(hub.seen) == before
    place.write_bytes(DATA[:-1])
    assert faces.pull(folder, source, HASTY).read_bytes() == DATA, "what was damaged is repaired"
    assert {file.name for file in folder.iterdir()} == {faces.NAME}


def test_a_connection_that_ends_early_is_tried_again_for_a_while(
    tmp_path: Path, hub: Hub, source: Source
) -> None:
    hub.faults.extend([Fault(cut=5000), Fault(status=503)])
    assert faces.pull(tmp_path, source, HASTY).read_bytes() == DATA
    (tmp_path / faces.NAME).unlink()
    hub.faults.append(Fault(status=503))
    hub.lasting = True
    with pytest.raises(UnreachableError, match="cannot be reached"):
        faces.pull(tmp_path, source, HASTY)
    assert list(tmp_path.glob("*.onnx")) == []


@pytest.mark.parametrize("data", [b"another", b"x" * (3 << 20)], ids=["another", "far too large"])
def test_another_file_is_not_taken(tmp_path: Path, hub: Hub, source: Source, data: bytes) -> None:
    hub.files[REPO] = data
    with pytest.raises(ModelsError, match="another file"):
        faces.pull(tmp_path / "models", source, HASTY)
    assert not (tmp_path / "models" / faces.NAME).exists()


def test_the_command_says_where_it_lies_and_asks_nobody_where_it_must_not(
    run: Run, hub: Hub, folder: Path
) -> None:
    code, out, err = run("faces", "--offline", "--endpoint", hub.endpoint)
    assert (code, out) == (1, "")
    assert "offline" in err
    assert hub.seen == []
    code, out, _ = run("faces", "--endpoint", hub.endpoint)
    assert code == 0
    assert str(folder / faces.NAME) in out
    assert (folder / faces.NAME).read_bytes() == DATA
