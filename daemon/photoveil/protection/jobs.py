"""What is asked of the engine and what it gives back; how long a photo took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from photoveil.photos import Encoded, MetadataPolicy, Photo
from photoveil.protection.personas import Persona
from photoveil.protection.report import Report

Progress = Callable[[str, float], None]
"""Called with a stage (``prepare``, ``protect``, ``write``, ``measure``) and the share done, 0…1."""


@dataclass(frozen=True)
class Job:
    """One photo to protect.

    Attributes:
        persona: whose it is; photos of one persona share one object.
        method, strength: as in the `catalogue`.
        metadata: what of it the file keeps.
        seed: of everything random about it.
        progress: told how far it is; what it raises ends this job and no other.
    """

    photo: Photo
    persona: Persona
    method: str = "antithetical"
    strength: str = "balanced"
    metadata: MetadataPolicy = MetadataPolicy.STRIP_LOCATION
    seed: int = 0
    progress: Progress | None = None


@dataclass(frozen=True)
class Protected:
    """A protected photo: delivered ``pixels`` (decoded again), the ``encoded`` file and its ``report``."""

    pixels: NDArray[np.uint8]
    encoded: Encoded
    report: Report


class Clock:
    """Times the stages of a job and passes their progress on."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress or (lambda _stage, _share: None)
        self._spent: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """A stage from its beginning to its end."""
        self._progress(name, 0.0)
        with self.within(name):
            yield
        self._progress(name, 1.0)

    @contextmanager
    def within(self, name: str) -> Iterator[None]:
        """A part of a stage."""
        start = time.perf_counter()
        yield
        self.add(name, time.perf_counter() - start)

    def tick(self, name: str) -> Callable[[float], None]:
        """What to tell a stage's progress to."""
        return partial(self._progress, name)

    def add(self, name: str, seconds: float) -> None:
        """Count time that was measured elsewhere, such as the share in work for several photos."""
        self._spent[name] = self._spent.get(name, 0.0) + seconds * 1000

    def milliseconds(self) -> dict[str, float]:
        """What each stage took, and all of them together."""
        return self._spent | {"total": sum(self._spent.values())}
