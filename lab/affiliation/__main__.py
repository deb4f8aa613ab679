"""Does it work? Attackers fine-tune on posted photos and are questioned on clean ones: `python -m lab.affiliation`.

Photos are 1024 px and more, protected at that size by the code users run, then sent through a channel and only then
shrunk to a tower's 224 px. Rows are noted as they come; the same command takes an interrupted run up again. What
is missing on this machine (the grey box's tower, the package torchattacks) is told, and its rows are left out.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import torch

from lab.affiliation.digest import write_run
from lab.affiliation.plan import PRESETS
from lab.affiliation.study import Study

RESULTS = Path(__file__).parents[2] / "docs" / "results"


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing, then write the run's figures and the digest."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.affiliation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--preset", choices=list(PRESETS), default="small")
    parser.add_argument(
        "--out", type=Path, default=RESULTS, help="folder for affiliation-PRESET.json and .md"
    )
    parser.add_argument("--cache", type=Path, default=Path("build/lab/affiliation"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="photos protected at once")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of the attackers")
    parser.add_argument(
        "--device", help="of towers, readers and protection; default: the first GPU for `gpu`, else the CPU"
    )
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    options.cache.mkdir(parents=True, exist_ok=True)
    device = options.device or default_device(options.preset)
    rows = Study(options.preset, options.cache, options.jobs, device=device).run()
    print(write_run(options.preset, rows, options.out, device))


def default_device(preset: str) -> str:
    """Where a preset runs unless it is told."""
    return "cuda" if preset == "gpu" and torch.cuda.is_available() else "cpu"


if __name__ == "__main__":
    main()
