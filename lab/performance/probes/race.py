"""Who moves a photo as far in the witness's eyes, after JPEG 75 and at the same PSNR, in less time?

Photoveil's time is that of its whole walk to a delivered file but for measuring; that of a rival is its loop alone.
Where a rival never gets as far as Photoveil, both are compared at the rival's best: Photoveil then takes as few steps
as lead there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lab.affiliation import outside
from lab.performance.bench import Bench
from lab.performance.rivals import ALONE, MI, RIVALS, Choir, attack
from lab.performance.rows import Goal, Row
from lab.performance.timing import Spent, now, ratios
from lab.shift import Case, drawn, portrait
from photoveil.photos import decode
from photoveil.protection import Persona
from photoveil.protection.catalogue import STRENGTHS, Role
from photoveil.protection.channel import jpeg
from photoveil.protection.methods import antithetical
from photoveil.protection.report import picture

_STRENGTH = "balanced"
_RIVAL_STEPS = (5, 10, 40, 160, 640)
_PATIENCE = {MI: 10.5}
_USUAL_PATIENCE = 3.0
"""So many times as long as Photoveil took may a rival take to come as far."""
_OWN_STEPS = (1, 2, 5, 10)
_QUALITY = 75
_GOAL = Goal(10.0, at_least=True)
_AT_BEST = "Until the lesser of both shifts; where that is the rival's, Photoveil takes only as many steps as it needs."
_SHIFT = "The rival's best after any number of steps; on the witness after JPEG 75, at the same PSNR."


@dataclass(frozen=True)
class Reached:
    """How far the witness saw a photo move after so many steps, its PSNR, and what the steps took."""

    steps: int
    shift: float
    psnr_db: float
    spent: Spent


@dataclass(frozen=True)
class Duel:
    """One photo: Photoveil's runs, the last of which is the one that users have, against a rival's."""

    own: Sequence[Reached]
    rival: Sequence[Reached]

    @property
    def best(self) -> Reached:
        """Of the rival."""
        return max(self.rival, key=lambda run: run.shift)

    @property
    def equal(self) -> bool:
        """Whether the rival ever came as far."""
        return self.best.shift >= self.own[-1].shift

    @property
    def until_equal(self) -> Spent:
        """How many times as long the rival takes to come as far; if it never does, how long it was given."""
        end = next((run for run in self.rival if run.shift >= self.own[-1].shift), self.rival[-1])
        (ratio,) = ratios([end.spent], [self.own[-1].spent])
        return ratio

    @property
    def at_its_best(self) -> Spent:
        """How many times as long the rival takes to the farthest that both reach."""
        goal = min(self.best.shift, self.own[-1].shift)
        rival, own = (next(run for run in runs if run.shift >= goal) for runs in (self.rival, self.own))
        (ratio,) = ratios([rival.spent], [own.spent])
        return ratio


def rows(bench: Bench) -> Iterator[Row]:
    """Photoveil's photos per second, and for each rival how many times as long it takes, and how far it comes."""
    cases = [Case("quick", bench.photo(1.2), [])] if bench.quick else [portrait(), *map(drawn, range(4))]
    rivals = [name for name in RIVALS if name in ALONE or outside.installed()]
    duels: dict[str, list[Duel]] = {name: [] for name in rivals}
    for number, case in enumerate(cases):
        track = _Track(bench, case)
        own = track.own()
        for name in rivals:
            duels[name].append(Duel(own, track.rival(name, own[-1], number)))
    speeds = [1 / duel.own[-1].spent.wall for duel in duels[RIVALS[-1]]]
    yield bench.row("race/photoveil", speeds, "photos/s", note="The photos of the race, measuring aside.")
    for name, fought in duels.items():
        goal, unit, note = _GOAL if name == MI else None, "× Photoveil's time", _told(fought)
        yield bench.row(f"race/{name}", [duel.until_equal for duel in fought], unit, goal, note)
        yield bench.row(
            f"race/{name}-at-its-best", [duel.at_its_best for duel in fought], unit, note=_AT_BEST
        )
        shares = [duel.best.shift / duel.own[-1].shift for duel in fought]
        yield bench.row(f"race/{name}-shift", shares, "of Photoveil's shift", note=_SHIFT)


