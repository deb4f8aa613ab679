"""Authorised fusion: `python -m lab.authorised_fusion` writes docs/results/authorised_fusion.json, .md and .png files.

Rows of other kinds and seeds stay as they were. The preset `ci` only shows that everything runs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from lab.authorised_fusion import tables
from lab.authorised_fusion.plot import plot
from lab.authorised_fusion.study import PRESETS, Picture, Row, Study, baselines
from lab.authorised_fusion.training import KINDS
from photoveil import __version__
from photoveil.fitting.machine import machine

ROOT = Path(__file__).parents[2]


def main(arguments: list[str] | None = None) -> int:
    """Run the study that was asked for."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(1)
    out = options.out or ROOT / ("docs/results" if options.preset == "full" else "build/results")
    for seed in options.seeds:
        for kind in options.kinds:
            _run(kind, seed, options.preset, out)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab.authorised_fusion",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--preset", choices=tuple(PRESETS), default="full", help="how big (default full)")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, help="of models (default both)")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], help="one model each (default 0)")
    parser.add_argument("--out", type=Path, help="folder; default docs/results, of `ci` build/results")
    return parser


def _run(kind: str, seed: int, preset: str, out: Path) -> None:
    start = time.process_time()
    study = Study(kind, seed, PRESETS[preset])
    about = {
        "command": f"python -m lab.authorised_fusion --preset {preset} --kinds {kind} --seeds {seed}",
        "version": __version__,
        "machine": f"{machine()}, PyTorch {torch.__version__}",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    keys = study.keys() | {"group": "keys", "condition": "", "cpu_seconds": time.process_time() - start}
    print(f"{kind}, seed {seed}: trained in {keys['cpu_seconds']:.0f} s of processor time", flush=True)
    simple = list(baselines(seed, PRESETS[preset]))
    rows = [row | about for row, _ in simple] + [keys | about]
    first = study.tested[0]
    pictures = [Picture("CT", first.ct), Picture("MRI", first.mri), *(picture for _, picture in simple)]
    for row, picture in study.rows():
        rows.append(row | about)
        pictures.append(picture)
        _tell(row)
    out.mkdir(parents=True, exist_ok=True)
    plot(pictures, out / tables.picture_name(kind))
    tables.write(out, tables.merged(tables.read(out), [_rounded(row) for row in rows]))


def _tell(row: Row) -> None:
    figures = {name: value for name, value in row.items() if isinstance(value, float)}
    words: Sequence[str] = [f"{name} {value:.3g}" for name, value in figures.items()]
    print(f"{row['group']:10} {row['condition']:34} {', '.join(words)}", flush=True)


def _rounded(row: Row) -> dict[str, Any]:
    """With no more digits than a measurement can bear."""
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in row.items()}


if __name__ == "__main__":
    sys.exit(main())
