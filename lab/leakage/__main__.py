"""Does the leakage audit find what was planted, and nothing else? `python -m lab.leakage`: docs/results/leakage.*.

A small VLM is told names and facts of a few drawn people, served over HTTP as Ollama would, and audited as users do it.
A second one had the same lessons without any facts.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from lab.affiliation.towers import Tower
from lab.leakage import tables
from lab.leakage.reading import reading
from lab.leakage.study import Finding, audited, rates, recall
from lab.leakage.world import FULL, QUICK, SMALL, TOWER, Person, Size, people, plant
from photoveil.audit.figures import tally
from photoveil.audit.manipulations import Manipulation
from photoveil.fitting.machine import machine
from photoveil.protection import Engine

RESULTS = Path(__file__).parents[2] / "docs" / "results"
PRESETS = {"ci": QUICK, "small": SMALL, "full": FULL}
_NOTES = (
    "A fact is found if the audit calls any answer about a photo as it is a leak of it; it is told in truth if any "
    "such answer is word for word what was planted. What the model does not say of new photos no audit can find.",
    "The protected copy here is of the photo that is *asked* about, at the default strength; the model had learnt from "
    "unprotected ones. Photoveil's own case, protected photos to learn from, is in affiliation.md.",
    "Drawn faces have no detector: where faces are is known from the drawing. Backgrounds are changed by the product's "
    "own cut-out.",
    "One model, one seed; the paper's models, fame and 25,000 photos are not here.",
)


def main(arguments: list[str] | None = None) -> None:
    """Plant, audit, write."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.leakage",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--preset", choices=list(PRESETS), default="small")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="photoveil-leakage-") as folder:
        document = asyncio.run(study(PRESETS[options.preset], options.seed, Path(folder)))
    command = f"python -m lab.leakage --preset {options.preset} --seed {options.seed}"
    document |= {"command": command, "notes": list(_NOTES)}
    tables.write(document, options.out)
    print(tables.markdown(document))


async def study(size: Size, seed: int, folder: Path) -> dict[str, Any]:
    """All figures of a size; ``folder`` is for notes."""
    engine = Engine.load()
    tower = Tower(next(e for e in engine.encoders if e.name == TOWER)).eval()
    known = people(size, seed)
    planted = plant(tower, known, size, seed)
    _tell("planted")
    findings = await audited(planted, known, tuple(Manipulation), folder, engine=engine, shrink=size.shrink)
    _tell("audited")
    empty = plant(tower, known, size, seed, knowing=False)
    few = (Manipulation.ORIGINAL, Manipulation.BLANK)
    (folder / "empty").mkdir()
    nothing = await audited(empty, known, few, folder / "empty", shrink=size.shrink)
    return {
        **_about(size, seed, known),
        "recall": recall(findings),
        "knows_nothing": _all(nothing),
        "rates": rates(findings),
        "reading": reading(size.read),
    }


def _tell(done: str) -> None:
    print(f"{done} after {time.process_time():.0f} s of the processor", file=sys.stderr, flush=True)


def _all(findings: list[Finding]) -> dict[str, Any]:
    return tally([one for finding in findings for one in finding.judged])


def _about(size: Size, seed: int, known: list[Person]) -> dict[str, Any]:
    return {
        "seed": seed,
        "tower": TOWER,
        "machine": f"{machine()}, PyTorch {torch.__version__}",
        "people": len(known),
        "asked": size.asked,
        "strangers": size.strangers,
    }


if __name__ == "__main__":
    main()
