"""Does a model learn from unlearnable photos? `python -m lab.mmguard`: docs/results/mmguard.json, .md and .png.

MMGuard (arXiv 2605.14291) on the lab's small VLM: its parts one by one, who attacks, what is left after platforms and
people, and beside it the leak that Photoveil's default method is measured by. Rows are noted as they come; the same
command takes a run up again that was cut short.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from lab.affiliation.towers import grey_towers
from lab.mmguard import figures
from lab.mmguard.leak import Size, leaks
from lab.mmguard.plan import PRESETS
from lab.mmguard.study import Study
from lab.mmguard.tables import write
from photoveil.fitting.machine import machine
from photoveil.protection import Engine

RESULTS = Path(__file__).parents[2] / "docs" / "results"
_NOTES = (
    "Asked with words: the same test with as many words behind each question, drawn by lot and saying nothing; "
    "with those of the photos where these all had the same.",
    "Drop, asked both ways: the same difference where both, whoever learnt from clean photos and whoever learnt from "
    "these, ask with words and without and keep what works better; mean over seeds. It tells what is hidden from what "
    "only waits for words behind the question. This column was added after the others had been seen.",
    "Drop: the same attacker with clean photos that went the same way, minus the row; in brackets the 95 % bootstrap "
    "interval over seeds, then questions, paired. Two or three seeds say little about how seeds differ, so it is "
    "rather too narrow; where there is one, it tells of its questions only.",
    "“Random words” puts as many words, drawn by lot, behind every question: a text that is another for each photo is "
    "a shortcut by itself. What optimised words do beyond that is the difference to this row, not to clean photos.",
    "No word of a photo's answer is allowed in its trigger, other than in the paper: a caption that says the name it "
    "hides would be no protection. One row lifts this.",
    "The reader's tokenizer knows neither case nor signs nor spaces, so “other case, signs and spaces” only shows that "
    "nothing else breaks; with a VLM's own tokenizer it may cost effect, as it did in the paper.",
    "One small VLM of drawn photos. The paper's models and data sets are not here, and its averages (image only ~71, "
    "text only ~73, both ~70, full BPH ~66 of clean ~78) are of another task.",
)


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing and write it down."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.mmguard",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--preset", choices=list(PRESETS), default="small")
    parser.add_argument(
        "--minutes", type=float, help="measure no new row after so many minutes of the processor"
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="keep figures of earlier runs of the same size that this one has not, with their date",
    )
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the results")
    parser.add_argument("--cache", type=Path, default=Path("build/lab/mmguard"))
    options = parser.parse_args(arguments)
    document = study(options.preset, options.cache, options.minutes)
    before = options.out / "mmguard.json"
    if options.keep and before.exists():
        document = figures.with_earlier(document, json.loads(before.read_text(encoding="utf-8")))
    print(write(document, options.out))


def study(
    name: str, folder: Path, minutes: float | None = None, engine: Engine | None = None
) -> dict[str, Any]:
    """All figures of a preset; ``folder`` keeps readers, files and rows."""
    preset, engine = PRESETS[name], engine or Engine.load("starter", device="cpu")
    running = Study(preset, folder, [*engine.encoders, *grey_towers(torch.device("cpu"))])
    rows = running.run(minutes)
    size = Size()
    leak = leaks(running, engine, size, preset.seeds[0], folder / "shelf", minutes) if preset.leak else []
    return {
        "command": f"python -m lab.mmguard --preset {name}",
        "machine": f"{machine()}, PyTorch {torch.__version__}",
        "photos": preset.photos,
        "tests": preset.tests,
        "seeds": len(preset.seeds),
        "floor": figures.floor(preset),
        "tables": figures.tables(running, rows),
        "leak": leak,
        "leak_size": asdict(size),
        "notes": list(_NOTES),
    }


if __name__ == "__main__":
    main()
