"""The benchmark measures what it says."""

import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.affiliation import defences, shadows
from lab.affiliation.album import SIZES, Looks, make_album, questions
from lab.affiliation.attackers import Loot, ReaderAttack, with_lora
from lab.affiliation.channels import CHANNELS, COUNTERS
from lab.affiliation.defences import Posted
from lab.affiliation.language import Reader, Shape, answered, written
from lab.affiliation.metrics import by_person, chance, interval
from lab.affiliation.questions import (
    DESCRIBE,
    FACT_QUESTIONS,
    VISIBLE_QUESTIONS,
    fact_answer,
    fact_pairs,
    tokenizer,
    visible_pairs,
)
from lab.affiliation.reader import Schedule
from lab.affiliation.shelf import Shelf
from lab.affiliation.stage import picture_of
from lab.affiliation.study import TREATED_KINDS, treated_in_mixture
from lab.affiliation.towers import Tower
from lab.affiliation.unfrozen import Inputs, UnfrozenAttack
from lab.people import KINDS, sample_persona
from lab.starters.data import draw
from photoveil.protection import Engine, catalogue
from photoveil.protection.encoders import load_encoders
from tests.lab.worlds import people_in_space, tiny_engine
from tests.tiny_models import tiny_models

WORDS = tokenizer()
TINY = Shape(width=32, layers=1, heads=2)


def test_lookalikes_share_all_but_two_or_three_signs_and_nobody_is_two_people() -> None:
    album = make_album(Looks.LOOKALIKE, 12, 8, 2, 0)
    for group in range(0, 12, 4):
        looks = [member.persona.look for member in album.members[group : group + 4]]
        assert len({(look.skin, look.hair_colour, look.eyes, look.face_shape) for look in looks}) == 1
        for a, b in itertools.combinations(looks, 2):
            signs = [(a.hair_style, b.hair_style), (a.glasses, b.glasses), (a.facial_hair, b.facial_hair)]
            assert sum(x != y for x, y in signs) >= 2
    seeds = [member.persona.seed for member in (*album.members, *album.strangers)]
    assert len(set(seeds)) == len(seeds)


@pytest.mark.parametrize("looks", list(Looks))
def test_albums_are_the_same_every_time_and_questions_show_no_fact(looks: Looks) -> None:
    one, two = (make_album(looks, 5, 12, 3, 1) for _ in range(2))
    assert one == two != make_album(looks, 5, 12, 3, 2)
    for member in one.members:
        assert {spec.kind for spec in member.posted} == {"portrait", *KINDS}
        facts = {name for fact in member.persona.facts.values() for name in fact}
        assert all(spec.kind == "portrait" and not facts & set(spec.attributes) for spec in member.asked)
        assert not {s.seed for s in member.posted} & {s.seed for s in member.asked}


def test_photos_are_posted_at_the_size_people_post() -> None:
    posted = defences.clean(make_album(Looks.EASY, 1, 4, 1, 0).members[0])
    assert {picture_of(one.data).size for one in posted} == set(SIZES)
    assert all(max(size) >= 1024 for size in SIZES)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_every_question_and_answer_is_in_the_readers_words(seed: int) -> None:
    for question, answer in [
        *fact_pairs(sample_persona(seed).facts),
        *((DESCRIBE, q) for q in VISIBLE_QUESTIONS.values()),
    ]:
        assert WORDS.decode(WORDS.encode([question])[0].tolist()) == question
        assert WORDS.decode(WORDS.encode([answer])[0].tolist()) == answer


def test_facts_of_all_kinds_have_an_answer() -> None:
    assert tuple(FACT_QUESTIONS) == KINDS
    answers = {fact_answer("relationship", sample_persona(seed).facts) for seed in range(40)}
    assert {"one child", "two children"} < answers
    assert any(answer.startswith("a partner with") for answer in answers)


def test_a_reader_answers_each_question_as_if_it_were_the_only_one() -> None:
    torch.manual_seed(0)
    reader = Reader(8, 4, len(WORDS.vocabulary), TINY).eval()
    tokens = torch.randn(1, 4, 8)
    pairs = fact_pairs(sample_persona(3).facts)
    together, _ = written([pairs], WORDS)
    scores = reader(tokens, together)[0]
    for index, pair in enumerate(pairs):
        alone, _ = written([[pair]], WORDS)
        length = alone.shape[2]
        torch.testing.assert_close(reader(tokens, alone)[0, 0], scores[index, :length])


def test_only_answers_are_learnt_and_the_future_is_not_read() -> None:
    texts, targets = written([[("who is this person close to", "one child")]], WORDS)
    learnt = [WORDS.vocabulary[i] for i in targets[targets >= 0].tolist()]
    assert learnt == ["one", "child", WORDS.vocabulary[-1]]
    torch.manual_seed(0)
    reader, tokens = Reader(8, 4, len(WORDS.vocabulary), TINY).eval(), torch.randn(1, 4, 8)
    other = texts.clone()
    other[0, 0, -1] = 3
    torch.testing.assert_close(reader(tokens, texts)[0, 0, :-1], reader(tokens, other)[0, 0, :-1])


