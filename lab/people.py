"""Invented people: how they look, and the seven facts a photo can give away about them.

Everything is drawn from small closed sets, so that an answer about a photo is either right or wrong, plus a dozen
continuous measures of the face, so that two people may share every word of their description and still differ.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

SKIN = ("light", "tan", "brown", "dark")
HAIR_COLOUR = ("black", "brown", "blond", "red", "grey")
HAIR_STYLE = ("short", "long", "curly", "bun", "bald")
EYES = ("brown", "blue", "green")
GLASSES = ("none", "round", "square")
FACIAL_HAIR = ("none", "moustache", "beard")
FACE_SHAPE = ("round", "oval", "square")

KINDS = ("residence", "vehicle", "pet", "workplace", "relationship", "possession", "travel")

# The closed set of values of every attribute a photo can show, and the only place that lists them.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "skin": SKIN,
    "hair_colour": HAIR_COLOUR,
    "hair_style": HAIR_STYLE,
    "eyes": EYES,
    "glasses": GLASSES,
    "facial_hair": FACIAL_HAIR,
    "shirt": ("red", "blue", "green", "yellow", "white", "black"),
    "house": ("cottage", "tower block", "cabin", "terrace"),
    "house_colour": ("red", "blue", "yellow", "white", "green"),
    "vehicle": ("car", "van", "bicycle", "scooter"),
    "vehicle_colour": ("red", "blue", "yellow", "white", "black"),
    "pet": ("dog", "cat", "rabbit", "parrot"),
    "pet_colour": ("black", "white", "orange", "grey"),
    "workplace": ("office", "kitchen", "workshop", "laboratory", "classroom", "clinic"),
    "company": ("partner", "one child", "two children"),
    "partner_hair": HAIR_COLOUR,
    "possession": ("guitar", "camera", "surfboard", "skateboard", "umbrella", "telescope"),
    "place": ("pyramids", "iron tower", "lighthouse", "mountain lake", "palm beach", "red bridge"),
}

# Which attributes state the fact of each kind.
FACT_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "residence": ("house", "house_colour"),
    "vehicle": ("vehicle", "vehicle_colour"),
    "pet": ("pet", "pet_colour"),
    "workplace": ("workplace",),
    "relationship": ("company", "partner_hair"),
    "possession": ("possession",),
    "travel": ("place",),
}

Facts = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Geometry:
    """Continuous measures of a face, each in [-1, 1] around the average."""

    face_width: float
    jaw: float
    chin: float
    eye_spacing: float
    eye_size: float
    brow_height: float
    brow_weight: float
    nose_length: float
    nose_width: float
    mouth_width: float
    mouth_height: float
    ear_size: float
    hairline: float
    hair_volume: float
    build: float

    def nudged(self, rng: np.random.Generator, spread: float) -> "Geometry":
        """The same face a little changed, by steps of about `spread`."""
        moved = (getattr(self, f.name) + rng.normal(0.0, spread) for f in fields(self))
        return Geometry(*(float(np.clip(v, -1.0, 1.0)) for v in moved))


@dataclass(frozen=True, slots=True)
class Look:
    """What can be seen of a person in any photo."""

    skin: str
    hair_colour: str
    hair_style: str
    eyes: str
    glasses: str
    facial_hair: str
    face_shape: str
    geometry: Geometry


@dataclass(frozen=True, slots=True)
class Persona:
    """One person: a look, somebody to share photos with, and one fact per kind of affiliation."""

    seed: int
    look: Look
    partner: Look
    facts: Facts


def choose(rng: np.random.Generator, values: Sequence[str], weights: Sequence[float] | None = None) -> str:
    """One of `values`, as a plain string."""
    total = None if weights is None else np.asarray(weights, dtype=np.float64) / sum(weights)
    return values[int(rng.choice(len(values), p=total))]


def sample_geometry(rng: np.random.Generator) -> Geometry:
    """A face with every measure drawn evenly."""
    return Geometry(*(float(v) for v in rng.uniform(-1.0, 1.0, len(fields(Geometry)))))


def sample_look(rng: np.random.Generator) -> Look:
    """A look with every visible word drawn independently, so that none can be guessed from another."""
    return Look(
        skin=choose(rng, SKIN),
        hair_colour=choose(rng, HAIR_COLOUR),
        hair_style=choose(rng, HAIR_STYLE, (3, 3, 3, 3, 2)),
        eyes=choose(rng, EYES),
        glasses=choose(rng, GLASSES),
        facial_hair=choose(rng, FACIAL_HAIR),
        face_shape=choose(rng, FACE_SHAPE),
        geometry=sample_geometry(rng),
    )


def sample_partner(rng: np.random.Generator) -> Look:
    """A second person whose hair is always there to be asked about."""
    look = sample_look(rng)
    return replace(look, hair_style=choose(rng, HAIR_STYLE[:-1]))


def sample_facts(rng: np.random.Generator, partner: Look) -> Facts:
    """One value for every attribute of every kind; the partner's hair only where there is a partner."""
    facts = {kind: {name: choose(rng, ATTRIBUTES[name]) for name in FACT_ATTRIBUTES[kind]} for kind in KINDS}
    if facts["relationship"]["company"] == "partner":
        facts["relationship"]["partner_hair"] = partner.hair_colour
    else:
        del facts["relationship"]["partner_hair"]
    return facts


def sample_persona(seed: int) -> Persona:
    """The person that belongs to `seed`, always the same one."""
    rng = np.random.default_rng([seed, 1])
    look = sample_look(rng)
    partner = sample_partner(rng)
    return Persona(seed=seed, look=look, partner=partner, facts=sample_facts(rng, partner))


def sample_lookalike(persona: Persona, seed: int, spread: float = 0.35) -> Persona:
    """Somebody whom the same words describe: only the measures of the face and the facts differ."""
    rng = np.random.default_rng([seed, 2])
    look = replace(persona.look, geometry=persona.look.geometry.nudged(rng, spread))
    partner = sample_partner(rng)
    return Persona(seed=seed, look=look, partner=partner, facts=sample_facts(rng, partner))
