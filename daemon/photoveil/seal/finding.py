"""Finding a mark by the pattern that all marks have in common, whatever was done to the photo's size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

from photoveil.seal import carrier, placing
from photoveil.seal.model import Size
from photoveil.seal.wavelet import Plane

_CERTAIN = 8.0
"""Standard deviations above what the rest of the photo shows; chance reaches about five."""

_FIRST = (1.0, 0.985, 1.015)
_RANGE, _STEPS = (0.97, 1.4), 25
_DETAIL = 1.5
_SEARCHED = 1600
_NARROWEST = 96
"""Below this width what is written in a mark is finer than pixels; a hairline would be enlarged a hundred times."""
_SURROUND = 0.08


@dataclass(frozen=True)
class Found:
    """Where a mark is, in pixels and parts of them, and how surely."""

    x: float
    y: float
    width: float
    height: float
    score: float


def find(brightness: Plane, *, thorough: bool) -> Found | None:
    """The clearest mark of a photo of H×W, or None.

    Args:
        thorough: look for marks of photos that were cropped, too, which takes seconds.
    """
    small, scale = _reduced(brightness)
    tried = [found for width in _widths(small, thorough) if (found := _best_at(small, width))]
    best = max(tried, key=lambda found: found.score, default=None)
    if best is None or best.score < _CERTAIN:
        return None
    place = Found(best.x * scale, best.y * scale, best.width * scale, best.height * scale, best.score)
    return refined(brightness, place, carrier.pattern())


def refined(brightness: Plane, start: Found, pattern: Plane) -> Found:
    """The place near ``start`` that fits a pattern of 128×384 samples best, to a fraction of a pixel."""
    left, top = start.x - _SURROUND * start.width, start.y - _SURROUND * start.width
    right, bottom = (
        start.x + (1 + _SURROUND) * start.width,
        start.y + start.height + _SURROUND * start.width,
    )
    height, width = brightness.shape
    left, top, right, bottom = max(left, 0.0), max(top, 0.0), min(right, width), min(bottom, height)
    zoom = min(_DETAIL * carrier.WIDTH / start.width, 1.0)
    size = max(1, round((right - left) * zoom)), max(1, round((bottom - top) * zoom))
    part = Image.fromarray(brightness).resize(size, Image.Resampling.BICUBIC, box=(left, top, right, bottom))
    zoom_x, zoom_y = size[0] / (right - left), size[1] / (bottom - top)
    plane = np.asarray(part, np.float32)
    aspect = start.height / start.width

    def fit(x: float, y: float, scale: float) -> float:
        wide = start.width * scale
        box = ((x - left) * zoom_x, (y - top) * zoom_y)
        bounds = (*box, box[0] + wide * zoom_x, box[1] + wide * aspect * zoom_y)
        if min(bounds) < 0 or bounds[2] > size[0] or bounds[3] > size[1]:
            return -1.0
        seen = carrier.reduced(plane, bounds)
        return float((_even(seen, 16) * pattern).sum())

    place = [start.x, start.y, 1.0]
    unit = start.width / carrier.WIDTH
    steps = [unit, unit, 0.004]
    best = fit(*place)
    for _ in range(7):
        for index, step in enumerate(steps):
            for change in (step, -step):
                tried = list(place)
                tried[index] += change
                if index == 2:  # about its middle
                    tried[0] -= change * start.width / 2
                    tried[1] -= change * start.height / 2
                value = fit(*tried)
                if value > best:
                    best, place = value, tried
        steps = [step / 2 for step in steps]
    return Found(place[0], place[1], start.width * place[2], start.height * place[2], start.score)


def _reduced(brightness: Plane) -> tuple[Plane, float]:
    """A photo no larger than the search needs, and how much larger the original is."""
    height, width = brightness.shape
    scale = max(height, width) / _SEARCHED
    if scale <= 1:
        return brightness, 1.0
    size = max(1, round(width / scale)), max(1, round(height / scale))
    small = Image.fromarray(brightness).resize(size, Image.Resampling.BOX)
    return np.asarray(small, np.float32), width / size[0]


def _widths(brightness: Plane, thorough: bool) -> list[float]:
    """How wide a mark may be."""
    height, width = brightness.shape
    expected = [placing.expected_width(width, height, size) for size in Size]
    if not thorough:
        return [wanted * factor for wanted in (*expected, placing.LEAST_WIDTH) for factor in _FIRST]
    factors = np.geomspace(*_RANGE, _STEPS)
    return [wanted * float(factor) for wanted in expected for factor in factors]


def _best_at(brightness: Plane, mark_width: float) -> Found | None:
    """The best place for a mark of this width."""
    if mark_width < _NARROWEST:
        return None
    height, width = brightness.shape
    across, down = carrier.WIDTH // 2, carrier.HEIGHT // 2
    zoom = across / mark_width
    size = round(width * zoom), round(height * zoom)
    if size[0] < across or size[1] < down:
        return None
    seen = np.asarray(Image.fromarray(brightness).resize(size, Image.Resampling.BICUBIC), np.float32)
    padded = tuple(-(-side // 32) * 32 for side in seen.shape)
    transformed = np.fft.rfft2(_even(seen), padded) * np.conj(np.fft.rfft2(_small_pattern(), padded))
    fits = np.fft.irfft2(transformed, padded)
    fits = fits[: size[1] - down + 1, : size[0] - across + 1]
    y, x = np.unravel_index(int(np.argmax(fits)), fits.shape)
    # By median, which neither the mark nor a patterned wall can raise much.
    chance = float(np.median(np.abs(fits))) / 0.6745
    score = float(fits[y, x]) / max(chance, 1e-6)
    return Found(
        int(x) * width / size[0], int(y) * height / size[1], mark_width, mark_width / placing.ASPECT, score
    )


@cache
def _small_pattern() -> Plane:
    """The pattern at half its size, which is enough to find it."""
    image = Image.fromarray(carrier.pattern())
    half = image.resize((carrier.WIDTH // 2, carrier.HEIGHT // 2), Image.Resampling.BICUBIC)
    return np.asarray(half, np.float32)


def _even(plane: Plane, cell: int = 8) -> Plane:
    """Without slow changes, and as lively everywhere."""
    height, width = plane.shape
    few = max(1, width // cell), max(1, height // cell)

    def smooth(values: Plane) -> Plane:
        small = Image.fromarray(values).resize(few, Image.Resampling.BOX)
        return np.asarray(small.resize((width, height), Image.Resampling.BILINEAR), np.float32)

    fine = plane - smooth(plane)
    even: Plane = np.clip(fine / (np.sqrt(np.maximum(smooth(fine * fine), 0)) + 2), -3, 3)
    return even
