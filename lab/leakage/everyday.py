"""Two worlds of photos that a model learns people from: bare portraits, and what people really post.

`World.BARE` is the audit's own: one portrait after another, each in other clothes and at another place. Only hair,
build and the face itself come back from photo to photo.

`World.EVERYDAY` is the world in which The Phantom Menace (arXiv 2408.01228) asked its question, as far as drawings
go. Its models had met people in ordinary photos of the web, where more comes back than a face. So here

- photos are of all eight kinds: portraits, and the persona with car, pet, company, possession, at home, at work, on
  a trip, as in the affiliation study;
- a persona owns `OUTFITS` outfits (shirt, pattern, collar, trousers) and wears one of them on every photo;
- of the photos in parks, rooms, streets and before walls, a share of `OWN_PLACES` is taken at the persona's own
  park, room, street or wall, which always looks the same, the others at places never seen before;
- outfits and places are drawn for everybody from the same few, so that people share shirts and streets do resemble;
- photos that a model is asked about come from the same world as those it learnt from, and are others.

These numbers were set before anything was measured, and have not been changed since.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from lab.affiliation.album import Looks, Member, make_album
from lab.people import ATTRIBUTES, KINDS, Persona, choose
from lab.scenes import TROUSERS, PhotoSpec, sample_photo

OUTFITS = 3
OWN_PLACES = 0.5
TURN = tuple(kind for i, fact in enumerate(KINDS) for kind in ((fact, "portrait") if i % 2 else (fact,)))
"""The kinds of photos in the order in which people post them, as in the affiliation study."""

_POSTED_FROM, _ASKED_FROM = 100, 500  # numbers of photos, as in the affiliation study's albums
_OWN_PLACE = 7  # the same for everybody: what differs is the persona that the place belongs to


class World(StrEnum):
    """What comes back from photo to photo."""

    BARE = "bare"
    EVERYDAY = "everyday"


@dataclass(frozen=True)
class Outfit:
    """What somebody wears."""

    shirt: str
    pattern: str
    collar: bool
    trousers: tuple[int, int, int]


def wardrobe(persona: Persona) -> tuple[Outfit, ...]:
    """A persona's outfits, always the same ones."""
    rng = np.random.default_rng([persona.seed, 70])
    return tuple(
        Outfit(
            choose(rng, ATTRIBUTES["shirt"]),
            "stripes" if rng.random() < 0.25 else "plain",
            bool(rng.random() < 0.4),
            TROUSERS[int(rng.integers(len(TROUSERS)))],
        )
        for _ in range(OUTFITS)
    )


def photo(world: World, persona: Persona, number: int, kind: str) -> PhotoSpec:
    """A persona's photo of this number; in the bare world all are portraits."""
    if world is World.BARE:
        return sample_photo(persona, number, "portrait")
    spec = sample_photo(persona, number, kind)
    rng = np.random.default_rng([persona.seed, number, 71])
    worn = wardrobe(persona)[int(rng.integers(OUTFITS))]
    return replace(
        spec,
        seed=_OWN_PLACE if rng.random() < OWN_PLACES else spec.seed,
        shirt=worn.shirt,
        pattern=worn.pattern,
        collar=worn.collar,
        trousers=worn.trousers,
        attributes={**spec.attributes, "shirt": worn.shirt},
    )


def members(world: World, people: int, posted: int, asked: int, seed: int) -> list[Member]:
    """Invented people with posted photos, and later ones to be asked about: all kinds in turn, beginning elsewhere."""
    return [
        Member(
            f"{world}-s{seed}-{i}",
            one.persona,
            tuple(photo(world, one.persona, _POSTED_FROM + n, _kind(n)) for n in range(posted)),
            tuple(photo(world, one.persona, _ASKED_FROM + n, _kind(i * asked + n)) for n in range(asked)),
        )
        for i, one in enumerate(make_album(Looks.EASY, people, 0, 0, seed).members)
    ]


def _kind(number: int) -> str:
    return TURN[number % len(TURN)]
