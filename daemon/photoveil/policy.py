"""When work that nobody waits for may run: not while paused, on battery, or while other programs need the computer."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from photoveil.settings import Settings

log = logging.getLogger(__name__)

Reason = Literal["paused", "battery", "busy"]

_FRESH_SECONDS = 5.0
_SHORTEST_WINDOW = 4.0
_BUSY_ABOVE = 0.6
_CALM_BELOW = 0.4
"""Lower than what counts as busy, so that a load between the two does not make the work stop and go."""
_POWER = Path("/sys/class/power_supply")


class Choices(Protocol):
    """Who knows the settings in force: `SettingsStore`."""

    @property
    def current(self) -> Settings:
        """Those in force."""


class Pausing(Protocol):
    """Who knows whether the user paused the work: `Pause`."""

    def state(self) -> tuple[bool, datetime | None]:
        """Whether it is paused, and until when."""


class Sensing(Protocol):
    """What can be found out about the machine: `Sensors`."""

    def on_battery(self) -> bool:
        """Whether the machine runs on its battery."""

    def busy(self) -> bool:
        """Whether other programs need most of the processor."""


@dataclass(frozen=True)
class Usage:
    """Seconds of processor time since some moment in the past, over all cores.

    Attributes:
        passed: all there were, idle ones included.
        used: those in which a program ran.
        own: those in which it was Photoveil.
    """

    passed: float
    used: float
    own: float


class Policy:
    """Decides whether background work waits. Cheap to ask: what the machine does is looked at every few seconds."""

    def __init__(
        self,
        store: Choices,
        pause: Pausing,
        sensors: Sensing | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._pause = pause
        sensors = sensors or Sensors(clock=clock)
        self._on_battery = _Remembered(sensors.on_battery, clock)
        self._busy = _Remembered(sensors.busy, clock)

    def gate(self) -> Reason | None:
        """Why background work waits; None if it may run."""
        paused, _until = self._pause.state()
        if paused:
            return "paused"
        settings = self._store.current
        if settings.on_battery == "wait" and self._on_battery():
            return "battery"
        if settings.when_busy == "wait" and self._busy():
            return "busy"
        return None


class Sensors:
    """The machine's battery and processor. Where the system does not tell, nothing waits.

    Args:
        measure: the processor time used so far.
        power: the folder where Linux tells about batteries and chargers.
        clock: seconds.
    """

    def __init__(
        self,
        *,
        measure: Callable[[], Usage] | None = None,
        power: Path = _POWER,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._measure = measure or usage
        self._power = power
        self._clock = clock
        self._looked: float | None = None
        self._last = Usage(0.0, 0.0, 0.0)
        self._is_busy = False

    def on_battery(self) -> bool:
        """Whether the machine runs on its battery, that of a mouse not counting."""
        try:
            return _linux_battery(self._power) if sys.platform == "linux" else _other_battery()
        except OSError as error:
            log.debug("the battery cannot be asked: %s", error)
            return False

    def busy(self) -> bool:
        """Whether other programs used most of all cores since the last time this was asked, some seconds ago."""
        now = self._clock()
        if self._looked is not None and now - self._looked < _SHORTEST_WINDOW:
            return self._is_busy
        try:
            seen = self._measure()
        except (OSError, RuntimeError) as error:  # the latter where there is no /proc/stat
            log.debug("the processor cannot be asked: %s", error)
            return False
        if self._looked is not None:
            limit = _CALM_BELOW if self._is_busy else _BUSY_ABOVE
            self._is_busy = _share_of_others(self._last, seen) > limit
        self._looked, self._last = now, seen
        return self._is_busy


class _Remembered:
    """An answer that is good for a few seconds."""

    def __init__(self, ask: Callable[[], bool], clock: Callable[[], float]) -> None:
        self._ask = ask
        self._clock = clock
        self._asked: float | None = None
        self._answer = False

    def __call__(self) -> bool:
        now = self._clock()
        if self._asked is None or now - self._asked >= _FRESH_SECONDS:
            self._answer = self._ask()
            self._asked = now
        return self._answer


def usage() -> Usage:
    """The processor time used so far by everything and by this process with all that it started."""
    import psutil  # only who waits for something needs it

    times = psutil.cpu_times()._asdict()
    for name in ("guest", "guest_nice"):  # Linux counts these in "user" and "nice" already
        times.pop(name, None)
    passed = sum(times.values())
    # Time stolen from a virtual machine is nothing that its programs used.
    used = passed - sum(times.get(name, 0.0) for name in ("idle", "iowait", "steal"))
    return Usage(passed, used, _own_seconds())


def _own_seconds() -> float:
    import psutil

    me = psutil.Process()
    own = 0.0
    for process in (me, *me.children(recursive=True)):
        with contextlib.suppress(psutil.Error):  # it has just ended
            own += sum(process.cpu_times()[:4])  # those of ended children, too
    return own


def _share_of_others(before: Usage, after: Usage) -> float:
    passed = after.passed - before.passed
    others = (after.used - before.used) - (after.own - before.own)
    return others / passed if passed > 0 else 0.0


def _linux_battery(power: Path) -> bool:
    """Some battery of the machine is being emptied, and no charger is plugged in."""
    supplies = sorted(power.iterdir()) if power.is_dir() else []
    if any(
        _told(supply, "type") in ("Mains", "USB") and _told(supply, "online") == "1" for supply in supplies
    ):
        return False
    return any(
        _told(supply, "type") in ("Battery", "UPS")
        and _told(supply, "scope") != "Device"  # a mouse or a keyboard
        and _told(supply, "status") == "Discharging"
        for supply in supplies
    )


def _told(supply: Path, name: str) -> str:
    try:
        return (supply / name).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _other_battery() -> bool:
    import psutil  # only who waits for something needs it

    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    return battery is not None and battery.power_plugged is False
