"""``photoveil seal``, ``unseal`` and ``seal-keys`` as a user types them."""

from __future__ import annotations

import io
import json
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from lab.people import sample_persona
from lab.render import render
from lab.scenes import sample_photo
from tests.cli import house
from tests.cli.house import House


@pytest.fixture
def home(tmp_path: Path) -> House:
    made = house.make(tmp_path / "work", tmp_path)
    made.environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    return made


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    return Image.fromarray(render(sample_photo(sample_persona(43), 43), 800, 600))


def _pixels(data: bytes) -> npt.NDArray[np.float64]:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image).astype(float)


def test_a_photo_from_one_person_to_another(home: House, tmp_path: Path, picture: Image.Image) -> None:
    picture.save(home.folder / "beach.jpg", quality=92, comment=b"a word of the camera")
    picture.save(home.folder / "beach.png")
    before = (home.folder / "beach.jpg").read_bytes()
    home.run("settings", "set", "metadata", "strip-all")
    home.run("seal-keys", "create", "mum")
    code = home.said("seal-keys", "share", "mum").strip()
    told = home.json("seal", "beach.jpg", "beach.png", "-o", "out", "--text", "© Anna", "--for", "mum")
    assert [entry["keys"] for entry in told] == [["me", "mum"]] * 2
    assert (home.folder / "beach.jpg").read_bytes() == before
    with Image.open(home.folder / "out" / "beach.jpg") as sealed:
        assert (sealed.format, sealed.size) == ("JPEG", (800, 600))
    assert b"a word of the camera" not in (home.folder / "out" / "beach.jpg").read_bytes()

    friend = house.make(tmp_path / "friend", tmp_path)
    friend.environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    there = str(home.folder / "out" / "beach.jpg")
    assert "sealed for someone else" in friend.refused("unseal", there, "-o", "clean")
    assert not list((friend.folder / "clean").iterdir())
    friend.run("seal-keys", "import", "anna", typed=code)
    opened = friend.json("unseal", there, "-o", "clean", "--png")
    assert (opened["key"], opened["state"], opened["tampered"]) == ("anna", "recompressed", [])
    found = _pixels((friend.folder / opened["output"]).read_bytes())
    assert np.square(found - _pixels(before)).mean() < 40

    exact = home.json("unseal", "out/beach.png", "-o", "clean")
    assert exact["exact"]
    assert (_pixels((home.folder / exact["output"]).read_bytes()) == np.asarray(picture)).all()

    home.run("seal-keys", "revoke", "mum")
    assert "revoked" in home.refused("seal", "beach.jpg", "-o", "out", "--text", "x", "--for", "mum")
    assert home.json("unseal", "out/beach.jpg", "-o", "clean")["output"] == "clean/beach.jpg"


def test_keys_are_listed_shared_and_forgotten(home: House) -> None:
    assert "no keys yet" in home.said("seal-keys", "list")
    home.run("seal-keys", "create", "ben")
    assert home.said("seal-keys", "share", "ben", "--file", "ben.key").strip() == "ben.key"
    file = home.folder / "ben.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text()
    assert "already" in home.refused("seal-keys", "share", "ben", "--file", "ben.key", code=2)
    assert file.read_text() == text
    assert [key["name"] for key in home.json("seal-keys", "list")] == ["ben"]
    assert json.loads(text)["code"] not in home.said("seal-keys", "list")
    home.run("seal-keys", "forget", "ben", code=2)
    home.run("seal-keys", "forget", "ben", "--yes")
    home.run("seal-keys", "import", "ben", "ben.key")
    assert home.json("seal-keys", "list")[0]["shared"]
    assert "not a seal key" in home.run("seal-keys", "import", "y", typed="PV1-NO", code=1).stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit")
def test_a_key_that_cannot_be_written_leaves_no_file(home: House) -> None:
    import resource

    home.run("seal-keys", "create", "ben")
    before = sorted(home.folder.iterdir())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, limits[1]))  # the disk takes eight bytes and no more
    try:
        said = home.refused("seal-keys", "share", "ben", "--file", "ben.key")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "cannot be written" in said
    assert sorted(home.folder.iterdir()) == before
    home.run("seal-keys", "share", "ben", "--file", "ben.key")


def test_what_cannot_be_sealed(home: House, picture: Image.Image) -> None:
    picture.resize((120, 90)).save(home.folder / "tiny.jpg")
    Image.new("RGB", (640, 480), (90, 140, 220)).save(home.folder / "sky.png")
    picture.convert("CMYK").save(home.folder / "inks.jpg", quality=95)
    assert "too small" in home.refused("seal", "tiny.jpg", "missing.jpg", "-o", "out", "--text", "x")
    assert "cannot be used" in home.refused("seal", "sky.png", "-o", "out")
    assert not list((home.folder / "out").iterdir())
    plain = home.run("seal", "sky.png", "-o", "out", "--text", "x")
    assert "anyone can guess" in plain.stderr
    inks = home.json("seal", "inks.jpg", "-o", "out", "--text", "x")
    assert inks["output"] == "out/inks.png"
    assert "No seal was found" in home.refused("unseal", "inks.jpg", "-o", "out")


def test_the_commands_need_no_torch() -> None:
    code = (
        "import sys; from photoveil.cli import parser; parser(); import photoveil.cli.seal, photoveil.seal;"
        "heavy = {'torch', 'aiohttp', 'cv2', 'numpy', 'PIL', 'reedsolo'} & set(sys.modules); print(sorted(heavy));"
        "import photoveil.seal.sealing, photoveil.seal.unsealing; print('torch' in sys.modules, 'cv2' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[1] == "False False"
    assert "torch" not in done.stdout.split("\n")[0]
    assert "aiohttp" not in done.stdout.split("\n")[0]
