"""What happens when a device has no memory left: a sparing attempt, then the processor; the photo's report says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import torch

from photoveil.protection import Engine, devices

T = TypeVar("T")

REST_SECONDS = 600.0
"""How long a device that had no memory left is spared: another program that has it all now may have ended by then."""
_SPARING = "Memory ran short; a second attempt that spares it succeeded."
_PROCESSOR = "The graphics card had no memory left; the processor did the work."

Load = Callable[[str, torch.device], Engine]


class Ladder:
    """Keeps one engine at hand and does work with it, on ever lower rungs where memory runs out.

    The rungs of a device are its usual way and one that spares memory (`Engine.sparing`); below them is the processor.

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
        self._spared: dict[torch.device, float] = {}

    def run(self, model_set: str, wanted: str, work: Callable[[Engine], T]) -> tuple[T, list[str]]:
        """Do ``work`` with the engine; answers its result and what the user is to be told.

        The work may be begun anew after it failed in the middle.
        """
        choice = devices.choose(wanted)
        notes = [choice.note] if choice.note else []
        device = choice.device
        if self._is_spared(device):
            device = torch.device(devices.CPU)
            notes.append(_PROCESSOR)
        while True:
            try:
                done = work(self._ready(model_set, device))
            except (MemoryError, RuntimeError) as error:
                if not devices.out_of_memory(error):
                    raise
                lower = self._lower(device)
                if lower is None:
                    raise MemoryError from error
            else:
                return done, [*notes, _SPARING] if self._sparing else notes
            # Outside of the handler: until it is left, the error holds on to every tensor of the failed attempt.
            if lower != device:
                notes.append(_PROCESSOR)
            device = lower
            devices.give_back(choice.device)

    def _ready(self, model_set: str, device: torch.device) -> Engine:
        if self._engine is None or self._at != (model_set, device):
            self._drop()  # first let the old encoders go
            self._engine = self._load(model_set, device)
            self._at = model_set, device
            self._sparing = False
        return self._engine

    def _drop(self) -> None:
        if self._at is not None:
            device = self._at[1]
            self._engine = self._at = None
            devices.give_back(device)

    def _lower(self, device: torch.device) -> torch.device | None:
        """Go down one rung; answers the device of the next attempt, None from the lowest rung."""
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
