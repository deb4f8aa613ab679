"""Which conditions a run measures: presets from four minutes to days of two cores, or hours of a GPU."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lab.affiliation.album import Looks
from lab.affiliation.channels import CHANNELS, COUNTERS, UPLOAD
from lab.affiliation.language import Shape
from lab.affiliation.owners import BASELINES
from lab.affiliation.owners import CLEAN as CLEAN
from lab.affiliation.reader import ALIGN, TUNE, TUNE_LORA, Schedule
from lab.affiliation.stage import Scale
from lab.affiliation.veil import VEIL, VEIL_QUERY
from lab.affiliation.views import AUGMENT
from photoveil.protection.catalogue import STRENGTHS as ALL_STRENGTHS

WHITE, SECOND, GREY, BLACK = "starter-resnet", "starter-dla", "grey-resnet", "starter-regnet"
BOXES = {WHITE: "white box", SECOND: "white box", GREY: "grey box", BLACK: "black box"}
"""What the defender knows of each victim's tower: two are optimised against, the third has the first one's family
but another seed and other data, the fourth is never looked at."""

STRENGTHS = tuple(ALL_STRENGTHS)
MAIN = "strong"
"""The strength that the axes are walked at."""

CLIP, UNFROZEN = "clip", "unfrozen"
PROTOTYPE = "prototype"
PLAIN = (PROTOTYPE, "probe")
READERS = ("reader", "reader-lora", UNFROZEN)
LOOK_ANEW = (CLIP, UNFROZEN)
"""Attackers who tune the tower: they need the photos, where others make do with features."""

ALL_COUNTERS = (*(name for name in COUNTERS if name), AUGMENT, *VEIL)
_CHEAP_COUNTERS = tuple(name for name in ALL_COUNTERS if name != VEIL_QUERY)
"""Those that protect no more than a few helpers' photos; who protects what he asks about is in `axes`."""
_OTHER_CHANNELS = tuple(name for name in CHANNELS if name != UPLOAD)


@dataclass(frozen=True)
class Condition:
    """One row of the table.

    Attributes:
        defence: what was done to the photos.
        channel: what happened to the files on their way.
        share: of each member's photos that was treated; the rest is clean.
        mixed: the realistic case: four kinds of facts appear in treated photos only, and are asked for; clean photos
            of the same people show the other three. Either side has portraits.
        counter: what the attacker does about it.
        people: how many of the album's people the attacker knows; with 1, one person at a time is known and treated,
            and the attacker has clean photos of all others without knowing anything about them.
        photos: posted photos of each.
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
    people: int = 20
    photos: int = 8

    @property
    def key(self) -> str:
        """Names the row."""
        parts: tuple[object, ...] = (self.looks, self.album_seed, self.defence, self.channel, self.victim)
        parts += (self.attacker, self.tune_seed, self.share, "mixed" if self.mixed else "all")
        parts += (self.counter or "as is", f"{self.people}x{self.photos}")
        return "/".join(map(str, parts))

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Condition:
        """The condition of a row, also of one read from a file."""
        values = {name: row[name] for name in cls.__dataclass_fields__}
        return cls(**values | {"looks": Looks(row["looks"])})

    @property
    def gate(self) -> Condition:
        """The same attacker on clean photos: it has to succeed, or this row says nothing."""
        return replace(self, defence=CLEAN, share=1.0, counter=gate_counter(self.counter))


def gate_counter(counter: str) -> str:
    """What the attacker of the gate does: who runs Photoveil has nothing to undo on clean photos."""
    return "" if counter in VEIL else counter


@dataclass(frozen=True)
class Block:
    """Conditions of every combination of these values; with ``once``, for the first album and tuning seed only.

    Without ``people``, ``photos`` or ``looks``, those of the preset.
    """

    defences: tuple[str, ...]
    attackers: tuple[str, ...]
    victims: tuple[str, ...]
    channels: tuple[str, ...] = (UPLOAD,)
    counters: tuple[str, ...] = ("",)
    shares: tuple[float, ...] = (1.0,)
    mixed: bool = False
    people: tuple[int, ...] = ()
    photos: tuple[int, ...] = ()
    looks: tuple[Looks, ...] = ()
    once: bool = True


@dataclass(frozen=True)
class Preset:
    """A run: size of the albums, the attackers' scale, and what is measured.

    Attributes:
        helpers: people and photos of each that an attacker protects to learn from.
    """

    personas: int
    photos: int
    asked: int
    helpers: tuple[int, int]
    scale: Scale
    looks: tuple[Looks, ...]
    album_seeds: tuple[int, ...]
    tune_seeds: tuple[int, ...]
    blocks: tuple[Block, ...]

    def conditions(self) -> Iterator[Condition]:
        """Every row to measure, each block's clean attackers first: without them no other counts."""
        found: dict[str, Condition] = {}
        for block in self.blocks:
            rows = list(self._rows(block))
            for condition in (*(row.gate for row in rows), *rows):
                found.setdefault(condition.key, condition)
        return iter(found.values())

    def _rows(self, block: Block) -> Iterator[Condition]:
        seeds = self.album_seeds[:1] if block.once else self.album_seeds
        # What needs other pictures stands before what looks at the same ones again.
        for (
            looks,
            seed,
            people,
            photos,
            defence,
            channel,
            counter,
            share,
            victim,
            attacker,
        ) in itertools.product(
            block.looks or self.looks,
            seeds,
            block.people or (self.personas,),
            block.photos or (self.photos,),
            block.defences,
            block.channels,
            block.counters,
            block.shares,
            block.victims,
            block.attackers,
        ):
            # There is nothing random about prototypes.
            for tune in self.tune_seeds[:1] if block.once or attacker == PROTOTYPE else self.tune_seeds:
                yield Condition(
                    looks,
                    seed,
                    defence,
                    channel,
                    victim,
                    attacker,
                    tune,
                    share,
                    block.mixed,
                    counter,
                    people,
                    photos,
                )


