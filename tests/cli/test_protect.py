"""``photoveil protect`` with the real worker and the tiny models."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Photoveil


def picture(seed: int, size: tuple[int, int] = (160, 120)) -> Image.Image:
    small = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def jpeg(path: Path, seed: int) -> bytes:
    picture(seed).save(path, quality=92)
    return path.read_bytes()


def animation(path: Path) -> None:
    frames = [picture(seed, (32, 32)) for seed in range(3)]
    frames[0].save(path, save_all=True, append_images=frames[1:])


def test_a_batch_with_all_that_can_happen(
    photoveil: Photoveil, tmp_path: Path, environment: dict[str, str]
) -> None:
    originals = {name: jpeg(tmp_path / name, seed) for seed, name in enumerate(("one.jpg", "two.jpg"))}
    (tmp_path / "broken.jpg").write_bytes(originals["one.jpg"][:500])
    (tmp_path / "text.jpg").write_bytes(b"this is no photo")
    animation(tmp_path / "moving.gif")
    files = ["one.jpg", "broken.jpg", "missing.jpg", "text.jpg", "moving.gif", "two.jpg"]

    found = photoveil("protect", *files, "-o", "out", "--json", "--persona", "anna")

    assert found.returncode == 1
    told = json.loads(found.stdout)
    assert [entry["file"] for entry in told] == files
    assert ["error" in entry for entry in told] == [False, True, True, True, False, False]
    assert "animation" in told[4]["unchanged"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"one.jpg", "two.jpg"}
    for name, original in originals.items():
        assert (tmp_path / name).read_bytes() == original
        report = told[files.index(name)]
        copy = (tmp_path / "out" / name).read_bytes()
        assert report["output"] == f"out/{name}"
        assert report["original"]["sha256"] == hashlib.sha256(original).hexdigest()
        assert (
            report["delivered"]["sha256"] == hashlib.sha256(copy).hexdigest() != report["original"]["sha256"]
        )
        assert report["psnr_db"] > 30
        assert Image.open(io.BytesIO(copy)).size == (160, 120)
        assert {encoder["role"] for encoder in report["encoders"]} == {"surrogate", "witness"}
    assert "missing.jpg" in found.stderr
    assert "not protected" in found.stderr
    home = Path(environment["PHOTOVEIL_HOME"], "default")
    assert (home / "state" / "personas" / "anna.safetensors").is_file()
    assert not list((home / "cache" / "spool").iterdir())

    # What is known needs no worker: the same photo again, and our own output.
    again = photoveil("protect", "one.jpg", "out/two.jpg", "-o", "out", "--persona", "anna")
    assert again.returncode == 1
    assert (tmp_path / "out" / "one (2).jpg").read_bytes() == (tmp_path / "out" / "one.jpg").read_bytes()
    assert "already a protected copy" in again.stderr
    assert "one.jpg → out/one (2).jpg" in again.stdout


def test_photos_done_together_are_written_in_their_order(photoveil: Photoveil, tmp_path: Path) -> None:
    for index, folder in enumerate(("a", "b", "c")):
        (tmp_path / folder).mkdir()
        jpeg(tmp_path / folder / "me.jpg", index % 2)  # the third is the first again

    found = photoveil(
        "protect", "a/me.jpg", "b/me.jpg", "c/me.jpg", "-o", "out", "--json", "--persona", "eve"
    )

    assert found.returncode == 0
    told = json.loads(found.stdout)
    assert [entry["output"] for entry in told] == ["out/me.jpg", "out/me (2).jpg", "out/me (3).jpg"]
    copies = [(tmp_path / entry["output"]).read_bytes() for entry in told]
    assert [entry["delivered"]["sha256"] for entry in told] == [
        hashlib.sha256(copy).hexdigest() for copy in copies
    ]
    assert copies[0] == copies[2] != copies[1]
    # All three were asked for before the first was done.
    announced = [line for line in found.stderr.splitlines() if "/3 me.jpg" in line]
    assert announced[:2] == ["1/3 me.jpg", "2/3 me.jpg"]
    assert told[0]["timings_ms"]["total"] > 0


def test_one_photo_with_its_comparison_beside_the_original(photoveil: Photoveil, tmp_path: Path) -> None:
    original = jpeg(tmp_path / "one.jpg", 1)
    found = photoveil(
        "protect", "one.jpg", "-o", ".", "--compare", "difference.png", "--json", "--strength", "subtle"
    )
    assert found.returncode == 0, found.stderr
    report = json.loads(found.stdout)
    assert report["strength"] == "subtle"
    assert (tmp_path / "one.jpg").read_bytes() == original
    assert (tmp_path / report["output"]).name == "one (2).jpg"
    assert Image.open(io.BytesIO((tmp_path / "difference.png").read_bytes())).width > 160
    refused = photoveil("protect", "one.jpg", "-o", ".", "--compare", "difference.png")
    assert refused.returncode == 2
    assert "nothing is ever overwritten" in refused.stderr


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--strength", "brutal"], "subtle, balanced, strong"),
        (["--method", "magic"], "antithetical"),
        (["--model-set", "giant"], "starter"),
        (["--metadata", "some"], "strip-location"),
        (["--persona", "../x"], "persona"),
        (["--profile", "../x"], "profile"),
    ],
)
def test_wishes_that_cannot_be(photoveil: Photoveil, tmp_path: Path, options: list[str], reason: str) -> None:
    jpeg(tmp_path / "one.jpg", 1)
    found = photoveil("protect", "one.jpg", "-o", "out", *options)
    assert found.returncode in (1, 2)
    assert reason in found.stderr
    assert not (tmp_path / "out").exists()


def test_several_files_have_no_single_comparison(photoveil: Photoveil, tmp_path: Path) -> None:
    assert photoveil("protect", "a", "b", "-o", "out", "--compare", "c.png").returncode == 2


def test_a_folder_that_is_a_file(photoveil: Photoveil, tmp_path: Path) -> None:
    jpeg(tmp_path / "one.jpg", 1)
    found = photoveil("protect", "one.jpg", "-o", "one.jpg")
    assert found.returncode == 2
    assert "-o" in found.stderr
