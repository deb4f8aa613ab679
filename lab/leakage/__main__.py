"""Does the leakage audit find what was planted, and nothing else? And is blurring a face enough?

A small VLM is told names and facts of a few drawn people, served over HTTP as Ollama would, and audited as users do it.
A second one had the same lessons without any facts. Then others learn people from two sorts of photos and are shown
new ones with blurred faces, other backgrounds and single cues exchanged. Writes leakage and leakage-blurring, each as
.json, .md and .png; what is done is noted, and the same command goes on there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from lab.affiliation.album import fingerprint
from lab.affiliation.towers import Tower, named_towers
from lab.leakage import blur_tables, blurring, tables
from lab.leakage.reading import reading
from lab.leakage.study import Finding, audited, rates, recall
from lab.leakage.world import FULL, QUICK, SMALL, TOWER, Person, Size, people, plant
from lab.people import KINDS
from lab.writing import replace_file
from photoveil.audit.facts import NAME
from photoveil.audit.figures import tally
from photoveil.audit.manipulations import Manipulation
from photoveil.fitting.machine import machine
from photoveil.protection import Engine

RESULTS = Path(__file__).parents[2] / "docs" / "results"
NOTES = Path(__file__).parents[2] / "build" / "leakage"
PRESETS = {"ci": (QUICK, blurring.SHORT), "small": (SMALL, blurring.SMALL), "full": (FULL, blurring.FULL)}
_NOTES = (
    "A fact is found if the audit calls any answer about a photo as it is a leak of it; it is told in truth if any "
    "such answer is word for word what was planted. What the model does not say of new photos no audit can find.",
    "The protected copy here is of the photo that is *asked* about, at the default strength; the model had learnt from "
    "unprotected ones. Photoveil's own case, protected photos to learn from, is in affiliation.md.",
    "Drawn faces have no detector: they are marked from the drawing as detectors mark faces, forehead to chin and "
    "cheek to cheek. Backgrounds are changed by the product's own cut-out.",
    "The model that knows nothing has learnt to say that it does not know: that it leaks nothing shows that refusals "
    "are no leaks, not that any answer would be judged rightly.",
    "The audit's part is one model and one seed. Of the paper (arXiv 2408.01228) abstract and structure are known; its "
    "models, fame and 25,000 photos are not here.",
)


def main(arguments: list[str] | None = None) -> None:
    """Plant, audit, write."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.leakage",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--preset", choices=list(PRESETS), default="small")
    parser.add_argument("--part", choices=("audit", "blurring", "both"), default="both")
    parser.add_argument("--seed", type=int, default=0, help="of the audit")
    parser.add_argument("--seeds", type=int, nargs="+", help="of the blurred faces (default: the preset's)")
    parser.add_argument(
        "--outspoken",
        action="store_true",
        help="blurred faces shown to models that were never taught to say that they do not know somebody",
    )
    parser.add_argument(
        "--web",
        action="store_true",
        help="blurred faces shown to models whose tower has seen photos as the web has them (lab/towers)",
    )
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument(
        "--notes", type=Path, default=NOTES, help="what is measured already (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    size, trial = PRESETS[options.preset]
    engine = Engine.load()
    tower = Tower(next(e for e in engine.encoders if e.name == TOWER)).eval()
    command = f"python -m lab.leakage --preset {options.preset}"
    if options.part != "audit":
        if options.seeds:
            trial = replace(trial, seeds=tuple(options.seeds))
        if options.outspoken:
            trial = replace(trial, refuses=False, protected=0)
        seen = tower
        if options.web:  # protected copies are made against another tower
            seen, trial = (
                Tower(named_towers("web", torch.device("cpu"))[0]).eval(),
                replace(trial, protected=0),
            )
        rows, seconds = blurring.measured(trial, seen, engine, options.notes, _tell)
        flags = [f" --{flag}" for flag in ("web", "outspoken") if getattr(options, flag)]
        seeds = " ".join(map(str, trial.seeds)) + "".join(flags)
        found = blur_tables.figures(rows, trial, seen.name, seconds)
        found |= {"command": f"{command} --part blurring --seeds {seeds}", "machine": _machine()}
        blur_tables.write(found, options.out)
        print(blur_tables.markdown(found))
    if options.part != "blurring":
        document = _audit(size, options.seed, options.notes, tower, engine)
        document |= {"guess": _guess(people(size, options.seed))}
        document |= {"command": f"{command} --part audit --seed {options.seed}", "notes": list(_NOTES)}
        tables.write(document, options.out)
        print(tables.markdown(document))


def _guess(known: Sequence[Person]) -> float:
    """How often always giving the commonest answer of these people is right, over all topics."""
    shares = [
        max(Counter(one.answer(topic) for one in known).values()) / len(known) for topic in (NAME, *KINDS)
    ]
    return round(sum(shares) / len(shares), 4)


def _audit(size: Size, seed: int, notes: Path, tower: Tower, engine: Engine) -> dict[str, Any]:
    """The audit's figures, from the notes where nothing has changed since."""
    notes.mkdir(parents=True, exist_ok=True)
    file = notes / f"audit-{fingerprint(blurring.code_state(), tower.encoder.sha256, size, seed)}.json"
    if not file.exists():
        began = time.process_time()
        with tempfile.TemporaryDirectory(prefix="photoveil-leakage-") as folder:
            document = asyncio.run(study(size, seed, Path(folder), tower, engine))
        document["processor_seconds"] = round(time.process_time() - began)
        replace_file(file, json.dumps(document))
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    _tell(f"audit: {found['processor_seconds']} s of the processor")
    return found


async def study(size: Size, seed: int, folder: Path, tower: Tower, engine: Engine) -> dict[str, Any]:
    """All figures of an audit; ``folder`` is for its answers."""
    known = people(size, seed)
    planted = plant(tower, known, size, seed)
    findings = await audited(planted, known, tuple(Manipulation), folder, engine=engine, shrink=size.shrink)
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
    print(done, file=sys.stderr, flush=True)


def _all(findings: list[Finding]) -> dict[str, Any]:
    return tally([one for finding in findings for one in finding.judged])


def _about(size: Size, seed: int, known: list[Person]) -> dict[str, Any]:
    return {
        "seed": seed,
        "tower": TOWER,
        "machine": _machine(),
        "people": len(known),
        "asked": size.asked,
        "strangers": size.strangers,
    }


def _machine() -> str:
    return f"{machine()}, PyTorch {torch.__version__}"


if __name__ == "__main__":
    main()
