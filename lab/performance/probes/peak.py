"""How much of what the machine can multiply do the encoders' passes use?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
"""Of the peak in the precision that the engine computes in, with as many photos as are worked on together."""
_TOGETHER = 4
_NOTE = (
    "Surrogates forward and back to the picture, side by side where the engine has them so, operations as torch counts "
    "them, ÷ those of the GEMM."
)


def rows(bench: Bench) -> Iterator[Row]:
    """The GEMM peak in each precision, and the share of it that the surrogates' passes reach."""
    kinds = [torch.float32, *([torch.bfloat16] if fast_bfloat16(bench.device.type) else [])]
    for kind in kinds:
        yield from _rows(bench, kind, used=kind is kinds[-1])


def _rows(bench: Bench, kind: torch.dtype, *, used: bool) -> Iterator[Row]:
    name = str(kind).removeprefix("torch.")
    passes = {batch: _passes(bench, batch, rough=used) for batch in _BATCHES}
    works: dict[tuple[str, int], Callable[[], object]] = {
        ("gemm", side): _product(bench, side, kind) for side in _sides(bench)
    }
    works |= {("passes", batch): partial(bench.lanes.run, pieces) for batch, pieces in passes.items()}
    spent = by_turns(works, bench.rounds, bench.device)
    rates = {side: [2e-9 * side**3 / one.wall for one in spent["gemm", side]] for side in _sides(bench)}
    best = max(rates, key=lambda side: median(rates[side]))
    note = f"The best of square products; here of {best}×{best} matrices."
    yield bench.row(f"peak/gemm-{name}", rates[best], "GFLOP/s", note=note)
    for batch, pieces in passes.items():
        share = _operations(pieces) / (2 * best**3)
        values = [one.times(share) for one in ratios(spent["gemm", best], spent["passes", batch])]
        goal = _GOAL if used and batch == _TOGETHER else None
        yield bench.row(f"peak/passes-{name}-batch-{batch}", values, "of the GEMM peak", goal, _NOTE)


def _sides(bench: Bench) -> tuple[int, ...]:
    if bench.quick:
        return (256,)
    return (1024, 2048) if bench.device.type == devices.CPU else (4096, 8192)


def _product(bench: Bench, side: int, kind: torch.dtype) -> Callable[[], Tensor]:
    a, b = (torch.randn(side, side, device=bench.device).to(kind) for _ in range(2))
    return partial(torch.mm, a, b)


def _passes(bench: Bench, batch: int, *, rough: bool) -> list[Callable[[], None]]:
    """One for each surrogate."""
    return [
        partial(
            run,
            encoder,
            torch.rand(batch, 3, encoder.size, encoder.size, device=bench.device),
            gradient=True,
            rough=rough,
        )
        for encoder in bench.engine.surrogates
    ]


def _operations(pieces: Sequence[Callable[[], object]]) -> int:
    with FlopCounterMode(display=False) as counter:
        for piece in pieces:
            piece()
    return int(counter.get_total_flops())
