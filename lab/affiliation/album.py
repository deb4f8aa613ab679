"""Whose photos the attacker has: invented people, the photos they posted, and clean photos to be questioned about."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from PIL import Image

from lab.people import FACIAL_HAIR, GLASSES, KINDS, Look, Persona, choose, sample_lookalike, sample_persona
from lab.render import render
from lab.scenes import PhotoSpec, sample_photo

SIZES = ((1280, 960), (960, 1280), (1600, 1067), (1080, 1080))
"""Width and height of posted photos, in turn."""

COHORT = 4
"""So many look-alikes to a cohort."""

_FIRST = 850_000_000  # below the seeds that starters are evaluated on, above those they are trained on
_STYLES = ("short", "long", "curly", "bun")
_APART = 2


class Looks(StrEnum):
    """How alike the people of an album are."""

    EASY = "easy"
    LOOKALIKE = "look-alike"


@dataclass(frozen=True, slots=True)
class Member:
    """One person of an album: the photos they posted, and later photos that show none of the seven facts.

    ``key`` names the person. Albums of other sizes have the same people under the same keys, and the first of their
    photos are the same, so what was delivered for one album serves another.
    """

    key: str
    persona: Persona
    posted: tuple[PhotoSpec, ...]
    asked: tuple[PhotoSpec, ...]


@dataclass(frozen=True, slots=True)
class Album:
    """Everything one study is about. Equal arguments of `make_album` give equal albums.

    ``key`` names the people and the clean photos they are questioned about.
    """

    key: str
    members: tuple[Member, ...]
    strangers: tuple[Member, ...]


def make_album(looks: Looks, personas: int, photos: int, asked: int, seed: int) -> Album:
    """Draw the people of an album and plan their photos.

    Args:
        looks: easy to tell apart, or look-alikes in cohorts of four.
        personas: how many people.
        photos: posted photos of each, the seven kinds in turn with a portrait after every second.
        asked: portraits of each to question the attacker about.
        seed: 0 to 99.
    """
    start = _FIRST + seed * 100_000
    people = _people(looks, personas, start)
    others = _people(looks, max(COHORT, personas // 4), start + 50_000)
    return Album(
        f"{looks}-{personas}-{asked}-s{seed}",
        tuple(_member(f"{looks}-s{seed}-{i}", p, photos, asked) for i, p in enumerate(people)),
        tuple(_member(f"{looks}-s{seed}-stranger{i}", p, 0, asked) for i, p in enumerate(others)),
    )


def questions(members: Sequence[Member]) -> list[Member]:
    """Every clean photo to be questioned about as somebody's only post: what an attacker's own Photoveil is given."""
    return [
        Member(f"{member.key}-asked{i}", member.persona, (spec,), ())
        for member in members
        for i, spec in enumerate(member.asked)
    ]


def _people(looks: Looks, count: int, start: int) -> list[Persona]:
    if looks is Looks.EASY:
        return [sample_persona(start + i) for i in range(count)]
    people: list[Persona] = []
    for group in range(-(-count // COHORT)):
        people += cohort(sample_persona(start + group), start + 10_000 + group * 100, COHORT)
    return people[:count]


def cohort(base: Persona, seed: int, count: int) -> list[Persona]:
    """People of the same skin, hair colour, eyes and nearly the same face.

    Any two of them differ in at least two of hair style, glasses and beard: somebody who only looks at the
    starters' features can still tell them apart, which is what the clean attacker must be able to do.
    """
    rng = np.random.default_rng([seed, 8])
    people: list[Persona] = []
    while len(people) < count:
        person = sample_lookalike(base, seed + len(people))
        look = replace(
            person.look,
            hair_style=choose(rng, _STYLES),
            glasses=choose(rng, GLASSES),
            facial_hair=choose(rng, FACIAL_HAIR),
        )
        if all(_apart(look, p.look) >= _APART for p in people):
            people.append(replace(person, look=look))
    return people


def _apart(a: Look, b: Look) -> int:
    """In how many of the signs that tell look-alikes apart two people differ."""
    return sum(getattr(a, sign) != getattr(b, sign) for sign in ("hair_style", "glasses", "facial_hair"))


def _member(key: str, persona: Persona, photos: int, asked: int) -> Member:
    turn = [kind for i, fact in enumerate(KINDS) for kind in ((fact, "portrait") if i % 2 else (fact,))]
    posted = tuple(sample_photo(persona, 100 + i, turn[i % len(turn)]) for i in range(photos))
    later = tuple(sample_photo(persona, 500 + i, "portrait") for i in range(asked))
    return Member(key, persona, posted, later)


def as_taken(spec: PhotoSpec) -> bytes:
    """The photo as its owner's camera wrote it: a JPEG file of 1024 px and more."""
    width, height = SIZES[spec.seed % len(SIZES)]
    buffer = io.BytesIO()
    Image.fromarray(render(spec, width, height)).save(buffer, "JPEG", quality=92, subsampling="4:4:4")
    return buffer.getvalue()


def fingerprint(*parts: object) -> str:
    """A short name for whatever made a file."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
