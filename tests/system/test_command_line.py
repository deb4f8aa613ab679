"""The product as shipped, from the command line: real starters, a real worker process, real files."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms

PORTRAIT = Path(__file__).parents[2] / "lab" / "photos" / "eileen_collins.jpg"


def _photoveil(home: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "photoveil.cli", *map(str, arguments)],
        env={**os.environ, "PHOTOVEIL_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )


def _twelve_megapixels() -> bytes:
    """A portrait held upright by a camera that lies on its side: 4000×3000 as stored, orientation 6, with a profile."""
    with Image.open(PORTRAIT) as portrait:
        stored = portrait.resize((4000, 3000), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[2] = (52.0, 30.0, 0.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    buffer = io.BytesIO()
    stored.save(buffer, "JPEG", quality=90, exif=exif, icc_profile=profile)
    return buffer.getvalue()


def test_twelve_megapixels_keep_size_orientation_profile_and_name(tmp_path: Path) -> None:
    original = _twelve_megapixels()
    source = tmp_path / "holiday photo.jpg"
    source.write_bytes(original)
    done = _photoveil(tmp_path / "home", "protect", source, "-o", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    delivered = tmp_path / "out" / "holiday photo.jpg"
    assert source.read_bytes() == original
    assert (report["delivered"]["width"], report["delivered"]["height"]) == (3000, 4000)
    with Image.open(io.BytesIO(original)) as before, Image.open(delivered) as after:
        assert after.size == (3000, 4000)
        assert after.getexif().get(0x0112, 1) == 1
        assert not after.getexif().get_ifd(0x8825)
        assert after.info["icc_profile"] == before.info["icc_profile"]
    assert report["psnr_db"] >= 34
    assert 0.5 < len(delivered.read_bytes()) / len(original) < 1.6


def test_portrait_meets_its_promises(tmp_path: Path) -> None:
    """What README shows: the default strength's floors, and surrogates that feel it after JPEG 75.

    A real portrait with a black helmet gets what drawn photos get: before looks could fade it kept 39.1 dB.
    """
    picture = tmp_path / "compare.png"
    done = _photoveil(
        tmp_path / "home", "protect", PORTRAIT, "-o", tmp_path / "out", "--json", "--compare", picture
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert 34 <= report["psnr_db"] <= 35.5
    assert report["ssim"] >= 0.93
    surrogates = [e for e in report["encoders"] if e["role"] == "surrogate"]
    assert len(surrogates) >= 2
    assert [e["role"] for e in report["encoders"]].count("witness") >= 1
    for encoder in surrogates:
        assert encoder["channels"]["jpeg75"]["anchor_shift"] > 0.05
    with Image.open(picture) as sheet:
        assert sheet.format == "PNG"
