"""A photo before it has pixels: who is in it, where everything stands, how the light falls, what can be seen."""

from dataclasses import dataclass, replace

import numpy as np

from lab.captions import caption
from lab.people import ATTRIBUTES, FACT_ATTRIBUTES, KINDS, Look, Persona, choose, sample_look

PHOTO_KINDS = ("portrait", *KINDS)
# Smaller heads than this, in parts of the short side, hide the colour of the eyes.
EYES_VISIBLE_FROM = 0.125
TROUSERS = ((52, 62, 92), (64, 60, 60), (112, 98, 78), (70, 84, 74), (36, 36, 42))
_INDOOR = frozenset({"room", "studio"})


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the head is (parts of the short side), half its height, and how it is held."""

    x: float
    y: float
    size: float
    tilt: float
    yaw: float
    smile: float
    gaze: float
    arms: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Light:
    """The light of the hour: side it comes from, colour cast, slope of brightness over the frame, sky."""

    side: float
    cast: tuple[float, float, float]
    slope: tuple[float, float]
    sky: str


@dataclass(frozen=True, slots=True)
class PhotoSpec:
    """One photo, renderable at any size; `attributes` holds only what can be seen in it."""

    persona: Persona
    seed: int
    kind: str
    setting: str
    pose: Pose
    light: Light
    shirt: str
    pattern: str
    collar: bool
    trousers: tuple[int, int, int]
    prop: tuple[float, float, float]
    camera: tuple[float, float, float]
    children: tuple[Look, ...]
    attributes: dict[str, str]
    caption: str


def sample_photo(persona: Persona, seed: int, kind: str | None = None) -> PhotoSpec:
    """One photo of the persona; without a `kind`, one of `PHOTO_KINDS` is drawn."""
    rng = np.random.default_rng([persona.seed, seed, 3])
    drawn = choose(rng, PHOTO_KINDS)
    kind = drawn if kind is None else kind
    if kind not in PHOTO_KINDS:
        raise ValueError(f"no such kind of photo: {kind!r}; there are {', '.join(PHOTO_KINDS)}")
    pose, prop = _stand(rng, kind)
    camera = (
        float(rng.uniform(-0.03, 0.03)),
        float(rng.uniform(-0.02, 0.03)),
        float(rng.uniform(0.96, 1.10)),
    )
    shirt = choose(rng, ATTRIBUTES["shirt"])
    setting = _setting(rng, kind)
    seen = visible(persona, kind, shirt, pose.size * camera[2])
    return PhotoSpec(
        persona=persona,
        seed=seed,
        kind=kind,
        setting=setting,
        pose=pose,
        light=_light(rng, setting in _INDOOR or kind == "workplace"),
        shirt=shirt,
        pattern="stripes" if rng.random() < 0.25 else "plain",
        collar=bool(rng.random() < 0.4),
        trousers=TROUSERS[int(rng.integers(len(TROUSERS)))],
        prop=prop,
        camera=camera,
        children=_children(rng, persona),
        attributes=seen,
        caption=caption(seen, kind, rng),
    )


def visible(persona: Persona, kind: str, shirt: str, size: float) -> dict[str, str]:
    """The attributes a careful viewer can read off the photo, and no others."""
    look = persona.look
    seen = {
        "skin": look.skin,
        "hair_colour": look.hair_colour,
        "hair_style": look.hair_style,
        "eyes": look.eyes,
        "glasses": look.glasses,
        "facial_hair": look.facial_hair,
        "shirt": shirt,
    }
    if look.hair_style == "bald":
        del seen["hair_colour"]
    if size < EYES_VISIBLE_FROM:
        del seen["eyes"]
    if kind in FACT_ATTRIBUTES:
        seen.update(persona.facts[kind])
    return seen


def _stand(rng: np.random.Generator, kind: str) -> tuple[Pose, tuple[float, float, float]]:
    """The person to one side and, mirrored to the other, room for what the photo is about."""
    side = -1.0 if rng.random() < 0.5 else 1.0
    size = float(rng.uniform(0.090, 0.130))
    x = 0.5 + side * float(rng.uniform(0.20, 0.27))
    y = float(rng.uniform(0.30, 0.40))
    if kind == "portrait":
        size, x, y = (
            float(rng.uniform(0.16, 0.25)),
            float(rng.uniform(0.4, 0.6)),
            float(rng.uniform(0.38, 0.48)),
        )
    elif kind == "possession":
        size, x = float(rng.uniform(0.10, 0.135)), 0.5 + side * float(rng.uniform(0.02, 0.14))
    elif kind == "relationship":
        x = 0.5 + side * float(rng.uniform(0.15, 0.20))
    arms = (float(rng.random() * (rng.random() < 0.5)), float(rng.random() * (rng.random() < 0.5)))
    pose = Pose(
        x=x,
        y=y,
        size=size,
        tilt=float(rng.normal(0, 4)),
        yaw=float(rng.uniform(-1, 1)),
        smile=float(rng.random()),
        gaze=float(rng.uniform(-1, 1)),
        arms=arms,
    )
    prop = (
        0.5 - side * float(rng.uniform(0.16, 0.24)),
        float(rng.uniform(-0.03, 0.03)),
        float(rng.uniform(0.92, 1.1)),
    )
    return pose, prop


def _setting(rng: np.random.Generator, kind: str) -> str:
    options = {
        "portrait": ("park", "room", "brick wall", "street", "studio"),
        "vehicle": ("park", "street", "brick wall"),
        "pet": ("park", "room", "brick wall", "street"),
        "relationship": ("park", "room", "brick wall", "street"),
        "possession": ("park", "room", "brick wall", "street", "studio"),
    }
    return choose(rng, options.get(kind, ("park",)))


def _light(rng: np.random.Generator, indoors: bool) -> Light:
    level = float(rng.uniform(0.86, 1.10))
    warm = float(rng.uniform(-0.06, 0.08))
    tint = float(rng.uniform(-0.02, 0.02))
    sky = "noon" if indoors else choose(rng, ("noon", "evening", "overcast", "morning"))
    return Light(
        side=-1.0 if rng.random() < 0.5 else 1.0,
        cast=(level * (1 + warm), level * (1 + tint), level * (1 - warm)),
        slope=(float(rng.uniform(-0.13, 0.13)), float(rng.uniform(-0.08, 0.04))),
        sky=sky,
    )


def _children(rng: np.random.Generator, persona: Persona) -> tuple[Look, ...]:
    """Children have hair, and nothing grown-ups wear on their faces."""
    count = {"partner": 0, "one child": 1, "two children": 2}[persona.facts["relationship"]["company"]]
    home = np.random.default_rng([persona.seed, 4])
    looks = (
        replace(
            sample_look(home),
            skin=persona.look.skin,
            glasses="none",
            facial_hair="none",
            face_shape="round",
            hair_style=choose(home, ("short", "long", "curly", "bun")),
        )
        for _ in range(count)
    )
    rng.random()
    return tuple(looks)
