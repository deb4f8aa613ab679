"""How much of what the machine can multiply do the encoders' passes use?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from statistics import median

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from lab.performance.bench import Bench
from lab.performance.passes import run
from lab.performance.rows import Goal, Row
from lab.performance.timing import by_turns, ratios
from photoveil.protection import devices
from photoveil.protection.devices import fast_bfloat16

_BATCHES = (1, 4, 16)
_GOAL = Goal(0.6, at_least=True)
"""Of the peak in bfloat16, with as many photos as are worked on together."""
_PROMISED = "bfloat16", 4
_NOTE = "Surrogates forward and back to the picture, operations as torch counts them, ÷ those of the GEMM."


def rows(bench: Bench) -> Iterator[Row]:
    """The GEMM peak in each precision, and the share of it that the surrogates' passes reach."""
    kinds = [torch.float32, *([torch.bfloat16] if fast_bfloat16(bench.device.type) else [])]
    for kind in kinds:
        yield from _rows(bench, str(kind).removeprefix("torch."), kind)


def _rows(bench: Bench, name: str, kind: torch.dtype) -> Iterator[Row]:
    passes = {batch: _passes(bench, batch, kind) for batch in _BATCHES}
    works: dict[tuple[str, int], Callable[[], object]] = {
        ("gemm", side): _product(bench, side, kind) for side in _sides(bench)
    }
    spent = by_turns(works | {("passes", b): work for b, work in passes.items()}, bench.rounds, bench.device)
    rates = {side: [2e-9 * side**3 / one.wall for one in spent["gemm", side]] for side in _sides(bench)}
    best = max(rates, key=lambda side: median(rates[side]))
    note = f"The best of square products; here of {best}×{best} matrices."
    yield bench.row(f"peak/gemm-{name}", rates[best], "GFLOP/s", note=note)
    for batch, work in passes.items():
        share = _operations(work) / (2 * best**3)
        values = [one.times(share) for one in ratios(spent["gemm", best], spent["passes", batch])]
        goal = _GOAL if (name, batch) == _PROMISED else None
        yield bench.row(f"peak/passes-{name}-batch-{batch}", values, "of the GEMM peak", goal, _NOTE)


def _sides(bench: Bench) -> tuple[int, ...]:
    if bench.quick:
        return (256,)
    return (1024, 2048) if bench.device.type == devices.CPU else (4096, 8192)


def _product(bench: Bench, side: int, kind: torch.dtype) -> Callable[[], Tensor]:
    a, b = (torch.randn(side, side, device=bench.device).to(kind) for _ in range(2))
    return partial(torch.mm, a, b)


def _passes(bench: Bench, batch: int, kind: torch.dtype) -> Callable[[], None]:
    pictures = {
        encoder: torch.rand(batch, 3, encoder.size, encoder.size, device=bench.device)
        for encoder in bench.engine.surrogates
    }

    def work() -> None:
        for encoder, batch in pictures.items():
            run(encoder, batch, gradient=True, rough=kind is torch.bfloat16)

    return work


def _operations(work: Callable[[], object]) -> int:
    with FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())
