"""How fast this machine is, how long each model set takes on it, and which set is the best that is quick enough.

The worker measures, rarely; what it found is kept in a small file that daemon and command line read.
"""

from __future__ import annotations

import json
import os
import platform
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from photoveil.keys import write_private
from photoveil.protection.catalogue import STRENGTHS, ModelSet, Role
from photoveil.settings.model import AUTO_SET

STARTER = "starter"
"""The set that is always here: for trying, not for trusting."""
_SCORES = 8
"""How often a surrogate looks at a solution on its way: four times at the whole photo and at a cropped one."""
_LOOKS = 5
"""How often every encoder looks at a photo beside that: before, as delivered, and after three channels."""
_SLACK = 1.5
_ENOUGH, _MOST = 4, 16
_REST_SECONDS = 1.0
"""What opening, writing and comparing a photo of twelve megapixels takes, whatever the encoders are."""


@dataclass(frozen=True)
class Measurement:
    """What the worker found out.

    Attributes:
        pass_rate: 10⁹ operations of a forward pass per second while its gradient is computed as well.
        look_rate: the same of forward passes alone.
        device, device_name: what it was measured on.
        wanted: the setting that led to this device.
        machine, torch: if one of them changes, so may the speed.
        date: ISO 8601, UTC.
        seen: by model set, how long photos really took; where it is known it goes before what is reckoned.
    """

    pass_rate: float
    look_rate: float
    device: str
    device_name: str
    precision: str
    torch: str
    wanted: str
    machine: str
    date: str
    seen: Mapping[str, float] = field(default_factory=dict, hash=False)

    def holds(self, wanted: str) -> bool:
        """Whether it still tells about this machine as it is, with this setting for the device."""
        return (self.machine, self.torch, self.wanted) == (machine(), torch_version(), wanted)


def taken(measured: dict[str, Any], wanted: str) -> Measurement:
    """What the worker told, as a measurement of now."""
    return Measurement(
        pass_rate=float(measured["pass_rate"]),
        look_rate=float(measured["look_rate"]),
        device=str(measured["device"]),
        device_name=str(measured["device_name"]),
        precision=str(measured["precision"]),
        torch=torch_version(),
        wanted=wanted,
        machine=machine(),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def read(file: Path) -> Measurement | None:
    """The last measurement; None where there is none that can be read."""
    try:
        found = Measurement(**json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    numbers = (found.pass_rate, found.look_rate, *dict(found.seen).values())
    return found if all(isinstance(one, int | float) and one > 0 for one in numbers) else None


def write(file: Path, measurement: Measurement) -> None:
    """Keep a measurement."""
    write_private(file, json.dumps(asdict(measurement), indent=1))


class Stopwatch:
    """Takes down how long photos really take, and tells when that is worth keeping."""

    def __init__(self) -> None:
        self._times: dict[str, deque[float]] = {}

    def note(self, report: Mapping[str, Any], measurement: Measurement) -> Measurement | None:
        """Take in the report of a photo that was just made; answers the measurement if it is now a better one.

        Of several photos a quick one counts: others on this machine only ever make it longer.
        """
        name, strength = str(report.get("model_set")), STRENGTHS.get(str(report.get("strength")))
        total = report.get("timings_ms", {}).get("total")
        if strength is None or strength.steps != STRENGTHS["balanced"].steps or not total:
            return None
        times = self._times.setdefault(name, deque(maxlen=_MOST))
        times.append(float(total) / 1000)
        if len(times) < _ENOUGH:
            return None
        now, before = sorted(times)[len(times) // 4], measurement.seen.get(name, 0.0)
        if abs(now - before) <= 0.1 * before:
            return None
        return replace(measurement, seen={**measurement.seen, name: round(now, 3)})


def seconds(model_set: ModelSet, measurement: Measurement) -> float | None:
    """About how long a photo takes at “balanced”, once the encoders are loaded; None where nobody can tell."""
    if model_set.name in measurement.seen:
        return measurement.seen[model_set.name]
    looking, passing = 0.0, 0.0
    for encoder in model_set.encoders:
        work = encoder.config.get("gflops")
        if not isinstance(work, int | float):
            return None
        looking += _LOOKS * work
        if encoder.role is Role.SURROGATE:
            looking += _SCORES * work
            passing += STRENGTHS["balanced"].steps * work
    return looking / measurement.look_rate + passing / measurement.pass_rate + _REST_SECONDS


def quick_enough(model_set: ModelSet, measurement: Measurement | None, patience: float) -> bool:
    """Whether a photo takes no longer than the user wants to wait; what cannot be told is taken to be quick.

    A set that is here is kept up to half as long again: none shall come and go with the weather on a machine.
    """
    expected = seconds(model_set, measurement) if measurement else None
    return expected is None or expected <= patience * (_SLACK if model_set.installed else 1.0)


def choose(wanted: str, sets: Sequence[ModelSet], measurement: Measurement | None, patience: float) -> str:
    """The set in force: the one that was named if it is here, for “auto” the best here that is quick enough.

    Until a set is here, the starter serves. Of machines nobody has measured, the smallest set is expected that is more
    than a starter.
    """
    here = [found for found in sets if found.installed]
    if wanted != AUTO_SET:
        return wanted if any(found.name == wanted for found in here) else STARTER
    real = [found for found in here if found.from_hub]
    quick = [found for found in real if quick_enough(found, measurement, patience)]
    if measurement is None:
        quick = quick[:1]
    return quick[-1].name if quick else STARTER


def best(sets: Sequence[ModelSet], measurement: Measurement, patience: float) -> ModelSet | None:
    """The best set to have, here or not, that is quick enough; None where there is none."""
    quick = [found for found in sets if found.from_hub and quick_enough(found, measurement, patience)]
    return quick[-1] if quick else None


@cache
def machine() -> str:
    """This machine's processor; no more is needed to notice that a home folder has moved to another computer."""
    return f"{platform.system()} {_processor()}, {os.cpu_count()} cores"


@cache
def torch_version() -> str:
    """The installed PyTorch, without importing it."""
    try:
        return version("torch")
    except PackageNotFoundError:
        return "none"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()
