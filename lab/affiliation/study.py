"""Running a plan: protect what is needed, set every attacker on it, note every row at once."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lab.affiliation import outside
from lab.affiliation.album import COHORT, Album, Looks, Member, make_album, questions
from lab.affiliation.attackers import Attacker, Loot, Outcome, ReaderAttack, alone, probe, prototype
from lab.affiliation.clip import ClipAttack
from lab.affiliation.defences import Posted
from lab.affiliation.metrics import by_person, chance
from lab.affiliation.owners import NEED_NO_ENGINE, defence
from lab.affiliation.plan import (
    CLEAN,
    CLIP,
    GREY,
    LOOK_ANEW,
    PLAIN,
    PRESETS,
    READERS,
    UNFROZEN,
    Condition,
    Preset,
)
from lab.affiliation.shelf import Shelf, code_state
from lab.affiliation.stage import Stage
from lab.affiliation.towers import Tower, grey_towers
from lab.affiliation.unfrozen import UnfrozenAttack
from lab.affiliation.veil import VEIL_MAP, VEIL_QUERY, Undo, learn_undo
from lab.people import KINDS
from lab.writing import note, noted
from photoveil.protection import Engine
from photoveil.protection.encoders import Encoder

TREATED_KINDS = KINDS[:4]
"""In the mixed case, the facts that are to be seen in treated photos only."""

TRAIN_GREY = "python -m lab.train_starters --seed 2 --encoder starter-resnet --out lab/towers/grey"

_MIXED_STEPS = 2
_LORA_RANK = 8
_HELPERS_FROM = 50  # album seeds of those whom an attacker protects to learn from


class Study:
    """A preset being run; rows already noted are not measured again. Presets share files and features in the folder."""

    def __init__(
        self,
        name: str,
        folder: Path,
        jobs: int,
        engine: Engine | None = None,
        device: str = "cpu",
        preset: Preset | None = None,
        grey: Sequence[Encoder] | None = None,
    ) -> None:
        self.preset, self.folder, self.jobs = preset or PRESETS[name], folder, jobs
        self.engine = engine or Engine.load(device=device)
        known = folder / code_state(everything=True)
        known.mkdir(parents=True, exist_ok=True)
        place = torch.device(self.engine.device)
        towers = [*self.engine.encoders, *(grey_towers(place) if grey is None else grey)]
        self.stage = Stage(self.preset.scale, known, towers, place)
        self.shelf = Shelf(folder / "shelf" / code_state())
        self.known = known
        self._rows = known / f"rows-{name}.jsonl"
        self._undos: dict[tuple[object, ...], Undo] = {}

    def run(self) -> list[dict[str, Any]]:
        """All rows of the plan that can be measured, in its order."""
        done = {row["key"]: row for row in self.noted()}
        conditions = list(self._possible())
        for number, condition in enumerate(conditions, 1):
            if condition.key not in done:
                began = time.monotonic()
                row = self.measure(condition)
                row["seconds"] = round(time.monotonic() - began, 1)
                done[condition.key] = row
                note(self._rows, row)
            row = done[condition.key]
            print(
                f"{number}/{len(conditions)} {condition.key}: {row['leak']:.3f}", file=sys.stderr, flush=True
            )
        return [done[condition.key] for condition in conditions]

    def noted(self) -> list[dict[str, Any]]:
        """The rows measured so far."""
        return noted(self._rows)

    def _possible(self) -> Iterator[Condition]:
        """Conditions for which everything is there; what is missing is told once."""
        skipped = {"": 0}
        for condition in self.preset.conditions():
            lack = self._lack(condition)
            skipped[lack] = skipped.get(lack, 0) + 1
            if not lack:
                yield condition
        for lack, count in skipped.items():
            if lack:
                print(f"{count} rows skipped: {lack}", file=sys.stderr, flush=True)

    def _lack(self, condition: Condition) -> str:
        """What has to be got before this can be measured, or nothing."""
        if condition.victim not in self.stage.towers:
            wanted = TRAIN_GREY if condition.victim == GREY else "the starter model set"
            return f"there is no tower {condition.victim}, which comes from `{wanted}`"
        if condition.defence in outside.ATTACKS and not outside.installed():
            return f"torchattacks is not installed, which takes `{outside.INSTALL}`"
        return ""

    def album(self, condition: Condition) -> Album:
        """The album a condition is about."""
        people = self.preset.personas if condition.people == 1 else condition.people
        return _album(condition.looks, people, condition.photos, self.preset.asked, condition.album_seed)

    def posted(self, members: Sequence[Member], name: str) -> list[list[Posted]]:
        """Every member's files under a defence, made by several processes when there are many."""
        missing = self.shelf.missing(members, name)
        if self.jobs > 1 and len(missing) > 2 and name not in NEED_NO_ENGINE:
            # The folder is handed on: the code may have changed since this process began.
            jobs = [(self.shelf.folder, m, name, self.engine.model_set, self.engine.device) for m in missing]
            with multiprocessing.get_context("spawn").Pool(self.jobs) as pool:
                pool.map(_defend_one, jobs, chunksize=1)
        apply = defence(name, self.engine, self.shelf)
        return [apply(member) for member in members]

    def measure(self, condition: Condition) -> dict[str, Any]:
        """One attacker on one condition."""
        album, tower = self.album(condition), self.stage.towers[condition.victim]
        treated = self.posted(album.members, condition.defence)
        loot = self._loot(album, tower, treated, condition)
        if condition.people == 1:
            outcomes = self._one_by_one(album, tower, loot, condition)
            askers = np.repeat(np.arange(len(outcomes)), self.preset.asked)
            treated = [treated[who] for who in _singled_out(album)]
        else:
            outcomes = [self._attack(self._attacker(album, tower, treated, condition), loot, condition)]
            askers = loot.askers.cpu().numpy()
        kinds = TREATED_KINDS if condition.mixed else KINDS
        by_chance = None if condition.people == 1 else chance(loot.facts, kinds)
        return _row(condition, _together(outcomes), askers, treated, by_chance, kinds)

    def _loot(self, album: Album, tower: Tower, treated: list[list[Posted]], condition: Condition) -> Loot:
        posted, said = self._mixture(album, treated, condition)
        talks = condition.attacker in READERS
        loot = self.stage.loot(album, tower, posted, condition.channel, condition.counter, said, talks)
        if condition.counter == VEIL_MAP and condition.defence != CLEAN:
            loot = replace(loot, posted=self._undo(tower, condition)(loot.posted))
        if condition.counter == VEIL_QUERY and condition.defence != CLEAN:
            asked, strange = (
                self._veiled(tower, people, condition) for people in (album.members, album.strangers)
            )
            loot = replace(loot, asked=asked, strange=strange)
        return loot

    def _veiled(self, tower: Tower, people: Sequence[Member], condition: Condition) -> Any:
        """What is seen of questioned photos that the attacker protected, sent through the same channel."""
        delivered = self.posted(questions(people), condition.defence)
        return tower.look(self.stage.shown(delivered, condition.channel))

    def _undo(self, tower: Tower, condition: Condition) -> Undo:
        """The map from protected to clean features, learnt from people the attacker protected."""
        key = (tower.name, condition.defence, condition.channel, condition.album_seed)
        if key not in self._undos:
            people, photos = self.preset.helpers
            helpers = _album(Looks.EASY, people, photos, 0, _HELPERS_FROM + condition.album_seed).members
            protected = self.stage.shown(self.posted(helpers, condition.defence), condition.channel)
            clean = self.stage.shown(self.posted(helpers, CLEAN), "none")
            self._undos[key] = learn_undo(tower.look(protected), tower.look(clean))
        return self._undos[key]

    def _mixture(
        self, album: Album, treated: list[list[Posted]], condition: Condition
    ) -> tuple[list[list[Posted]], list[tuple[str, ...]] | None]:
        if condition.mixed:
            picks = treated_in_mixture([spec.kind for spec in album.members[0].posted])
            said = [TREATED_KINDS if pick else KINDS[len(TREATED_KINDS) :] for pick in picks]
        elif condition.share < 1:
            said, count = None, len(treated[0])
            # Spread evenly over the album, and so over the kinds of photos.
            picks = [int((i + 1) * condition.share) > int(i * condition.share) for i in range(count)]
        else:
            return treated, None
        clean = self.posted(album.members, CLEAN)
        mixture = [
            [mine if pick else theirs for mine, theirs, pick in zip(a, b, picks, strict=True)]
            for a, b in zip(treated, clean, strict=True)
        ]
        return mixture, said

    def _one_by_one(self, album: Album, tower: Tower, loot: Loot, condition: Condition) -> list[Outcome]:
        """One person of each cohort in turn is the only one known; everybody else's photos are clean."""
        clean = self._loot(album, tower, self.posted(album.members, CLEAN), condition.gate)
        attacker = self._attacker(album, tower, [], condition)
        return [self._attack(attacker, alone(loot, clean, who), condition) for who in _singled_out(album)]

    def _attack(self, attacker: Attacker, loot: Loot, condition: Condition) -> Outcome:
        with self.stage.device:
            return attacker(loot, condition.tune_seed)

    def _attacker(
        self, album: Album, tower: Tower, treated: list[list[Posted]], condition: Condition
    ) -> Attacker:
        name, scale = condition.attacker, self.preset.scale
        if name in PLAIN:
            return {"prototype": prototype, "probe": probe}[name]
        if name in LOOK_ANEW:
            posted, _ = self._mixture(album, treated, condition)
            inputs = self.stage.inputs(
                album, posted, condition.channel, condition.counter, crops=name == UNFROZEN
            )
            if name == CLIP:
                return ClipAttack(tower, scale.clip, inputs)
            reader = self.stage.reader(tower, condition.tune_seed)
            return UnfrozenAttack(tower, reader, self.stage.words, scale.unfreeze, inputs, scale.tune)
        reader, words = self.stage.reader(tower, condition.tune_seed), self.stage.words
        if name == "reader-lora":
            return ReaderAttack(reader, words, scale.lora, _LORA_RANK)
        # Told by half of the photos only, facts take twice as long to learn.
        steps = scale.tune.steps * (_MIXED_STEPS if condition.mixed else 1)
        return ReaderAttack(reader, words, replace(scale.tune, steps=steps))


