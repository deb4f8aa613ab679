"""What every probe is given: an engine, photo files, and how to make a row of what it found."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import torch

from lab.performance import pictures, towers
from lab.performance.rows import Goal, Row
from lab.performance.timing import Spent, quartiles
from photoveil import __version__
from photoveil.fitting.machine import machine
from photoveil.photos import Photo, decode
from photoveil.protection import Engine, Persona, devices
from photoveil.protection.lanes import Lanes
from photoveil.protection.roster import ENOUGH_PHOTOS

STARTER = "starter"
_QUICK_SHARE = 0.02


@dataclass
class Bench:
    """One model set on one device.

    Attributes:
        folder: for photos, weights and whatever else a probe needs for a while.
        models: where model sets lie; sets that are not there get random weights, for speed does not depend on them.
        rounds: how often each thing is measured.
        quick: tiny photos and few rounds: shows that everything runs, and no more.
    """

    folder: Path
    device: torch.device
    model_set: str = STARTER
    models: Path | None = None
    rounds: int = 5
    quick: bool = False
    seed: int = 0
    command: str = "python -m lab.performance"
    _photos: dict[tuple[float, int], Path] = field(default_factory=dict)

    @cached_property
    def engine(self) -> Engine:
        """The model set on the device."""
        return Engine.load(self.model_set, device=str(self.device), models_dir=self.models_dir)

    @cached_property
    def lanes(self) -> Lanes:
        """Such as the engine has for its surrogates."""
        weights = [sum(part.nbytes for part in e.parameters()) for e in self.engine.surrogates]
        return Lanes.over(self.device, weights)

    @cached_property
    def persona(self) -> Persona:
        """One who is known well enough for nothing to be learnt on the way; looks are fitted at first use."""
        known = Persona("bench")
        self.engine.learn(known, [self.photo(1.2, number) for number in range(ENOUGH_PHOTOS)])
        return known

    @cached_property
    def models_dir(self) -> Path | None:
        """Where the model set lies; None for what the package has."""
        if self.model_set == STARTER or towers.has(self.model_set, self.models):
            return self.models
        return towers.furnish(self.model_set, self.folder / "models", self.models, self.seed)

    def leave(self) -> None:
        """Let the engine go, and return its memory to the device."""
        vars(self).pop("engine", None)
        devices.give_back(self.device)

    def file(self, megapixels: float, number: int = 0) -> Path:
        """A JPEG file of that size; others for other numbers."""
        if (megapixels, number) not in self._photos:
            name = f"{megapixels:g}-{number}.jpg"
            size = pictures.size(megapixels * (_QUICK_SHARE if self.quick else 1))
            self._photos[megapixels, number] = pictures.write(self.folder / name, size, number)
        return self._photos[megapixels, number]

    def photo(self, megapixels: float, number: int = 0) -> Photo:
        """The same, decoded."""
        file = self.file(megapixels, number)
        return decode(file.read_bytes(), name=file.name)

    def row(
        self,
        name: str,
        values: Sequence[float] | Sequence[Spent],
        unit: str,
        goal: Goal | None = None,
        note: str = "",
    ) -> Row:
        """A row of one figure: the median of its measurements."""
        walls = [value.wall if isinstance(value, Spent) else value for value in values]
        cpus = [value.cpu for value in values if isinstance(value, Spent)]
        value = statistics.median(walls)
        return Row(
            name=f"{self.model_set}/{name}",
            value=value,
            unit=unit,
            goal=str(goal) if goal else "",
            met=goal.met(value) if goal else None,
            count=len(walls),
            spread=quartiles(walls),
            in_cpu_time=statistics.median(cpus) if cpus and self.device.type == devices.CPU else None,
            machine=self.machine,
            device=self.device.type,
            seed=self.seed,
            command=self.command,
            version=__version__,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            note=note,
        )

    @cached_property
    def machine(self) -> str:
        """Processor, threads, PyTorch and device, without the machine's name."""
        threads = torch.get_num_threads()
        about = f"{machine()}, PyTorch {torch.__version__} with {threads} thread{'s' * (threads > 1)}"
        return about if self.device.type == devices.CPU else f"{about}, {devices.describe(self.device)}"
