"""What a Ray cluster's machines can hold, in numbers and in words, and who says so while nothing comes back.

Ray waits for ever, and without a word, where other work has all cores, where no machine is large enough, or where a
process dies again and again. The run waits with it, as machines may come and go, but says what it waits for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_LAST_WORD = 5.0
"""Seconds to wait for what is just being said, at the end."""


@dataclass(frozen=True)
class Machines:
    """The machines of a cluster that are alive.

    Attributes:
        alive: how many there are.
        gpus: whether any has a GPU: then each photo in work takes one.
        units: GPUs, or cores where there is no GPU, of all machines together.
        room: photos that they can work on at once.
    """

    alive: int
    gpus: bool
    units: int
    room: int

    @classmethod
    def of(cls, nodes: Sequence[Mapping[str, Any]], threads: int) -> Machines:
        """From what ``ray.nodes()`` tells.

        Args:
            threads: cores that one photo takes, all of one machine.
        """
        owned = [node["Resources"] for node in nodes if node["Alive"]]
        gpus = [int(resources.get("GPU", 0)) for resources in owned]
        if any(gpus):
            return cls(len(owned), True, sum(gpus), sum(gpus))
        cores = [int(resources.get("CPU", 0)) for resources in owned]
        return cls(len(owned), False, sum(cores), sum(each // threads for each in cores))

    def told(self, free: Mapping[str, float]) -> str:
        """The machines, and what of them nobody uses.

        Args:
            free: what ``ray.available_resources()`` tells.
        """
        kind, what = ("GPU", "GPUs") if self.gpus else ("CPU", "cores")
        return f"machines: {self.alive}; free {what}: {int(free.get(kind, 0))} of {self.units}"

    def lacking(self, threads: int) -> str:
        """What is missing before anything can begin; empty where nothing is."""
        return "" if self.room else f"none has {threads} cores, which a photo takes; waiting for one that has"


class Silence:
    """Says again and again for how long nothing was heard; a context."""

    def __init__(self, seconds: float, say: Callable[[float], None]) -> None:
        """Nothing is said before so many seconds of silence, nor more often; ``say`` runs in another thread."""
        self._seconds = seconds
        self._say = say
        self._heard = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="silence", daemon=True)

    def __enter__(self) -> Silence:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(_LAST_WORD)

    def heard(self) -> None:
        """Something came."""
        self._heard = time.monotonic()

    def _listen(self) -> None:
        while not self._ended.wait(self._seconds):
            silent = time.monotonic() - self._heard
            if silent >= self._seconds:
                self._say(silent)
