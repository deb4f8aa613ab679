"""What photos with deep shadows get: `python -m lab.affiliation.shadows`.

The portrait of the demo and dark pictures made from it or drawn, each as the only photo of its persona, at every
strength: likeness of the delivered file, and what the encoders see of it after 1080 px and JPEG 75. About three minutes
of one core. Looking at the pictures (``--out``) is no part of it, and no less needed.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from photoveil.photos import Photo, decode
from photoveil.protection import Engine, Persona
from photoveil.protection.budget import LUMA
from photoveil.protection.catalogue import STRENGTHS
from photoveil.protection.report import Report

PORTRAIT = Path(__file__).parents[1] / "photos" / "eileen_collins.jpg"
_CHANNEL = "resize1080_jpeg75"
_Pixels = NDArray[np.float64]


def pictures() -> Iterator[tuple[str, Photo]]:
    """Their names and photos, the portrait first."""
    yield "portrait", decode(PORTRAIT.read_bytes(), name=PORTRAIT.name)
    random = np.random.default_rng(0)
    yield "street at night", _photo(_street(random))
    with Image.open(PORTRAIT) as portrait:
        face = np.asarray(portrait.convert("RGB")).astype(np.float64)
    down, right = np.mgrid[: face.shape[0], : face.shape[1]]
    lit = face * np.exp(-(((down - 140) / 110) ** 2) - ((right - 228) / 100) ** 2)[..., None]
    yield "lit before black", _photo(lit + random.normal(0, 1.2, face.shape))
    yield "two and a half stops down", _photo(face * 0.18 + random.normal(0, 2.5, face.shape) + 2)
    yield "lit before black, grey", _photo(lit @ np.array(LUMA))


def _street(random: np.random.Generator, width: int = 960, height: int = 720) -> _Pixels:
    """A black sky, houses nearly as dark, lit windows and the glow of a lamp."""
    scene = Image.new("RGB", (width, height), (2, 3, 6))
    draw = ImageDraw.Draw(scene)
    for left in range(0, width, 120):
        top = int(random.integers(150, 400))
        draw.rectangle((left, top, left + 110, 600), fill=(10, 9, 12))
        for x in range(left + 12, left + 100, 28):
            for y in range(top + 15, 580, 40):
                if random.random() < 0.4:
                    red, green, blue = random.integers(120, 250, 3) * np.array([1, 0.85, 0.55])
                    draw.rectangle((x, y, x + 14, y + 20), fill=(int(red), int(green), int(blue)))
    draw.rectangle((0, 600, width, height), fill=(18, 16, 15))
    down, right = np.mgrid[:height, :width]
    glow = np.exp(-((down - 350) ** 2 + (right - 700) ** 2) / (2 * 90**2))[..., None] * np.array(
        [190, 150, 90]
    )
    blurred = np.asarray(scene.filter(ImageFilter.GaussianBlur(1.2))).astype(np.float64)
    return np.asarray(blurred + glow + random.normal(0, 2, blurred.shape))


def _photo(pixels: _Pixels) -> Photo:
    buffer = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, "PNG")
    return decode(buffer.getvalue(), name="dark.png")


def line(name: str, report: Report) -> str:
    """One row of the table."""
    seen = [encoder.channels[_CHANNEL] for encoder in report.encoders]
    cells = [name, report.strength, f"{report.psnr_db:.1f}", f"{report.ssim:.3f}"]
    cells += [f"{moved.anchor_shift:.3f}, {moved.strangers_nearer or 0:.1%}" for moved in seen]
    return f"| {' | '.join(cells)} |"


def main(arguments: list[str] | None = None) -> None:
    """Protect all of them and print the table."""
    parser = argparse.ArgumentParser(prog="python -m lab.affiliation.shadows", description=__doc__)
    parser.add_argument("--out", type=Path, help="folder for the delivered files and the pictures themselves")
    parser.add_argument("--strengths", nargs="+", choices=list(STRENGTHS), default=list(STRENGTHS))
    options = parser.parse_args(arguments)
    engine = Engine.load(device="cpu")
    heads = ("picture", "strength", "PSNR dB", "SSIM", *(f"{e.name}, {e.role}" for e in engine.encoders))
    print(f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    for name, photo in pictures():
        for strength in options.strengths:
            done = engine.protect(photo, persona=Persona("shadows"), strength=strength)
            print(line(name, done.report), flush=True)
            if options.out:
                options.out.mkdir(parents=True, exist_ok=True)
                Image.fromarray(photo.pixels).save(options.out / f"{name}.png")
                Image.fromarray(done.pixels).save(options.out / f"{name}-{strength}.png")


if __name__ == "__main__":
    main()
