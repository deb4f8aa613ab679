"""Whole libraries: how many more photos per second do two processes make than one?"""

from __future__ import annotations

import hashlib
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from statistics import median

from lab.performance.bench import Bench
from lab.performance.rows import Row
from photoveil.archive import batch, local
from photoveil.archive.batch import BatchConfig
from photoveil.archive.manifest import Job
from photoveil.archive.recipe import Recipe, encoder_keys
from photoveil.photos import MetadataPolicy
from photoveil.protection import roster
from photoveil.protection.catalogue import model_set

_MEGAPIXELS = 1.2
_NOTE = (
    "`photoveil archive` once its processes are warm, photos of 1.2 megapixels at “balanced”; sum over the processes "
    "of 1 ÷ the median time between two photos. A process has the same threads whether it is alone or not: {}."
)


def rows(bench: Bench) -> Iterator[Row]:
    """Photos per second of one process and of two, and the ratio."""
    size = local.fitting(sum(entry.bytes for entry in model_set(bench.model_set, bench.models_dir).encoders))
    config, note = _config(bench, size.threads), _NOTE.format(size.threads)
    rates = {processes: _rate(bench, config, processes) for processes in (1, 2)}
    for processes, rate in rates.items():
        yield bench.row(f"processes/{processes}", [rate], "photos/s", note=note)
    yield bench.row("processes/2-to-1", [rates[2] / rates[1]], "×", note=note)


def _config(bench: Bench, threads: int) -> BatchConfig:
    personas = bench.folder / "personas"
    # With its look fitted, as the archive's own tutor leaves it.
    bench.engine.protect(bench.photo(_MEGAPIXELS), persona=bench.persona, seed=bench.seed)
    bench.persona.save(personas)
    recipe = Recipe(
        "bench", "antithetical", "balanced", bench.model_set, MetadataPolicy.STRIP_LOCATION, bench.seed
    )
    return BatchConfig(
        recipe,
        encoder_keys(model_set(bench.model_set, bench.models_dir)),
        roster.file_of(personas, "bench").read_bytes(),
        device=str(bench.device),
        threads=threads,
    )


def _rate(bench: Bench, config: BatchConfig, processes: int) -> float:
    """Photos per second; the first of every process, which loads the encoders, does not count."""
    count = processes * (bench.rounds + 1)
    ends: dict[str, list[float]] = defaultdict(list)
    with local.LocalWorkers(bench.folder) as workers:
        for result in workers.run(_jobs(bench, count), config, [config.device], processes):
            if result["outcome"] != batch.PROTECTED:
                raise RuntimeError(result["error"])
            ends[result["maker"]].append(time.perf_counter())
    return sum(1 / median(b - a for a, b in pairwise(e)) for e in ends.values() if len(e) > 1)


def _jobs(bench: Bench, count: int) -> Iterator[Job]:
    for number in range(count):
        file = bench.file(_MEGAPIXELS, number)
        yield Job(hashlib.sha256(file.read_bytes()).hexdigest(), os.fsencode(file.name))
