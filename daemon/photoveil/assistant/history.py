"""What was learnt from earlier photos, so that later ones need few queries: the critical history.

Of all evaluations of a photo only the informative are kept: its front, the cliffs where a small step loses an answer,
and what surprised the model. The file holds numbers alone: no pixel, no question, no answer, no name.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photoveil.assistant.front import non_dominated
from photoveil.assistant.kinds import KINDS
from photoveil.assistant.parameters import FULL

log = logging.getLogger(__name__)

Array = NDArray[np.float64]

KEPT = 16
"""Evaluations kept of a photo, at most."""

PHOTOS = 60
"""Photos kept, the latest."""

_LARGEST = 8 << 20
_PATIENCE = 10.0


@dataclass(frozen=True)
class Subject:
    """A photo as the history knows it.

    Attributes:
        kinds: of its private regions, in the order of `kinds.KINDS`.
        context: a few numbers about it (`evaluation.subject`), scaled so that 1 is a large difference.
    """

    kinds: tuple[str, ...]
    context: tuple[float, ...]


@dataclass(frozen=True)
class Trial:
    """One evaluation: parameters as a full vector (`Space.full`), and what came of them.

    ``surprise`` is how far the model's expectation was off, 0…1.
    """

    vector: tuple[float | None, ...]
    leak: float
    loss: float
    surprise: float = 0.0


@dataclass
class History:
    """Critical trials of earlier photos, the latest last.

    Attributes:
        file: where they are kept; None keeps them in memory.
        records: subject and trials of each photo.
        skipped: lines of the file that could not be read.
    """

    file: Path | None = None
    records: list[tuple[Subject, tuple[Trial, ...]]] = field(default_factory=list)
    skipped: int = 0

    @classmethod
    def load(cls, file: Path) -> History:
        """What a file holds; lines that are no records are passed over."""
        records, skipped = _read(file)
        return cls(file, records, skipped)

    def nearest(self, subject: Subject, photos: int) -> list[tuple[Subject, tuple[Trial, ...]]]:
        """The records of the photos most alike, the most alike first."""

        def far(record: tuple[Subject, tuple[Trial, ...]]) -> float:
            other = record[0]
            apart = sum((a - b) ** 2 for a, b in zip(subject.context, other.context, strict=False))
            return apart + 4.0 * (other.kinds != subject.kinds)

        return sorted(self.records, key=far)[:photos]

    def learn(self, subject: Subject, trials: Sequence[Trial]) -> None:
        """Keep what is critical of a photo's trials; other processes' records stay.

        A file that cannot be written costs later photos queries, and no photo its copy.
        """
        if not trials:
            return
        record = (subject, tuple(critical(trials)))
        self.records = [*self.records, record][-PHOTOS:]
        if self.file is not None:
            try:
                _append(self.file, record)
            except OSError as error:  # filelock's Timeout is one
                log.warning("what this photo taught is not kept in %s: %s", self.file, error)


def critical(trials: Sequence[Trial], most: int = KEPT) -> list[Trial]:
    """The informative ones: half of the places for the front, the rest for cliffs and surprises."""
    values = np.array([(t.leak, t.loss) for t in trials], np.float64)
    front = [int(i) for i in np.flatnonzero(non_dominated(values))]
    front.sort(key=lambda i: values[i, 0])
    kept = _spread(front, most // 2)
    for i in [*_cliffs(trials, values), *np.argsort([-t.surprise for t in trials]).tolist()]:
        if len(kept) >= most:
            break
        if i not in kept:
            kept.append(i)
    return [trials[i] for i in sorted(kept)]


def _spread(places: list[int], most: int) -> list[int]:
    """At most so many, evenly spread, both ends among them."""
    if len(places) <= most:
        return list(places)
    return [places[i] for i in np.unique(np.linspace(0, len(places) - 1, most).round().astype(int))]


def _cliffs(trials: Sequence[Trial], values: Array) -> list[int]:
    """Both sides of the steepest steps in either objective, the steepest first."""
    points = np.array([[0.5 if v is None else v for v in t.vector] for t in trials], np.float64)
    apart = np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1))
    step = np.abs(values[:, None] - values[None]).max(-1)
    steep = np.triu(step / (apart + 0.15), k=1)
    order = np.argsort(-steep, axis=None)[: 2 * KEPT]
    pairs = [np.unravel_index(int(i), steep.shape) for i in order]
    return [int(side) for pair in pairs if steep[pair] > 0 for side in pair]


def _append(file: Path, record: tuple[Subject, tuple[Trial, ...]]) -> None:
    from filelock import FileLock

    from photoveil.photos import replace_atomically

    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(file.with_suffix(".lock"), timeout=_PATIENCE, mode=0o600):
        there, _ = _read(file)
        lines = [json.dumps(_as_dict(*r), separators=(",", ":")) for r in [*there, record][-PHOTOS:]]
        replace_atomically(file, ("\n".join(lines) + "\n").encode())


def _as_dict(subject: Subject, trials: Sequence[Trial]) -> dict[str, Any]:
    rows = [[*t.vector, t.leak, t.loss, t.surprise] for t in trials]
    return {
        "version": 1,
        "kinds": list(subject.kinds),
        "context": [round(v, 4) for v in subject.context],
        "trials": [[None if v is None else round(v, 4) for v in row] for row in rows],
    }


def _read(file: Path) -> tuple[list[tuple[Subject, tuple[Trial, ...]]], int]:
    try:
        if file.stat().st_size > _LARGEST:
            return [], 1
        lines = file.read_text("utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        log.warning("what earlier photos taught cannot be read from %s: %s", file, error)
        return [], 1
    found = [_record(line) for line in lines if line.strip()]
    records = [record for record in found if record is not None]
    return records[-PHOTOS:], len(found) - len(records)


def _record(line: str) -> tuple[Subject, tuple[Trial, ...]] | None:
    try:
        told = json.loads(line)
        if told["version"] != 1 or not set(told["kinds"]) <= set(KINDS):
            return None
        subject = Subject(tuple(k for k in KINDS if k in told["kinds"]), _numbers(told["context"]))
        return subject, tuple(_trial(row) for row in told["trials"][:KEPT])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _trial(row: list[Any]) -> Trial:
    if len(row) != FULL + 3:
        raise ValueError("a trial of another length")
    leak, loss, surprise = _numbers(row[FULL:])
    vector = tuple(None if v is None else min(max(_numbers([v])[0], 0.0), 1.0) for v in row[:FULL])
    return Trial(vector, min(max(leak, 0.0), 1.0), min(max(loss, 0.0), 1.0), surprise)


def _numbers(values: list[Any]) -> tuple[float, ...]:
    numbers = tuple(float(v) for v in values)
    if not all(math.isfinite(v) for v in numbers):
        raise ValueError("not a number")
    return numbers
