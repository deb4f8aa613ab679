"""Invented photos: the same for the same seed, the same at every size, true to their description."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lab.captions import HELD_OUT_PROMPTS, TRAIN_PROMPTS, phrase, prompts, tokenizer
from lab.people import ATTRIBUTES, FACT_ATTRIBUTES, KINDS, Geometry, Look, sample_lookalike, sample_persona
from lab.render import render
from lab.scenes import EYES_VISIBLE_FROM, PHOTO_KINDS, PhotoSpec, sample_photo

SPECS = [sample_photo(sample_persona(seed), seed, kind) for seed in range(40, 45) for kind in PHOTO_KINDS]


def shrunk(photo: NDArray[np.uint8], size: int) -> NDArray[np.float64]:
    return np.asarray(cv2.resize(photo, (size, size), interpolation=cv2.INTER_AREA), np.float64)


def test_a_seed_is_always_the_same_person_and_photo() -> None:
    assert sample_persona(5) == sample_persona(5)
    assert sample_photo(sample_persona(5), 9) == sample_photo(sample_persona(5), 9)
    first, second = (render(sample_photo(sample_persona(5), 9), 96, 96) for _ in range(2))
    assert np.array_equal(first, second)


def test_another_seed_is_another_person_and_another_photo() -> None:
    assert sample_persona(5) != sample_persona(6)
    person = sample_persona(5)
    one, other = (render(sample_photo(person, seed, "portrait"), 96, 96) for seed in (1, 2))
    assert np.abs(one.astype(float) - other).mean() > 5


@pytest.mark.parametrize("kind", PHOTO_KINDS)
def test_size_changes_resolution_and_nothing_else(kind: str) -> None:
    spec = sample_photo(sample_persona(77), 3, kind)
    small, large = render(spec, 224, 224), render(spec, 1120, 1120)
    assert small.shape == (224, 224, 3)
    assert large.shape == (1120, 1120, 3)
    gap = np.abs(shrunk(small, 224) - shrunk(large, 224))
    assert gap.mean() < 3.0
    # Another photo of the same kind is far away: the bound above says something.
    other = render(sample_photo(sample_persona(78), 4, kind), 224, 224)
    assert np.abs(shrunk(small, 224) - shrunk(other, 224)).mean() > 5 * gap.mean()


@pytest.mark.parametrize(("width", "height"), [(336, 224), (224, 336), (500, 224)])
def test_other_aspects_show_more_around_the_same_square(width: int, height: int) -> None:
    spec = sample_photo(sample_persona(12), 1, "vehicle")
    square, wide = render(spec, 224, 224), render(spec, width, height)
    assert wide.shape == (height, width, 3)
    x, y = (width - 224) // 2, (height - 224) // 2
    middle = wide[y : y + 224, x : x + 224]
    assert np.abs(middle.astype(float) - square).mean() < 1.5
    # Nothing is left unpainted outside the square.
    assert wide.max(axis=2).min() > 8


def test_a_photo_too_small_to_draw_is_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        render(SPECS[0], 4, 224)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="no such kind"):
        sample_photo(sample_persona(1), 1, "holiday")


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: f"{s.kind}-{s.persona.seed}")
def test_attributes_come_from_closed_sets_and_fit_the_kind(spec: PhotoSpec) -> None:
    for name, value in spec.attributes.items():
        assert value in ATTRIBUTES[name]
    stated = {name for names in FACT_ATTRIBUTES.values() for name in names} & spec.attributes.keys()
    assert stated == set(spec.persona.facts.get(spec.kind, {}))


def test_what_cannot_be_seen_is_not_an_attribute() -> None:
    specs = [sample_photo(sample_persona(seed), seed) for seed in range(300)]
    for spec in specs:
        assert ("hair_colour" in spec.attributes) == (spec.persona.look.hair_style != "bald")
        assert ("eyes" in spec.attributes) == (spec.pose.size * spec.camera[2] >= EYES_VISIBLE_FROM)
        assert ("partner_hair" in spec.attributes) == (spec.attributes.get("company") == "partner")
    assert {name for spec in specs for name in spec.attributes} == set(ATTRIBUTES)


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: f"{s.kind}-{s.persona.seed}")
def test_captions_say_every_visible_attribute_and_invent_none(spec: PhotoSpec) -> None:
    words = spec.caption.split()
    for name, value in spec.attributes.items():
        spoken = {"bald": "bald", "one child": "child", "two children": "children"}.get(value, value)
        assert value == "none" or spoken in spec.caption, f"{name}={value} is missing from {spec.caption!r}"
    for name in ("house", "vehicle", "pet", "workplace", "possession", "place"):
        if name not in spec.attributes:
            assert not any(value in spec.caption for value in ATTRIBUTES[name]), spec.caption
    assert "beard" not in words or spec.attributes["facial_hair"] == "beard"


def test_all_words_are_in_the_vocabulary_and_come_back() -> None:
    words = tokenizer()
    texts = [spec.caption for spec in SPECS]
    texts += [p for name in ATTRIBUTES for t in (*TRAIN_PROMPTS, *HELD_OUT_PROMPTS) for p in prompts(name, t)]
    rows = words.encode(texts)
    assert not (rows == 1).any()
    for text, row in zip(texts, rows, strict=True):
        assert words.decode(row) == text.replace(",", "").lower()
    assert words.encode(["a zebra"])[0, 2] == 1
    assert (rows.argmax(axis=1) == (rows != 0).sum(axis=1) - 1).all()


def test_prompts_of_an_attribute_differ_and_held_out_templates_are_new() -> None:
    for name, values in ATTRIBUTES.items():
        assert len({phrase(name, value) for value in values}) == len(values)
    assert not set(HELD_OUT_PROMPTS) & set(TRAIN_PROMPTS)


def test_lookalikes_share_every_word_and_differ_in_measure() -> None:
    person = sample_persona(31)
    twin = sample_lookalike(person, 1)
    assert replace(twin.look, geometry=person.look.geometry) == person.look
    assert twin.look.geometry != person.look.geometry
    assert all(-1 <= getattr(twin.look.geometry, name) <= 1 for name in Geometry.__slots__)


def test_a_visible_word_can_be_seen_in_the_pixels() -> None:
    spec = sample_photo(sample_persona(3), 2, "portrait")
    base = replace(spec.persona.look, glasses="none", facial_hair="none", hair_style="short", skin="light")
    others = {
        "glasses": replace(base, glasses="round"),
        "facial hair": replace(base, facial_hair="beard"),
        "hair style": replace(base, hair_style="bun"),
        "skin": replace(base, skin="dark"),
    }

    def pixels(look: Look) -> NDArray[np.float64]:
        return render(replace(spec, persona=replace(spec.persona, look=look)), 224, 224).astype(np.float64)

    for name, look in others.items():
        moved = np.abs(pixels(look) - pixels(base)).max(axis=2)
        assert (moved > 40).mean() > 0.004, name


def test_every_kind_of_fact_is_drawn_for_every_persona() -> None:
    assert set(sample_persona(8).facts) == set(KINDS)
