"""A user's photo made unlearnable: any size and shape, the words beside it, and what is said of it."""

from __future__ import annotations

import io
import resource
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from photoveil.photos import MetadataPolicy, Photo, decode
from photoveil.protection import catalogue
from photoveil.protection.delivery import deliver
from photoveil.protection.report import picture, through_channels
from photoveil.unlearnable import product
from photoveil.unlearnable.loading import load
from photoveil.unlearnable.recipe import Recipe
from photoveil.unlearnable.telling import left_to_learn
from photoveil.unlearnable.vlm import TransformersSurrogate
from tests.unlearnable.small_vlm import small_vlm

SHORT = Recipe(rounds=1, iterations=2, shortlist=2)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> TransformersSurrogate:
    return load(small_vlm("llava", tmp_path_factory.mktemp("vlm") / "llava"), torch.device("cpu"))


def photo_of(width: int, height: int, mode: str = "RGB") -> Photo:
    gradient = Image.radial_gradient("L").resize((width, height))
    colours = Image.merge("RGB", [gradient.rotate(90 * channel) for channel in range(3)]).convert(mode)
    data = io.BytesIO()
    colours.save(data, "JPEG", quality=95)
    return decode(data.getvalue(), name="photo.jpg")


def nothing(_share: float) -> None:
    return None


@pytest.mark.parametrize("strength", sorted(product.LEVELS))
def test_noise_keeps_to_its_levels_and_the_file_to_its_floor(
    model: TransformersSurrogate, strength: str
) -> None:
    photo = photo_of(200, 150)
    change = product.find(model, photo, "anna", strength, nothing, SHORT)
    assert float(change.noise.abs().max()) <= product.LEVELS[strength] + 1e-3
    assert torch.allclose(change.noise, change.noise.round(), atol=1e-3)  # whole levels of 8 bits
    done = deliver(photo, None, change.noise, product.budget(strength), MetadataPolicy.STRIP_ALL)
    assert done.psnr_db >= product.budget(strength).psnr_floor
    assert not np.array_equal(done.pixels, photo.pixels)


def test_every_strength_has_levels() -> None:
    assert set(product.LEVELS) == set(catalogue.STRENGTHS)


def test_what_is_made_is_learnt_less_and_the_words_hide_the_name(model: TransformersSurrogate) -> None:
    photo = photo_of(320, 240)
    shares: list[float] = []
    change = product.find(model, photo, "evening", "balanced", shares.append, Recipe(rounds=2, shortlist=3))
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(change.words.split()) <= 5
    assert "evening" not in change.words.lower()
    done = deliver(photo, None, change.noise, product.budget("balanced"), MetadataPolicy.KEEP)
    after = through_channels(picture(done.pixels))
    told: dict[str, Any] = {
        "model": model.name,
        "answer_loss": product.answer_losses(
            model, {"original": picture(photo.pixels), **after}, "evening", ""
        ),
        "answer_loss_with_words": product.answer_losses(model, after, "evening", change.words),
    }
    for channel in after:
        assert told["answer_loss_with_words"][channel] < told["answer_loss"]["original"]
    assert "llava" in left_to_learn(told)


def test_a_grey_photo_stays_grey(model: TransformersSurrogate) -> None:
    photo = photo_of(90, 120, "L")
    change = product.find(model, photo, "anna", "balanced", nothing, SHORT)
    assert change.noise.shape[1] == 1
    done = deliver(photo, None, change.noise, product.budget("balanced"), MetadataPolicy.KEEP)
    assert done.pixels.ndim == 2


@settings(max_examples=20, deadline=None)
@given(width=st.integers(1, 5000), height=st.integers(1, 5000))
def test_the_copy_for_the_model_is_small_and_in_shape(
    model: TransformersSurrogate, width: int, height: int
) -> None:
    found = product.seen(model, Image.new("RGB", (width, height)))
    tall, wide = found.shape[1:]
    assert min(tall, wide) <= model.side
    assert max(tall, wide) <= 3 * model.side + 1
    assert tall <= height
    assert wide <= width
    if min(tall, wide) >= 20:
        assert wide / tall == pytest.approx(width / height, rel=0.05)


def test_twelve_megapixels_take_no_more_memory_than_the_photo_needs(
    model: TransformersSurrogate,
) -> None:
    photo = photo_of(4000, 3000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    change = product.find(model, photo, "anna", "balanced", nothing, SHORT)
    assert change.noise.shape[-2] <= model.side
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 200 * 1024  # KiB: some copies of 36 MB at most


def test_giving_up_ends_it(model: TransformersSurrogate) -> None:
    class GivenUpError(Exception):
        pass

    def stop(_share: float) -> None:
        raise GivenUpError

    with pytest.raises(GivenUpError):
        product.find(model, photo_of(90, 90), "anna", "balanced", stop, SHORT)
    unharmed = product.find(model, photo_of(90, 90), "anna", "balanced", nothing, SHORT)
    assert unharmed.words
