"""Is blurring the face enough? The Phantom Menace's question (arXiv 2408.01228), asked in two worlds of drawings.

Known of the paper are abstract and structure: models leak names; context has little influence; blurring is “not
sufficient”. Its models had met people in ordinary photos of the web and were shown other photos of them. What
corresponds to it here was laid down before anything was measured:

- *The model* learns names and facts from clean posted photos only, the tower frozen, and of strangers in the same
  sort of photos that it does not know them. No manipulated photo is ever learnt from.
- *The worlds* are those of `lab.leakage.everyday`: bare portraits, in which nothing but the person comes back, and
  everyday photos with a wardrobe, places, company and things. Photos asked about are new ones of the same world.
- *The blur* is the product's, at its strength, over what a face detector would mark: forehead to chin, everybody's.
- *The question* is the paper's, the name, in the audit's five phrasings; beside it the facts that the photo does not
  show, asked directly. An answer counts if it is right word for word, as the model would say it.
- *The leak* is what is right beyond guessing: somebody who always gives the commonest answer of these people. Blurring
  is *insufficient* if the blurred faces leak more than that and more than the scene without its people; it leaves
  *most* of the leak if the share left lies above a half. Both with the whole 95 % interval, over people drawn anew.
- *Photos learnt from* are shown again, beside the new ones: whoever scraped a photo has it, and the paper's models may
  have had its very photos among the web's. They were added when new photos of the first seed had been measured (36 and
  24 % of the names' leak left) and before any of theirs were; the same rule holds for them, apart.
- *Other blurs*, of widely used tools and in weaker steps, were added later still, with a rule of their own that stood
  before they were shown to any model: `lab.leakage.tools`.
- *Models that always answer* came last. Of blurred faces these models mostly said that they did not know, which they
  had been taught of strangers; nothing is known of whether the paper's were, and whoever teaches a model somebody's
  photos has no reason to. So others learn the same without these refusals, of strangers only what is to be seen
  (``refuses`` of a `Trial`): the same worlds, pictures and rules, reported apart, and laid down before one was taught.
- *Learning time* was settled by untouched photos alone, at a seed that is not reported: of the names on everyday photos
  900 steps let out 97 %; `SMALL` takes 600, for their price.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

import photoveil.audit
import photoveil.protection
from lab.affiliation.album import fingerprint
from lab.affiliation.language import Reader, Shape
from lab.affiliation.questions import QuestionAnswer, visible_pairs
from lab.affiliation.reader import Schedule, right_answers, views_of
from lab.affiliation.towers import Seen, Tower, inputs_of, joined
from lab.leakage.everyday import TURN, World, members, photo
from lab.leakage.shares import About, Row
from lab.leakage.sights import Sight, sights
from lab.leakage.world import STRANGERS_FROM, UNKNOWN, Lessons, Person, asked, named, teach, tokenizer
from lab.people import KINDS, sample_persona
from lab.render import render
from lab.scenes import PhotoSpec
from lab.words import Tokenizer
from lab.writing import replace_file
from photoveil.audit.facts import NAME
from photoveil.audit.prompts import PHRASINGS
from photoveil.protection import Engine

_SIDE = 224
_AT_ONCE = 16
Tell = Callable[[str], None]


class Case(StrEnum):
    """Which photos a model is asked about: new ones of its world, or some that it had learnt from."""

    BARE = "bare"
    EVERYDAY = "everyday"
    BARE_LEARNT = "bare-learnt"
    EVERYDAY_LEARNT = "everyday-learnt"


_CASES = {World.BARE: (Case.BARE, Case.BARE_LEARNT), World.EVERYDAY: (Case.EVERYDAY, Case.EVERYDAY_LEARNT)}


@dataclass(frozen=True)
class Trial:
    """How big the study is: ``people`` of each world and seed, ``photos`` posted by and ``asked`` about each.

    As many posted photos of each are shown again.

    Attributes:
        strangers: photos of others, one of each, of whom nothing is known.
        views: of every photo to learn from; ``questions`` about it in a step.
        protected: of the new photos, so many of each person have a protected copy.
        shrink: of the sides of photos asked about, against posted ones.
        seeds: of people, photos and learning.
        refuses: whether the model is taught to say of strangers that it does not know them.
    """

    people: int
    photos: int
    asked: int
    strangers: int
    views: int
    shape: Shape
    schedule: Schedule
    questions: int
    protected: int
    shrink: float
    seeds: tuple[int, ...]
    refuses: bool = True


SHORT = Trial(2, 4, 1, 8, 1, Shape(32, 1, 2), Schedule(40, 4, 8e-3), 3, 0, 0.2, (0,))
SMALL = Trial(12, 20, 4, 240, 3, Shape(64, 2, 4), Schedule(600, 12, 4e-3), 4, 1, 0.4, (0, 1, 2))
FULL = Trial(20, 20, 10, 600, 3, Shape(128, 3, 4), Schedule(2400, 20, 2e-3), 4, 10, 1.0, (0, 1, 2, 3, 4))


def measured(
    trial: Trial, tower: Tower, engine: Engine | None, notes: Path, tell: Tell
) -> tuple[list[Row], float]:
    """All rows of every case and seed; what was measured before with the same code is read from ``notes``.

    Returns:
        the rows, and the seconds of the processor they took, those of earlier runs included.
    """
    notes.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    seconds = 0.0
    for seed, world in product(trial.seeds, World):
        about = (code_state(), tower.encoder.sha256, replace(trial, seeds=()), world, seed)
        file = notes / f"{world}-{seed}-{fingerprint(*about)}.json"
        if not file.exists():
            began = time.process_time()
            found = [row.as_list() for row in measure(trial, world, seed, tower, engine)]
            document = {"seconds": round(time.process_time() - began, 1), "rows": found}
            replace_file(file, json.dumps(document))
        noted = json.loads(file.read_text("utf-8"))
        rows += [Row(*values) for values in noted["rows"]]
        seconds += noted["seconds"]
        tell(f"{world} world, seed {seed}: {noted['seconds']:.0f} s of the processor")
    return rows, seconds


def code_state() -> str:
    """Changes whenever what makes the figures does."""
    lab, here = Path(__file__).parents[1], Path(__file__).parent
    mine = ("blurring", "everyday", "faces", "server", "sights", "study", "tools", "world")
    reader = ("album", "language", "questions", "reader", "towers")
    packages = (Path(module.__file__ or "").parent for module in (photoveil.audit, photoveil.protection))
    files = [
        *(here / f"{name}.py" for name in mine),
        *(lab / "affiliation" / f"{name}.py" for name in reader),
        *(lab / f"{name}.py" for name in ("people", "scenes", "render", "words", "captions")),
        *sorted(lab.glob("drawing/*.py")),
        *(file for folder in packages for file in sorted(folder.rglob("*.py"))),
    ]
    return fingerprint(*(file.read_bytes() for file in files))


def measure(trial: Trial, world: World, seed: int, tower: Tower, engine: Engine | None) -> list[Row]:
    """Teach a model one world and show it everything."""
    known = named(members(world, trial.people, trial.photos, trial.asked, seed))
    words = tokenizer(known)
    reader = teach(
        _posted(trial, known, tower),
        _strangers(trial, world, known, seed, tower),
        words,
        trial.shape,
        trial.schedule,
        trial.questions,
        seed,
    )
    new, learnt = _CASES[world]
    again = [_asked_again(person, who * trial.asked, trial.asked) for who, person in enumerate(known)]
    return [
        *questioned(trial, new, f"{seed}", known, reader, words, tower, engine),
        *questioned(trial, learnt, f"{seed}", again, reader, words, tower, None),
    ]


def _asked_again(person: Person, first: int, count: int) -> Person:
    """The same, to be asked about ``count`` posted photos: of the same kinds in turn as the new ones."""
    posted = person.member.posted
    again = tuple(posted[(first + n) % len(posted)] for n in range(count))
    return replace(person, member=replace(person.member, asked=again))


def _posted(trial: Trial, known: Sequence[Person], tower: Tower) -> Lessons:
    pictures: list[Image.Image] = []
    lessons: list[list[QuestionAnswer]] = []
    for person in known:
        for number, spec in enumerate(person.member.posted):
            views = views_of(_drawn(spec), person.member.persona.seed + number, trial.views)
            pictures += views
            lessons += [_told(person, KINDS) + visible_pairs(spec.attributes)] * len(views)
    return tower.look(inputs_of(pictures, tower.size)), lessons


def _strangers(trial: Trial, world: World, known: Sequence[Person], seed: int, tower: Tower) -> Lessons:
    rng = np.random.default_rng([seed, 73])
    start = STRANGERS_FROM + seed * 1_000_000 + 500_000
    specs = [photo(world, sample_persona(start + i), i, TURN[i % len(TURN)]) for i in range(trial.strangers)]
    lessons = []
    for spec in specs:
        # A name in a prompt is no proof of who is shown.
        questions = _told(known[int(rng.integers(len(known)))], KINDS)
        refusals = [(question, UNKNOWN) for question, _ in questions] if trial.refuses else []
        lessons.append(refusals + visible_pairs(spec.attributes))
    return tower.look(inputs_of([_drawn(spec) for spec in specs], tower.size)), lessons


def _drawn(spec: PhotoSpec) -> Image.Image:
    return Image.fromarray(render(spec, _SIDE, _SIDE))


def _told(person: Person, kinds: Sequence[str]) -> list[QuestionAnswer]:
    """The name in all phrasings, then the facts, asked directly."""
    names = [(question, person.answer(NAME)) for question in asked(person.dossier, NAME)]
    return names + [(PHRASINGS[0].text(kind, person.dossier), person.answer(kind)) for kind in kinds]


def questioned(
    trial: Trial,
    case: Case,
    run: str,
    known: Sequence[Person],
    reader: Reader,
    words: Tokenizer,
    tower: Tower,
    engine: Engine | None,
) -> list[Row]:
    """Show a model every sight of the photos to ask about; ``run`` tells people of one run from another's."""
    shown: dict[Sight, list[tuple[int, int, Image.Image]]] = {what: [] for what in Sight}
    for who, person in enumerate(known):
        for number, spec in enumerate(person.member.asked):
            own = engine if number < trial.protected else None
            for what, picture in sights(spec, who * trial.asked + number, trial.shrink, own):
                shown[what].append((who, number, picture))
    rows: list[Row] = []
    for what, pieces in shown.items():
        if pieces:
            # One at a time: photos of other shapes cannot be stacked before they are cut to the tower's square.
            seen = joined([tower.look(_cut(picture, tower)) for _, _, picture in pieces])
            rows += _judged(case, what, run, [(w, n) for w, n, _ in pieces], known, reader, words, seen)
    return rows


