"""Photos of any size out of the bundled portrait, with the grain that makes a phone's files as large as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from lab.shift import PORTRAIT

QUALITY = 90
_GRAIN = 4.0


def size(megapixels: float) -> tuple[int, int]:
    """Width and height of a 4:3 photo."""
    width = round((megapixels * 1e6 * 4 / 3) ** 0.5 / 16) * 16
    return width, width * 3 // 4


def write(file: Path, size: tuple[int, int], number: int) -> Path:
    """A JPEG file; every ``number`` shows another part of the portrait."""
    draws = np.random.default_rng([12, number])
    portrait = Image.open(PORTRAIT).convert("RGB")
    width = round(portrait.width * (1.0 if number == 0 else draws.uniform(0.7, 0.95)))
    height = min(portrait.height, width * 3 // 4)
    left = int(draws.integers(0, portrait.width - width + 1))
    top = int(draws.integers(0, portrait.height - height + 1))
    shown = portrait.crop((left, top, left + width, top + height)).resize(size, Image.Resampling.LANCZOS)
    pixels = np.asarray(shown, dtype=np.float32)
    pixels += draws.normal(0, _GRAIN, (*pixels.shape[:2], 1)).astype(np.float32)
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, quality=QUALITY)
    return file
