"""A run from beginning to end: look, get to know the persona, compute, place, remember."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from photoveil.archive import batch, local
from photoveil.archive.batch import BatchConfig
from photoveil.archive.errors import ArchiveError, OutputFullError, from_dict, not_reached, unwritable
from photoveil.archive.manifest import DONE, FAILED, OWN, PLACING, UNCHANGED, WAITING, Job, Manifest, Row
from photoveil.archive.placing import Placer, wanted
from photoveil.archive.recipe import Acquaintance, Recipe, encoder_keys, mark
from photoveil.archive.survey import Passed, Survey
from photoveil.errors import PhotoveilError
from photoveil.protection.catalogue import ModelSet

_SPARE = 64 << 20
"""Bytes of the disk to leave free beside the copies."""


class Watcher(Protocol):
    """Who is told how far a run is."""

    def looking(self, files: int) -> None:
        """So many files have been looked at."""

    def learning(self, persona: str) -> None:
        """The persona is being learnt."""

    def working(self, done: int, total: int, seconds: float) -> None:
        """So many of the photos to do are done, after so many seconds of computing."""

    def standing(self, words: str) -> None:
        """What the Ray cluster is, or what it makes the run wait for; another thread may call."""


@dataclass(frozen=True)
class Order:
    """What is asked for.

    Attributes:
        processes: on this machine, or at most so many on the cluster; None for as many as fit.
        device: as the setting has it.
        ray: the address of a Ray cluster, ``local`` for one of this run's own, or None for plain processes.
    """

    source: Path
    out: Path
    recipe: Recipe
    models: ModelSet
    personas: Path
    processes: int | None = None
    device: str = "auto"
    ray: str | None = None
    dry_run: bool = False


@dataclass
class Outcome:
    """What came of a run.

    Attributes:
        photos, bytes: found in the library.
        already: copies that were there from earlier runs.
        protected: computed by this run; ``copied``: the same photo once more, under another name.
        to_do, to_do_bytes: what was to be done when work began.
        renamed: copies whose name differs from their photo's, as that was taken or cannot be had everywhere.
        unchanged, failed: paths and why.
        orphans: copies of photos that are not in the library any more; they are left.
    """

    photos: int = 0
    bytes: int = 0
    already: int = 0
    protected: int = 0
    copied: int = 0
    to_do: int = 0
    to_do_bytes: int = 0
    free_bytes: int = 0
    renamed: int = 0
    orphans: int = 0
    own: int = 0
    learns: bool = False
    seconds: float = 0.0
    interrupted: bool = False
    passed: Passed = field(default_factory=Passed)
    unchanged: list[tuple[str, PhotoveilError]] = field(default_factory=list)
    failed: list[tuple[str, PhotoveilError]] = field(default_factory=list)
    ended: PhotoveilError | None = None


class Archive:
    """One run. `stop` may be called from a signal handler: what was begun is finished."""

    def __init__(self, order: Order, watcher: Watcher) -> None:
        self._order = order
        self._watcher = watcher
        self._stoppers: list[Callable[[], None]] = []
        self._mark = ""
        self._without_copy = 0
        self.outcome = Outcome()

    def stop(self) -> None:
        """Finish the photos in hand, and no others."""
        self.outcome.interrupted = True
        for stopper in self._stoppers:
            stopper()

    def run(self) -> Outcome:
        """Do it.

        Raises:
            PhotoveilError: it cannot be begun.
        """
        order = self._order
        if order.ray is not None:
            from photoveil.archive import cluster

            cluster.check(order.ray)
        if not order.dry_run:
            _make_output(order.out)
        with Manifest(order.out, look_only=order.dry_run) as manifest:
            self._manifest = manifest
            self._placer = Placer(order.out, manifest)
            self.outcome.passed = Survey(order.source, order.out, manifest, self._watcher.looking).run()
            known = Acquaintance.of(order.personas, order.recipe.persona, order.models)
            self._sort_out(known)
            self._weigh()
            if order.dry_run or not self.outcome.to_do or self.outcome.interrupted:
                return self._told()
            self._check_room()
            try:
                self._work(known)
            except PhotoveilError as error:
                self.outcome.ended = error
            return self._told()

    def _sort_out(self, known: Acquaintance) -> None:
        """Decide for every photo whether there is something to do."""
        self._mark = mark(self._order.recipe, self._order.models, known)
        self.outcome.learns = not known.settled and any(
            not known.met(job.key) for job in self._manifest.sample()
        )
        for row in self._manifest.seen():
            sorted_out = self._sorted_out(row)
            if sorted_out != row:
                self._manifest.note(sorted_out)
        self._manifest.commit()

    def _sorted_out(self, row: Row) -> Row:
        if not row.key:
            return row
        if row.state == PLACING:
            row = self._placer.resumed(row)
        if row.state != DONE and self._manifest.is_copy(row.key):
            return replace(row, state=OWN)
        if row.state in (FAILED, OWN):
            return replace(row, state=WAITING, error="")
        if row.state == DONE and not (row.mark == self._mark and self._placer.intact(row)):
            return replace(row, state=WAITING)
        return row

    def _weigh(self) -> None:
        told, room = self.outcome, 0
        for row in self._manifest.seen():
            told.photos += 1
            told.bytes += row.size
            if row.state == DONE:
                told.already += 1
            elif row.state == WAITING:
                told.to_do += 1
                room += max(0, row.size - row.made_size)
        told.to_do_bytes = room
        told.free_bytes = shutil.disk_usage(_existing(self._order.out)).free

    def _check_room(self) -> None:
        told = self.outcome
        if told.to_do_bytes + _SPARE > told.free_bytes:
            raise ArchiveError(
                "There is not enough room for the copies",
                f"They need about {told.to_do_bytes / 1e9:.1f} GB; there are {told.free_bytes / 1e9:.1f} GB.",
                "Free some space, or choose an output folder on another disk.",
            )

    def _work(self, known: Acquaintance) -> None:
        order = self._order
        size = local.fitting(sum(encoder.bytes for encoder in order.models.encoders), order.processes)
        config = BatchConfig(
            order.recipe, encoder_keys(order.models), b"", device=order.device, threads=size.threads
        )
        with local.LocalWorkers(order.source) as workers:
            self._stoppers.append(workers.stop)
            self._watcher.learning(order.recipe.persona)
            persona, devices = workers.learn(config, order.personas, self._manifest.sample())
            if self.outcome.interrupted:
                return
            self._mark_anew(known)
            config = replace(config, persona=persona)
            if order.ray is None:
                processes = order.processes or (size.processes if devices == ("cpu",) else len(devices))
                self._collect(workers.run(self._jobs(), config, devices, processes))
                return
        self._on_cluster(config, order.ray)

    def _mark_anew(self, before: Acquaintance) -> None:
        """With more known of the persona the direction is another: what was done before is done again."""
        order = self._order
        known = Acquaintance.of(order.personas, order.recipe.persona, order.models)
        if known != before:
            self._mark = mark(order.recipe, order.models, known)
            self.outcome.already = self.outcome.to_do = 0
            for row in self._manifest.seen():
                again = row.state == DONE and row.mark != self._mark
                self._manifest.note(replace(row, state=WAITING) if again else row)
                self.outcome.already += row.state == DONE and not again
                self.outcome.to_do += row.state == WAITING or again
            self._manifest.commit()

    def _on_cluster(self, config: BatchConfig, address: str) -> None:
        from photoveil.archive.cluster import Cluster

        with Cluster(address, self._order.source, self._watcher.standing) as cluster:
            while True:
                before = self.outcome.protected
                results = cluster.run(list(self._jobs()), config, self._order.processes)
                self._collect(self._until_stopped(results))
                if not cluster.failed or self.outcome.interrupted:
                    return
                if self.outcome.protected == before:
                    raise cluster.failed

    def _until_stopped(self, results: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for result in results:
            yield result
            if self.outcome.interrupted:
                return

    def _jobs(self) -> Iterator[Job]:
        """Each content that waits, once; what has a twin already is copied from it on the way."""
        given: set[str] = set()
        for row in self._manifest.waiting():
            if row.key not in given and not self._copied(row):
                given.add(row.key)
                yield Job(row.key, row.path, row.size)

    def _copied(self, row: Row) -> bool:
        for twin in self._manifest.twins(row.key, self._mark):
            data = self._placer.read(twin)
            if data is not None:
                suffix = Path(twin.target or "").suffix
                same = suffix.lower() == Path(wanted(row)).suffix.lower()
                self._put(row, data, "" if same else suffix, f"copy of {twin.maker}")
                self.outcome.copied += 1
                return True
        return False

    def _collect(self, results: Iterator[dict[str, Any]]) -> None:
        began = time.monotonic()
        for result in results:
            self._take(result)
            self.outcome.seconds = time.monotonic() - began
            done = self.outcome.protected + self.outcome.copied + self._without_copy
            self._watcher.working(done, self.outcome.to_do, self.outcome.seconds)

    def _take(self, result: dict[str, Any]) -> None:
        """Keep one result, at every place where its photo is found."""
        rows = self._manifest.waiting_for(str(result["key"]))
        if result["outcome"] != batch.PROTECTED:
            state = UNCHANGED if result["outcome"] == batch.UNCHANGED else FAILED
            for row in rows:
                self._manifest.keep(replace(row, state=state, error=str(result["error"])))
            self._without_copy += len(rows)
            return
        maker = f"{result['maker']}#{result['nth']}"
        for number, row in enumerate(rows):
            kept = self._put(row, bytes(result["data"]), str(result["suffix"]), maker)
            if kept is not None and number == 0:
                self.outcome.protected += 1
                self._manifest.keep_report(kept.made, str(result["report"]))
            elif kept is not None:
                self.outcome.copied += 1
        self._manifest.commit()

    def _put(self, row: Row, data: bytes, suffix: str, maker: str) -> Row | None:
        try:
            return self._placer.put(row, data, mark=self._mark, suffix=suffix, maker=maker)
        except OutputFullError:
            raise
        except ArchiveError as error:
            self._manifest.keep(replace(row, state=FAILED, error=json.dumps(error.as_dict())))
            self._without_copy += 1
            return None

    def _told(self) -> Outcome:
        """What there is to tell at the end."""
        told = self.outcome
        told.failed += [(f"{name}", error) for name, error in told.passed.unreadable]
        told.orphans = self._manifest.orphans()
        for row in self._manifest.seen():
            told.own += row.state == OWN
            if row.state in (WAITING, PLACING) and not (
                told.interrupted or told.ended or self._order.dry_run
            ):
                told.failed.append((row.name, not_reached()))
            elif row.state in (FAILED, UNCHANGED):
                error = from_dict(json.loads(row.error))
                (told.failed if row.state == FAILED else told.unchanged).append((row.name, error))
            elif row.state == DONE and row.target != row.name.replace("\\", "/"):
                told.renamed += 1
        return told


def _make_output(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(error) from error


def _existing(folder: Path) -> Path:
    """The folder, or the nearest above it that exists."""
    return next(place for place in (folder, *folder.parents) if place.exists())
