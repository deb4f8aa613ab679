"""The questions, in the order in which their answers are written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lab.performance.bench import Bench
from lab.performance.probes import (
    batches,
    files,
    memory,
    overhead,
    peak,
    pipeline,
    processes,
    race,
    starts,
)
from lab.performance.rows import Row

PROBES: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "files": files.rows,
    "overhead": overhead.rows,
    "peak": peak.rows,
    "pipeline": pipeline.rows,
    "photos": batches.rows,
    "processes": processes.rows,
    "race": race.rows,
    "starts": starts.rows,
    "memory": memory.rows,
}
FOR_EVERY_SET = ("files", "overhead", "peak", "memory")
"""The others tell nothing new with larger encoders."""
