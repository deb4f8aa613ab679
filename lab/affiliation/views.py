"""Attackers who train on several random views of each photo they have: augmentation, as everybody trains today."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from photoveil.protection.channel import jpeg

AUGMENT = "augment"
"""The counter that turns each posted photo into several views; questioned photos stay as they are."""

_SHORT_EDGE = 448
_LEAST_PART = 0.6


def views(picture: Image.Image, count: int, seed: int) -> list[Image.Image]:
    """The photo itself and ``count - 1`` random views of it, short edge at most 448 pixels."""
    rng = np.random.default_rng([seed, 53])
    scale = min(1.0, _SHORT_EDGE / min(picture.size))
    size = (round(picture.width * scale), round(picture.height * scale))
    small = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return [picture, *(_view(small, rng) for _ in range(count - 1))]


def _view(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A random crop (0.6 to 1 of the area), and each of the other changes about every second time."""
    seen = _cropped(picture, rng)
    if rng.random() < 0.5:
        seen = seen.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rng.random() < 0.5:
        for enhancer in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
            seen = enhancer(seen).enhance(float(rng.uniform(0.75, 1.25)))
    if rng.random() < 0.5:
        seen = seen.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 2.0))))
    if rng.random() < 0.5:
        seen = _noisy(seen, float(rng.uniform(1, 10)), rng)
    if rng.random() < 0.5:
        seen = jpeg(seen, int(rng.integers(40, 96))).convert("RGB")
    return seen


def _cropped(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    part = float(rng.uniform(_LEAST_PART, 1.0)) ** 0.5
    width, height = round(picture.width * part), round(picture.height * part)
    x = int(rng.integers(0, picture.width - width + 1))
    y = int(rng.integers(0, picture.height - height + 1))
    return picture.crop((x, y, x + width, y + height))


def _noisy(picture: Image.Image, levels: float, rng: np.random.Generator) -> Image.Image:
    pixels = np.asarray(picture, np.float32)
    noisy = pixels + levels * rng.standard_normal(pixels.shape, np.float32)
    return Image.fromarray(noisy.round().clip(0, 255).astype(np.uint8))
