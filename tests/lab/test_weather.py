"""Photos as the web has them: nothing changes where it is not asked for, and what it does is what it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.leakage.faces import FACE
from lab.starters import weather
from lab.starters.data import PhotoSet, augment, draw, frame
from lab.starters.weather import hidden_face, weathered


@pytest.fixture(scope="module")
def photos() -> PhotoSet:
    return draw(range(5_000_000, 5_000_004))


@settings(max_examples=40, deadline=None)
@given(st.integers(8, 120), st.integers(0, 2**31))
def test_pictures_of_every_size_stay_pictures(side: int, seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 255, (side, side, 3), np.uint8)
    before = picture.copy()
    first, again = (weathered(picture, np.random.default_rng(seed)) for _ in range(2))
    assert first.shape == picture.shape
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert np.array_equal(picture, before), "the kept photo is another photo's tomorrow"


def test_the_web_takes_detail_away_and_leaves_colours(photos: PhotoSet) -> None:
    rng = np.random.default_rng(0)
    some = [weathered(photos.pixels[0], rng) for _ in range(40)]
    detail = [np.abs(np.diff(one.astype(int), axis=1)).mean() for one in (photos.pixels[0], *some)]
    assert np.mean(detail[1:]) < 0.8 * detail[0]
    assert sum(np.array_equal(one, photos.pixels[0]) for one in some) > 0, "some stay as they are"
    means = [one.mean((0, 1)) for one in some]
    assert np.abs(np.mean(means, 0) - photos.pixels[0].mean((0, 1))).max() < 2


def test_only_faces_are_hidden_and_only_some(photos: PhotoSet) -> None:
    assert weather._FACE == FACE
    rng, changed = np.random.default_rng(0), 0
    x, y, half = photos.heads[0]
    side = photos.pixels.shape[1]
    inside = np.zeros((side, side), bool)
    left, top, right, bottom = (
        round((at + offset * half) * side) for at, offset in zip((x, y, x, y), FACE, strict=True)
    )
    inside[max(0, top) : bottom, max(0, left) : right] = True
    for _ in range(400):
        found = hidden_face(photos.pixels[0], photos.heads[0], rng)
        different = (found != photos.pixels[0]).any(-1)
        changed += bool(different.any())
        assert not different[~inside].any()
    assert 20 <= changed <= 65


def test_crops_around_the_head_keep_their_faces(photos: PhotoSet, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden: list[int] = []

    def note(photo: weather.Pixels, *_: object) -> weather.Pixels:
        hidden.append(len(photo))
        return photo

    monkeypatch.setattr("lab.starters.data.hidden_face", note)
    for zoomed in (False, True):
        augment(photos.pixels[0], 64, photos.heads[0], zoomed, np.random.default_rng(1), weather=True)
    assert len(hidden) == 1


def test_the_shipped_starters_photos_stay_what_they_were(photos: PhotoSet) -> None:
    """Without weather not even a number is drawn for it: the shipped training can be done again."""
    one, other = np.random.default_rng(7), np.random.default_rng(7)
    assert augment(photos.pixels[1], 96, photos.heads[1], False, one).shape == (96, 96, 3)
    frame(photos.heads[1], False, other)
    other.random()  # whether it is mirrored
    assert one.random() == other.random()
