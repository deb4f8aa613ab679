"""What a large photo costs beside the optimiser's steps, against Pillow's opening and writing the same file.

All of the photo's walk counts: decoding, the budget, the change at full size, encoding, decoding again and comparing.
The encoders' passes outside of the steps, which the report asks for, do not depend on the photo's size; they are told
with and without. Nothing else is done while one of them is under way.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from PIL import Image

from lab.performance import pictures
from lab.performance.bench import Bench
from lab.performance.passes import Marks, Watch, under_way
from lab.performance.rows import Goal, Row
from lab.performance.timing import Spent, now, ratios, timed
from photoveil.photos import decode

_PHONE, _CAMERA = 12.0, 48.0
_GOAL = Goal(1.5)
_LINEAR = Goal(_CAMERA / _PHONE)
_NOTES = {
    "rest": "Everything at “balanced” but the optimiser's steps and the encoders' passes for the report ÷ Pillow's "
    "bare decode and encode of the file at the same quality.",
    "looks": "Everything at “balanced” but the optimiser's steps ÷ Pillow's.",
    "slope": "What each further megapixel from 12 to 48 costs ÷ the same of Pillow.",
    "whole": "A photo of 48 megapixels ÷ one of 12, from file to file.",
}


@dataclass(frozen=True)
class Walk:
    """One photo's: ``whole``, its part in the optimiser's ``steps``, and in ``looks``, passes outside of these."""

    whole: Spent
    steps: Spent
    looks: Spent

    @property
    def rest(self) -> Spent:
        """What is left for pixels and files."""
        return self.whole - self.steps - self.looks


Found = dict[float, tuple[list[Walk], list[Spent]]]
"""By megapixels, Photoveil's walks and what Pillow takes."""


def rows(bench: Bench) -> Iterator[Row]:
    """Ratios at twelve megapixels, and how they grow from there."""
    found: Found = {size: ([], []) for size in (_PHONE, _CAMERA)}
    _measure(bench, found)
    yield from _told(bench, found)


def _measure(bench: Bench, found: Found) -> None:
    for size in found:
        _walk(bench, size)
    for _ in range(bench.rounds):
        for size, (walks, bare) in found.items():
            bare.append(timed(partial(_pillow, bench, size), bench.device))
            walks.append(_walk(bench, size))


def _told(bench: Bench, found: Found) -> Iterator[Row]:
    walks, pillow = found[_PHONE]
    yield bench.row("pipeline/pillow-12mp", [one.times(1000) for one in pillow], "ms")
    yield bench.row("pipeline/rest-12mp-ms", [walk.rest.times(1000) for walk in walks], "ms")
    rest = ratios([walk.rest for walk in walks], pillow)
    yield bench.row("pipeline/12mp", rest, "× Pillow", _GOAL, _NOTES["rest"])
    looks = ratios([walk.whole - walk.steps for walk in walks], pillow)
    yield bench.row("pipeline/12mp-with-looks", looks, "× Pillow", _GOAL, _NOTES["looks"])
    larger, larger_pillow = found[_CAMERA]
    rise = [b.rest - a.rest for a, b in zip(walks, larger, strict=True)]
    own = [b - a for a, b in zip(pillow, larger_pillow, strict=True)]
    yield bench.row("pipeline/slope-12-48mp", ratios(rise, own), "× Pillow", _GOAL, _NOTES["slope"])
    growth = ratios([walk.whole for walk in larger], [walk.whole for walk in walks])
    yield bench.row("pipeline/48mp-to-12mp", growth, "×", _LINEAR, _NOTES["whole"])


def _walk(bench: Bench, megapixels: float) -> Walk:
    file, marks = bench.file(megapixels), Marks(bench.device)
    with Watch(bench.engine.encoders) as watch:
        start = now(bench.device)
        photo = decode(file.read_bytes(), name=file.name)
        done = bench.engine.protect(photo, persona=bench.persona, seed=bench.seed, progress=marks)
        (bench.folder / "protected.jpg").write_bytes(done.encoded.data)
        whole = now(bench.device) - start
    begun = marks.steps[0].wall - (marks.whole - marks.span).wall
    outside = [one for one in watch.passes if not begun <= one.begun.wall < marks.steps[-1].wall]
    return Walk(whole, marks.whole, under_way(outside))


def _pillow(bench: Bench, megapixels: float) -> None:
    with Image.open(io.BytesIO(bench.file(megapixels).read_bytes())) as image:
        image.load()
        image.save(bench.folder / "pillow.jpg", quality=pictures.QUALITY)
