"""Whether two answers agree, and the measures of pictures."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from skimage.data import astronaut
from skimage.metrics import structural_similarity

from photoveil.assistant.answers import KEPT_FROM, Answers, alike
from photoveil.assistant.evaluation import shrunk, similarity, structure, subject
from photoveil.assistant.regions import Region


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A red car.", "a red car"),
        ("The photo shows a red car", "red car"),
        ("Ein rotes Auto", "ein ROTES Auto!"),
        ("", ""),
        ("A guitar leans on the wall beside a window", "A guitar leans on a wall by the window"),
    ],
)
def test_answers_that_say_the_same(one: str, other: str) -> None:
    assert alike(one, other) >= KEPT_FROM
    assert alike(one, other) == alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a red car", "a blue car"),
        ("a pet with black fur", "a pet with white fur"),
        ("a partner with red hair", "a partner with grey hair"),
        ("a guitar", ""),
        ("yes", "no"),
        ("It is in Paris", "It is in Rome"),
    ],
)
def test_answers_that_do_not(one: str, other: str) -> None:
    assert alike(one, other) < KEPT_FROM


async def test_answers_are_compared_question_by_question() -> None:
    async def brightness(pixels: np.ndarray, prompts: Sequence[str]) -> list[str]:
        return ["bright" if prompt == "light?" and pixels.mean() > 99 else "dark" for prompt in prompts]

    answers = await Answers.about(brightness, ["light?", "shade?"], np.full((4, 4, 3), 200, np.uint8))

    assert answers.expected == ("bright", "dark")
    assert await answers.agreement(np.full((4, 4, 3), 150, np.uint8)) == (1.0, 1.0)
    assert await answers.agreement(np.full((4, 4, 3), 50, np.uint8)) == (0.5, 0.5)


def test_similarity_is_that_of_scikit_image() -> None:
    photo = astronaut()
    for copy in (cv2.GaussianBlur(photo, (0, 0), 3), 255 - photo, photo // 2):
        grey = [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (photo, copy)]
        wanted = structural_similarity(
            *grey, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
        )
        assert similarity(photo, copy) == pytest.approx(wanted, abs=0.01)
    assert similarity(photo, photo) == pytest.approx(1.0)


def test_structure_is_of_the_regions_alone() -> None:
    photo = astronaut()
    copy = photo.copy()
    copy[256:] = 0

    above, below = structure(
        photo, copy, [Region("face", (0.3, 0.1, 0.6, 0.4)), Region("face", (0.3, 0.6, 0.6, 0.9))]
    )

    assert above == pytest.approx(1.0)
    assert below < 0.3


def test_a_photo_in_numbers_depends_on_light_and_regions() -> None:
    photo = astronaut()
    face = Region("face", (0.3, 0.1, 0.6, 0.4))

    day, night, bare = subject(photo, [face]), subject(photo // 4, [face]), subject(photo, [])

    assert day.kinds == night.kinds == ("face",)
    assert bare.kinds == ()
    assert np.isfinite([*day.context, *night.context, *bare.context]).all()
    assert np.abs(np.array(day.context) - night.context).max() > 0.3
    assert np.abs(np.array(day.context) - subject(shrunk(photo, 300), [face]).context).max() < 0.2