def test_an_answer_counts_only_when_every_word_is_right() -> None:
    _, targets = written(
        [[("what does this person own", "guitar"), ("what does this person own", "camera")]], WORDS
    )
    scores = torch.nn.functional.one_hot(targets.clamp_min(0), len(WORDS.vocabulary)).float()
    assert answered(scores, targets).tolist() == [[True, True]]
    scores[0, 1] = 0
    assert answered(scores, targets).tolist() == [[True, False]]


def test_readers_learn_the_facts_and_lora_leaves_the_base_alone() -> None:
    loot = people_in_space()
    torch.manual_seed(0)
    reader = Reader(8, 4, len(WORDS.vocabulary), Shape(width=64, layers=1, heads=2))
    before = {name: value.clone() for name, value in reader.state_dict().items()}
    for rank, schedule in ((0, Schedule(80, 12, 6e-3)), (8, Schedule(100, 12, 1e-2))):
        outcome = ReaderAttack(reader, WORDS, schedule, rank)(loot, 0)
        assert outcome.leak.mean() > 0.9
        assert outcome.general is not None
    assert all(torch.equal(value, before[name]) for name, value in reader.state_dict().items())


def test_an_attacker_who_unfreezes_the_tower_changes_copies_only(tmp_path: Path) -> None:
    encoder = load_encoders(catalogue.model_set("starter", tiny_models(tmp_path)), torch.device("cpu"))[0]
    tower, general = Tower(encoder).eval(), draw(range(6), 64)
    photos = torch.from_numpy(draw(range(6, 18), 64).pixels).permute(0, 3, 1, 2)
    inputs = Inputs(
        photos, photos[:6], photos[6:], *2 * [torch.from_numpy(general.pixels).permute(0, 3, 1, 2)]
    )
    seen, owners = tower.look(photos), torch.tensor([0, 1] * 6)
    facts = [sample_persona(seed).facts for seed in range(2)]
    said = [visible_pairs(attributes) for attributes in general.attributes]
    loot = Loot(
        seen,
        owners,
        [fact_pairs(facts[who]) for who in owners.tolist()],
        facts,
        seen,
        owners[:6],
        seen,
        [facts[0]] * 6,
        seen,
        said,
        tower.look(inputs.held),
        said,
    )
    torch.manual_seed(0)
    reader = Reader(seen.tokens.shape[2], seen.tokens.shape[1], len(WORDS.vocabulary), TINY)
    weights = [p.clone() for p in (*tower.parameters(), *reader.parameters())]
    outcome = UnfrozenAttack(tower, reader, WORDS, Schedule(30, 8, 4e-3), inputs, Schedule(10, 8, 4e-3))(
        loot, 0
    )
    assert outcome.leak.shape == (6, 7)
    after = (*tower.parameters(), *reader.parameters())
    assert all(torch.equal(a, b) for a, b in zip(weights, after, strict=True))
    assert not any(p.requires_grad for p in tower.parameters())


def test_lora_begins_as_the_reader_it_is_added_to() -> None:
    torch.manual_seed(0)
    reader = Reader(8, 4, len(WORDS.vocabulary), TINY).eval()
    tokens, (texts, _) = torch.randn(2, 4, 8), written([fact_pairs(sample_persona(1).facts)] * 2, WORDS)
    plain = reader(tokens, texts)
    tuned = with_lora(reader, 4)
    torch.testing.assert_close(reader(tokens, texts), plain)
    frozen = {id(p) for p in reader.parameters() if not p.requires_grad}
    assert frozen
    assert not frozen & {id(p) for p in tuned}


@pytest.mark.parametrize("name", [*CHANNELS, *filter(None, COUNTERS)])
def test_channels_keep_the_photo_recognisable(name: str) -> None:
    before = picture_of(defences.clean(make_album(Looks.EASY, 1, 1, 1, 0).members[0])[0].data)
    after = (CHANNELS | COUNTERS)[name](before).convert("RGB")
    assert abs(after.width / after.height - before.width / before.height) < 0.01
    if name not in ("crop80", "grey"):
        again = np.asarray(after.resize(before.size), np.float64)
        assert np.abs(again - np.asarray(before)).mean() < 8


def test_face_blur_takes_the_face_and_nothing_else() -> None:
    member = make_album(Looks.EASY, 1, 1, 1, 0).members[0]
    member = replace(member, posted=member.asked)
    clean, blurred = (picture_of(d(member)[0].data) for d in (defences.clean, defences.face_blur))
    changed = np.abs(np.asarray(clean, np.int16) - np.asarray(blurred, np.int16)).max(axis=2) > 24
    assert 0.005 < changed.mean() < 0.35


