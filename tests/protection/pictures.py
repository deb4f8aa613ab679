"""Photo files for tests, made on the spot."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from photoveil.photos import Photo, decode


def pixels(width: int, height: int, *, grey: bool = False, seed: int = 0) -> NDArray[np.uint8]:
    """A vertical gradient with noise, H×W×3 or H×W."""
    random = np.random.default_rng(seed)
    shape = (height, width) if grey else (height, width, 3)
    ramp = np.linspace(40, 200, height).reshape(-1, *[1] * (len(shape) - 1))
    return np.asarray((ramp + random.normal(0, 12, shape)).clip(0, 255).astype(np.uint8))


def photo(width: int, height: int, *, form: str = "JPEG", grey: bool = False, **options: Any) -> Photo:
    """The same as a decoded file of the given Pillow format."""
    buffer = io.BytesIO()
    Image.fromarray(pixels(width, height, grey=grey)).save(buffer, form, **options)
    return decode(buffer.getvalue(), name=f"holiday.{form.lower()}")
