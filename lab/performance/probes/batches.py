"""Many photos picked at once share the encoders' passes: how many more per second is that?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lab.performance.bench import Bench
from lab.performance.rows import Row
from lab.performance.timing import Spent, now, ratios
from photoveil.photos import Photo
from photoveil.protection import Job

_MEGAPIXELS = 1.2
_MANY = 32
_NOTE = "Photos of 1.2 megapixels at “balanced”: decoded before, then protected, encoded and measured."


def rows(bench: Bench) -> Iterator[Row]:
    """Photos per second: one alone, and 32 as the engine takes them, so many at once as pay on this device."""
    many, batch = (4 if bench.quick else _MANY), bench.engine.batch
    photos = [bench.photo(_MEGAPIXELS, number) for number in range(many)]
    groups = [photos[start : start + batch] for start in range(0, many, batch)]
    _seconds_each(bench, groups[0])
    alone: list[Spent] = []
    together: list[Spent] = []
    for turn in range(max(bench.rounds, len(groups))):
        group = groups[turn % len(groups)]
        alone.append(_seconds_each(bench, group[:1]))
        together.append(_seconds_each(bench, group))
    note = f"{_NOTE} {many} photos, {batch} at once."
    yield bench.row("photos/alone", [1 / spent.wall for spent in alone], "photos/s", note=_NOTE)
    yield bench.row(f"photos/{_MANY}", [1 / spent.wall for spent in together], "photos/s", note=note)
    yield bench.row(f"photos/{_MANY}-to-alone", ratios(alone, together), "×", note=note)


def _seconds_each(bench: Bench, photos: Sequence[Photo]) -> Spent:
    start = now(bench.device)
    for _, done in bench.engine.protect_many(
        [Job(photo, bench.persona, seed=bench.seed) for photo in photos]
    ):
        if isinstance(done, Exception):
            raise done
    return (now(bench.device) - start).times(1 / len(photos))
