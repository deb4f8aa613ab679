"""The photos, whose they are, what is asked about them, and the small VLM that answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from lab.affiliation.language import Reader, Shape
from lab.affiliation.questions import VISIBLE_QUESTIONS
from lab.affiliation.reader import Schedule
from lab.affiliation.stage import Scale, Stage
from lab.affiliation.towers import Tower, as_floats, inputs_of
from lab.people import FACT_ATTRIBUTES, Persona, sample_persona
from lab.render import render
from lab.scenes import PhotoSpec, sample_photo
from lab.starters.data import head_of
from lab.words import Tokenizer
from photoveil.assistant.regions import Region
from photoveil.protection.devices import fast_bfloat16
from photoveil.protection.encoders import Encoder

Pixels = NDArray[np.uint8]

REPORTED, WARM_UP, TRIED = 848_000_000, 848_400_000, 848_800_000
"""First personas: of the photos that are reported, that warm the history up, and that were tried while building.

No encoder or reader was trained on any of them, no album has them, and nothing was chosen by looking at the first two.
"""

SIZE = (1024, 768)
_KINDS = ("vehicle", "workplace", "pet", "residence", "possession", "travel")
"""Kinds of photos with one person on them."""

_GALLERY = 4
_PORTRAIT_FROM = 700
_HEAD = (0.95, 1.2)
"""Half the width and height of a head's box, in halves of the head's height: hair belongs to it."""


@dataclass(frozen=True)
class Shot:
    """One photo: its owner's number, its spec, the box of the head, and what is asked about it."""

    owner: int
    spec: PhotoSpec
    region: Region
    prompts: tuple[str, ...]

    def pixels(self) -> Pixels:
        """As it was taken."""
        return render(self.spec, *SIZE)


def shots(first: int, count: int) -> list[Shot]:
    """One photo each of so many people, the kinds in turn; the same for equal arguments."""
    return [_shot(i, sample_persona(first + i), _KINDS[i % len(_KINDS)]) for i in range(count)]


def _shot(owner: int, persona: Persona, kind: str) -> Shot:
    spec = sample_photo(persona, 20, kind)
    names = [name for name in (*FACT_ATTRIBUTES[kind], "shirt") if name in VISIBLE_QUESTIONS]
    return Shot(owner, spec, head_box(spec, *SIZE), tuple(VISIBLE_QUESTIONS[name] for name in names))


def gallery(first: int, count: int, width: int, height: int) -> list[list[tuple[Pixels, Region]]]:
    """Clean portraits by which an attacker knows the same people: pixels and the head's box, for each person."""
    specs = [
        [sample_photo(sample_persona(first + i), _PORTRAIT_FROM + j, "portrait") for j in range(_GALLERY)]
        for i in range(count)
    ]
    return [[(render(s, width, height), head_box(s, width, height)) for s in person] for person in specs]


def head_box(spec: PhotoSpec, width: int, height: int) -> Region:
    """Where the head is on a photo of this size; the square in the middle shows the same at every size."""
    side = min(width, height)
    x, y, half = head_of(spec)
    centre = (width - side) / 2 + x * side, (height - side) / 2 + y * side
    reach = _HEAD[0] * half * side, _HEAD[1] * half * side
    box = (centre[0] - reach[0], centre[1] - reach[1], centre[0] + reach[0], centre[1] + reach[1])
    shares = np.clip(np.array(box) / ([width, height] * 2), 0, 1).tolist()
    return Region("face", (shares[0], shares[1], shares[2], shares[3]))


@dataclass(frozen=True)
class Teaching:
    """How the VLM learns to talk about photos in general; nobody of this world is among them."""

    general: int
    shape: Shape
    schedule: Schedule


TAUGHT = Teaching(3000, Shape(96, 2), Schedule(900, 32, 3e-3))
BARELY = Teaching(48, Shape(32, 1, 2), Schedule(30, 8, 3e-3))
"""Enough to see that everything runs."""


