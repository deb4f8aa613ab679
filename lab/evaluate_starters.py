"""Measure the shipped starters on people they have never seen: `python -m lab.evaluate_starters`."""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lab.captions import HELD_OUT_PROMPTS
from lab.starters.data import draw, persona_seeds
from lab.starters.evaluate import CHANCE, mean, seen_counts, zero_shot
from lab.starters.export import SHIPPED, load, names
from lab.starters.weather import weathered

RESULTS = Path("docs/results/starters.json")


def evaluate(folder: Path, photos: int, seed: int, *, weather: bool = False) -> dict[str, Any]:
    """Accuracy per encoder and attribute, from the files on disk and nothing else; with ``weather`` on photos as the
    web has them."""
    held_out = draw(persona_seeds(photos, seed, held_out=True))
    if weather:
        rng = np.random.default_rng(seed)
        held_out = replace(held_out, pixels=np.stack([weathered(photo, rng) for photo in held_out.pixels]))
    counts = seen_counts(held_out)
    device = torch.device("cpu")
    encoders: dict[str, Any] = {}
    for name in names(folder):
        model, tokenizer, description = load(name, folder)
        found = zero_shot(model, tokenizer, held_out, device)
        encoders[name] = {
            "role": description["role"],
            "family": description["family"],
            "parameters": description["parameters"],
            "sha256": description["sha256"],
            "mean": mean(found),
            "accuracy": found,
            "training": description["training"],
        }
    shown = {name: value for name, value in CHANCE.items() if counts[name]}
    return {
        "command": f"python -m lab.evaluate_starters --photos {photos} --seed {seed}"
        + (" --weather" if weather else ""),
        "photos": photos,
        "seed": seed,
        "prompts": list(HELD_OUT_PROMPTS),
        "visible_in": counts,
        "chance": shown,
        "chance_mean": mean(shown),
        "encoders": encoders,
    }


def table(results: dict[str, Any]) -> str:
    """The results as a Markdown table."""
    encoders = results["encoders"]
    lines = [
        "| attribute | photos | chance | " + " | ".join(encoders) + " |",
        "|---|---|---|" + "---|" * len(encoders),
    ]
    for name, chance in results["chance"].items():
        cells = " | ".join(f"{100 * encoders[e]['accuracy'][name]:.1f}" for e in encoders)
        lines.append(
            f"| {name.replace('_', ' ')} | {results['visible_in'][name]} | {100 * chance:.0f} | {cells} |"
        )
    means = " | ".join(f"**{100 * encoders[e]['mean']:.1f}**" for e in encoders)
    lines.append(f"| **mean over attributes** | | {100 * results['chance_mean']:.0f} | {means} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m lab.evaluate_starters", description=__doc__)
    parser.add_argument("--photos", type=int, default=1600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--weather", action="store_true", help="on photos as the web has them")
    parser.add_argument("--folder", type=Path, default=SHIPPED)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    results = evaluate(options.folder, options.photos, options.seed, weather=options.weather)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(table(results))
    print(f"written to {options.out}")


if __name__ == "__main__":
    main()