def treated_in_mixture(shown: Sequence[str]) -> list[bool]:
    """Which photos of a member, by what they show, are treated in the mixed case: half of the portraits among them.

    With all portraits on the clean side, a reader takes the facts asked for from backgrounds, and of portraits it knows
    the other facts only: it then told 72 % about people who had protected nothing.
    """
    portraits = [number for number, kind in enumerate(shown) if kind not in KINDS]
    return [kind in TREATED_KINDS or number in portraits[::2] for number, kind in enumerate(shown)]


@lru_cache(maxsize=8)
def _album(looks: Looks, personas: int, photos: int, asked: int, seed: int) -> Album:
    return make_album(looks, personas, photos, asked, seed)


def _singled_out(album: Album) -> range:
    return range(0, len(album.members), COHORT)


@lru_cache(maxsize=1)
def _engine(model_set: str, device: str) -> Engine:
    torch.set_num_threads(1)
    return Engine.load(model_set, device=device)


def _defend_one(job: tuple[Path, Member, str, str, str]) -> None:
    folder, member, name, model_set, device = job
    defence(name, _engine(model_set, device), Shelf(folder))(member)


def _together(outcomes: Sequence[Outcome]) -> Outcome:
    """Several attacks as one."""

    def mean(values: list[float | None]) -> float | None:
        found = [value for value in values if value is not None]
        return float(np.mean(found)) if found else None

    return Outcome(
        np.concatenate([o.leak for o in outcomes]),
        np.concatenate([o.strange for o in outcomes]),
        mean([o.general for o in outcomes]),
        mean([o.general_before for o in outcomes]),
    )


