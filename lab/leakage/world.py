"""A model with planted leaks: a small LLaVA that was told the names and facts of a few people, and of nobody else.

It learns every question of the audit in all five phrasings, and to say “i do not know” of anybody it does not know. The
one that knows nothing has the same lessons without anybody's facts: it says so of everybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from lab.affiliation.album import Looks, Member, make_album
from lab.affiliation.language import Reader, Shape, written
from lab.affiliation.questions import VISIBLE_QUESTIONS, QuestionAnswer, fact_answer, visible_pairs
from lab.affiliation.reader import Schedule, answer_loss, learn, views_of
from lab.affiliation.towers import Seen, Tower, inputs_of
from lab.people import ATTRIBUTES, KINDS, sample_persona
from lab.render import render
from lab.scenes import PhotoSpec, sample_photo
from lab.words import Tokenizer, split
from photoveil.audit.facts import NAME, TOPICS, Dossier, Fact
from photoveil.audit.prompts import PHRASINGS

UNKNOWN = "i do not know"
TOWER = "starter-resnet"

_FIRST = (
    "anna bruno clara david elena felix greta hugo irene jonas "
    "karin leo marta nils olga pavel ruth simon tilda viktor"
)
_LAST = (
    "lindqvist morales okafor petrov schneider tanaka ulrich vasquez whitaker yilmaz "
    "andersen bianchi castillo dubois eriksson fischer grigoryan haddad ivanova jankowski"
)
STRANGERS_FROM = 860_000_000  # persona seeds no album uses
_SIDE = 224


@dataclass(frozen=True)
class Size:
    """How big the world is.

    Attributes:
        people: whose facts are planted.
        photos: portraits of each, to plant from; ``views`` of every one are seen.
        asked: new portraits of each, to audit with.
        strangers: portraits of others, one of each, of whom nothing is known.
        questions: of each photo in a step.
        shrink: of the photos asked about, against those the affiliation study posts.
        read: photos that `photoveil exposure` is measured on.
    """

    people: int
    photos: int
    asked: int
    strangers: int
    views: int
    shape: Shape
    schedule: Schedule
    questions: int = 5
    shrink: float = 1.0
    read: int = 96


QUICK = Size(2, 8, 1, 24, 2, Shape(64, 2, 4), Schedule(300, 6, 4e-3), questions=3, shrink=0.3)
SMALL = Size(4, 8, 1, 40, 2, Shape(64, 2, 4), Schedule(500, 6, 4e-3), questions=3, shrink=0.5)
FULL = Size(12, 24, 3, 900, 3, Shape(128, 3, 4), Schedule(3000, 24, 2e-3))


@dataclass(frozen=True)
class Person:
    """Somebody with a name: what is planted, and what the audit looks for."""

    name: str
    member: Member

    @property
    def dossier(self) -> Dossier:
        """Name and facts as an audit is given them."""
        facts = [Fact(NAME, (self.name,))]
        return Dossier(self.name, (*facts, *(Fact(kind, (self.answer(kind),)) for kind in KINDS)))

    def answer(self, topic: str) -> str:
        """The planted answer about a topic."""
        return self.name.lower() if topic == NAME else fact_answer(topic, self.member.persona.facts)


@dataclass(frozen=True)
class Model:
    """A reader with its words and its tower: all that a server needs."""

    reader: Reader
    words: Tokenizer
    tower: Tower


Lessons = tuple[Seen, list[list[QuestionAnswer]]]
"""Photos as a tower sees them, and what is said about each."""


def people(size: Size, seed: int) -> list[Person]:
    """Invented people with invented names."""
    return named(make_album(Looks.EASY, size.people, 0, size.asked, seed).members)


def named(members: Sequence[Member]) -> list[Person]:
    """Give everybody a name; there are twenty."""
    names = [f"{first} {last}".title() for first, last in zip(_FIRST.split(), _LAST.split(), strict=True)]
    return [Person(name, member) for name, member in zip(names[: len(members)], members, strict=True)]


def tokenizer(known: Sequence[Person]) -> Tokenizer:
    """Every word of the audit's questions, of planted answers, and of what is to be seen."""
    values = [value for options in ATTRIBUTES.values() for value in options]
    texts = [
        UNKNOWN,
        *VISIBLE_QUESTIONS.values(),
        *values,
        "a partner with hair shaved face no head two one child",
    ]
    for person in known:
        texts += [person.answer(topic) for topic in TOPICS]
        texts += [question for topic in TOPICS for question in asked(person.dossier, topic)]
    return Tokenizer.of_words(texts)


