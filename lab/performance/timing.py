"""Time, taken twice: on the wall, and of this process's threads on processors."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch

from photoveil.protection import devices

K = TypeVar("K")


@dataclass(frozen=True)
class Spent:
    """Seconds: ``wall`` went by, ``cpu`` were computed by this process (on a device of its own: elsewhere)."""

    wall: float
    cpu: float

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.wall - other.wall, self.cpu - other.cpu)

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.wall + other.wall, self.cpu + other.cpu)

    def times(self, factor: float) -> Spent:
        """The same, so many times."""
        return Spent(self.wall * factor, self.cpu * factor)


def now(device: torch.device) -> Spent:
    """What both clocks show once the device has done all it was asked to."""
    devices.finish(device)
    return Spent(time.perf_counter(), time.process_time())


def timed(work: Callable[[], object], device: torch.device) -> Spent:
    """What a piece of work takes."""
    start = now(device)
    work()
    return now(device) - start


def by_turns(
    works: Mapping[K, Callable[[], object]], rounds: int, device: torch.device
) -> dict[K, list[Spent]]:
    """Each work once without counting, then all of them by turns: what else the machine does meets all alike."""
    for work in works.values():
        work()
    spent: dict[K, list[Spent]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            spent[name].append(timed(work, device))
    return spent


def ratios(upper: Sequence[Spent], lower: Sequence[Spent]) -> list[Spent]:
    """Round by round, how many times as long one thing took as the other."""
    pairs = zip(upper, lower, strict=True)
    return [Spent(a.wall / b.wall, a.cpu / b.cpu if b.cpu > 0 else 0.0) for a, b in pairs]


def quartiles(values: Sequence[float]) -> tuple[float, float] | None:
    """The lower and the upper quartile; None of a single value."""
    if len(values) < 2:
        return None
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high
