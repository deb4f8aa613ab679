"""Train the starter model set from nothing: `python -m lab.train_starters`."""

import argparse
import datetime
import json
import os
import time
from dataclasses import replace
from pathlib import Path

import cv2
import torch

from lab.starters.data import CACHE, HELD_OUT_FROM, PhotoSet, cached, draw
from lab.starters.evaluate import mean
from lab.starters.export import SHIPPED, export
from lab.starters.models import RECIPES, Recipe
from lab.starters.train import QUICK, Plan, Run, curves

# The set that watches training; the published figures come from other personas still, in `evaluate_starters`.
_WATCH_FROM = HELD_OUT_FROM + 50_000_000


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options of a run."""
    parser = argparse.ArgumentParser(prog="python -m lab.train_starters", description=__doc__)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument(
        "--seed", type=int, default=1, help="of weights and people; the shipped starters' is 1"
    )
    parser.add_argument("--photos", type=int, default=24_000, help="how many training photos to draw")
    parser.add_argument("--encoder", choices=sorted(RECIPES), help="train this one only")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="where weights and descriptions go")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where photos and checkpoints are kept")
    parser.add_argument(
        "--weather", action="store_true", help="photos as the web has them: lab.starters.weather"
    )
    parser.add_argument("--quick", action="store_true", help="a few small steps, to see that everything runs")
    parser.add_argument(
        "--steps",
        type=int,
        nargs="+",
        metavar="N",
        help="steps of each phase instead of the usual, 0 skips it",
    )
    parser.add_argument("--rate", type=float, help="highest learning rate, instead of the recipe's")
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument(
        "--threads", type=int, default=min(os.cpu_count() or 1, 16), help="processor threads to use"
    )
    return parser.parse_args(arguments)


def device_of(choice: str) -> torch.device:
    """The chosen device; `auto` takes a GPU where there is one."""
    if choice == "auto":
        choice = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(choice)


def command(options: argparse.Namespace) -> str:
    """The command that would do this run again."""
    parts = ["python -m lab.train_starters", f"--seed {options.seed}", f"--photos {options.photos}"]
    if options.steps:
        parts.append("--steps " + " ".join(str(n) for n in options.steps))
    if options.rate:
        parts.append(f"--rate {options.rate:g}")
    if options.batch != 48:
        parts.append(f"--batch {options.batch}")
    return " ".join([*parts, *(f"--{flag}" for flag in ("weather", "quick") if getattr(options, flag))])


def train(options: argparse.Namespace, photos: PhotoSet, watch: PhotoSet) -> list[Run]:
    """All encoders phase by phase, so that early, weaker weights of all of them exist soon."""
    recipes = [RECIPES[options.encoder]] if options.encoder else list(RECIPES.values())
    if options.rate:
        recipes = [replace(recipe, learning_rate=options.rate) for recipe in recipes]
    runs = [Run(recipe, _plan(recipe, options), photos, watch) for recipe in recipes]
    for index in range(max(len(run.plan.phases) for run in runs)):
        for run in runs:
            if run.done <= index < len(run.plan.phases):
                run.advance(index)
                _publish(run, options, len(photos))
    return runs


def _plan(recipe: Recipe, options: argparse.Namespace) -> Plan:
    phases = QUICK if options.quick else recipe.phases
    if options.steps:
        pairs = zip(phases, options.steps, strict=True)
        phases = tuple(replace(p, steps=n) for p, n in pairs if n)
    device = device_of(options.device)
    return Plan(phases, options.batch, options.seed, device, options.cache, weather=options.weather)


def _publish(run: Run, options: argparse.Namespace, photos: int) -> None:
    found = run.accuracy()
    training = {
        "command": command(options),
        "seed": options.seed,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "photos": photos,
        "seconds": round(run.seconds),
        "phases": [{"size": p.size, "steps": p.steps, "zoom": p.zoom} for p in run.plan.phases[: run.done]],
        "begun_from": run.begun_from,
        "complete": run.done == len(run.plan.phases),
        "zero_shot_mean": mean(found),
        "zero_shot": found,
    }
    export(run.finished(), run.recipe, run.questions.words, training, options.out)


def main(arguments: list[str] | None = None) -> None:
    """Draw the photos, train, export."""
    options = parse(arguments)
    if options.quick:
        options.photos = min(options.photos, 96)
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    began = time.monotonic()
    photos = cached(options.photos, options.seed, options.cache)
    print(f"{len(photos)} photos ready after {time.monotonic() - began:.0f} s", flush=True)
    watch = draw(range(_WATCH_FROM, _WATCH_FROM + (32 if options.quick else 400)))
    runs = train(options, photos, watch)
    log = options.cache / f"starters-s{options.seed}-{options.encoder or 'all'}-curve.json"
    log.write_text(json.dumps(curves(runs), indent=1) + "\n", encoding="utf-8")
    print(f"all done after {time.monotonic() - began:.0f} s, curve in {log}", flush=True)


if __name__ == "__main__":
    main()
