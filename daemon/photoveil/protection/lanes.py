"""Small pieces of work side by side, one on each core.

A small encoder's layers are so short that the cores of one processor, working on them together, wait for each other
most of the time. Two encoders on a core each do not wait.

On a lane numbers too small for a float's full precision are zero. Gradients of attention have many of them, and
processors take a hundred times as long for each: half of all the time of an encoder's way back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from threading import Barrier
from typing import TypeVar

import torch

S = TypeVar("S")
T = TypeVar("T")

_SMALL = 100 << 20
"""Bytes of weights. Larger encoders keep all cores busy, and of two of different size the larger would end alone."""


class Lanes:
    """Does independent pieces of work at the same time, or one after the other where that is better.

    Args:
        count: how many at once; each has its share of the threads that torch has here. 0: no lane of its own, all is
            done where it is asked for, one after the other.

    Attributes:
        count: how many pieces are under way at once, at least 1.
    """

    def __init__(self, count: int = 0) -> None:
        self.count = max(1, count)
        self._pool: ThreadPoolExecutor | None = None
        if count:
            threads = torch.get_num_threads()
            met = Barrier(count)

            def settle() -> None:
                torch.set_num_threads(max(1, threads // count))
                # A thread takes its number at its first question, from what was last set anywhere.
                torch.get_num_threads()
                torch.set_flush_denormal(True)
                met.wait()

            self._pool = ThreadPoolExecutor(count, "lane")
            wait([self._pool.submit(settle) for _ in range(count)])
            torch.set_num_threads(threads)

    @classmethod
    def over(cls, device: torch.device, weights: Sequence[int]) -> Lanes:
        """For encoders on ``device``, each with so many bytes of weights."""
        if device.type != "cpu" or not weights:
            return cls()
        return cls(1 if max(weights) > _SMALL else min(len(weights), torch.get_num_threads()))

    def share(self, work: Callable[[S], T], parts: Sequence[S]) -> list[T]:
        """What ``work`` answers to each part, in order; every lane takes every so many-th of them.

        For work too small for several threads, and for a future of its own.
        """

        def some(first: int) -> list[T]:
            return [work(part) for part in parts[first :: self.count]]

        found = self.run([partial(some, lane) for lane in range(self.count)])
        return [found[place % self.count][place // self.count] for place in range(len(parts))]

    def run(self, pieces: Sequence[Callable[[], T]]) -> list[T]:
        """What each piece answers, in order; raises what the first of them raised.

        Modes of torch, such as ``no_grad``, are those of a thread: a piece that needs one enters it itself.
        """
        if self._pool is None:
            return [piece() for piece in pieces]
        started = [self._pool.submit(piece) for piece in pieces]
        wait(started)  # nothing goes on behind the back of whoever is told of a failure
        return [piece.result() for piece in started]
