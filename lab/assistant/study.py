"""The same photos, seeds and queries for every search; rows are noted as they come."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from lab.affiliation.questions import tokenizer
from lab.affiliation.towers import grey_towers
from lab.assistant.judge import Judge, Verdict
from lab.assistant.rivals import SEARCHES, Searcher
from lab.assistant.world import BARELY, REPORTED, TAUGHT, WARM_UP, Assistant, Shot, Teaching, gallery, shots
from lab.writing import note, noted
from photoveil import assistant
from photoveil.assistant import regions
from photoveil.assistant.answers import Answers
from photoveil.assistant.evaluation import Evaluation, shrunk, subject
from photoveil.assistant.front import Front, Measured, Point
from photoveil.assistant.history import History, Subject
from photoveil.assistant.parameters import Space
from photoveil.assistant.search import AT_FIRST, ENOUGH, WARM, front
from photoveil.assistant.sight import Recognition
from photoveil.protection import catalogue
from photoveil.protection.encoders import Encoder, load_encoders

OURS = next(iter(SEARCHES))
EARLY = "early knee"
_PREVIEW = 384
_CROP = 96
"""Heads are shown to the search's own encoder at this size, one it was trained at, too."""


@dataclass(frozen=True)
class Preset:
    """How much is measured.

    Attributes:
        photos, seeds, queries: for every search.
        warm: photos of others that the history learns from before, with as many queries as the product's first photos.
        first: persona of the first photo.
    """

    photos: int
    seeds: int
    queries: int
    warm: int
    teaching: Teaching
    first: int = REPORTED


PRESETS = {
    "ci": Preset(2, 1, 12, 2, BARELY),
    "small": Preset(20, 3, 30, WARM, TAUGHT),
    "full": Preset(20, 3, 100, WARM, TAUGHT),
}


@dataclass
class Bench:
    """One photo ready to be searched."""

    shot: Shot
    subject: Subject
    evaluation: Evaluation


class Study:
    """Measures what a preset asks for and remembers it in ``folder``."""

    def __init__(self, preset: Preset, folder: Path, tell: Callable[[str], None] = print) -> None:
        torch.set_num_threads(1)
        cv2.setNumThreads(1)
        self.preset, self.folder, self.tell = preset, folder, tell
        folder.mkdir(parents=True, exist_ok=True)
        found = load_encoders(catalogue.model_set("starter"), torch.device("cpu"))
        encoders = {encoder.name: encoder for encoder in found}
        self.assistant = Assistant(encoders["starter-resnet"], preset.teaching, folder, tokenizer())
        self._surrogates = [encoders["starter-dla"]]
        self._witnesses = [encoders["starter-regnet"], *grey_towers(torch.device("cpu"))]
        self._rows = _Rows(folder / f"rows-{_key(preset, [*found, *self._witnesses])}.jsonl")

    def run(self) -> list[dict[str, Any]]:
        """All rows: of each search (photo, seed, name), and what the judge says of photos and copies."""
        asyncio.run(self._searches())
        self._judgements()
        for shot in shots(self.preset.first, self.preset.photos):
            if not self._rows.has("finder", "cascade", shot.owner, -1):
                self._rows.add(_found(shot))
        return [row for row in self._rows.all() if self._asked_for(row)]

    def _asked_for(self, row: dict[str, Any]) -> bool:
        return bool(row["photo"] < self.preset.photos and row["seed"] < self.preset.seeds)

    async def _searches(self) -> None:
        reported = shots(self.preset.first, self.preset.photos)
        for seed in range(self.preset.seeds):
            wanted = [
                (shot, name)
                for shot in reported
                for name in SEARCHES
                if not self._rows.has("search", name, shot.owner, seed)
            ]
            if not wanted:
                continue
            history = await self._warmed(seed)
            for shot in reported:
                names = [name for other, name in wanted if other is shot]
                if names:
                    bench = await self._bench(shot)
                    for name in names:
                        self._rows.add(await self._search(bench, name, seed, history))
                    self.tell(f"seed {seed}, photo {shot.owner + 1} of {len(reported)}")

    async def _warmed(self, seed: int) -> History:
        """What ten photos of others leave behind; every seed has its own ten."""
        history = History()
        queries = min(self.preset.queries, AT_FIRST)
        for shot in shots(WARM_UP + 1000 * seed, self.preset.warm):
            bench = await self._bench(shot)
            await front(bench.subject, bench.evaluation, queries, history, seed=seed)
        self.tell(f"seed {seed}: history of {len(history.records)} photos")
        return history

    async def _bench(self, shot: Shot) -> Bench:
        pixels = shrunk(shot.pixels(), _PREVIEW)
        recognition = Recognition(self._surrogates, pixels, [shot.region], side=_CROP)
        answers = await Answers.about(self.assistant, shot.prompts, pixels)
        return Bench(
            shot, subject(pixels, [shot.region]), Evaluation(pixels, [shot.region], recognition, answers)
        )

    async def _search(self, bench: Bench, name: str, seed: int, history: History) -> dict[str, Any]:
        searcher: Searcher = SEARCHES[name](bench.subject, seed, replace(history, file=None))
        space, points = Space(bench.subject.kinds), []
        vectors: list[list[float]] = []
        start, asked = time.process_time(), self.assistant.queries
        for _ in range(self.preset.queries):
            vector = searcher.propose()
            measured = await bench.evaluation(space.parameters(vector))
            searcher.tell(vector, measured)
            points.append(Point(space.parameters(vector), measured))
            vectors.append([round(float(v), 5) for v in vector])
        return {
            "what": "search",
            "search": name,
            "photo": bench.shot.owner,
            "kind": bench.shot.spec.kind,
            "seed": seed,
            "queries": self.assistant.queries - asked,
            "values": [[round(p.measured.leak, 5), round(p.measured.loss, 5)] for p in points],
            "vectors": vectors,
            "agreement": [[round(p.measured.agreement, 4), round(p.measured.kept, 4)] for p in points],
            "cpu_seconds": round(time.process_time() - start, 2),
        }

    def _judgements(self) -> None:
        reported = shots(self.preset.first, self.preset.photos)
        searched = [r for r in self._rows.all() if self._asked_for(r) and r.get("search") == OURS]
        wanted = [row for row in searched if self._unjudged(row)]
        if not wanted:
            return
        known = gallery(self.preset.first, self.preset.photos, 480, 480)
        judge = Judge(self._witnesses, known, self.assistant)
        for shot in reported:
            if not self._rows.has("copy", "original", shot.owner, -1):
                self._rows.add(_judged("original", shot.owner, -1, judge.original(shot)))
        for row in wanted:
            shot = reported[row["photo"]]
            for place, point in self._unjudged(row).items():
                told = _judged(place, shot.owner, row["seed"], judge.copy(shot, point.parameters))
                if place == EARLY and row["seed"] == 0:
                    told["parrot"] = judge.parrot(shot, point.parameters)
                self._rows.add(told | {"parameters": point.parameters.as_dict()})
            self.tell(f"judged seed {row['seed']}, photo {shot.owner + 1}")

    def _unjudged(self, row: dict[str, Any]) -> dict[str, Point]:
        """What is still to be judged of a search: knees after ten and all queries; of the first seed both ends."""
        early, whole = front_of(row, ENOUGH), front_of(row, row["queries"])
        places = {EARLY: early.knee, "knee": whole.knee}
        if row["seed"] == 0:
            places |= {"most useful": whole.pick(0.0), "most private": whole.pick(1.0)}
        return {
            place: point
            for place, point in places.items()
            if not self._rows.has("copy", place, row["photo"], row["seed"])
        }


