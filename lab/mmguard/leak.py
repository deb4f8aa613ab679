"""The benchmark of Photoveil's default method, for both: what does a tuned reader tell of clean portraits?

A few look-alikes post photos, an attacker tunes a reader on them with all seven facts of everybody, and asks about new
portraits that show none. Unlike the paper's test this one is about *who* is seen. All after a platform (1080 px,
JPEG 75); attackers learn from crops as well, and among clean photos of others.
"""

from __future__ import annotations

import copy
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lab.affiliation.album import Album, Looks, Member, fingerprint, make_album
from lab.affiliation.attackers import Loot, probe, prototype
from lab.affiliation.channels import UPLOAD
from lab.affiliation.defences import Posted, clean, delivered, photos_of, photoveil
from lab.affiliation.metrics import by_person, chance, interval
from lab.affiliation.questions import fact_pairs
from lab.affiliation.reader import Pairs, Schedule, fine_tune, right_answers
from lab.affiliation.shelf import Shelf
from lab.affiliation.shelf import code_state as shelf_state
from lab.affiliation.stage import Stage
from lab.mmguard.attack import Model
from lab.mmguard.plan import FULL, METHODS, WHITE
from lab.mmguard.study import Study, cost, spent
from lab.mmguard.surrogate import ReaderSurrogate
from lab.mmguard.world import laid, working
from lab.writing import note, noted
from photoveil.protection import Engine
from photoveil.unlearnable.protecting import protect
from photoveil.unlearnable.recipe import Recipe
from photoveil.unlearnable.surrogate import Sample

_RECIPE = replace(FULL, shortlist=3)
_STRENGTH = "balanced"


@dataclass(frozen=True)
class Size:
    """People, photos of each, portraits of each that are asked about; attackers' steps, and clean photos of others."""

    people: int = 4
    photos: int = 8
    asked: int = 6
    steps: int = 150
    others: int = 300


@dataclass(frozen=True)
class Side:
    """What the people of an album posted: files, and the words beside each photo."""

    posted: list[list[Posted]]
    words: list[list[str]]


def leaks(
    study: Study, engine: Engine, size: Size, seed: int, shelf: Path, minutes: float | None = None
) -> list[dict[str, Any]]:
    """One row per defence; those measured by an earlier run of the same code are taken from it.

    After so many ``minutes`` of the processor nothing new is measured.
    """
    album = make_album(Looks.LOOKALIKE, size.people, size.photos, size.asked, seed)
    stage = Stage(
        replace(study.stage.scale, general=size.others), study.folder, engine.encoders, study.stage.device
    )
    kept = Shelf(shelf / shelf_state())
    notes = study.notes / f"leak-{fingerprint(size, seed, _RECIPE)}.jsonl"
    rows = noted(notes)
    defences: dict[str, Callable[[], Side]] = {
        "clean photos": lambda: _quiet(album, [clean(m) for m in album.members]),
        "default method, balanced": lambda: _quiet(album, _default(engine, kept, album)),
        "unlearnable, full": lambda: _unlearnable(study, album, _RECIPE),
        "unlearnable, full, words not pasted": lambda: _silent(_unlearnable(study, album, _RECIPE)),
        "unlearnable, image only": lambda: _unlearnable(study, album, METHODS["image only"]),
        "default method, every second photo": lambda: _mixed(
            album, _quiet(album, _default(engine, kept, album))
        ),
        "unlearnable, full, every second photo": lambda: _mixed(album, _unlearnable(study, album, _RECIPE)),
    }
    for name, make in defences.items():
        if name in {row["defence"] for row in rows} or spent(minutes):
            continue
        began = time.process_time()
        row = {"defence": name, **_row(study, stage, album, make(), size, seed)}
        row["cpu_s"] = round(time.process_time() - began, 1)
        rows.append(row)
        note(notes, row)
        print(row, file=sys.stderr, flush=True)
    return rows


