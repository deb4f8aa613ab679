"""Running a plan: protect what is needed, set every attacker on it, note every row at once."""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lab.affiliation import defences
from lab.affiliation.album import Album, Looks, make_album
from lab.affiliation.attackers import Attacker, Outcome, ReaderAttack, probe, prototype
from lab.affiliation.defences import Defence, Posted
from lab.affiliation.metrics import by_person, chance
from lab.affiliation.plan import CLEAN, PLAIN, PRESETS, STRENGTHS, UNFROZEN, WHITE, Condition
from lab.affiliation.shelf import Shelf, code_state
from lab.affiliation.stage import Stage
from lab.affiliation.towers import Tower
from lab.affiliation.unfrozen import Inputs, UnfrozenAttack
from lab.people import KINDS
from photoveil.protection import Engine

TREATED_KINDS = KINDS[:4]
"""In the mixed case, the facts that are to be seen in treated photos only."""

_LORA_RANK = 8
_NOISE_LIKE = "strong"


def defence(name: str, engine: Engine, shelf: Shelf, album: Album) -> Defence:
    """The defence called ``name``; its files come from the shelf when they are there."""

    def strong(strength: str) -> Defence:
        return shelf.through(album, strength, defences.photoveil(engine, strength))

    makers: dict[str, Callable[[], Defence]] = {
        CLEAN: lambda: defences.clean,
        "canvas-noise": lambda: defences.noise(strong(_NOISE_LIKE), _NOISE_LIKE, canvas=True),
        "white-noise": lambda: defences.noise(strong(_NOISE_LIKE), _NOISE_LIKE, canvas=False),
        "face-blur": lambda: defences.face_blur,
        "one-encoder": lambda: defences.one_encoder(engine, WHITE, "strong"),
        "per-photo": lambda: defences.per_photo(engine, "strong"),
        "shared-decoy": lambda: defences.shared_decoy(engine, "strong"),
    }
    if name in STRENGTHS:
        return strong(name)
    return shelf.through(album, name, makers[name]())


