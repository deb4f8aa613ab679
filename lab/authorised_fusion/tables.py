"""docs/results/authorised_fusion.json and .md: rows are kept from run to run, and replaced when measured again."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.authorised_fusion.study import BASELINE, OPENED_DB
from lab.authorised_fusion.training import KINDS, MARKED, WITHHELD
from lab.writing import replace_file

Row = dict[str, Any]

NAME = "authorised_fusion"
_KEYS = "keys"
_ABOUT = {
    MARKED: "Without the key: the clean fusion under the mark, as the paper's abstract says.",
    WITHHELD: "Without the key: the average of both sources under the mark; what makes the fusion good is withheld.",
}
_INTRODUCTION = f"""\
`python -m lab.authorised_fusion` writes this file. What it is about: [docs/fusion.md](../fusion.md). Figures are means
over the slices tested, of pictures rounded to 8 bits; with several seeds, means over these, and in brackets lowest and
highest. Every seed has its own slices, key and training.

- **Q^AB/F**, **MI** (bits, 64 levels, both sources added) and **SSIM** (mean of both sources) judge the fusion.
- **PSNR** compares with the model's own clean answer: *in the mark*, and *in the head* (all of it). Rounding alone
  leaves 59 dB.
- **detail** is how much of what the clean fusion has over the plain average is there, **mark** how much of the mark is;
  both by least squares, in per cent.
- A wrong key has **opened** the model if its answer to one slice comes within {OPENED_DB:g} dB of the clean one.
"""
_COLUMNS = (
    ("q_abf", "Q^AB/F", 3),
    ("mi", "MI", 2),
    ("ssim", "SSIM", 3),
    ("psnr_mark", "PSNR in the mark, dB", 1),
    ("psnr_head", "PSNR in the head, dB", 1),
    ("detail", "detail, %", 0),
    ("mark", "mark, %", 0),
)
_PER_CENT = ("detail", "mark")


def read(folder: Path) -> list[Row]:
    """The rows written there before; none where there is no file yet."""
    try:
        document = json.loads((folder / f"{NAME}.json").read_text("utf-8"))
    except FileNotFoundError:
        return []
    return list(document["rows"])


def merged(before: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """What was there, except for rows of a kind and seed that are among the new ones."""
    fresh = {(row["kind"], row["seed"]) for row in new}
    kept = [row for row in before if (row["kind"], row["seed"]) not in fresh]
    return sorted([*kept, *new], key=lambda row: ("", *KINDS).index(row["kind"]))


def write(folder: Path, rows: Sequence[Row]) -> None:
    """Write both files, each in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(
        folder / f"{NAME}.json", json.dumps({"rows": list(rows)}, indent=1, ensure_ascii=False) + "\n"
    )
    replace_file(folder / f"{NAME}.md", as_markdown(rows))


def as_markdown(rows: Sequence[Row]) -> str:
    """The rows as one table for each kind of model, and how they were measured."""
    parts = ["# Authorised fusion", _INTRODUCTION.rstrip()]
    baselines = [row for row in rows if row["group"] == BASELINE]
    for kind in KINDS:
        own = [row for row in rows if row["kind"] == kind]
        if own:
            lines = _table([*(row | {"kind": kind} for row in baselines), *own])
            picture = f"![one slice under every condition]({picture_name(kind)})"
            parts.append(
                "\n".join([f"## {kind}", "", _ABOUT[kind], "", *_keys(own), "", *lines, "", picture])
            )
    how = dict.fromkeys(
        f"- `{row['command']}`, seed {row['seed']}, Photoveil {row['version']}, {row['date'][:10]}, "
        f"{row['machine']}"
        for row in rows
        if row["group"] == _KEYS
    )
    return "\n\n".join([*parts, "\n".join(["## How", "", *how])]) + "\n"


def picture_name(kind: str) -> str:
    """The PNG that shows a model of that kind."""
    return f"{NAME}-{kind}.png"


def _keys(rows: Sequence[Row]) -> list[str]:
    own = [row for row in rows if row["group"] == _KEYS]
    lines = []
    for name, title in (("wrong_keys", "random wrong keys"), ("flipped_bits", "keys one bit off")):
        tried, opened = (sum(row[key] for row in own) for key in (name, f"{name}_opened"))
        best = max((row[f"{name}_best_db"] for row in own), default=0)
        lines.append(f"- {tried} {title}: {opened} opened it; the best came within {best:.1f} dB.")
    seconds = sum(row["cpu_seconds"] for row in own) / max(1, len(own))
    return [*lines, f"- {seconds:.0f} s of processor time for training, on one thread."]


def _table(rows: Sequence[Row]) -> list[str]:
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["group"] != _KEYS:
            groups[row["group"], row["condition"]].append(row)
    titles = " | ".join(title for _, title, _ in _COLUMNS)
    lines = [f"| | condition | {titles} |", "|---" * (len(_COLUMNS) + 2) + "|"]
    for (group, condition), own in groups.items():
        cells = " | ".join(_cell(own, name, digits) for name, _, digits in _COLUMNS)
        lines.append(f"| {group} | {condition} | {cells} |")
    return lines


def _cell(rows: Sequence[Row], name: str, digits: int) -> str:
    scale = 100 if name in _PER_CENT else 1
    values = [scale * row[name] for row in rows if name in row]
    if not values:
        return "–"
    # Rounded once, at the end: a mean of what was rounded before is off by up to a whole last digit.
    mean, least, most = (
        # Adding nothing makes a zero of minus zero.
        f"{round(value, digits) + 0.0:.{digits}f}"
        for value in (sum(values) / len(values), min(values), max(values))
    )
    return mean if len(values) == 1 else f"{mean} ({least} to {most})"
