"""Searches compared, and what the default gives away and keeps: `python -m lab.assistant`.

Writes docs/results/assistant.json, .md, .png and assistant-examples.png. Rows are noted as they come; the same command
takes an interrupted run up again.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from lab.assistant.drawing import sheet
from lab.assistant.study import OURS, PRESETS, Preset, Study, front_of
from lab.assistant.tables import write
from lab.assistant.world import TRIED, shots

RESULTS = Path(__file__).parents[2] / "docs" / "results"


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing and write it down."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.assistant",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--preset", choices=list(PRESETS), default="small")
    parser.add_argument("--photos", type=int, help="another number of photos")
    parser.add_argument("--seeds", type=int, help="another number of seeds")
    parser.add_argument("--queries", type=int, help="another number of queries for each photo")
    parser.add_argument("--trial", action="store_true", help="use the photos kept for trying things out")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the results")
    parser.add_argument("--cache", type=Path, default=Path("build/lab/assistant"))
    options = parser.parse_args(arguments)
    preset = PRESETS[options.preset]
    given: dict[str, Any] = {
        name: getattr(options, name) for name in ("photos", "seeds", "queries") if getattr(options, name)
    }
    if options.trial:
        given["first"] = TRIED
    preset = replace(preset, **given)
    study = Study(preset, options.cache)
    rows = study.run()
    print(write(rows, preset, options.preset, options.out))
    draw_examples(rows, preset, options.out)


def draw_examples(rows: list[dict[str, Any]], preset: Preset, folder: Path) -> None:
    """Three photos: as they are, and at three places of the slider."""
    searched = [row for row in rows if row.get("search") == OURS and row["seed"] == 0][:3]
    fronts = [front_of(row, row["queries"]) for row in searched]
    photos = shots(preset.first, preset.photos)
    sheet(
        [photos[row["photo"]] for row in searched],
        [[front.pick(place).parameters for place in (0.0, 0.5, 1.0)] for front in fronts],
        folder / "assistant-examples.png",
    )


if __name__ == "__main__":
    main()