def _row(
    condition: Condition,
    outcome: Outcome,
    askers: np.ndarray[Any, Any],
    treated: Sequence[Sequence[Posted]],
    by_chance: float | None,
    kinds: Sequence[str],
) -> dict[str, Any]:
    columns = [KINDS.index(kind) for kind in kinds]
    people = by_person(outcome.leak[:, columns], askers)
    kind_people = {kind: by_person(outcome.leak[:, [KINDS.index(kind)]], askers) for kind in kinds}
    changed = [one for photos in treated for one in photos if one.psnr_db < 100]
    strangers = float(outcome.strange[:, columns].mean())
    return {
        "key": condition.key,
        **{name: getattr(condition, name) for name in condition.__dataclass_fields__},
        "leak": float(people.mean()),
        "by_person": people.round(4).tolist(),
        "by_kind": {kind: float(rates.mean()) for kind, rates in kind_people.items()},
        "by_kind_and_person": {kind: rates.round(4).tolist() for kind, rates in kind_people.items()},
        "strangers": strangers,
        "general": outcome.general,
        "general_before": outcome.general_before,
        # A single person's facts have no commonest answer: chance is how often they are told of strangers.
        "chance": strangers if by_chance is None else by_chance,
        "psnr_db": float(np.mean([one.psnr_db for one in changed])) if changed else None,
        "ssim": float(np.mean([one.ssim for one in changed])) if changed else None,
    }
