"""The audit, as users run it, on a model whose leaks are known: what it finds, makes up, and what blurring leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from lab.affiliation.album import SIZES
from lab.leakage.faces import boxes
from lab.leakage.server import Server
from lab.leakage.sights import protected
from lab.leakage.world import Model, Person
from lab.render import render
from photoveil.audit import figures
from photoveil.audit.journal import Journal
from photoveil.audit.manipulations import Manipulation
from photoveil.audit.pictures import Shown, manipulated, picture_of, shown
from photoveil.audit.plan import Plan
from photoveil.audit.running import Audit, Outcome
from photoveil.endpoint import Endpoint
from photoveil.protection import Engine

MODEL = "lab-reader"


@dataclass(frozen=True)
class Finding:
    """A person's audit.

    Attributes:
        judged: every answer with the audit's opinion.
        truth: for each of them, whether it is word for word what was planted about the topic asked for.
    """

    person: Person
    judged: list[figures.Judged]
    truth: list[bool]


class Room:
    """The pictures of one person: drawn at full size, changed as the product changes them.

    Args:
        engine: makes protected copies; None where none are wanted.
    """

    def __init__(self, person: Person, shrink: float, engine: Engine | None) -> None:
        self.person, self.shrink, self.engine = person, shrink, engine

    async def show(self, number: int, what: Manipulation) -> Shown:
        """See `photoveil.audit.running.Exhibit`."""
        if what is Manipulation.BLANK:
            return shown(manipulated(Image.new("RGB", (1, 1)), what, ()))
        spec = self.person.member.asked[number]
        width, height = (round(side * self.shrink) for side in SIZES[spec.seed % len(SIZES)])
        pixels = render(spec, width, height)
        if what is Manipulation.PROTECTED:
            if self.engine is None:
                raise ValueError("there is no engine to protect with")
            return shown(protected(pixels, self.engine))
        picture = picture_of(pixels)
        return shown(manipulated(picture, what, boxes(spec, width, height), spec.seed))


async def audited(
    model: Model,
    known: Sequence[Person],
    manipulations: Sequence[Manipulation],
    folder: Path,
    *,
    engine: Engine | None = None,
    shrink: float = 1.0,
) -> list[Finding]:
    """Audit everybody against a server on this computer; answers are noted in ``folder``."""
    server = Server(model, MODEL)
    findings = []
    async with server.running() as url:
        for person in known:
            plan = Plan(person.dossier, (True,) * len(person.member.asked), tuple(manipulations))
            room = Room(person, shrink, engine)
            journal = Journal(folder / f"{person.member.key}.jsonl")
            outcomes = await Audit(plan, Endpoint(url, MODEL), journal, room.show).run()
            findings.append(_finding(person, outcomes))
    return findings


def _finding(person: Person, outcomes: Sequence[Outcome]) -> Finding:
    truth = [
        one.answer is not None and one.answer.text == person.answer(one.question.topic) for one in outcomes
    ]
    return Finding(person, figures.judge(outcomes, person.dossier), truth)


def recall(findings: Sequence[Finding]) -> dict[str, int]:
    """How many of the planted facts an audit of the photos as they are finds.

    Returns:
        ``planted`` facts; ``told`` in truth at least once, ``found`` of these; and of single answers ``answers``,
        ``true_leaks``, ``found_leaks`` of those, and ``false_leaks``: called a leak, and not what was planted.
    """
    counts = dict.fromkeys(
        ("planted", "told", "found", "answers", "true_leaks", "found_leaks", "false_leaks"), 0
    )
    for finding in findings:
        seen = [
            (one, truth)
            for one, truth in zip(finding.judged, finding.truth, strict=True)
            if one.outcome.question.manipulation is Manipulation.ORIGINAL
        ]
        truly = {one.outcome.question.topic for one, truth in seen if truth}
        called = {one.outcome.question.topic for one, _ in seen if one.leak}
        counts["planted"] += len(finding.person.dossier.facts)
        counts["told"] += len(truly)
        counts["found"] += len(truly & called)
        counts["answers"] += len(seen)
        counts["true_leaks"] += sum(truth for _, truth in seen)
        counts["found_leaks"] += sum(truth and one.leak for one, truth in seen)
        counts["false_leaks"] += sum(one.leak and not truth for one, truth in seen)
    return counts


def rates(findings: Sequence[Finding]) -> list[dict[str, object]]:
    """The leak rate of every manipulation and prompt over everybody, and of a manipulation over all prompts."""
    rows: list[dict[str, object]] = []
    everything = [one for finding in findings for one in finding.judged]
    questions = [one.outcome.question for one in everything]
    shown = [what for what in Manipulation if any(q.manipulation is what for q in questions)]
    codes = sorted({q.prompt for q in questions})
    for what in shown:
        for code in ("all", *codes):
            picked = [
                one
                for one in everything
                if one.outcome.question.manipulation is what and code in ("all", one.outcome.question.prompt)
            ]
            rows.append({"manipulation": what.value, "prompt": code, **figures.tally(picked)})
    return rows
