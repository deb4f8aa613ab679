"""What the optimiser costs beside the encoders' own passes.

While a photo is protected, all passes are noted; then the very same ones are made again, bare. From the end of the
first step to the end of the last, so that nothing but steps is in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from lab.performance.bench import Bench
from lab.performance.passes import Marks, Watch, bare
from lab.performance.rows import Goal, Row
from lab.performance.timing import Spent, ratios
from photoveil.protection import Job

_MEGAPIXELS = 1.2
_BATCHES = (1, 4)
_GOAL = Goal(1.1)
_NOTE = (
    "Steps of the optimiser ÷ the same encoder passes alone (same batches and precision, forward and back to the "
    "picture)."
)


def rows(bench: Bench) -> Iterator[Row]:
    """For a batch of one and one of four photos: the ratio, and how long a step takes."""
    for batch in _BATCHES:
        _steps(bench, batch)  # the persona's look is fitted, the processor is warm
        found = [_steps(bench, batch) for _ in range(bench.rounds)]
        engine, passes, steps = zip(*found, strict=True)
        yield bench.row(f"overhead/batch-{batch}", ratios(engine, passes), "×", _GOAL, _NOTE)
        each = [spent.times(1000 / count / batch) for spent, count in zip(engine, steps, strict=True)]
        yield bench.row(f"overhead/step-ms-batch-{batch}", each, "ms per photo")


def _steps(bench: Bench, batch: int) -> tuple[Spent, Spent, int]:
    """What the optimiser took, what its passes take alone, and the number of steps."""
    marks = [Marks(bench.device) for _ in range(batch)]
    jobs = [
        Job(bench.photo(_MEGAPIXELS, number), bench.persona, seed=bench.seed, progress=mark)
        for number, mark in enumerate(marks)
    ]
    with Watch(bench.engine.encoders) as watch:
        for _, done in bench.engine.protect_many(jobs):
            if isinstance(done, Exception):
                raise done
    first = marks[0].steps
    passes = watch.within(first[0].wall, first[-1].wall)
    return marks[0].span, bare(passes, bench.device, bench.lanes), len(first) - 1
