"""How fast is Photoveil on this machine? `python -m lab.performance` writes docs/results/performance.json and .md.

Rows are written as they are found; those that were there before stay until they are measured again. On a graphics card
the sets `standard` and `strong` are measured as well, with random weights: speed does not depend on them.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import torch

from lab.performance import rows
from lab.performance.bench import STARTER, Bench
from lab.performance.probes import FOR_EVERY_SET, PROBES
from photoveil.paths import MODELS_VARIABLE
from photoveil.protection import devices

ROOT = Path(__file__).parents[2]
_SETS = (STARTER, "standard", "strong")
_QUICK = "**A quick look at tiny photos: it shows that everything runs, and no figure means anything.**"


def main(arguments: list[str] | None = None) -> int:
    """Measure what was asked for; 1 where something could not be measured."""
    options = _parser().parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    device = devices.choose(options.device).device
    sets = options.set or (_SETS if device.type != devices.CPU else (STARTER,))
    chosen = [label for label in _labels(sets) if _wanted(label, options.only)]
    if not chosen:
        raise SystemExit(
            f"Nothing is called {' or '.join(options.only)}; there is {', '.join(_labels(sets))}."
        )
    out = options.out or ROOT / ("build/results" if options.quick else "docs/results")
    failed = 0
    with tempfile.TemporaryDirectory(prefix="photoveil-bench-") as folder, _models_at(options.models):
        for bench, label in _benches(chosen, Path(folder), device, options):
            failed += not _measure(bench, label, out)
    return 1 if failed else 0


@contextmanager
def _models_at(folder: Path | None) -> Iterator[None]:
    """The processes that probes start look for model sets in ``folder``, too."""
    before = os.environ.get(MODELS_VARIABLE)
    if folder:
        os.environ[MODELS_VARIABLE] = str(folder)
    try:
        yield
    finally:
        os.environ.pop(MODELS_VARIABLE, None)
        if before is not None:
            os.environ[MODELS_VARIABLE] = before


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab.performance",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", help=f"some rows, by name or probe ({', '.join(PROBES)})"
    )
    parser.add_argument(
        "--set", action="append", metavar="NAME", help="model sets; default: what suits the device"
    )
    parser.add_argument(
        "--quick", action="store_true", help="see that everything runs; writes to build/results"
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often things are measured (default 5)")
    parser.add_argument(
        "--device", default=devices.AUTO, help="as in the settings (default: the best there is)"
    )
    parser.add_argument("--threads", type=int, help="of the processor (default: as many as it has cores)")
    parser.add_argument(
        "--models", type=Path, help="folder of model sets; without it, sets get random weights"
    )
    parser.add_argument("--out", type=Path, help="folder for performance.json and .md")
    return parser


def _labels(sets: tuple[str, ...] | list[str] = _SETS) -> list[str]:
    """All rows that are measured together, as model set and probe."""
    pairs = product(sets, PROBES)
    return [f"{name}/{probe}" for name, probe in pairs if name == STARTER or probe in FOR_EVERY_SET]


def _wanted(label: str, only: list[str] | None) -> bool:
    """Whether a label, its probe or one of its rows was named."""
    return not only or any(
        name in (label, label.partition("/")[2]) or name.startswith(f"{label}/") for name in only
    )


def _benches(
    chosen: list[str], folder: Path, device: torch.device, options: argparse.Namespace
) -> Iterator[tuple[Bench, str]]:
    """One bench for each model set, and a label at a time; the encoders of one are gone before the next one's come."""
    for name in dict.fromkeys(label.partition("/")[0] for label in chosen):
        own = folder / name
        own.mkdir()
        bench = Bench(
            own,
            device,
            name,
            options.models,
            rounds=1 if options.quick else options.rounds,
            quick=options.quick,
        )
        for label in chosen:
            if label.startswith(f"{name}/"):
                bench.command = _command(label, options)
                yield bench, label
        bench.leave()


def _command(label: str, options: argparse.Namespace) -> str:
    name, _, probe = label.partition("/")
    words = ["python -m lab.performance", f"--only {probe}"]
    words += [f"--set {name}"] if name != STARTER else []
    words += [f"--threads {options.threads}"] if options.threads else []
    return " ".join(words)


def _measure(bench: Bench, label: str, out: Path) -> bool:
    """Measure one probe and write its rows; whether that went well."""
    start = time.perf_counter()
    try:
        found = list(PROBES[label.partition("/")[2]](bench))
    except Exception:  # noqa: BLE001 - one probe's trouble is not that of all others; the exit status tells
        traceback.print_exc()
        print(f"{label} could not be measured; its rows stay as they were.", file=sys.stderr)
        return False
    rows.write(out, rows.merged(rows.read(out), found, _labels()), _QUICK if bench.quick else "")
    for row in found:
        cpu = "" if row.in_cpu_time is None else f" ({row.in_cpu_time:.4g} in processor time)"
        goal = f", goal {row.goal} {'met' if row.met else 'missed'}" if row.goal else ""
        print(f"{row.name:40} {row.value:10.4g} {row.unit}{cpu}{goal}")
    print(f"{label}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
