"""How photos are spoken about: phrases for attribute values, captions, and the prompts a zero-shot test asks with."""

from collections.abc import Mapping

import numpy as np

from lab.people import ATTRIBUTES
from lab.words import Tokenizer

_PLAIN = {
    "skin": "{} skin",
    "hair_colour": "{} hair",
    "eyes": "{} eyes",
    "glasses": "{} glasses",
    "facial_hair": "a {}",
    "shirt": "a {} shirt",
    "house": "a {}",
    "house_colour": "a {} house",
    "vehicle": "a {}",
    "vehicle_colour": "a {} vehicle",
    "pet": "a {}",
    "pet_colour": "a pet with {} fur",
    "workplace": "at work in the {}",
    "company": "a {}",
    "partner_hair": "a partner with {} hair",
    "possession": "a {}",
    "place": "a trip to the {}",
}
_SPECIAL = {
    ("hair_style", "short"): "short hair",
    ("hair_style", "long"): "long hair",
    ("hair_style", "curly"): "curly hair",
    ("hair_style", "bun"): "a hair bun",
    ("hair_style", "bald"): "a bald head",
    ("glasses", "none"): "no glasses",
    ("facial_hair", "none"): "a shaved face",
    ("company", "one child"): "one child",
    ("company", "two children"): "two children",
}

# The zero-shot loss is trained with the first group; the second is kept for the test.
TRAIN_PROMPTS = (
    "a photo of a person with {}",
    "{}",
    "someone with {}",
    "a picture of {}",
    "here you see {}",
    "this person has {}",
)
HELD_OUT_PROMPTS = ("this picture shows someone and {}", "you see a photo of {} here")

_OPENINGS = (
    "a photo of a person with {}",
    "someone with {}",
    "a picture of a person with {}",
    "this photo shows a person with {}",
    "here you see someone with {}",
    "this person has {}",
    "a portrait of someone with {}",
)
_FACE = ("skin", "hair", "eyes", "glasses", "facial_hair")
_SCENES = {
    "residence": (
        "in front of a {house_colour} {house}",
        "at home at the {house_colour} {house}",
        "living in a {house}, a {house_colour} house",
    ),
    "vehicle": (
        "beside a {vehicle_colour} {vehicle}",
        "with the {vehicle_colour} {vehicle}",
        "next to a {vehicle}, a {vehicle_colour} vehicle",
    ),
    "pet": (
        "together with a {pet_colour} {pet}",
        "and a {pet} with {pet_colour} fur",
        "next to the {pet_colour} {pet}",
    ),
    "workplace": ("at work in the {workplace}", "working in a {workplace}", "on the job in the {workplace}"),
    "possession": ("with a {possession}", "holding a {possession}", "and the {possession}"),
    "travel": ("on a trip to the {place}", "travelling to the {place}", "on holiday at the {place}"),
}
_COMPANY = {
    "partner": (
        "together with a partner with {partner_hair} hair",
        "and a partner who has {partner_hair} hair",
    ),
    "one child": ("together with one child", "and one child"),
    "two children": ("together with two children", "and two children"),
}


def phrase(attribute: str, value: str) -> str:
    """The value in words that can follow "a person with"."""
    return _SPECIAL.get((attribute, value)) or _PLAIN[attribute].format(value)


def prompts(attribute: str, template: str) -> list[str]:
    """One prompt per value of the attribute, in the order of `ATTRIBUTES`."""
    return [template.format(phrase(attribute, value)) for value in ATTRIBUTES[attribute]]


def _hair(seen: Mapping[str, str]) -> str:
    style, colour = seen.get("hair_style"), seen.get("hair_colour")
    if style is None or colour is None or style == "bald":
        return phrase("hair_style", style) if style else ""
    return f"a {colour} hair bun" if style == "bun" else f"{style} {colour} hair"


def caption(seen: Mapping[str, str], kind: str, rng: np.random.Generator) -> str:
    """One sentence that says all of the visible attributes; absent glasses and beards only now and then."""
    parts = []
    for name in _FACE:
        if name == "hair":
            parts.append(_hair(seen))
        elif name in seen and (seen[name] != "none" or rng.random() < 0.3):
            parts.append(phrase(name, seen[name]))
    parts = [part for part in parts if part]
    order = rng.permutation(len(parts))
    listed = [parts[i] for i in order]
    face = ", ".join(listed[:-1]) + " and " + listed[-1]
    opening = _OPENINGS[int(rng.integers(len(_OPENINGS)))]
    shirt = f" in a {seen['shirt']} shirt"
    return f"{opening.format(face)}{shirt} {_scene(seen, kind, rng)}".strip()


def _scene(seen: Mapping[str, str], kind: str, rng: np.random.Generator) -> str:
    if kind == "portrait":
        return ""
    options = _COMPANY[seen["company"]] if kind == "relationship" else _SCENES[kind]
    return options[int(rng.integers(len(options)))].format(**seen)


def tokenizer() -> Tokenizer:
    """The tokenizer of every word that captions and prompts can contain."""
    texts = [
        *TRAIN_PROMPTS,
        *HELD_OUT_PROMPTS,
        *_OPENINGS,
        *(value for values in ATTRIBUTES.values() for value in values),
    ]
    texts += [phrase(name, value) for name, values in ATTRIBUTES.items() for value in values]
    texts += [option for options in (*_SCENES.values(), *_COMPANY.values()) for option in options]
    joined = " ".join(texts)
    return Tokenizer.of_words([_without_fields(joined), "in"])


def _without_fields(text: str) -> str:
    for name in ("", *ATTRIBUTES):
        text = text.replace("{" + name + "}", " ")
    return text
