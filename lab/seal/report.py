"""docs/results/seal.json, .md and .png."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lab.seal.study import Row, Shown
from photoveil.photos.model import Pixels
from photoveil.photos.writing import replace_atomically

NAME = "seal"
_TITLES = {
    "restoration": "With the key",
    "attack": "Without the key",
    "detection": "Changes told",
}
_CELL = 360
_CAPTIONS = ("original", "sealed", "with the key, after 1080 + JPEG 75", "wrong key", "inpainted")


def write(folder: Path, rows: Sequence[Row], shown: Sequence[Shown], about: dict[str, str | int]) -> None:
    """Write all three files, each in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {**about, "rows": [_short(row) for row in rows]}
    _put(folder / f"{NAME}.json", (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode())
    _put(folder / f"{NAME}.md", markdown(rows, about).encode())
    _sheet(shown, folder / f"{NAME}.png")


def markdown(rows: Sequence[Row], about: dict[str, str | int]) -> str:
    """The rows as tables."""
    parts = [
        "# Seal",
        f"`{about['command']}`, seed {about['seed']}, Photoveil {about['version']}, {about['date']}. {about['photos']} "
        "Decibels are PSNR over the pixels under the mark alone, against the unmarked photo at the size that was "
        "delivered; medians over the photos, with the lowest and the highest. “Unmarked” is what the same channel "
        "leaves of the photo without a mark at the same place: no restoration can be better. Marks stand where "
        "the seal puts them (`auto`): where the photo is hard to guess and keeps best.",
        f"![sealed, opened and attacked]({NAME}.png)",
    ]
    for part, title in _TITLES.items():
        chosen = [row for row in rows if row.part == part]
        decibels = [row for row in chosen if row.unit == "dB"]
        parts.append(f"## {title}")
        if decibels:
            parts.append(_table(decibels))
        parts.append(_counts([row for row in chosen if row.unit != "dB"]))
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(rows: Sequence[Row]) -> str:
    lines = [
        "| what | photos | dB | lowest to highest | unmarked dB | goal | photos that keep it |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        goal = f"{row.goal}, {'met' if row.met else '**missed**'}" if row.goal else ""
        kept = "" if row.reached is None else f"{row.reached:.0%}"
        beside = "" if row.beside is None or row.beside > 80 else f"{row.beside:.1f}"
        lines.append(
            f"| {row.name} | {row.count} {row.photos} | **{row.value:.1f}** | {row.lowest:.1f} to {row.highest:.1f} "
            f"| {beside} | {goal} | {kept} |"
        )
    return "\n".join(lines)


def _counts(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    lines = ["| what | photos | how many | goal |", "|---|---|---|---|"]
    for row in rows:
        goal = f"{row.goal}, {'met' if row.met else '**missed**'}" if row.goal else ""
        lines.append(f"| {row.name} | {row.photos} | **{row.value:g}** {row.unit} | {goal} |")
    return "\n".join(lines)


def _short(row: Row) -> dict[str, object]:
    return {
        name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(row).items()
    }


def _sheet(shown: Sequence[Shown], file: Path) -> None:
    """One line of pictures for every photo."""
    font = ImageFont.load_default(15)
    rows = [
        [one.original, one.sealed, one.restored, one.wrong, one.inpainted]
        for one in shown
        if one.original.shape[1] >= one.original.shape[0]
    ]
    height = max((_small(line[0]).height for line in rows), default=1)
    sheet = Image.new("RGB", (_CELL * len(_CAPTIONS), (height + 26) * max(len(rows), 1)), "white")
    pen = ImageDraw.Draw(sheet)
    for y, line in enumerate(rows):
        for x, pixels in enumerate(line):
            sheet.paste(_small(pixels), (x * _CELL, y * (height + 26)))
            pen.text((x * _CELL + 6, y * (height + 26) + height + 4), _CAPTIONS[x], fill="black", font=font)
    draft = file.with_suffix(".part.png")
    sheet.save(draft, optimize=True)
    draft.replace(file)


def _small(pixels: Pixels) -> Image.Image:
    image = Image.fromarray(np.ascontiguousarray(pixels)).convert("RGB")
    image.thumbnail((_CELL - 6, _CELL - 6), Image.Resampling.LANCZOS)
    return image


def _put(file: Path, data: bytes) -> None:
    replace_atomically(file, data)
    file.chmod(0o644)
