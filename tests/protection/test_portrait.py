"""What the shipped encoders do to the portrait that README shows."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from photoveil.photos import Photo, decode
from photoveil.protection import Engine, Persona
from photoveil.protection.budget import BLUE
from photoveil.protection.catalogue import STRENGTHS, Strength
from photoveil.protection.wearing import wear

PORTRAIT = Path(__file__).parents[2] / "lab" / "photos" / "eileen_collins.jpg"


@pytest.fixture(scope="module")
def portrait() -> Photo:
    """Without losses of its own."""
    buffer = io.BytesIO()
    with Image.open(PORTRAIT) as picture:
        picture.save(buffer, "PNG")
    return decode(buffer.getvalue(), name="portrait.png")


@pytest.mark.parametrize("strength", list(STRENGTHS))
def test_skin_changes_no_more_than_the_smooth_budget_allows(
    starters: Engine, portrait: Photo, strength: str
) -> None:
    """Smooth areas of the portrait stay within the strength's small budget, beside the persona's look, which is slow:
    a tint is no blotch."""
    persona, budget = Persona("me"), STRENGTHS[strength]
    done = starters.protect(portrait, persona=persona, strength=strength)
    before, after = portrait.pixels, decode(done.encoded.data).pixels
    moved = np.abs(
        _beside_a_look(
            *(picture[20:140, 120:160] for picture in (before, after, _lit(before, persona, budget)))
        )
    )
    # Brightness and both colour axes may add up, and resampling may overshoot a little.
    for channel, colour in enumerate((2, 2, BLUE)):
        most = budget.flat * (1 + colour * budget.chroma) * 1.25 + 0.5
        assert np.percentile(moved[..., channel], 95) <= most


def _lit(pixels: NDArray[np.uint8], persona: Persona, budget: Strength) -> NDArray[np.uint8]:
    """The portrait in the persona's look alone; as it is where the strength has none."""
    if budget.tone_db is None:
        return pixels
    (look,) = persona.looks.values()
    return wear(look.grade, pixels, tone_db=budget.tone_db, ssim_floor=budget.ssim_floor).put_on(pixels)


def _beside_a_look(
    before: NDArray[np.uint8], after: NDArray[np.uint8], lit: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """What of a small area's change neither the look nor, linearly, a tint or the place in it explains."""
    height, width = before.shape[:2]
    down, right = np.mgrid[0 : 1 : complex(height), 0 : 1 : complex(width)]
    tint, look = before.reshape(-1, 3).astype(np.float64), (lit - before.astype(np.float64)).reshape(-1, 3)
    known = np.column_stack([np.ones(height * width), down.ravel(), right.ravel(), tint, look])
    change = (after - before.astype(np.float64)).reshape(-1, 3)
    rest = change - known @ np.linalg.lstsq(known, change, rcond=None)[0]
    return np.asarray(rest.reshape(height, width, 3))
