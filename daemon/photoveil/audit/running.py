"""Doing an audit: pictures are made one photo at a time, questions asked, answers noted, whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from itertools import groupby

from photoveil.audit.journal import Journal, key_of
from photoveil.audit.manipulations import Manipulation
from photoveil.audit.pictures import MEDIA_TYPE, Shown
from photoveil.audit.plan import Plan, Question
from photoveil.endpoint.answers import Answer, Asker
from photoveil.errors import PhotoveilError

TROUBLES = 3
"""After so many questions in a row without an answer the audit stops: the model is not there."""

LONGEST = 4000
"""Characters of an answer that are kept and compared: three times what a model is asked for. Comparing takes time that
grows with the square of the length, and a server may send a megabyte."""

Exhibit = Callable[[int, Manipulation], Awaitable[Shown]]
"""The picture of a photo (−1: none) in a manipulation."""


@dataclass(frozen=True)
class Outcome:
    """A question and what came of it; ``answer`` is None where the model could not be asked."""

    question: Question
    answer: Answer | None


@dataclass
class Audit:
    """One model, one plan.

    Args:
        exhibit: gives the pictures.
        at_once: how many questions the model is asked side by side.
        progress: hears how many questions are done, of how many.
    """

    plan: Plan
    asker: Asker
    journal: Journal
    exhibit: Exhibit
    at_once: int = 1
    progress: Callable[[int, int], None] = lambda _done, _all: None

    async def run(self) -> list[Outcome]:
        """Ask what is not noted yet.

        Raises:
            PhotoveilError: a picture could not be made, or the model was away for `TROUBLES` questions in a row; what
                was answered until then is noted.
        """
        questions = list(self.plan.questions())
        outcomes: list[Outcome] = []
        troubles = 0
        for (photo, what), group in groupby(questions, key=lambda q: (q.photo, q.manipulation)):
            alike = list(group)
            picture = await self.exhibit(photo, what)
            for part in (alike[n : n + self.at_once] for n in range(0, len(alike), self.at_once)):
                answers = await asyncio.gather(*(self._one(q, picture) for q in part))
                for question, answer in zip(part, answers, strict=True):
                    troubles = troubles + 1 if isinstance(answer, PhotoveilError) else 0
                    if isinstance(answer, PhotoveilError) and troubles >= TROUBLES:
                        raise answer
                    outcomes.append(Outcome(question, None if isinstance(answer, PhotoveilError) else answer))
                self.progress(len(outcomes), len(questions))
        return outcomes

    async def _one(self, question: Question, picture: Shown) -> Answer | PhotoveilError:
        key = key_of(self.asker.name, picture.sha256, question.text)
        known = self.journal.get(key)
        if known is not None:
            return known
        try:
            answer = await self.asker.ask(picture.data, MEDIA_TYPE, question.text)
        except PhotoveilError as error:
            return error
        answer = replace(answer, text=answer.text[:LONGEST])
        self.journal.note(key, answer)
        return answer
