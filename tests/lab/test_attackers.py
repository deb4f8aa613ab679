"""Attackers recognise people they could learn, fail on nonsense, and those who fight back do what they claim."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lab.affiliation.album import Looks
from lab.affiliation.attackers import Attacker, Loot, alone, probe, prototype
from lab.affiliation.clip import ClipAttack
from lab.affiliation.plan import CLEAN, CLIP, UNFROZEN, WHITE, Block, Condition
from lab.affiliation.reader import Schedule
from lab.affiliation.towers import Seen, Tower
from lab.affiliation.unfrozen import Inputs
from lab.affiliation.veil import VEIL_MAP, VEIL_QUERY, learn_undo
from lab.affiliation.views import AUGMENT, views
from tests.lab.worlds import people_in_space, tiny_engine, tiny_study


@pytest.mark.parametrize("attacker", [prototype, probe])
def test_plain_attackers_know_members_and_not_strangers(attacker: Attacker) -> None:
    outcome = attacker(people_in_space(), 0)
    assert outcome.leak.shape == (12, 7)
    assert outcome.leak.all()
    assert outcome.strange.mean() < 0.6


@pytest.mark.parametrize("attacker", [prototype, probe])
def test_plain_attackers_learn_nothing_from_labels_drawn_by_lot(attacker: Attacker) -> None:
    loot = people_in_space()
    # Every member gets photos of everybody, so that nothing but luck is left.
    mixed = replace(loot, owners=torch.arange(len(loot.owners)) % 4)
    assert attacker(mixed, 0).leak.mean() < 0.7


@pytest.mark.parametrize("attacker", [prototype, probe])
def test_a_single_person_is_told_from_people_of_whom_nothing_is_known(attacker: Attacker) -> None:
    loot = people_in_space()
    for who in (0, 2):
        one = alone(loot, loot, who)
        assert len(one.pairs) == 6
        assert sorted(one.owners.unique().tolist()) == [0, 1, 2, 3]
        assert one.owners[:6].tolist() == [0] * 6
        outcome = attacker(one, 0)
        assert outcome.leak.shape == (3, 7)
        assert outcome.leak.all()
        # What is told of strangers is this person's facts or nothing.
        assert set(outcome.strange.mean(1).tolist()) <= {0.0, 1.0}
        assert outcome.strange.mean() < 0.5
    opposite = replace(loot, posted=Seen(-loot.posted.tokens, -loot.posted.pooled))
    assert not attacker(alone(opposite, loot, 2), 0).leak.any()


def _pictures(people: int, each: int, seed: int) -> torch.Tensor:
    """Photos of people who wear stripes of their own colours, as bytes."""
    generator = torch.Generator().manual_seed(seed)
    own = torch.randint(0, 200, (people, 3, 4, 4), generator=torch.Generator().manual_seed(7))
    plain = torch.nn.functional.interpolate(own.float(), size=64).repeat_interleave(each, 0)
    return (plain + 30 * torch.rand(plain.shape, generator=generator)).byte()


def _clip_world(tower: Tower) -> tuple[Loot, Inputs]:
    posted, asked, others = _pictures(4, 6, 1), _pictures(4, 3, 2), _pictures(9, 2, 3)[8:]
    inputs = Inputs(posted, asked, asked, others, others)
    loot = people_in_space()
    return replace(
        loot, posted=tower.look(posted), asked=tower.look(asked), strange=tower.look(asked)
    ), inputs


def test_clip_tuning_recognises_people_by_name_and_changes_a_copy_only(tmp_path: Path) -> None:
    tower = Tower(tiny_engine(tmp_path).encoders[1]).eval()
    loot, inputs = _clip_world(tower)
    weights = [p.clone() for p in tower.parameters()]
    attack = ClipAttack(tower, Schedule(25, 12, 2e-2), inputs)
    assert attack(loot, 0).leak.mean() > 0.9
    assert all(torch.equal(a, b) for a, b in zip(weights, tower.parameters(), strict=True))
    assert not any(p.requires_grad for p in tower.parameters())
    # One wrong person for each right one: photos of a person belong to all names alike.
    mixed = replace(loot, owners=torch.arange(len(loot.owners)) % 4)
    assert attack(mixed, 0).leak.mean() < 0.7


def test_augmenting_attackers_see_the_photo_itself_and_random_views_of_it() -> None:
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 255, (600, 900, 3), np.uint8).astype(np.uint8))
    seen = views(picture, 6, 3)
    assert len(seen) == 6
    assert seen[0] is picture
    assert [v.tobytes() for v in views(picture, 6, 3)] == [v.tobytes() for v in seen]
    assert len({v.tobytes() for v in seen}) == 6
    assert all(0.5 * 448 * 672 <= v.width * v.height <= 448 * 672 for v in seen[1:])
    assert len({v.tobytes() for v in views(picture, 6, 4)} & {v.tobytes() for v in seen}) == 1


@pytest.mark.usefixtures("small_photos")
def test_only_posted_photos_are_augmented(tmp_path: Path) -> None:
    study = tiny_study(tmp_path)
    condition = Condition(Looks.LOOKALIKE, 0, CLEAN, "upload", WHITE, "probe", 0, people=4, photos=2)
    album = study.album(condition)
    posted, tower = study.posted(album.members, CLEAN), study.stage.towers[WHITE]
    plain, many, crops = (
        study.stage.loot(album, tower, posted, "upload", counter, talks=talks)
        for counter, talks in (("", False), (AUGMENT, False), ("", True))
    )
    assert len(plain.posted.pooled) == 8
    assert len(many.posted.pooled) == len(many.owners) == len(many.pairs) == 24
    assert many.owners[:7].tolist() == [0] * 6 + [1]
    torch.testing.assert_close(many.posted.pooled[::3], plain.posted.pooled)
    torch.testing.assert_close(many.asked.pooled, plain.asked.pooled)
    assert len(crops.posted.pooled) == len(crops.owners) > 8


def test_who_runs_photoveil_undoes_a_linear_shift() -> None:
    generator = torch.Generator().manual_seed(0)
    pooled = torch.nn.functional.normalize(torch.randn(300, 12, generator=generator), dim=-1)
    tokens = torch.randn(300, 4, 6, generator=generator)
    turn, push = torch.randn(12, 12, generator=generator) * 0.2, torch.randn(12, generator=generator)
    protected = Seen(2 * tokens.flip(2) - 1, pooled @ (torch.eye(12) + turn) + push)
    known, later = torch.arange(200), torch.arange(200, 300)
    undone = learn_undo(protected.rows(known), Seen(tokens, pooled).rows(known))(protected.rows(later))
    torch.testing.assert_close(undone.tokens, tokens[later], atol=0.02, rtol=0)
    assert torch.nn.functional.cosine_similarity(undone.pooled, pooled[later]).min() > 0.99


def test_an_undo_learnt_from_few_photos_does_no_harm() -> None:
    generator = torch.Generator().manual_seed(0)
    pooled = torch.nn.functional.normalize(torch.randn(60, 64, generator=generator), dim=-1)
    noisy = torch.nn.functional.normalize(pooled + 0.05 * torch.randn(60, 64, generator=generator), dim=-1)
    clean, protected = (Seen(seen[:, None], seen) for seen in (pooled, noisy))
    known, later = torch.arange(30), torch.arange(30, 60)
    undone = learn_undo(protected.rows(known), clean.rows(known))(protected.rows(later))
    assert torch.nn.functional.cosine_similarity(undone.pooled, pooled[later]).mean() > 0.85


_DEFENDED = ("face-blur",)  # takes no time, and to a study it is a defence like any other


@pytest.mark.usefixtures("small_photos")
@pytest.mark.parametrize(("counter", "people"), [(VEIL_MAP, 1), (VEIL_QUERY, 4), (AUGMENT, 1)])
def test_a_study_runs_those_who_fight_back(tmp_path: Path, counter: str, people: int) -> None:
    block = Block(_DEFENDED, ("prototype",), (WHITE,), counters=(counter,), people=(people,))
    study = tiny_study(tmp_path, block)
    rows = study.run()
    assert [row["defence"] for row in rows] == [CLEAN, *_DEFENDED]
    assert [row["counter"] for row in rows] == ["" if counter != AUGMENT else AUGMENT, counter]
    for row in rows:
        assert len(row["by_person"]) == people
        assert set(row["by_kind"]) == set(row["by_kind_and_person"])
        assert row["chance"] == row["strangers"] or people > 1
    again = tiny_study(tmp_path, block)
    again.measure = None  # type: ignore[assignment, method-assign]
    assert again.run() == rows


@pytest.mark.usefixtures("small_photos")
@pytest.mark.parametrize("attacker", [CLIP, UNFROZEN, "reader"])
def test_a_study_runs_those_who_learn_long(tmp_path: Path, attacker: str) -> None:
    study = tiny_study(tmp_path, Block(_DEFENDED, (attacker,), (WHITE,), shares=(0.5,), counters=(AUGMENT,)))
    rows = study.run()
    assert [row["share"] for row in rows] == [1, 0.5]
    assert all(len(row["by_person"]) == 4 for row in rows)