def _told(duels: Sequence[Duel]) -> str:
    equal = sum(duel.equal for duel in duels)
    rival = sorted(duel.best.shift for duel in duels)[len(duels) // 2]
    own = sorted(duel.own[-1].shift for duel in duels)[len(duels) // 2]
    steps = sorted(duel.best.steps for duel in duels)[len(duels) // 2]
    most = min(duel.rival[-1].steps for duel in duels)
    never = "" if equal == len(duels) else "; of others the time is told that it was given"
    return (
        f"The rival's loop alone ÷ Photoveil from pixels to file, until the witness sees the same shift after JPEG 75 "
        f"at the same PSNR. It came as far on {equal} of {len(duels)} photos in {most} steps and more{never}. Shift, "
        f"medians: {rival:.3f} at its best (after {steps} steps), Photoveil {own:.3f}."
    )


class _Track:
    """One photo whose persona is known, and what both sides achieve on it."""

    def __init__(self, bench: Bench, case: Case) -> None:
        self._bench = bench
        self._photo = case.photo
        self._persona = Persona("bench")
        engine = bench.engine
        self._witness = next(e for e in engine.encoders if e.role is Role.WITNESS)
        engine.learn(self._persona, [case.photo, *case.others])
        # What is fitted once for a persona and serves all of its photos does not count.
        engine.protect(case.photo, persona=self._persona, strength=_STRENGTH, seed=bench.seed)

    def own(self) -> list[Reached]:
        """Photoveil with few steps, and as it is."""
        usual = STRENGTHS[_STRENGTH].steps
        few = _OWN_STEPS[:1] if self._bench.quick else [n for n in _OWN_STEPS if n < usual]
        return [self._own(steps) for steps in (*few, usual)]

    def rival(self, name: str, own: Reached, seed: int) -> list[Reached]:
        """A rival's loop, scaled to the PSNR that Photoveil delivered."""
        steps = _RIVAL_STEPS[:1] if self._bench.quick else _RIVAL_STEPS
        shown = outside.central(self._photo, self._bench.engine.surrogates[0])
        patience = own.spent.wall * _PATIENCE.get(name, _USUAL_PATIENCE)
        found = attack(name, self._model(name), shown, steps, self._bench.seed + seed, patience)
        result = []
        for step, (moved, spent) in found.items():
            change = outside.enlarged(moved - shown, self._photo)
            posted = outside.at_psnr(self._photo, change, own.psnr_db)
            result.append(Reached(step, self._shift(decode(posted.data).pixels), posted.psnr_db, spent))
        return result

    def _own(self, steps: int) -> Reached:
        watch = _UntilMeasured(self._bench.device)
        with _steps(steps):
            done = self._bench.engine.protect(
                self._photo,
                persona=self._persona,
                strength=_STRENGTH,
                seed=self._bench.seed,
                progress=watch,
            )
        return Reached(steps, self._shift(done.pixels), done.report.psnr_db, watch.spent)

    def _model(self, name: str) -> nn.Module:
        """All surrogates together, or the one that a rival knows, as a classifier."""
        engine = self._bench.engine
        chosen = engine.surrogates[:1] if name in ALONE else engine.surrogates
        anchors = [self._persona.anchor(encoder, self._bench.device).pooled.clone() for encoder in chosen]
        return outside.Opposites(Choir(chosen), Choir.joined(anchors)).eval()

    @torch.inference_mode()
    def _shift(self, pixels: NDArray[np.uint8]) -> float:
        """Of the witness, after JPEG 75."""
        before, after = (
            self._witness.encode([seen])
            for seen in (picture(self._photo.pixels), jpeg(picture(pixels), _QUALITY))
        )
        anchor = self._persona.anchor(self._witness, self._bench.device)
        return float(antithetical.shift(before, after, anchor)[0])


class _UntilMeasured:
    """A progress callback that takes the time until a photo's file is written; measuring it comes after."""

    def __init__(self, device: torch.device) -> None:
        self.spent = Spent(0.0, 0.0)
        self._device = device
        self._start = now(device)

    def __call__(self, stage: str, _share: float) -> None:
        if stage == "write":
            self.spent = now(self._device) - self._start


@contextmanager
def _steps(count: int) -> Iterator[None]:
    """While it lasts, the optimiser takes so many steps."""
    usual = STRENGTHS[_STRENGTH]
    STRENGTHS[_STRENGTH] = replace(usual, steps=count)
    try:
        yield
    finally:
        STRENGTHS[_STRENGTH] = usual