class Study:
    """A preset being run; rows already noted are not measured again. Presets share files and features in the folder."""

    def __init__(self, name: str, folder: Path, jobs: int, engine: Engine | None = None) -> None:
        self.preset, self.folder, self.jobs = PRESETS[name], folder, jobs
        self.engine = engine or Engine.load()
        known = folder / code_state(everything=True)
        known.mkdir(parents=True, exist_ok=True)
        self.stage = Stage(self.preset.scale, known, self.engine.encoders)
        self.shelf = Shelf(folder / "shelf" / code_state())
        self._rows = known / f"rows-{name}.jsonl"

    def run(self) -> list[dict[str, Any]]:
        """All rows of the plan, in its order."""
        done = {row["key"]: row for row in self._noted()}
        conditions = list(self.preset.conditions())
        for number, condition in enumerate(conditions, 1):
            if condition.key not in done:
                began = time.monotonic()
                row = self.measure(condition)
                row["seconds"] = round(time.monotonic() - began, 1)
                done[condition.key] = row
                with self._rows.open("a", encoding="utf-8") as log:
                    log.write(json.dumps(row) + "\n")
            row = done[condition.key]
            print(
                f"{number}/{len(conditions)} {condition.key}: {row['leak']:.3f}", file=sys.stderr, flush=True
            )
        return [done[condition.key] for condition in conditions]

    def _noted(self) -> Iterator[dict[str, Any]]:
        if self._rows.exists():
            for line in self._rows.read_text("utf-8").splitlines():
                yield json.loads(line)

    def album(self, looks: Looks, seed: int) -> Album:
        """The album of this preset."""
        return _album(looks, self.preset.personas, self.preset.photos, self.preset.asked, seed)

    def posted(self, album: Album, name: str) -> list[list[Posted]]:
        """Every member's files under a defence, made by several processes when there are many."""
        missing = list(self.shelf.missing(album, name))
        needs_engine = name not in (CLEAN, "face-blur")
        if self.jobs > 1 and len(missing) > 2 and needs_engine:
            jobs = [(self.folder, album, name, i, self.engine.model_set) for i in missing]
            with multiprocessing.get_context("spawn").Pool(self.jobs) as pool:
                pool.map(_defend_one, jobs, chunksize=1)
        apply = defence(name, self.engine, self.shelf, album)
        return [apply(member) for member in album.members]

    def measure(self, condition: Condition) -> dict[str, Any]:
        """One attacker on one condition."""
        album = self.album(condition.looks, condition.album_seed)
        treated = self.posted(album, condition.defence)
        posted, said = self._mixture(album, treated, condition)
        tower = self.stage.towers[condition.victim]
        talks = condition.attacker not in PLAIN
        loot = self.stage.loot(album, tower, posted, condition.channel, condition.counter, said, talks)
        if condition.attacker == UNFROZEN:
            attacker = self._unfrozen(
                tower, condition, self.stage.inputs(album, posted, condition.channel, condition.counter)
            )
        else:
            attacker = self._attacker(condition.attacker, tower, condition.tune_seed)
        outcome = attacker(loot, condition.tune_seed)
        asked_kinds = TREATED_KINDS if condition.mixed else KINDS
        return _row(
            condition, outcome, loot.askers.numpy(), treated, chance(loot.facts, asked_kinds), asked_kinds
        )

    def _mixture(
        self, album: Album, treated: list[list[Posted]], condition: Condition
    ) -> tuple[list[list[Posted]], list[tuple[str, ...]] | None]:
        if condition.mixed:
            shown = [spec.kind for spec in album.members[0].posted]
            said = [TREATED_KINDS if kind in TREATED_KINDS else KINDS[len(TREATED_KINDS) :] for kind in shown]
            picks = [kind in TREATED_KINDS for kind in shown]
        elif condition.share < 1:
            said, count = None, len(treated[0])
            # Spread evenly over the album, and so over the kinds of photos.
            picks = [int((i + 1) * condition.share) > int(i * condition.share) for i in range(count)]
        else:
            return treated, None
        clean = self.posted(album, CLEAN)
        mixture = [
            [mine if pick else theirs for mine, theirs, pick in zip(a, b, picks, strict=True)]
            for a, b in zip(treated, clean, strict=True)
        ]
        return mixture, said

    def _unfrozen(self, tower: Tower, condition: Condition, inputs: Inputs) -> Attacker:
        reader = self.stage.reader(tower, condition.tune_seed)
        return UnfrozenAttack(tower, reader, self.stage.words, self.preset.scale.unfreeze, inputs)

    def _attacker(self, name: str, tower: Tower, seed: int) -> Attacker:
        if name in PLAIN:
            return {"prototype": prototype, "probe": probe}[name]
        rank = _LORA_RANK if name == "reader-lora" else 0
        return ReaderAttack(self.stage.reader(tower, seed), self.stage.words, self.preset.scale.tune, rank)


@lru_cache(maxsize=4)
def _album(looks: Looks, personas: int, photos: int, asked: int, seed: int) -> Album:
    return make_album(looks, personas, photos, asked, seed)


@lru_cache(maxsize=1)
def _engine(model_set: str) -> Engine:
    torch.set_num_threads(1)
    return Engine.load(model_set)


def _defend_one(job: tuple[Path, Album, str, int, str]) -> None:
    folder, album, name, index, model_set = job
    shelf = Shelf(folder / "shelf" / code_state())
    defence(name, _engine(model_set), shelf, album)(album.members[index])


def _row(
    condition: Condition,
    outcome: Outcome,
    askers: np.ndarray[Any, Any],
    treated: Sequence[Sequence[Posted]],
    by_chance: float,
    kinds: Sequence[str],
) -> dict[str, Any]:
    columns = [KINDS.index(kind) for kind in kinds]
    people = by_person(outcome.leak[:, columns], askers)
    changed = [one for photos in treated for one in photos if one.psnr_db < 100]
    return {
        "key": condition.key,
        **{name: getattr(condition, name) for name in condition.__dataclass_fields__},
        "leak": float(people.mean()),
        "by_person": people.round(4).tolist(),
        "by_kind": {kind: float(outcome.leak[:, KINDS.index(kind)].mean()) for kind in kinds},
        "strangers": float(outcome.strange[:, columns].mean()),
        "general": outcome.general,
        "general_before": outcome.general_before,
        "chance": by_chance,
        "psnr_db": float(np.mean([one.psnr_db for one in changed])) if changed else None,
        "ssim": float(np.mean([one.ssim for one in changed])) if changed else None,
    }
