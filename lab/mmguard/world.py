"""What is learnt and asked: photos of drawn people with a question about what is to be seen on them.

The task of the paper's kind: an attacker collects photos with questions and answers, tunes a model on them, and is
tested on clean photos of *other* people that the model has never seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lab.affiliation.album import as_taken
from lab.affiliation.questions import FACT_QUESTIONS, QuestionAnswer, fact_answer
from lab.people import Persona, sample_persona
from lab.scenes import sample_photo
from photoveil.photos import Photo, decode
from photoveil.unlearnable.surrogate import Sample

_FIRST = 860_000_000
"""People of this study: in nobody's training, alignment, albums or evaluation."""

TAUGHT = ("workplace", "relationship", "possession", "travel")
"""Kinds whose answer is one thing. Colours of houses and pets want more photos than a person posts before a reader
this small can tell them of strangers' photos, and what nobody learns cannot be made unlearnable."""

_APART = 100_000
_LEARNT, _TESTED = 0, 50_000

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Lesson:
    """One photo as its owner's camera wrote it (``data``), and what an attacker teaches with it."""

    data: bytes
    photo: Photo
    question: str
    answer: str


def lessons(count: int, seed: int, *, test: bool) -> list[Lesson]:
    """``count`` photos of as many people, the kinds in turn; nobody is in both halves."""
    found = []
    for number, (persona, kind) in enumerate(_people(count, seed, test=test)):
        data = as_taken(sample_photo(persona, number, kind))
        photo = decode(data, name=f"{number}.jpg")
        found.append(Lesson(data, photo, FACT_QUESTIONS[kind], fact_answer(kind, persona.facts)))
    return found


def said(count: int, seed: int, *, test: bool) -> list[QuestionAnswer]:
    """Question and answer of the same lessons, without drawing anything."""
    people = _people(count, seed, test=test)
    return [(FACT_QUESTIONS[kind], fact_answer(kind, persona.facts)) for persona, kind in people]


def _people(count: int, seed: int, *, test: bool) -> list[tuple[Persona, str]]:
    start = _FIRST + seed * _APART + (_TESTED if test else _LEARNT)
    return [(sample_persona(start + number), TAUGHT[number % len(TAUGHT)]) for number in range(count)]


def working(picture: Pixels, side: int) -> Tensor:
    """The photo at the size noise is made at, 3×h×w in 0…1 on the grid of 8 bits, its short side ``side``."""
    height, width = picture.shape[:2]
    scale = side / min(height, width)
    size = (round(width * scale), round(height * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return torch.from_numpy(small).permute(2, 0, 1).float() / 255


def samples_of(taught: Sequence[Lesson], side: int) -> list[Sample]:
    """Lessons as the method wants them."""
    return [Sample(working(one.photo.pixels, side), one.question, one.answer) for one in taught]


def laid(picture: Pixels, delta: Tensor) -> Pixels:
    """The whole photo with noise of the working size enlarged over it; no pixel moves more than the noise does."""
    height, width = picture.shape[:2]
    noise = delta.permute(1, 2, 0).numpy()
    large = cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR)
    changed = picture.astype(np.float32) + large * 255
    return np.asarray(changed.round().clip(0, 255), np.uint8)
