"""From file to file with a warm engine: what a user waits for, at every strength."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lab.performance.bench import STARTER, Bench
from lab.performance.rows import Goal, Row
from lab.performance.timing import by_turns
from photoveil.photos import decode
from photoveil.protection.catalogue import STRENGTHS

_SIZES = (1.2, 12.0)
_DEFAULT = "balanced"
_GOALS = {
    ("starter", "cpu"): 1.0,
    ("standard", "cpu"): 5.0,
    ("standard", "cuda"): 0.3,
    ("strong", "cuda"): 1.0,
}
"""Seconds for twelve megapixels; those of the processor were promised for two cores."""


def rows(bench: Bench) -> Iterator[Row]:
    """One row for each strength and size; other sets only at the default strength and twelve megapixels."""
    starter = bench.model_set == STARTER
    sizes = _SIZES if starter else _SIZES[-1:]
    note = "" if starter else "Random weights: speed does not depend on them."
    for strength in STRENGTHS if starter and not bench.quick else [_DEFAULT]:
        works = {size: partial(_protect, bench, size, strength) for size in sizes}
        for size, spent in by_turns(works, bench.rounds, bench.device).items():
            bound = _GOALS.get((bench.model_set, bench.device.type)) if size == _SIZES[-1] else None
            goal = Goal(bound) if bound else None
            yield bench.row(f"files/{strength}-{size:g}mp", spent, "s", goal, note)


def _protect(bench: Bench, megapixels: float, strength: str) -> None:
    file = bench.file(megapixels)
    photo = decode(file.read_bytes(), name=file.name)
    done = bench.engine.protect(photo, persona=bench.persona, strength=strength, seed=bench.seed)
    (bench.folder / "protected.jpg").write_bytes(done.encoded.data)