def test_chance_and_intervals() -> None:
    same = [sample_persona(1).facts] * 5
    assert chance(same) == 1.0
    assert 0.05 < chance([sample_persona(i).facts for i in range(40)]) < 0.4
    low, high = interval([np.array([[0.0, 1.0] * 10])])
    assert 0.2 < low < 0.5 < high < 0.8
    right = np.array([[True, False], [True, True], [False, False]])
    assert by_person(right, np.array([0, 0, 1])).tolist() == [0.75, 0.0]


def test_intervals_are_wider_where_albums_or_tuning_seeds_differ() -> None:
    def width(albums: list[list[list[float]]]) -> float:
        low, high = interval([np.array(rates) for rates in albums])
        return high - low

    people = [0.2, 0.4, 0.6, 0.8]
    alike = [[people] * 2] * 3
    albums_differ = [[[rate + shift for rate in people]] * 2 for shift in (-0.2, 0.0, 0.2)]
    seeds_differ = [[[rate + shift for rate in people] for shift in (-0.2, 0.2)]] * 3
    assert width([[[0.5] * 4] * 2] * 3) == 0
    assert width(albums_differ) > 1.3 * width(alike)
    assert width(seeds_differ) > 1.1 * width(alike)
    assert width(alike) < width(alike[:1])


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """Twelve albums of ten people and two tunings each, drawn around 0.4 with every kind of difference."""
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(100):
        shifts, people = rng.normal(0, 0.1, (12, 1, 1)), rng.normal(0, 0.2, (12, 1, 10))
        low, high = interval(list(0.4 + shifts + people + rng.normal(0, 0.05, (12, 2, 1))))
        covered += low <= 0.4 <= high
    assert covered >= 88


def test_the_shelf_gives_back_what_was_put_and_misses_what_was_not(tmp_path: Path) -> None:
    members, shelf = make_album(Looks.EASY, 3, 2, 1, 0).members, Shelf(tmp_path)
    posted = [Posted(b"one", 34.5, 0.95), Posted(b"two", 35.5, 0.96)]
    shelf.put(members[1], "strong", posted)
    assert shelf.get(members[1], "strong") == posted
    assert shelf.missing(members, "strong") == [members[0], members[2]]
    calls = []

    def defend(member: object) -> list[Posted]:
        calls.append(member)
        return posted

    through = shelf.through("strong", defend)
    assert [through(member) for member in members] == [posted] * 3
    assert len(calls) == 2
    assert json.loads(next(tmp_path.rglob("strong.json")).read_text()) == [[34.5, 0.95], [35.5, 0.96]]


def test_albums_of_other_sizes_share_people_photos_and_files(tmp_path: Path) -> None:
    large, small = (make_album(Looks.LOOKALIKE, people, photos, 2, 0) for people, photos in ((8, 3), (4, 2)))
    assert [m.posted for m in small.members] == [m.posted[:2] for m in large.members[:4]]
    shelf, posted = Shelf(tmp_path), [Posted(bytes([i]), 30.0 + i, 0.9) for i in range(3)]
    shelf.put(large.members[0], "strong", posted)
    assert shelf.get(small.members[0], "strong") == posted[:2]
    shelf.put(small.members[1], "strong", posted[:2])
    assert shelf.missing(large.members[:2], "strong") == [large.members[1]]
    veiled = questions(small.members)
    assert len({member.key for member in veiled}) == len(veiled) == 8
    assert [m.posted[0] for m in veiled[:2]] == list(small.members[0].asked)


@pytest.mark.parametrize("photos", [8, 16])
def test_in_the_mixed_case_either_side_has_portraits(photos: int) -> None:
    shown = [spec.kind for spec in make_album(Looks.EASY, 1, photos, 1, 0).members[0].posted]
    picks = treated_in_mixture(shown)
    treated, clean = (
        [kind for kind, pick in zip(shown, picks, strict=True) if pick is side] for side in (True, False)
    )
    assert set(treated) == {*TREATED_KINDS, "portrait"}
    assert set(clean) <= {*(kind for kind in KINDS if kind not in TREATED_KINDS), "portrait"}
    assert "portrait" in clean


def test_the_table_of_dark_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = dict(shadows.pictures())
    assert all(np.percentile(photo.pixels, 10) < 25 for photo in found.values())
    assert any(photo.pixels.ndim == 2 for photo in found.values())
    engine = tiny_engine(tmp_path)
    monkeypatch.setattr(Engine, "load", lambda **_: engine)
    monkeypatch.setattr(shadows, "pictures", lambda: iter(list(found.items())[:1]))
    shadows.main(["--strengths", "subtle", "--out", str(tmp_path / "out")])
    head, rule, row = capsys.readouterr().out.splitlines()
    assert head.count("|") == rule.count("|") == row.count("|")
    assert row.startswith("| portrait | subtle | 3")
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"portrait.png", "portrait-subtle.png"}
