"""Does a seal hold what it promises? `python -m lab.seal` writes docs/results/seal.json, .md and .png."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from lab.seal import report
from lab.seal.pictures import HELD, held_out, pictures
from lab.seal.study import Plan, Row, glanced, measured
from photoveil import __version__

ROOT = Path(__file__).parents[2]
_PRESETS = {"small": (3, (1600, 1200), 2, 200, 1), "full": (12, (2000, 1500), 5, 1000, 5)}
"""Drawn photos and their size, how many of them are attacked, wrong keys, large photos that are held out."""


def main(arguments: list[str] | None = None) -> int:
    """Measure, write and tell; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m lab.seal", description=__doc__)
    parser.add_argument(
        "--preset", choices=_PRESETS, default="full", help="how much is measured (default: full)"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="of the drawn photos and of all keys (default: 1)"
    )
    parser.add_argument("--out", type=Path, help="folder for the files (small: build/results)")
    parser.add_argument(
        "--glance",
        action="store_true",
        help="small photos and the goals with the key alone; nothing is written",
    )
    options = parser.parse_args(arguments)
    count, size, attacked, keys, held = _PRESETS[options.preset]
    if options.glance:
        count = 0
    photos = chain(pictures(count, size, options.seed), held_out(held, size))
    if options.glance:
        rows = glanced((photo for photo in photos if photo.kind != HELD), options.seed)
        print("\n".join(_line(row) for row in rows))
        return 1 if any(row.met is False for row in rows) else 0
    found, shown = measured(photos, Plan(keys, attacked, options.seed))
    about: dict[str, str | int] = {
        "command": f"python -m lab.seal --preset {options.preset} --seed {options.seed}",
        "seed": options.seed,
        "version": __version__,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "photos": f"{count} drawn scenes of {size[0]} × {size[1]} pixels, the four photographs that version 1 of the "
        "mark was measured on (512 to 1411 pixels a side), and five more (384 to 1000 pixels), all of which "
        f"scikit-image, Matplotlib and the lab bring along. Held out: {held} more drawn scenes of {size[0]} × "
        f"{size[1]} pixels and {2 * held} of 480 to 1000, drawn for the first time when nothing was changed any more.",
    }
    out = options.out or ROOT / ("docs/results" if options.preset == "full" else "build/results")
    report.write(out, found, shown, about)
    print(report.markdown(found, about))
    return 1 if any(row.met is False for row in found) else 0


def _line(row: Row) -> str:
    if row.unit != "dB":
        return f"{row.name}, {row.photos}: {row.value:g} {row.unit}"
    ends = f"{row.lowest:.1f} to {row.highest:.1f}"
    return f"{row.name}, {row.count} {row.photos}: {row.value:.1f} dB ({ends}), {row.goal}"


if __name__ == "__main__":
    sys.exit(main())
