"""Which conditions a run measures: presets from four minutes to a night."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lab.affiliation.album import Looks
from lab.affiliation.channels import CHANNELS, COUNTERS, UPLOAD
from lab.affiliation.language import Shape
from lab.affiliation.reader import Schedule
from lab.affiliation.stage import Scale

WHITE, SECOND, BLACK = "starter-resnet", "starter-dla", "starter-regnet"
BOXES = {WHITE: "white box", SECOND: "white box", BLACK: "black box"}
"""What the defender knows of each victim's tower: two are optimised against, the third never."""

CLEAN, STRENGTHS = "clean", ("subtle", "balanced", "strong")
PLAIN = ("prototype", "probe")
UNFROZEN = "unfrozen"
READERS = ("reader", "reader-lora", UNFROZEN)


@dataclass(frozen=True)
class Condition:
    """One row of the table.

    Attributes:
        defence: what was done to the photos.
        channel: what happened to the files on their way.
        share: of each member's photos that was treated; the rest is clean.
        mixed: the realistic case: four kinds of facts appear in treated photos only, and are asked for; clean photos
            of the same people show the other three.
        counter: what the attacker does to all photos first.
    """

    looks: Looks
    album_seed: int
    defence: str
    channel: str
    victim: str
    attacker: str
    tune_seed: int
    share: float = 1.0
    mixed: bool = False
    counter: str = ""

    @property
    def key(self) -> str:
        """Names the row."""
        parts = (self.looks, self.album_seed, self.defence, self.channel, self.victim, self.attacker)
        return "/".join(
            map(
                str,
                (
                    *parts,
                    self.tune_seed,
                    self.share,
                    "mixed" if self.mixed else "all",
                    self.counter or "as is",
                ),
            )
        )


@dataclass(frozen=True)
class Preset:
    """A run: size of the albums, the attackers' scale, and the axes that are walked, by ``walkers`` alone."""

    personas: int
    photos: int
    asked: int
    scale: Scale
    looks: tuple[Looks, ...]
    album_seeds: tuple[int, ...]
    tune_seeds: tuple[int, ...]
    defences: tuple[str, ...]
    attackers: tuple[str, ...]
    walkers: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    mixed: bool = False
    counters: tuple[str, ...] = ()

    def conditions(self) -> Iterator[Condition]:
        """Every row to measure, the clean attackers first: without them no other counts."""
        for looks, seed in itertools.product(self.looks, self.album_seeds):
            for defence, victim, attacker in itertools.product(
                (CLEAN, *self.defences), BOXES, self.attackers
            ):
                # The readers' time goes to one white box and the black box.
                if attacker in READERS and victim == SECOND:
                    continue
                for tune in self.tune_seeds if attacker in READERS else self.tune_seeds[:1]:
                    yield Condition(looks, seed, defence, UPLOAD, victim, attacker, tune)
            if seed == self.album_seeds[0]:
                yield from self._axes(looks, seed)

    def _axes(self, looks: Looks, seed: int) -> Iterator[Condition]:
        """Channels, shares and the mixed case, for one album and one seed."""
        tune = self.tune_seeds[0]
        for attacker in self.walkers:
            for defence, channel in itertools.product((CLEAN, "strong"), self.channels):
                yield Condition(looks, seed, defence, channel, WHITE, attacker, tune)
            for defence, counter in itertools.product((CLEAN, "strong"), self.counters):
                yield Condition(looks, seed, defence, UPLOAD, WHITE, attacker, tune, counter=counter)
            for share in self.shares:
                yield Condition(looks, seed, "strong", UPLOAD, WHITE, attacker, tune, share)
        if self.mixed:
            readers = [attacker for attacker in self.attackers if attacker in READERS]
            for attacker, defence, victim in itertools.product(readers, (CLEAN, "strong"), (WHITE, BLACK)):
                yield Condition(looks, seed, defence, UPLOAD, victim, attacker, tune, mixed=True)


_SMALL = Scale(
    3000, Shape(96, 2, 4), Schedule(500, 32, 3e-3), Schedule(200, 24, 2e-3), Schedule(120, 16, 1e-3)
)
_LARGE = Scale(
    6000, Shape(192, 4, 6), Schedule(2500, 48, 1.5e-3), Schedule(500, 32, 1e-3), Schedule(400, 24, 1e-3)
)
_BASELINES = ("canvas-noise", "white-noise", "face-blur", "one-encoder", "per-photo", "shared-decoy")
_COUNTERS = tuple(name for name in COUNTERS if name)
_OTHER_CHANNELS = tuple(name for name in CHANNELS if name != UPLOAD)

_SHORT = Preset(
    personas=20,
    photos=12,
    asked=6,
    scale=_SMALL,
    looks=(Looks.LOOKALIKE,),
    album_seeds=(0,),
    tune_seeds=(0,),
    defences=("canvas-noise", "face-blur", *STRENGTHS),
    attackers=(*PLAIN, "reader"),
    walkers=PLAIN,
    channels=("resize540_jpeg75", "two_platforms", "screenshot"),
    counters=_COUNTERS,
    mixed=True,
)

PRESETS: dict[str, Preset] = {
    "ci": replace(
        _SHORT,
        personas=8,
        photos=8,
        defences=("canvas-noise", "strong"),
        attackers=PLAIN,
        walkers=(),
        mixed=False,
    ),
    "brief": replace(_SHORT, personas=8, photos=8, mixed=False),
    "small": _SHORT,
    "full": Preset(
        personas=20,
        photos=12,
        asked=6,
        scale=_LARGE,
        looks=(Looks.LOOKALIKE, Looks.EASY),
        album_seeds=(0, 1, 2),
        tune_seeds=(0, 1),
        defences=(*_BASELINES, *STRENGTHS),
        attackers=(*PLAIN, *READERS),
        walkers=(*PLAIN, "reader"),
        channels=_OTHER_CHANNELS,
        counters=_COUNTERS,
        shares=(0.2, 0.4, 0.6, 0.8),
        mixed=True,
    ),
}
