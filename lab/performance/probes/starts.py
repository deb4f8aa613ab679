"""How long until the worker, which leaves when it is idle, is ready again?"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

from lab.performance.bench import Bench
from lab.performance.rows import Row
from lab.performance.timing import Spent, now, ratios, timed
from photoveil.worker.parent import Worker

_COLD = "No process is running; the files lie in the system's cache. Until the encoders are loaded."
_WARM = "The process runs and has the encoders; this is one question and its answer."
_TORCH = "The cold start ÷ a Python that imports torch and does nothing."


def rows(bench: Bench) -> Iterator[Row]:
    """A cold and a warm start, and what of the cold one is torch's own."""
    asyncio.run(_start(bench))
    found = [(asyncio.run(_start(bench)), timed(_import_torch, bench.device)) for _ in range(bench.rounds)]
    cold = [start for (start, _), _ in found]
    yield bench.row("starts/cold", [start.wall for start in cold], "s", note=_COLD)
    yield bench.row("starts/warm", [1000 * again.wall for (_, again), _ in found], "ms", note=_WARM)
    shares = [one.wall for one in ratios(cold, [torch for _, torch in found])]
    yield bench.row("starts/cold-to-import-torch", shares, "×", note=_TORCH)


async def _start(bench: Bench) -> tuple[Spent, Spent]:
    worker = Worker(personas=bench.folder / "personas", wanted_device=str(bench.device))
    moment = partial(now, bench.device)
    try:
        begin = moment()
        await worker.prewarm(bench.model_set)
        ready = moment()
        await worker.prewarm(bench.model_set)
        return ready - begin, moment() - ready
    finally:
        await worker.close()


def _import_torch() -> None:
    subprocess.run([sys.executable, "-P", "-c", "import torch"], check=True)