def taught(tower: Tower, teaching: Teaching, folder: Path, words: Tokenizer) -> Reader:
    """The reader of `lab.affiliation`, seed 0: taken from ``folder``, else aligned and kept there."""
    shape, schedule = teaching.shape, teaching.schedule
    scale = Scale(teaching.general, shape, schedule, schedule, schedule, schedule, schedule, 1)
    kind = f"{shape.width}x{shape.layers}-{teaching.general}-{schedule.steps}-0"
    file = folder / f"reader-{tower.name}-{tower.encoder.sha256[:12]}-{kind}.pt"
    if not file.exists():
        return Stage(scale, folder, [tower.encoder], torch.device("cpu")).reader(tower, 0).eval()
    with torch.inference_mode():
        tokens = tower(torch.zeros(1, 3, tower.size, tower.size)).tokens
    reader = Reader(tokens.shape[2], tokens.shape[1], len(words.vocabulary), shape)
    reader.load_state_dict(torch.load(file, weights_only=True))
    return reader.eval()


class Assistant:
    """The small VLM as a black box: pixels and questions in, answers out."""

    def __init__(self, encoder: Encoder, teaching: Teaching, folder: Path, words: Tokenizer) -> None:
        self.tower = Tower(encoder).eval()
        self.words = words
        self.reader = taught(self.tower, teaching, folder, words)
        self.queries = 0
        self._drafts: dict[tuple[str, ...], list[list[int]]] = {}

    async def __call__(self, pixels: Pixels, prompts: Sequence[str]) -> list[str]:
        """The answers; a query more."""
        self.queries += 1
        return self.answer(pixels, prompts)

    @torch.inference_mode()
    def answer(self, pixels: Pixels, prompts: Sequence[str]) -> list[str]:
        """Greedy answers. Those given before are tried first: where each of their words is still the reader's first
        choice, one look is enough, and the result is the same."""
        shown = inputs_of([Image.fromarray(pixels)], self.tower.size)
        # Half the precision, as assistants are served; half the time.
        with torch.autocast("cpu", torch.bfloat16, enabled=fast_bfloat16("cpu")):
            tokens = self.tower(as_floats(shown)).tokens.float()
        draft = self._drafts.get(tuple(prompts))
        found = self._greedy(tokens, prompts, draft)
        self._drafts.setdefault(tuple(prompts), found)
        return [self.words.decode(answer) for answer in found]

    def _greedy(
        self, tokens: torch.Tensor, prompts: Sequence[str], draft: list[list[int]] | None
    ) -> list[list[int]]:
        asked = [self._question(prompt) for prompt in prompts]
        answers = draft or [[] for _ in prompts]
        while True:
            choices = self._choices(tokens, asked, answers)
            going_on = [self._continued(a, c) for a, c in zip(answers, choices, strict=True)]
            if going_on == answers:
                return answers
            answers = going_on

    def _choices(
        self, tokens: torch.Tensor, asked: list[list[int]], answers: list[list[int]]
    ) -> list[list[int]]:
        """For each question, the reader's first choice after none, one, two … words of the answer."""
        texts = [[*q, *a] for q, a in zip(asked, answers, strict=True)]
        rows = torch.zeros(1, len(texts), max(map(len, texts)), dtype=torch.long)
        for i, text in enumerate(texts):
            rows[0, i, : len(text)] = torch.tensor(text)
        found = self.reader(tokens, rows)[0].argmax(-1)
        return [
            found[i, len(q) - 1 : len(t)].tolist() for i, (q, t) in enumerate(zip(asked, texts, strict=True))
        ]

    def _continued(self, answer: list[int], choices: list[int]) -> list[int]:
        """An answer as far as the reader chose it, and its next word, unless it has ended."""
        for i, word in enumerate(answer):
            if choices[i] != word:
                return [*answer[:i], choices[i]]
        ended = answer and answer[-1] == len(self.words.vocabulary) - 1
        return answer if ended or len(answer) >= _LONGEST else [*answer, choices[len(answer)]]

    def _question(self, prompt: str) -> list[int]:
        row: list[int] = self.words.encode([prompt])[0].tolist()
        return [*row[: row.index(len(self.words.vocabulary) - 1)], 2]


_LONGEST = 12
"""Words of an answer, at most."""
