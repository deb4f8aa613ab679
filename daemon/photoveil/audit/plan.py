"""Which questions an audit asks: every photo in every manipulation, in every phrasing, about every topic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from photoveil.audit.facts import Dossier
from photoveil.audit.manipulations import NEED_A_FACE, Manipulation
from photoveil.audit.prompts import PHRASINGS, Phrasing


@dataclass(frozen=True)
class Question:
    """One query, as far as it is known before there are pictures.

    Attributes:
        photo: number of the photo in the order given; −1 for the blank card, which belongs to none.
        prompt: code of the phrasing.
        text: what is asked.
    """

    photo: int
    manipulation: Manipulation
    prompt: str
    topic: str
    text: str


@dataclass(frozen=True)
class Plan:
    """What is to be asked.

    Attributes:
        faces: for each photo, whether a face is known on it; manipulations that need one are left out where not.
    """

    dossier: Dossier
    faces: tuple[bool, ...]
    manipulations: tuple[Manipulation, ...] = tuple(Manipulation)
    phrasings: tuple[Phrasing, ...] = PHRASINGS
    topics: tuple[str, ...] = ()

    def questions(self) -> Iterator[Question]:
        """All questions, the photos one after the other, so that each is prepared once."""
        for photo, has_face in enumerate(self.faces):
            for what in self.manipulations:
                if what is not Manipulation.BLANK and (has_face or what not in NEED_A_FACE):
                    yield from self._about(photo, what)
        if Manipulation.BLANK in self.manipulations:
            yield from self._about(-1, Manipulation.BLANK)

    def _about(self, photo: int, what: Manipulation) -> Iterator[Question]:
        for topic in self.topics or self.dossier.topics:
            for phrasing in self.phrasings:
                yield Question(photo, what, phrasing.code, topic, phrasing.text(topic, self.dossier))

    def counts(self) -> dict[Manipulation, int]:
        """How many questions each manipulation takes."""
        found = dict.fromkeys(self.manipulations, 0)
        for question in self.questions():
            found[question.manipulation] += 1
        return found


def chosen(names: Sequence[str]) -> tuple[Manipulation, ...]:
    """Manipulations by name, in their own order."""
    return tuple(what for what in Manipulation if what in names)
