"""The study of blurred faces: what its pictures hide and keep, what comes back in its worlds, and how it counts."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lab.leakage import blur_tables, blurring, everyday, tables
from lab.leakage.blurring import SHORT, Case, Trial
from lab.leakage.everyday import OUTFITS, TURN, World, members, wardrobe
from lab.leakage.faces import FACE, HEAD, Part, boxes
from lab.leakage.shares import About, Row, insufficient, share, verdict
from lab.leakage.sights import STEPS, TOOLS, Sight, otherwise_blurred, redrawn
from lab.people import EYES, sample_persona
from lab.render import render
from lab.scenes import PhotoSpec
from photoveil.audit.pictures import blurred
from tests.audit.planted import tower

SIDE = 160
RESULTS = Path(__file__).parents[2] / "docs" / "results"


def everyday_photo(kind: str, company: str = "", first: int = 0) -> PhotoSpec:
    """The first photo of a kind, with the wished company."""
    for seed in range(first, first + 50):
        persona = sample_persona(seed)
        if company in ("", persona.facts["relationship"]["company"]):
            return everyday.photo(World.EVERYDAY, persona, 500, kind)
    raise AssertionError("nobody has such company")


def changed(spec: PhotoSpec, other: PhotoSpec) -> np.ndarray:
    """Where two drawings differ."""
    drawn = [render(one, SIDE, SIDE).astype(int) for one in (spec, other)]
    return np.asarray(np.abs(drawn[0] - drawn[1]).max(2) > 2)


def outside(where: np.ndarray, spec: PhotoSpec, part: Part) -> int:
    """Marked pixels outside of everybody's boxes, a pixel's width forgiven."""
    left = where.copy()
    for box in boxes(spec, SIDE, SIDE, part):
        x0, y0, x1, y1 = (round(v * SIDE) for v in box)
        left[max(0, y0 - 1) : y1 + 1, max(0, x0 - 1) : x1 + 1] = False
    return int(left.sum())


@pytest.mark.parametrize("company", ["partner", "one child", "two children"])
def test_everybodys_face_lies_in_a_box(company: str) -> None:
    spec = everyday_photo("relationship", company)
    eyes = next(colour for colour in EYES if colour != spec.persona.partner.eyes)
    look = replace(spec.persona.look, eyes=next(c for c in EYES if c != spec.persona.look.eyes))
    persona = replace(spec.persona, look=look, partner=replace(spec.persona.partner, eyes=eyes))
    children = tuple(
        replace(child, eyes=next(colour for colour in EYES if colour != child.eyes))
        for child in spec.children
    )
    where = changed(spec, replace(spec, persona=persona, children=children))
    found = boxes(spec, SIDE, SIDE, FACE)
    assert len(found) == 1 + max(1, len(spec.children))
    for x0, y0, x1, y1 in found:
        assert where[round(y0 * SIDE) : round(y1 * SIDE), round(x0 * SIDE) : round(x1 * SIDE)].any()
    assert outside(where, spec, FACE) == 0


def test_one_cue_at_a_time_is_exchanged() -> None:
    spec = everyday_photo("pet", first=3)
    face = changed(spec, redrawn(spec, 1, Sight.OTHER_FACE))
    assert face.any()
    assert outside(face, spec, HEAD) == 0
    hair = redrawn(spec, 1, Sight.OTHER_HAIR).persona.look
    assert (hair.hair_style, hair.hair_colour) != (
        spec.persona.look.hair_style,
        spec.persona.look.hair_colour,
    )
    assert (hair.glasses, hair.facial_hair, hair.eyes) == (
        spec.persona.look.glasses,
        spec.persona.look.facial_hair,
        spec.persona.look.eyes,
    )
    clothes = redrawn(spec, 1, Sight.OTHER_CLOTHES)
    assert clothes.shirt not in {outfit.shirt for outfit in wardrobe(spec.persona)}
    assert replace(clothes, shirt=spec.shirt, pattern=spec.pattern, collar=spec.collar) == replace(
        spec, trousers=clothes.trousers
    )
    assert redrawn(spec, 1, Sight.OTHER_PLACE).setting != spec.setting
    assert redrawn(spec, 1, Sight.WHITE) is spec


def sharpness(picture: Image.Image, face: Sequence[int]) -> float:
    """How much neighbours differ in the middle of a face."""
    left, top, right, bottom = face
    x, y = (right - left) // 4, (bottom - top) // 4
    middle = np.asarray(picture.convert("L"), float)[top + y : bottom - y, left + x : right - x]
    return float(np.abs(np.diff(middle, axis=0)).mean() + np.abs(np.diff(middle, axis=1)).mean())


@pytest.mark.parametrize("what", [*TOOLS, *STEPS])
def test_other_blurs_change_faces_only_and_less_than_the_products(what: Sight) -> None:
    spec = everyday_photo("portrait")
    original = Image.fromarray(render(spec, 480, 360))
    (box,) = boxes(spec, *original.size)
    face = [round(v * n) for v, n in zip(box, (480, 360, 480, 360), strict=True)]
    left, top, right, bottom = face
    result = otherwise_blurred(original, [box], what, 0.5)
    more = round(0.65 * (bottom - top))  # the widest of them, and how far its soft border reaches
    where = np.abs(np.asarray(result, int) - np.asarray(original)).max(2) > 0
    assert where[top:bottom, left:right].any()
    where[max(0, top - more) : bottom + more, max(0, left - more) : right + more] = False
    assert not where.any()
    told = [sharpness(one, face) for one in (original, result, blurred(original, [box]))]
    assert told[0] > told[1]
    if what is not Sight.DEFACE:
        assert told[1] > told[2]


@pytest.mark.parametrize("what", TOOLS)
def test_tools_do_with_faces_of_a_few_pixels_and_at_the_border(what: Sight) -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8))
    corner, speck, none = (0.0, 0.0, 0.2, 0.3), (0.9, 0.9, 0.91, 0.93), (1.0, 0.4, 1.0, 0.5)
    result = otherwise_blurred(picture, [corner, speck, none], what, 1.0)
    assert result.size == picture.size
    assert otherwise_blurred(picture, [], what, 1.0).tobytes() == picture.tobytes()


def test_the_scene_alone_has_nobody_and_all_the_rest() -> None:
    spec = everyday_photo("vehicle")
    gone = redrawn(spec, 1, Sight.SCENE_ALONE)
    where = changed(spec, gone)
    (face,) = boxes(spec, SIDE, SIDE, FACE)
    x0, y0, x1, y1 = (round(v * SIDE) for v in face)
    assert where[y0:y1, x0:x1].mean() > 0.9
    assert not where[:, : SIDE // 4].any() or not where[:, -SIDE // 4 :].any()
    other = replace(spec.persona, look=sample_persona(99).look)
    assert not changed(gone, replace(gone, persona=other)).any()


def test_in_everyday_photos_clothes_and_places_come_back_and_in_bare_ones_they_do_not() -> None:
    for one in members(World.EVERYDAY, 2, 40, 10, 5):
        worn = {(p.shirt, p.pattern, p.collar, p.trousers) for p in one.posted}
        assert 1 < len(worn) <= OUTFITS
        assert {(p.shirt, p.pattern, p.collar, p.trousers) for p in one.asked} <= worn
        own = sum(len([q for q in one.posted if q.seed == p.seed]) > 1 for p in one.posted)
        assert 8 <= own <= 32
        assert sorted(p.kind for p in one.asked) == sorted(TURN)
        assert all(p.attributes["shirt"] == p.shirt for p in one.posted)
        assert not {repr(p) for p in one.asked} & {repr(p) for p in one.posted}
    bare = members(World.BARE, 1, 20, 4, 5)[0]
    assert {p.kind for p in (*bare.posted, *bare.asked)} == {"portrait"}
    assert len({p.seed for p in bare.posted}) == 20
    assert len({(p.shirt, p.pattern, p.collar, p.trousers) for p in bare.posted}) > 2 * OUTFITS


def rows(sight: Sight, right: Sequence[int], asked: int = 10, guess: float = 1.0) -> list[Row]:
    """A row of each person, so many of ``asked`` right."""
    return [
        Row("everyday", sight, About.NAME, f"0-{who}", 0, "portrait", asked, n, 0, guess)
        for who, n in enumerate(right)
    ]


def test_what_is_left_is_counted_above_guessing() -> None:
    before, scene = rows(Sight.ORIGINAL, [9] * 8), rows(Sight.SCENE_ALONE, [1] * 8)
    found = share(rows(Sight.BLURRED, [7] * 8), before, scene)
    assert (found.rate, found.guess, found.people) == (0.7, 0.1, 8)
    assert found.left == pytest.approx(0.75)
    assert found.over_scene == pytest.approx(0.6)
    assert found.left_low == pytest.approx(0.75)
    assert found.left_high == pytest.approx(0.75)
    assert (verdict(found), insufficient(found)) == ("most", True)


def test_people_who_differ_make_a_wide_interval() -> None:
    before, scene = rows(Sight.ORIGINAL, [10] * 8), rows(Sight.SCENE_ALONE, [1] * 8)
    found = share(rows(Sight.BLURRED, [10, 10, 10, 10, 1, 1, 1, 1]), before, scene)
    assert found.left == pytest.approx(0.5)
    assert found.left_low is not None
    assert found.left_high is not None
    assert found.left_low < 0.25 < 0.75 < found.left_high
    assert (verdict(found), insufficient(found)) == ("open", True)


def test_models_that_differ_make_a_wide_interval_however_many_people_each_has() -> None:
    def runs(sight: Sight, right: tuple[int, int, int]) -> list[Row]:
        return [
            replace(row, person=f"{run}-{row.person[2:]}")
            for run, n in enumerate(right)
            for row in rows(sight, [n] * 40)
        ]

    before, scene = runs(Sight.ORIGINAL, (10, 10, 10)), runs(Sight.SCENE_ALONE, (1, 1, 1))
    found = share(runs(Sight.BLURRED, (10, 5, 1)), before, scene)
    assert found.left_low == pytest.approx(0.0, abs=0.01)
    assert found.left_high == pytest.approx(1.0, abs=0.01)


def test_a_picture_that_hides_all_is_sufficient() -> None:
    before, scene = rows(Sight.ORIGINAL, [9] * 8), rows(Sight.SCENE_ALONE, [4] * 8)
    found = share(rows(Sight.BLURRED, [1] * 8), before, scene)
    assert found.left == 0.0
    assert (verdict(found), insufficient(found)) == ("not-most", False)
    # No more than the scene alone gives: what is left is no person's.
    assert not insufficient(share(rows(Sight.BLURRED, [4] * 8), before, scene))


def test_pictures_of_a_few_photos_are_held_against_the_same_photos() -> None:
    before, scene = rows(Sight.ORIGINAL, [10, 10, 2, 2]), rows(Sight.SCENE_ALONE, [1] * 4)
    found = share(rows(Sight.PROTECTED, [10, 10]), before, scene)
    assert (found.left, found.people) == (1.0, 2)


def test_what_was_measured_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[World, int]] = []

    def measure(_trial: Trial, world: World, seed: int, *_: object) -> list[Row]:
        asked.append((world, seed))
        if len(asked) == 4:
            raise KeyboardInterrupt
        return [replace(row, case=str(world), person=f"{seed}-0") for row in rows(Sight.ORIGINAL, [9])]

    monkeypatch.setattr(blurring, "measure", measure)
    trial = replace(SHORT, seeds=(0, 1, 2))
    with pytest.raises(KeyboardInterrupt):
        blurring.measured(trial, tower(), None, tmp_path, lambda _: None)
    found, _ = blurring.measured(trial, tower(), None, tmp_path, lambda _: None)
    both = [(world, seed) for seed in range(3) for world in World]
    assert asked == [*both[:4], *both[3:]]
    assert [row.person for row in found] == ["0-0", "0-0", "1-0", "1-0", "2-0", "2-0"]
    assert found[0] == replace(rows(Sight.ORIGINAL, [9])[0], case="bare")
    blurring.measured(replace(trial, photos=5), tower(), None, tmp_path, lambda _: None)
    assert len(asked) == 13


def test_the_published_text_is_that_of_the_published_figures() -> None:
    document = json.loads((RESULTS / "leakage.json").read_text("utf-8"))
    assert tables.markdown(document) == (RESULTS / "leakage.md").read_text("utf-8")
    blurred = json.loads((RESULTS / "leakage-blurring.json").read_text("utf-8"))
    assert blur_tables.markdown(blurred) == (RESULTS / "leakage-blurring.md").read_text("utf-8")
    learnt = {(case, Sight.PROTECTED) for case in (Case.BARE_LEARNT, Case.EVERYDAY_LEARNT)}
    every = {(case, sight) for case in Case for sight in Sight}
    assert {(row["case"], row["sight"]) for row in blurred["rows"]} == every - learnt


@pytest.mark.parametrize("name", ["outspoken", "web", "web-outspoken"])
def test_the_published_variants_are_those_of_the_published_figures(name: str) -> None:
    found = json.loads((RESULTS / f"leakage-blurring-{name}.json").read_text("utf-8"))
    assert blur_tables.markdown(found) == (RESULTS / f"leakage-blurring-{name}.md").read_text("utf-8")
    every = {(case, sight) for case in Case for sight in Sight if sight is not Sight.PROTECTED}
    assert {(row["case"], row["sight"]) for row in found["rows"]} == every
    assert any(row["unknown"] for row in found["rows"]) == found["refuses"]