def _axes(attackers: Sequence[str], victims: Sequence[str], defences: Sequence[str]) -> tuple[Block, ...]:
    """Everything but the strength, one axis at a time."""
    block = Block(tuple(defences), tuple(attackers), tuple(victims))
    return (
        replace(block, channels=_OTHER_CHANNELS),
        replace(block, counters=ALL_COUNTERS),
        replace(block, shares=(0.2, 0.4, 0.6, 0.8)),
        replace(block, people=(1, 10, 50)),
        replace(block, photos=(4, 8, 16)),
    )


_SMALL = Scale(
    3000,
    Shape(96, 2, 4),
    ALIGN,
    TUNE,
    TUNE_LORA,
    Schedule(120, 16, 1e-3),
    Schedule(60, 16, 5e-3),
    views=6,
)
_LARGE = Scale(
    6000,
    Shape(192, 4, 6),
    Schedule(2500, 48, 1.5e-3),
    Schedule(500, 32, 1e-3),
    Schedule(800, 32, 4e-3),
    Schedule(400, 24, 1e-3),
    Schedule(400, 32, 5e-3),
    views=8,
)
_HUGE = Scale(
    20_000,
    Shape(384, 8, 8),
    Schedule(6000, 96, 8e-4),
    Schedule(1000, 64, 5e-4),
    Schedule(1500, 64, 2e-3),
    Schedule(800, 48, 5e-4),
    Schedule(800, 64, 5e-3),
    views=12,
)

_STARTERS, _ALL = (WHITE, SECOND, BLACK), tuple(BOXES)
_READ = (WHITE, GREY, BLACK)
"""The readers' time goes to one white box and what is not known."""

_ATTACKED_HARD = tuple(name for name in STRENGTHS if name in (MAIN, "film"))

_FULL_BLOCKS = (
    Block((*BASELINES, *STRENGTHS), PLAIN, _ALL, once=False),
    Block((*BASELINES, *STRENGTHS), (*READERS, CLIP), _READ, once=False),
    Block(_ATTACKED_HARD, READERS, _READ, mixed=True, once=False),
    *_axes(PLAIN, _ALL, _ATTACKED_HARD),
    *_axes(("reader",), (WHITE,), _ATTACKED_HARD),
    Block((MAIN,), LOOK_ANEW, (WHITE,), counters=(AUGMENT,)),
)