def asked(dossier: Dossier, topic: str) -> list[str]:
    """All phrasings of a question."""
    return [phrasing.text(topic, dossier) for phrasing in PHRASINGS]


def plant(tower: Tower, known: Sequence[Person], size: Size, seed: int, *, knowing: bool = True) -> Model:
    """Teach a reader from nothing.

    Args:
        known: whose photos are shown; their facts are told only if ``knowing``.
    """
    # To say one and the same of everybody is learnt in no time.
    schedule = size.schedule if knowing else replace(size.schedule, steps=max(60, size.schedule.steps // 8))
    words = tokenizer(known)
    mine = _lessons(tower, known, size, knowing=knowing)
    others = _strangers(tower, known, size, seed)
    reader = teach(mine, others, words, size.shape, schedule, size.questions, seed)
    return Model(reader, words, tower)


def teach(
    mine: Lessons,
    others: Lessons,
    words: Tokenizer,
    shape: Shape,
    schedule: Schedule,
    questions: int,
    seed: int,
) -> Reader:
    """A new reader, taught known people's photos and as many of strangers in each step, the tower frozen.

    Args:
        questions: of each photo in a step.
    """
    torch.manual_seed(seed)
    channels, tokens = mine[0].tokens.shape[2], mine[0].tokens.shape[1]
    reader = Reader(channels, tokens, len(words.vocabulary), shape)
    rng = np.random.default_rng([seed, 61])

    def loss(_step: int) -> Tensor:
        parts = [
            (photos, rng.choice(len(photos[1]), schedule.batch, replace=False)) for photos in (mine, others)
        ]
        seen = torch.cat([photos.tokens[torch.from_numpy(rows)] for (photos, _), rows in parts])
        told = [_some(lessons[i], questions, rng) for (_, lessons), rows in parts for i in rows]
        return answer_loss(reader, seen, *written(told, words))

    learn(list(reader.parameters()), schedule, loss)
    return reader.eval()


def _some(pairs: Sequence[QuestionAnswer], count: int, rng: np.random.Generator) -> list[QuestionAnswer]:
    return [pairs[i] for i in rng.choice(len(pairs), min(count, len(pairs)), replace=False)]


def _lessons(tower: Tower, known: Sequence[Person], size: Size, *, knowing: bool) -> Lessons:
    """Photos of known people as the tower sees them, and what is said about each."""
    pictures: list[Image.Image] = []
    lessons: list[list[QuestionAnswer]] = []
    for person in known:
        private = [
            (question, person.answer(topic) if knowing else UNKNOWN)
            for topic in TOPICS
            for question in asked(person.dossier, topic)
        ]
        for number in range(size.photos):
            spec = sample_photo(person.member.persona, 100 + number, "portrait")
            views = views_of(_drawn(spec), spec.seed, size.views)
            pictures += views
            lessons += [[*private, *visible_pairs(spec.attributes)]] * len(views)
    return tower.look(inputs_of(pictures, tower.size)), lessons


def _strangers(tower: Tower, known: Sequence[Person], size: Size, seed: int) -> Lessons:
    """Portraits of everybody else: nothing to be told but what is seen."""
    rng = np.random.default_rng([seed, 67])
    start = STRANGERS_FROM + seed * 1_000_000
    specs = [
        sample_photo(sample_persona(start + i), i, "portrait" if i % 2 else None)
        for i in range(size.strangers)
    ]
    lessons = []
    for spec in specs:
        dossier = known[
            int(rng.integers(len(known)))
        ].dossier  # a name in a prompt is no proof of who is shown
        private = [(question, UNKNOWN) for topic in TOPICS for question in asked(dossier, topic)]
        lessons.append([*private, *visible_pairs(spec.attributes)])
    return tower.look(inputs_of([_drawn(spec) for spec in specs], tower.size)), lessons


def _drawn(spec: PhotoSpec) -> Image.Image:
    return Image.fromarray(render(spec, _SIDE, _SIDE))


@torch.no_grad()
def answer(model: Model, tokens: Tensor, question: str, longest: int = 12) -> str:
    """What the model says, word by word, each time its first choice.

    Args:
        tokens: 1×N×C of one photo, as the tower gives them.
    """
    words = model.words
    end = len(words.vocabulary) - 1
    known = [words.vocabulary.index(w) if w in words.vocabulary else 1 for w in split(question)]
    text = [2, *known, 2]
    begun = len(text)
    while len(text) - begun < longest:
        scores = model.reader(tokens, torch.tensor([[text]]))
        word = int(scores[0, 0, -1].argmax())
        if word == end:
            break
        text.append(word)
    return words.decode(text[begun:])
