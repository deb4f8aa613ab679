"""The whole audit against a real server on this computer, whose model's leaks are known."""

import asyncio
import json
import os
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from PIL import Image

from lab.affiliation.album import SIZES
from lab.leakage.blurring import SHORT, Case, questioned
from lab.leakage.server import Server
from lab.leakage.shares import About
from lab.leakage.sights import Sight
from lab.leakage.study import MODEL, audited, rates, recall
from lab.leakage.world import UNKNOWN
from lab.render import render
from photoveil.audit.manipulations import Manipulation
from photoveil.audit.prompts import PHRASINGS
from tests.audit.planted import empty, known, planted
from tests.cli.house import House, make

THREE = (Manipulation.ORIGINAL, Manipulation.BLURRED, Manipulation.BLANK)


async def test_planted_leaks_are_found_and_nothing_is_made_up(tmp_path: Path) -> None:
    findings = await audited(planted(), known(), THREE, tmp_path, shrink=0.3)
    found = recall(findings)
    assert found["told"] >= 0.6 * found["planted"], "the model has not learnt enough to say anything"
    assert found["found"] >= 0.95 * found["told"]
    assert found["found_leaks"] >= 0.95 * found["true_leaks"]
    assert found["false_leaks"] == 0
    table = {(row["manipulation"], row["prompt"]): row for row in rates(findings)}
    assert table["original", "all"]["asked"] == len(known()) * 8 * len(PHRASINGS)
    assert all(row["silent"] == 0 for row in table.values())


async def test_a_model_that_knows_nothing_leaks_nothing(tmp_path: Path) -> None:
    findings = await audited(
        empty(), known(), (Manipulation.ORIGINAL, Manipulation.BLANK), tmp_path, shrink=0.3
    )
    judged = [one for finding in findings for one in finding.judged]
    said = {one.outcome.answer.text for one in judged if one.outcome.answer}
    assert UNKNOWN in said
    assert not any(one.told for one in judged)


def test_a_model_is_shown_every_sight_and_its_answers_are_counted() -> None:
    model = planted()
    trial = replace(SHORT, people=len(known()), shrink=0.25)
    rows = questioned(trial, Case.BARE, "0", known(), model.reader, model.words, model.tower, None)
    assert {row.sight for row in rows} == {what.value for what in Sight} - {Sight.PROTECTED.value}
    for row in rows:
        assert row.asked == (len(PHRASINGS) if row.about == About.NAME else 7)
        assert 0 <= row.right + row.unknown <= row.asked
    told = {what: sum(row.right for row in rows if row.sight == what) for what in Sight}
    asked = sum(row.asked for row in rows if row.sight == Sight.ORIGINAL)
    assert told[Sight.ORIGINAL] >= 0.6 * asked, "the model has not learnt enough to say anything"
    # In the bare world clothes and places never come back, so another's change nothing that could be known.
    assert told[Sight.OTHER_CLOTHES] >= 0.5 * asked
    assert told[Sight.SCENE_ALONE] < told[Sight.ORIGINAL]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return make(tmp_path / "house", Path(os.environ["PHOTOVEIL_MODELS"]))


def _facts(folder: Path) -> Path:
    person = known()[0]
    lines = [f'name = "{person.name}"']
    for fact in person.dossier.facts[1:]:
        lines.append(f'[[facts]]\nkind = "{fact.topic}"\nfact = "{fact.wordings[0]}"')
    file = folder / "facts.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def _photo(folder: Path) -> Path:
    spec = known()[0].member.asked[0]
    width, height = (round(side * 0.3) for side in SIZES[spec.seed % len(SIZES)])
    file = folder / "portrait.jpg"
    Image.fromarray(render(spec, width, height)).save(file, "JPEG", quality=92)
    return file


