"""Model sets in the running daemon: which is in force, which would be better, and what is being done about it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from photoveil import models
from photoveil.errors import PhotoveilError
from photoveil.fitting import machine
from photoveil.fitting.download import Downloads
from photoveil.fitting.machine import STARTER, Measurement
from photoveil.fitting.wishes import Wishes
from photoveil.hub import RESYNC, Hub
from photoveil.notices import Notices
from photoveil.protection import model_sets
from photoveil.protection.model_sets import ModelSet
from photoveil.settings import Settings
from photoveil.settings.model import AUTO_SET
from photoveil.worker.parent import Worker
from photoveil.worker.tasks import Delivered

log = logging.getLogger(__name__)

CALM_SECONDS = 2.0
"""How long nothing must have happened before the machine is measured."""
_LOOK_SECONDS = 2.0
_OLD = timedelta(days=30)
_NOTICE, _DAMAGED = "models", "models damaged"


class NotHereError(PhotoveilError):
    """The model set that was chosen is still to be fetched."""

    code = "model_set_missing"


@dataclass(frozen=True)
class Offer:
    """A set that would be better than the one in force, and what it costs."""

    model_set: str
    bytes: int
    seconds: float | None

    def as_dict(self) -> dict[str, Any]:
        """As it goes to the dashboard."""
        return dict(vars(self))


class ModelDesk:
    """Knows the model sets, measures the machine when nothing else is to be done, and has sets fetched.

    Args:
        folder: where fetched sets lie.
        file: where the measurement is kept.
        settings: those in force.
        resting: whether no photo is in work or waiting for a moment's rest, and the machine is not busy.
        calm: as `CALM_SECONDS`.
    """

    def __init__(
        self,
        *,
        folder: Path,
        file: Path,
        wishes: Wishes,
        settings: Callable[[], Settings],
        worker: Worker,
        downloads: Downloads,
        resting: Callable[[], bool],
        hub: Hub,
        notices: Notices,
        calm: float = CALM_SECONDS,
    ) -> None:
        self.downloads = downloads
        self.folder = folder
        self.measurement = machine.read(file)
        self.measuring = False
        self._file = file
        self._wishes = wishes
        self._settings = settings
        self._worker = worker
        self._resting = resting
        self._hub = hub
        self._notices = notices
        self._calm = calm
        self._stopwatch = machine.Stopwatch()
        self._wanted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._stamp: object = None
        self._sets: Sequence[ModelSet] = ()
        self._look()
        worker.made = self._made

    def start(self) -> None:
        """Go on with a download that was left, and begin to look after things."""
        self.downloads.start()
        self._tell()
        self._tasks = [
            asyncio.create_task(chore) for chore in (self._measure(), self._listen(), self._watch())
        ]

    async def close(self) -> None:
        """Stop; a download goes on at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.downloads.close()

    @property
    def sets(self) -> Sequence[ModelSet]:
        """Every model set there is, here or not, weakest first."""
        return self._sets

    @property
    def in_force(self) -> str:
        """The set that photos are protected against now."""
        settings = self._settings()
        return machine.choose(settings.model_set, self._sets, self._holding(), settings.patience_seconds)

    def find(self, name: str) -> ModelSet:
        """The set of this name; raises CatalogueError."""
        return model_sets.choose("model set", name, {one.name: one for one in self._sets})

    def seconds(self, model_set: ModelSet) -> float | None:
        """About how long a photo takes with this set on this machine; None while nobody can tell."""
        held = self._holding()
        return machine.seconds(model_set, held) if held is not None else None

    def quick_enough(self, model_set: ModelSet) -> bool:
        """Whether a photo takes no longer with this set than the user wants to wait."""
        return machine.quick_enough(model_set, self._holding(), self._settings().patience_seconds)

    def offer(self) -> Offer | None:
        """The set that the user should be asked about, once; None where there is nothing to ask."""
        found = self._better()
        if found is None or found.installed or found.name in self._wishes.declined:
            return None
        if self.downloads.current is not None or self._settings().offline:
            return None
        return Offer(found.name, models.plan(found.name, self.folder).bytes_missing, self.seconds(found))

    def decline(self, name: str) -> None:
        """The user does not want this set; it is not offered again."""
        self._wishes.decline(self.find(name).name)
        self._hub.publish("models")

    async def remove(self, name: str) -> None:
        """Delete a fetched set's files. Raises ModelsError for one that belongs to Photoveil."""
        current = self.downloads.current
        if current is not None and current.model_set == name:
            await self.downloads.cancel()
        await asyncio.to_thread(models.remove, name, self.folder)
        self.downloads.checked.pop(name, None)
        # Nobody who has just removed a set wants to be asked for it again.
        self._wishes.decline(name)
        self._look()
        self._tell()

    def measure_soon(self) -> None:
        """Find out how fast the machine is, as soon as it rests, unless that is known."""
        if self._stale():
            self._wanted.set()

    def measure_anew(self) -> None:
        """Find it out again; until then the old figures hold."""
        self._wanted.set()

    def free_bytes(self) -> int | None:
        """The room on the disk where fetched sets lie."""
        place = self.folder
        while not place.exists() and place != place.parent:
            place = place.parent
        with contextlib.suppress(OSError):
            return shutil.disk_usage(place).free
        return None

    # Inside.

    def _made(self, made: Delivered) -> None:
        """A photo tells how long it really took."""
        held = self._holding()
        better = self._stopwatch.note(made.report, held) if held is not None else None
        if better is not None:
            self.measurement = better
            machine.write(self._file, better)
            self._tell()

    def _better(self) -> ModelSet | None:
        """What the settings ask for, here or not."""
        settings, held = self._settings(), self._holding()
        if settings.model_set != AUTO_SET:
            return next((one for one in self._sets if one.name == settings.model_set and one.from_hub), None)
        return machine.best(self._sets, held, settings.patience_seconds) if held is not None else None

    def _holding(self) -> Measurement | None:
        """The measurement, as long as it tells about this machine with these settings."""
        found = self.measurement
        return found if found is not None and found.holds(self._settings().device) else None

    def _stale(self) -> bool:
        held = self._holding()
        return held is None or datetime.now(UTC) - datetime.fromisoformat(held.date) > _OLD

    def _look(self) -> None:
        """Read which sets there are, where something has changed on disk."""
        stamp = _stamp(self.folder, [found.name for found in self._sets])
        if stamp == self._stamp and self._sets:
            return
        try:
            self._sets = model_sets.model_sets(self.folder)
        except PhotoveilError as error:
            self._notices.set(_DAMAGED, error)
        else:
            self._notices.clear(_DAMAGED)
        self._stamp = _stamp(self.folder, [found.name for found in self._sets])

    def _tell(self) -> None:
        """Say that something about model sets has changed."""
        wanted, current = self._settings().model_set, self.downloads.current
        fetching = current is not None and current.model_set == wanted
        if wanted != AUTO_SET and wanted != self.in_force and not fetching:
            self._notices.set(_NOTICE, _not_here(wanted))
        else:
            self._notices.clear(_NOTICE)
        self._hub.publish("models")

    async def _watch(self) -> None:
        """Notice what the command line fetched, added or removed."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            before = self._stamp
            self._look()
            if self._stamp != before:
                self._tell()

    async def _listen(self) -> None:
        async with self._hub.subscribe() as events:
            async for event in events:
                if event.kind == "worker" and event.facts.get("state") == "ready":
                    self.measure_soon()  # torch is in memory anyway
                elif event.kind in ("settings", RESYNC):
                    self._tell()
                elif event.kind == "download" and event.facts.get("model_set") is None:
                    self._look()
                    self._tell()

    async def _measure(self) -> None:
        while True:
            await self._wanted.wait()
            await self._rest()
            self.measuring = True
            self._hub.publish("models")
            try:
                await self._measure_once()
            except PhotoveilError as error:
                log.warning("the machine could not be measured: %s", error.code)
                self._wanted.clear()  # the next photo tells what is wrong
            finally:
                self.measuring = False
            self._tell()

    async def _measure_once(self) -> None:
        wanted = self._settings().device
        measured = await self._worker.measure()
        if measured is None:
            return  # a photo came in between: it is tried again when there is rest
        self._wanted.clear()
        self.measurement = machine.taken(measured, wanted)
        await asyncio.to_thread(machine.write, self._file, self.measurement)
        log.info(
            "measured: %.0f GFLOP/s on %s, %s",
            self.measurement.pass_rate,
            self.measurement.device,
            self.in_force,
        )

    async def _rest(self) -> None:
        """Wait until nothing has been to do for a moment."""
        since = time.monotonic()
        while time.monotonic() - since < self._calm:
            await asyncio.sleep(self._calm / 4)
            if not self._resting():
                since = time.monotonic()


def _stamp(folder: Path, names: Sequence[str]) -> object:
    """Something that changes when a set comes or goes."""

    def seen(path: Path) -> int:
        try:
            return path.stat().st_mtime_ns
        except OSError:
            return 0

    return [seen(folder), *((name, seen(folder / name)) for name in names)], os.fspath(folder)


def _not_here(wanted: str) -> NotHereError:
    return NotHereError(
        f"The model set “{wanted}” is not here yet",
        f"Until it is, photos are protected with “{STARTER}”, which is for trying, not for trusting.",
        f"Download it on the page “Model sets”, or with `photoveil models pull {wanted}`.",
    )
