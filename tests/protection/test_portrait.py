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
from photoveil.protection.catalogue import STRENGTHS

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
    done = starters.protect(portrait, persona=Persona("me"), strength=strength)
    before = portrait.pixels.astype(np.int16)
    after = decode(done.encoded.data).pixels.astype(np.int16)
    moved = np.abs(_beside_a_tint(before[20:140, 120:160], after[20:140, 120:160]))
    budget = STRENGTHS[strength]
    # Brightness and both colour axes may add up, and resampling may overshoot a little.
    for channel, colour in enumerate((2, 2, BLUE)):
        most = budget.flat * (1 + colour * budget.chroma) * 1.25 + 0.5
        assert np.percentile(moved[..., channel], 95) <= most


def _beside_a_tint(before: NDArray[np.int16], after: NDArray[np.int16]) -> NDArray[np.float64]:
    """What of a small area's change no tint explains: neither its colours nor, linearly, the place in it."""
    height, width = before.shape[:2]
    down, right = np.mgrid[0 : 1 : complex(height), 0 : 1 : complex(width)]
    known = np.column_stack([np.ones(height * width), down.ravel(), right.ravel(), before.reshape(-1, 3)])
    change = (after - before).reshape(-1, 3).astype(np.float64)
    rest = change - known @ np.linalg.lstsq(known, change, rcond=None)[0]
    return np.asarray(rest.reshape(height, width, 3))
