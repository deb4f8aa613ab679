"""Asking and noting: nothing twice, nothing lost, whatever ends it."""

import asyncio
import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from photoveil.audit.facts import Dossier, Fact
from photoveil.audit.journal import Journal, key_of
from photoveil.audit.manipulations import Manipulation
from photoveil.audit.pictures import Shown, shown
from photoveil.audit.plan import Plan
from photoveil.audit.running import LONGEST, TROUBLES, Audit
from photoveil.endpoint import Answer, EndpointError, asking

DOSSIER = Dossier("Anna Berg", (Fact("name", ("Anna Berg",)), Fact("pet", ("a cat",))))
PLAN = Plan(DOSSIER, (True, True), (Manipulation.ORIGINAL, Manipulation.BLANK))
ALL = sum(PLAN.counts().values())


class Model:
    """An asker with a script: what it does at its nth question."""

    name = "scripted"

    def __init__(self, script: Callable[[int], str | Exception] = lambda n: f"answer {n}") -> None:
        self.calls = 0
        self.script = script

    async def ask(self, image: bytes, media_type: str, prompt: str) -> Answer:
        self.calls += 1
        said = self.script(self.calls)
        await asyncio.sleep(0)
        if isinstance(said, Exception):
            raise said
        return Answer(said, False, 0.1)


async def exhibit(number: int, what: Manipulation) -> Shown:
    return shown(Image.new("RGB", (8, 8), (number + 5, len(what), 0)))


def away() -> EndpointError:
    return EndpointError("Away", "It is.", "Wait.")


def audit(model: Model, folder: Path, at_once: int = 1) -> Audit:
    return Audit(PLAN, model, Journal(folder / "answers.jsonl"), exhibit, at_once)


@pytest.mark.parametrize("at_once", [1, 4])
async def test_nothing_is_asked_twice(tmp_path: Path, at_once: int) -> None:
    first, second = Model(), Model(lambda _n: "another answer")
    outcomes = await audit(first, tmp_path, at_once).run()
    assert first.calls == len(outcomes) == ALL
    again = await audit(second, tmp_path, at_once).run()
    assert second.calls == 0
    assert [one.answer for one in again] == [one.answer for one in outcomes]


async def test_an_interrupted_audit_goes_on(tmp_path: Path) -> None:
    first = Model(lambda n: "fine" if n <= 7 else away())
    with pytest.raises(EndpointError):
        await audit(first, tmp_path).run()
    assert first.calls == 7 + TROUBLES
    second = Model()
    outcomes = await audit(second, tmp_path).run()
    assert second.calls == ALL - 7
    assert all(one.answer for one in outcomes)


async def test_a_single_failure_is_no_end_and_is_asked_again_next_time(tmp_path: Path) -> None:
    outcomes = await audit(Model(lambda n: away() if n == 3 else "fine"), tmp_path).run()
    assert [one.answer is None for one in outcomes].count(True) == 1
    second = Model()
    await audit(second, tmp_path).run()
    assert second.calls == 1


async def test_another_model_or_picture_is_asked_anew(tmp_path: Path) -> None:
    await audit(Model(), tmp_path).run()
    other = Model()
    other.name = "another"
    await audit(other, tmp_path).run()
    assert other.calls == ALL
    assert key_of("m", "a", "p") != key_of("m", "b", "p")


async def test_a_babbling_server_is_cut_short(tmp_path: Path) -> None:
    outcomes = await audit(Model(lambda _n: "red " * 250_000), tmp_path).run()
    assert {len(one.answer.text) for one in outcomes if one.answer} == {LONGEST}
    assert (tmp_path / "answers.jsonl").stat().st_size < ALL * 2 * LONGEST


def test_half_a_character_ends_nothing(tmp_path: Path) -> None:
    text, _ = asking._said(rb'{"choices": [{"message": {"content": "a \ud800 van"}}]}', "http://127.0.0.1")
    Journal(tmp_path / "answers.jsonl").note("one", Answer(text, False, 1.0))
    assert Journal(tmp_path / "answers.jsonl").get("one") == Answer("a ? van", False, 1.0)


def test_a_torn_or_foreign_line_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    journal = Journal(file)
    journal.note("one", Answer("text \N{SNOWMAN}", True, 1.0))
    whole = file.read_bytes()
    timed = b'{"key": "two", "text": "", "refused": false, "seconds": %s}\n'
    torn = (b'{"key": "two", "te', b"[]\n", b'{"key": 5, "text": 1}\n', b"\xff\xfe\n", b"[" * 50_000)
    for rubbish in (*torn, timed % b"NaN", timed % b"Infinity", timed % b"-1", timed % (b"9" * 400)):
        file.write_bytes(whole + rubbish)
        found = Journal(file)
        assert found.get("one") == Answer("text \N{SNOWMAN}", True, 1.0)
        assert found.get("two") is None
        found.note("three", Answer("whole", False, 0.0))
        assert Journal(file).get("three") == Answer("whole", False, 0.0)


def test_answers_are_for_their_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    Journal(file).note("one", Answer("private", False, 1.0))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["text"] == "private"


@pytest.mark.parametrize("at_once", [1, 3])
async def test_every_picture_is_made_once(tmp_path: Path, at_once: int) -> None:
    made: list[tuple[int, Manipulation]] = []

    async def counted(number: int, what: Manipulation) -> Shown:
        made.append((number, what))
        return await exhibit(number, what)

    await Audit(PLAN, Model(), Journal(tmp_path / "answers.jsonl"), counted, at_once).run()
    assert made == [(0, Manipulation.ORIGINAL), (1, Manipulation.ORIGINAL), (-1, Manipulation.BLANK)]