async def test_the_command_asks_notes_reports_and_goes_on(house: House, tmp_path: Path) -> None:
    facts, photo, out = _facts(tmp_path), _photo(tmp_path), tmp_path / "report"
    server = Server(planted(), MODEL)
    async with server.running() as url:
        command: tuple[str, ...] = (
            "audit",
            str(photo),
            "--facts",
            str(facts),
            "-o",
            str(out),
            "--endpoint",
            url,
            "--model",
            MODEL,
        )
        # Drawn faces have no detector, and protecting takes its time.
        command += ("--only", "original,blurred-face,blank", "--face", "30,15,70,70", "--json")
        found = json.loads((await asyncio.to_thread(house.run, *command)).stdout)
        asked = server.asked
        counted = json.loads((await asyncio.to_thread(house.run, *command, "--dry-run")).stdout)
        assert (counted["questions"], server.asked) == (asked, asked)
        assert counted["noted"] == len((out / "answers.jsonl").read_text("utf-8").splitlines())
        again = json.loads((await asyncio.to_thread(house.run, *command)).stdout)
        assert server.asked == asked == found["questions"] == 3 * 8 * len(PHRASINGS)
    assert found["model"] == f"{MODEL} at {url}"
    assert "told" in found["summary"]
    assert again["rows"] == found["rows"]
    page = (out / "report.html").read_text("utf-8")
    assert "<script" not in page
    assert known()[0].name in page
    assert json.loads((out / "report.json").read_text("utf-8"))["facts"] == found["facts"]
    assert len((out / "answers.jsonl").read_text("utf-8").splitlines()) <= asked


def test_a_dry_run_counts_and_asks_nobody(house: House, tmp_path: Path) -> None:
    found = house.run(
        "audit", str(_photo(tmp_path)), "--facts", str(_facts(tmp_path)), "--face", "30,15,70,70", "--dry-run"
    )
    assert "1 photo, 240 questions" in found.stderr
    assert found.stdout == ""
    assert not list(tmp_path.glob("**/answers.jsonl"))


def test_what_is_asked_for_wrongly_is_refused_before_anything_is_sent(house: House, tmp_path: Path) -> None:
    photo, facts = _photo(tmp_path), _facts(tmp_path)
    given = ("audit", str(photo), "--facts", str(facts), "-o", str(tmp_path / "out"))
    remote = ("--endpoint", "https://api.example.org/v1", "--model", "m")
    assert "not on this computer" in house.refused(*given, *remote)
    assert "not on this computer" in house.refused(*given, *remote, "--remote")
    house.run("settings", "set", "remote_endpoint", "https://api.example.org/v1")
    assert "not on this computer" in house.refused(*given, *remote)
    assert "no --facts FILE" in house.refused("audit", str(photo), code=2)
    assert "--local" in house.refused(*given, *remote, "--local", ".", code=2)
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "report.html").write_text("mine")
    here = ("--endpoint", "http://127.0.0.1:9/v1", "--model", "m", "--only", "original")
    assert "not empty" in house.refused(*given[:-1], str(taken), *here, code=2)
    assert (taken / "report.html").read_text() == "mine"


def test_the_example_can_be_read_back(house: House, tmp_path: Path) -> None:
    example = tmp_path / "facts.toml"
    example.write_text(house.said("audit", "--example"), encoding="utf-8")
    found = house.run("audit", str(_photo(tmp_path)), "--facts", str(example), "--dry-run", "--json")
    assert json.loads(found.stdout)["photos"] == 1


async def test_the_server_refuses_what_it_does_not_understand() -> None:
    server = Server(empty(), MODEL)
    async with server.running() as url, aiohttp.ClientSession() as session:
        bodies: tuple[dict[str, object], ...] = (
            {},
            {"messages": []},
            {"messages": [{"content": [{"type": "text", "text": "?"}]}]},
        )
        for body in bodies:
            async with session.post(f"{url}/chat/completions", json=body) as response:
                assert response.status == 400
    assert server.asked == 0
