"""What the process that protects takes at most, and what of the device."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from lab.performance.bench import STARTER, Bench
from lab.performance.rows import Goal, Row
from photoveil.protection import devices

_SIZES = (1.2, 12.0, 48.0)
_DEVICE_GOALS = {"standard": 3000.0, "strong": 8000.0}
_NOTE = "A process of its own protects one photo at “balanced”; its resident memory at most."
_LOADED = "The same process before, with the encoders loaded."


def rows(bench: Bench) -> Iterator[Row]:
    """Peaks by size of the photo, in MB; of the starter at all sizes, of others at twelve megapixels."""
    for megapixels in _SIZES if bench.model_set == STARTER else (12.0,):
        found = _footprint(bench, megapixels)
        if megapixels == 12.0:
            yield bench.row("memory/loaded", [found["loaded"]], "MB", note=_LOADED)
        yield bench.row(f"memory/{megapixels:g}mp", [found["peak"]], "MB", note=_NOTE)
        if bench.device.type == devices.CPU:
            continue
        bound = _DEVICE_GOALS.get(bench.model_set)
        goal = Goal(bound) if bound else None
        yield bench.row(f"memory/device-{megapixels:g}mp", [found["device_peak"]], "MB", goal)


def _footprint(bench: Bench, megapixels: float) -> dict[str, Any]:
    asked = {
        "model_set": bench.model_set,
        "models": str(bench.models_dir) if bench.models_dir else None,
        "device": str(bench.device),
        "file": str(bench.file(megapixels)),
    }
    command = [sys.executable, "-m", "lab.performance.footprint", json.dumps(asked)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(told)
    return found