def front_of(row: dict[str, Any], queries: int) -> Front:
    """The front after so many queries of a row."""
    space = Space(("face",))
    return Front.of(
        [
            Point(space.parameters(np.array(vector)), Measured(*values, *agreement))
            for vector, values, agreement in zip(
                row["vectors"][:queries], row["values"][:queries], row["agreement"][:queries], strict=True
            )
        ]
    )


def _found(shot: Shot) -> dict[str, Any]:
    """What the finder makes of the photo: whether it found the head, and how many other places it took for private."""
    left, top, right, bottom = shot.region.box
    middles = [((r.box[0] + r.box[2]) / 2, (r.box[1] + r.box[3]) / 2) for r in regions.find(shot.pixels())]
    on_head = [left < x < right and top < y < bottom for x, y in middles]
    found = {"head": any(on_head), "elsewhere": on_head.count(False)}
    return {"what": "finder", "search": "cascade", "photo": shot.owner, "seed": -1, **found}


def _judged(place: str, photo: int, seed: int, verdict: Verdict) -> dict[str, Any]:
    return {
        "what": "copy",
        "search": place,
        "photo": photo,
        "seed": seed,
        "recognised": verdict.recognised,
        "kept": round(verdict.kept, 4),
    }


def _key(preset: Preset, encoders: Iterable[Encoder]) -> str:
    """Rows of other code, other encoders or another size are no rows of this."""
    product, lab = Path(assistant.__file__).parent, Path(__file__).parent
    files = [*(product / f"{name}.py" for name in _PRODUCT), *(lab / f"{name}.py" for name in _LAB)]
    made = hashlib.sha256(b"".join(file.read_bytes() for file in files))
    world = (preset.queries, preset.warm, min(preset.queries, AT_FIRST), preset.teaching, preset.first)
    made.update(repr((world, [encoder.sha256 for encoder in encoders])).encode())
    return made.hexdigest()[:16]


_PRODUCT = (
    "answers",
    "evaluation",
    "front",
    "history",
    "obfuscation",
    "parameters",
    "search",
    "sight",
    "surrogate",
)
_LAB = ("judge", "rivals", "world")
"""The files that make the figures."""


class _Rows:
    """Rows in a file, one JSON a line."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._rows = noted(file)

    def has(self, what: str, search: str, photo: int, seed: int) -> bool:
        wanted = (what, search, photo, seed)
        return any((r["what"], r["search"], r["photo"], r["seed"]) == wanted for r in self._rows)

    def add(self, row: dict[str, Any]) -> None:
        note(self._file, row)
        self._rows.append(row)

    def all(self) -> list[dict[str, Any]]:
        return list(self._rows)