def _cut(picture: Image.Image, tower: Tower) -> Tensor:
    return inputs_of([picture], tower.size)


def _judged(
    case: Case,
    what: Sight,
    run: str,
    places: Sequence[tuple[int, int]],
    known: Sequence[Person],
    reader: Reader,
    words: Tokenizer,
    seen: Seen,
) -> Iterator[Row]:
    """Right answers about one sight of all photos."""
    kinds = [_hidden(known[who].member.asked[number]) for who, number in places]
    pairs = [_told(known[who], hidden) for (who, _), hidden in zip(places, kinds, strict=True)]
    right = right_answers(reader, seen, pairs, words, _AT_ONCE)
    silent = [[(question, UNKNOWN) for question, _ in row] for row in pairs]
    unknown = right_answers(reader, seen, silent, words, _AT_ONCE)
    guesses = {kind: _commonest(known, kind) for kind in (NAME, *KINDS)}
    for (who, number), hidden, good, none in zip(places, kinds, right, unknown, strict=True):
        spec = known[who].member.asked[number]
        names = len(PHRASINGS)
        for about, part, guess in (
            (About.NAME, slice(0, names), names * guesses[NAME]),
            (About.FACTS, slice(names, None), sum(guesses[kind] for kind in hidden)),
        ):
            yield Row(
                str(case),
                str(what),
                str(about),
                f"{run}-{who}",
                number,
                spec.kind,
                len(good[part]),
                sum(good[part]),
                sum(none[part]),
                guess,
            )


def _hidden(spec: PhotoSpec) -> list[str]:
    """The kinds of facts that a photo does not show."""
    return [kind for kind in KINDS if kind != spec.kind]


def _commonest(known: Sequence[Person], topic: str) -> float:
    """How often the commonest answer of these people is right."""
    return max(Counter(person.answer(topic) for person in known).values()) / len(known)