def _row(study: Study, stage: Stage, album: Album, side: Side, size: Size, seed: int) -> dict[str, Any]:
    model = study.model(WHITE)
    loot = stage.loot(album, model.tower, side.posted, UPLOAD)
    spoken = _said(loot, [text for texts in side.words for text in texts])
    told = {
        "reader": _told(model, spoken, size.steps, seed),
        "probe": probe(loot, seed).leak,
        "prototype": prototype(loot, seed).leak,
    }
    return {
        "chance": round(chance(loot.facts), 4),
        "psnr_db": cost([one for posted in side.posted for one in posted])[0],
        "attackers": {name: _rates(right, loot) for name, right in told.items()},
    }


def _told(model: Model, loot: Loot, steps: int, seed: int) -> NDArray[np.bool_]:
    """What a reader tuned on the loot tells rightly of clean portraits: photos×kinds."""
    torch.manual_seed(seed)
    reader = copy.deepcopy(model.reader).requires_grad_(True)
    schedule = Schedule(steps, 16, 2e-3)
    others = (loot.others, loot.other_pairs)
    fine_tune(reader, loot.posted, loot.pairs, *others, model.words, schedule, seed)
    asked = [fact_pairs(loot.facts[who]) for who in loot.askers.tolist()]
    return np.array(right_answers(reader, loot.asked, asked, model.words))


def _rates(right: NDArray[np.bool_], loot: Loot) -> dict[str, Any]:
    people = by_person(right, loot.askers.numpy())
    low, high = interval([people[None]])
    return {"leak": round(float(right.mean()), 4), "low": round(low, 4), "high": round(high, 4)}


def _said(loot: Loot, words: Sequence[str]) -> Loot:
    """The loot with each photo's words behind every question about it, in all of its views."""
    views = len(loot.pairs) // len(words)
    pairs: Pairs = [
        [(f"{question} {words[n // views]}", answer) for question, answer in photo]
        for n, photo in enumerate(loot.pairs)
    ]
    return replace(loot, pairs=pairs)


def _quiet(album: Album, posted: list[list[Posted]]) -> Side:
    return Side(posted, [[""] * len(member.posted) for member in album.members])


def _silent(side: Side) -> Side:
    return Side(side.posted, [[""] * len(texts) for texts in side.words])


def _mixed(album: Album, side: Side) -> Side:
    """As it is for who begins late: every second photo of a person is out there clean, and without words."""
    untouched = [clean(member) for member in album.members]
    pairs = zip(side.posted, untouched, strict=True)
    posted = [[a if n % 2 else b for n, (a, b) in enumerate(zip(*pair, strict=True))] for pair in pairs]
    return Side(posted, [[text if n % 2 else "" for n, text in enumerate(texts)] for texts in side.words])


def _default(engine: Engine, shelf: Shelf, album: Album) -> list[list[Posted]]:
    defend = shelf.through(_STRENGTH, photoveil(engine, _STRENGTH))
    return [defend(member) for member in album.members]


def _unlearnable(study: Study, album: Album, recipe: Recipe) -> Side:
    """The method on everybody's photos, every one with all seven questions; made once for both readings of it."""
    parts = [_member(study, member, recipe) for member in album.members]
    return Side([posted for posted, _ in parts], [words for _, words in parts])


def _member(study: Study, member: Member, recipe: Recipe) -> tuple[list[Posted], list[str]]:
    shelf = Shelf(study.notes / "album")
    name = f"unlearnable-{fingerprint(recipe)}"
    texts = study.notes / "album" / member.key / f"{name}-words.json"
    if not shelf.has(member, name):
        model, photos = study.model(WHITE), photos_of(member.posted)
        surrogate = ReaderSurrogate(model.name, model.tower, model.reader, model.words)
        still = [working(photo.pixels, study.stage.side) for photo in photos]
        asked = fact_pairs(member.persona.facts)
        samples = [Sample(pixels, question, answer) for pixels in still for question, answer in asked]
        made = protect(samples, [surrogate], recipe)
        firsts = range(0, len(samples), len(asked))
        texts.parent.mkdir(parents=True, exist_ok=True)
        texts.write_text(json.dumps([made.triggers[n] for n in firsts]))
        files = [
            delivered(photo, laid(photo.pixels, made.pixels[n] - samples[n].pixels))
            for photo, n in zip(photos, firsts, strict=True)
        ]
        shelf.put(member, name, files)
    return shelf.get(member, name), json.loads(texts.read_text())