PRESETS: dict[str, Preset] = {
    "ci": Preset(
        personas=8,
        photos=4,
        asked=4,
        helpers=(4, 4),
        scale=_SMALL,
        looks=(Looks.LOOKALIKE,),
        album_seeds=(0,),
        tune_seeds=(0,),
        blocks=(Block(("canvas-noise", MAIN), PLAIN, _STARTERS),),
    ),
    "small": Preset(
        personas=20,
        photos=8,
        asked=4,
        helpers=(6, 8),
        scale=_SMALL,
        looks=(Looks.LOOKALIKE,),
        album_seeds=(0,),
        tune_seeds=(0,),
        blocks=(
            Block(("canvas-noise", "face-blur", MAIN), PLAIN, _ALL),
            Block(("balanced", "film"), PLAIN, _ALL, people=(10,)),
            Block((MAIN,), ("reader", CLIP), (WHITE,)),
            Block((MAIN,), PLAIN, (WHITE,), channels=("resize540_jpeg75", "two_platforms", "screenshot")),
            Block((MAIN,), PLAIN, (WHITE,), counters=_CHEAP_COUNTERS),
            Block((MAIN,), PLAIN, (WHITE,), shares=(0.4, 0.8)),
            Block((MAIN,), PLAIN, (WHITE,), people=(1, 10)),
            Block((MAIN,), PLAIN, (WHITE,), photos=(4,)),
        ),
    ),
    "seeds": Preset(
        personas=10,
        photos=8,
        asked=4,
        helpers=(6, 8),
        scale=_SMALL,
        looks=(Looks.LOOKALIKE,),
        album_seeds=(0, 1, 2),
        tune_seeds=(0, 1),
        blocks=(
            Block(("canvas-noise", "face-blur", MAIN), PLAIN, _ALL, once=False),
            Block((MAIN,), ("reader",), (WHITE,), once=False),
            *(Block((name,), PLAIN, _ALL, once=False) for name in ("film", "balanced", "subtle")),
            Block((MAIN,), ("reader",), (WHITE,), mixed=True),
            Block((MAIN,), ("reader-lora",), (WHITE,)),
            Block(("one-encoder", "per-photo", "shared-decoy", "untaught"), PLAIN, _ALL),
        ),
    ),
    "axes": Preset(
        personas=10,
        photos=8,
        asked=4,
        helpers=(6, 8),
        scale=_SMALL,
        looks=(Looks.LOOKALIKE,),
        album_seeds=(0,),
        tune_seeds=(0,),
        blocks=(
            *_axes(PLAIN, (WHITE, BLACK), (MAIN,)),
            Block((MAIN,), PLAIN, _ALL, looks=(Looks.EASY,)),
            Block(("torchattacks-pgd", "torchattacks-mi"), PLAIN, _ALL),
            Block((MAIN,), (CLIP, UNFROZEN), (WHITE,)),
            Block((MAIN,), (CLIP,), (WHITE,), counters=(AUGMENT,)),
            Block((MAIN,), ("reader",), (GREY, BLACK)),
            Block((MAIN,), ("reader",), (WHITE,), shares=(0.2, 0.4, 0.6, 0.8)),
        ),
    ),
    "full": Preset(
        personas=20,
        photos=8,
        asked=6,
        helpers=(24, 8),
        scale=_LARGE,
        looks=(Looks.LOOKALIKE, Looks.EASY),
        album_seeds=(0, 1, 2),
        tune_seeds=(0, 1),
        blocks=_FULL_BLOCKS,
    ),
    "gpu": Preset(
        personas=20,
        photos=16,
        asked=8,
        helpers=(40, 8),
        scale=_HUGE,
        looks=(Looks.LOOKALIKE, Looks.EASY),
        album_seeds=(0, 1, 2),
        tune_seeds=(0, 1),
        blocks=_FULL_BLOCKS,
    ),
}
