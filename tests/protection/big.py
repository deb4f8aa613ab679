"""Real photos enlarged to a few megapixels, with the grain that photos of that size have."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image

from photoveil.photos import Photo, decode

REAL = ("coffee.png", "astronaut.png", "chelsea.png", "rocket.jpg", "retina.jpg", "page.png")
_DATA = Path(skimage.__file__).parent / "data"


def real(name: str, megapixels: float = 3.0) -> NDArray[np.uint8]:
    """One of `REAL`, H×W×3."""
    picture = Image.open(_DATA / name).convert("RGB")
    scale = (megapixels * 1e6 / (picture.width * picture.height)) ** 0.5
    size = (round(picture.width * scale), round(picture.height * scale))
    pixels = np.asarray(picture.resize(size, Image.Resampling.BICUBIC), np.float32)
    grain = np.random.default_rng(1).normal(0, 3, pixels.shape[:2]).astype(np.float32)
    return np.asarray((pixels + grain[..., None]).clip(0, 255).astype(np.uint8))


def taken(pixels: NDArray[np.uint8], form: str = "JPEG", quality: int = 92) -> Photo:
    """As a decoded file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, quality=quality)
    return decode(buffer.getvalue(), name=f"holiday.{form.lower()}")
