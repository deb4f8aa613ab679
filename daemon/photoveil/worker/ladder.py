"""What happens when a device has no memory left: fewer photos at once, a sparing attempt, then the processor.

The photo's report says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import torch

from photoveil.protection import Engine, devices

T = TypeVar("T")

REST_SECONDS = 600.0
"""How long a device that had no memory left is spared: another program that has it all now may have ended by then."""
_FEWER = "Memory ran short; fewer photos than usual were protected at once."
_SPARING = "Memory ran short; a second attempt that spares it succeeded."
_PROCESSOR = "The graphics card had no memory left; the processor did the work."

Load = Callable[[str, torch.device], Engine]


class Ladder:
    """Keeps one engine at hand and does work with it, on ever lower rungs where memory runs out.

    The rungs of a device are as many photos at once as pay there (`Engine.batch`), half of them and so on, a single
    one, and one in a way that spares memory (`Engine.sparing`); below them is the processor.

    Args:
        load: makes the engine of a model set on a device.
        clock: seconds.
    """

    def __init__(self, load: Load, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._load = load
        self._clock = clock
        self._engine: Engine | None = None
        self._at: tuple[str, torch.device] | None = None
        self._sparing = False
        self._fewer: tuple[int, float] | None = None
        self._spared: dict[torch.device, float] = {}
        self._told: list[str] = []
        self._wished = 1

    @property
    def batch(self) -> int:
        """How many photos at once the engine at hand can take at present."""
        batch = self._engine.batch if self._engine is not None else 1
        if self._fewer is not None and self._clock() < self._fewer[1]:
            return max(1, min(batch, self._fewer[0]))
        return batch

    @property
    def notes(self) -> list[str]:
        """What the user is to be told of the work that is being done."""
        held_back = self._engine is not None and self.batch < min(self._wished, self._engine.batch)
        notes = [*self._told, _FEWER] if held_back else [*self._told]
        return [*notes, _SPARING] if self._sparing else notes

    def run(
        self, model_set: str, wanted: str, work: Callable[[Engine], T], photos: int = 1
    ) -> tuple[T, list[str]]:
        """Do ``work`` with the engine; answers its result and what the user is to be told.

        The work may be begun anew after it failed in the middle. It may look after several ``photos``, of which it
        takes no more than `batch` at once.
        """
        choice = devices.choose(wanted)
        self._told = [choice.note] if choice.note else []
        self._wished = photos
        device = choice.device
        if self._is_spared(device):
            device = torch.device(devices.CPU)
            self._told.append(_PROCESSOR)
        while True:
            try:
                return work(self._ready(model_set, device)), self.notes
            except (MemoryError, RuntimeError) as error:
                if not devices.out_of_memory(error):
                    raise
                lower = self._lower(device)
                if lower is None:
                    raise MemoryError from error
            # Outside of the handler: until it is left, the error holds on to every tensor of the failed attempt.
            if lower != device:
                self._told.append(_PROCESSOR)
            device = lower
            devices.give_back(choice.device)

    def _ready(self, model_set: str, device: torch.device) -> Engine:
        if self._engine is None or self._at != (model_set, device):
            self._drop()  # first let the old encoders go
            self._engine = self._load(model_set, device)
            self._at = model_set, device
            self._sparing, self._fewer = False, None
        return self._engine

    def _drop(self) -> None:
        if self._at is not None:
            device = self._at[1]
            self._engine = self._at = None
            devices.give_back(device)

    def _lower(self, device: torch.device) -> torch.device | None:
        """Go down one rung; answers the device of the next attempt, None from the lowest rung."""
        if self._engine is not None and (at_once := min(self._wished, self.batch)) > 1:
            self._fewer = at_once // 2, self._clock() + REST_SECONDS
            return device
        if self._engine is not None and not self._sparing:
            self._engine.sparing = True
            self._sparing = True
            return device
        self._drop()
        if device.type == devices.CPU:
            return None
        self._spared[device] = self._clock() + REST_SECONDS
        return torch.device(devices.CPU)

    def _is_spared(self, device: torch.device) -> bool:
        return self._clock() < self._spared.get(device, 0.0)
