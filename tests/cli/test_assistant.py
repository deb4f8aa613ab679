"""What was chosen on a photo's page holds for the commands, too, with the real encoders of the tiny models."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from photoveil.assistant.choices import Choices, choice
from tests.cli.conftest import Photoveil

CODE = {"kind": "code", "box": [0.05, 0.1, 0.5, 0.7], "hidden": False}
OWN = {"kind": "chosen", "box": [0.6, 0.2, 0.9, 0.8], "hidden": True}


def ticket(path: Path) -> Path:
    """A photo with a QR code on its left half, and something that nobody finds on its right one."""
    pixels = np.asarray(Image.radial_gradient("L").resize((320, 240))).repeat(3).reshape(240, 320, 3).copy()
    code = Image.fromarray(np.asarray(cv2.QRCodeEncoder.create().encode("ticket of a person")))
    pixels[40:160, 26:146] = np.asarray(code.resize((120, 120), Image.Resampling.NEAREST))[..., None]
    grain = np.random.default_rng(0).integers(0, 2, (32, 22), dtype=np.uint8) * 255
    pixels[72:168, 208:274] = grain.repeat(3, axis=0).repeat(3, axis=1)[..., None]
    Image.fromarray(pixels).save(path, quality=95)
    return path


@pytest.fixture
def chosen(environment: dict[str, str]) -> Choices:
    return Choices(Path(environment["PHOTOVEIL_HOME"], "default", "state", "assistant", "regions.jsonl"))


def keep(chosen: Choices, photo: Path, *regions: dict[str, Any]) -> None:
    """As the photo's page does."""
    chosen.keep(choice(hashlib.sha256(photo.read_bytes()).hexdigest(), regions))


def alike(photo: Path, copy: Path) -> tuple[float, float]:
    """How far light and dark lie where they lay, 0…1: on the code, and on the place that was drawn."""
    before, after = (np.asarray(Image.open(file).convert("L"), float) for file in (photo, copy))
    places = (slice(40, 160), slice(26, 146)), (slice(72, 168), slice(208, 272))
    code, own = (float(np.corrcoef(before[at].ravel(), after[at].ravel())[0, 1]) for at in places)
    return code, own


@pytest.mark.parametrize(
    ("command", "boxes"),
    [
        (("protect", "--method", "assistant", "--model-set", "starter"), []),
        (
            ("assist", "--queries", "8", "--slider", "100", "--only-boxes", "--box", "0,90,20,100"),
            [[0.0, 0.9, 0.2, 1.0]],
        ),
    ],
    ids=["protect", "assist"],
)
def test_what_was_chosen_for_a_photo_is_hidden_and_what_was_left_stays(
    photoveil: Photoveil, tmp_path: Path, chosen: Choices, command: tuple[str, ...], boxes: list[list[float]]
) -> None:
    photo = ticket(tmp_path / "ticket.jpg")
    keep(chosen, photo, CODE, OWN)
    settings = chosen.file.parents[2] / "config" / "settings.toml"
    settings.parent.mkdir()
    settings.write_text("assistant_slider = 100\n")

    found = photoveil(*command, "ticket.jpg", "-o", "out", "--json")

    assert found.returncode == 0, found.stderr
    told = json.loads(found.stdout)
    told = told.get("assistant", told)
    assert [region["box"] for region in told["regions"]] == [*boxes, OWN["box"]]
    assert [(region["kind"], region["box"]) for region in told["left"]] == [("code", CODE["box"])]
    assert told["chosen"] is True
    code, own = alike(photo, tmp_path / "out" / "ticket.jpg")
    assert own < code - 0.2, "the most private copy is coarse everywhere, but most where it hides"


def test_while_nobody_knows_what_was_chosen_no_copy_is_made_until_the_doctor_was_there(
    photoveil: Photoveil, tmp_path: Path, chosen: Choices
) -> None:
    photo = ticket(tmp_path / "ticket.jpg")
    keep(chosen, photo, OWN)
    other = tmp_path / "other.png"
    Image.open(photo).save(other)
    with chosen.file.open("a") as file:
        file.write("{")
    command = ("protect", "--method", "assistant", "-o", "out", "--json")

    held = photoveil(*command, "other.png")

    assert held.returncode == 1
    assert json.loads(held.stdout)["error"]["code"] == "regions_unreadable"
    assert not list((tmp_path / "out").iterdir())

    mended = photoveil("doctor", "--fix", "--only", "regions")

    assert "The places on one photo could be read and are kept" in mended.stdout
    (aside,) = chosen.file.parent.glob("regions.jsonl.aside-*")
    assert aside.read_text().endswith("{")
    assert chosen.of(hashlib.sha256(photo.read_bytes()).hexdigest()) is not None
    assert photoveil("doctor", "--only", "regions").returncode == 0
