"""Taking a mark off a photo that was scaled: its pixels are mixtures, at its edge also with what is around it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from photoveil.photos.model import Pixels
from photoveil.seal import colour, layers
from photoveil.seal.colour import Planes
from photoveil.seal.layers import Dress
from photoveil.seal.model import Box

_MARGIN = 32
_MIXED = 2.0
"""So many pixels of a scaled photo beside a mark have something of the mark."""

Bounds = tuple[float, float, float, float]
Window = tuple[slice, slice]


@dataclass(frozen=True)
class Placed:
    """Where the sealed photo lies in the present pixels: present = scale · sealed + offset."""

    scale_x: float
    scale_y: float
    x: float
    y: float

    @property
    def unscaled(self) -> bool:
        """Whether every pixel is where a pixel was."""
        return self.scale_x == self.scale_y == 1.0

    def bounds(self, box: Box) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of a box in the present pixels."""
        left, top = self.x + box.x * self.scale_x, self.y + box.y * self.scale_y
        return left, top, left + box.width * self.scale_x, top + box.height * self.scale_y

    def holds(self, box: Box, width: int, height: int) -> bool:
        """Whether the whole box lies in a photo of this size, but for a hair."""
        left, top, right, bottom = self.bounds(box)
        return left >= -0.5 and top >= -0.5 and right <= width + 0.5 and bottom <= height + 0.5

    def window(self, box: Box, width: int, height: int) -> Window:
        """The rows and columns that have something of the box."""
        left, top, right, bottom = self.bounds(box)
        rows = slice(max(math.floor(top + 0.01), 0), min(math.ceil(bottom - 0.01), height))
        return rows, slice(max(math.floor(left + 0.01), 0), min(math.ceil(right - 0.01), width))


def undressed(pixels: Pixels, placed: Placed, box: Box, dress: Dress, key: bytes, number: int) -> Pixels:
    """What was under the ``number``-th mark, as the pixels of its window.

    All is done in a patch of the old size around the mark. What is known, the letters and the surroundings, is
    subtracted as the platform's scaling left it; only the disguised photo is then scaled back.
    """
    height, width = pixels.shape[:2]
    patch = _patch(placed, box, width, height)
    left, top = box.x - patch.x, box.y - patch.y
    inside = slice(top, top + box.height), slice(left, left + box.width)
    bounds = _clipped(placed.bounds(patch), width, height)
    known = _resized(colour.planes(pixels), bounds, (patch.width, patch.height))
    _spread(known, inside, math.ceil(_MIXED / min(placed.scale_x, placed.scale_y)))
    photo = known.copy()
    known[:, inside[0], inside[1]] = layers.drawn(dress, box.width, box.height, len(known))

    near = (
        slice(math.ceil(bounds[1] - 0.01), math.floor(bounds[3] + 0.01)),
        slice(math.ceil(bounds[0] - 0.01), math.floor(bounds[2] + 0.01)),
    )
    unknown = colour.planes(pixels[near]) - _window(known, bounds, near)
    x0, y0, x1, y1 = placed.bounds(box)
    at = (x0 - near[1].start, y0 - near[0].start, x1 - near[1].start, y1 - near[0].start)
    hidden = _resized(unknown, _clipped(at, unknown.shape[2], unknown.shape[1]), (box.width, box.height))
    found = np.clip(layers.revealed(hidden, dress, key, number, mend=True), 0, 255)
    photo[:, inside[0], inside[1]] = colour.planes(found)
    return colour.rounded(colour.picture(_window(photo, bounds, placed.window(box, width, height))))


def _patch(placed: Placed, box: Box, width: int, height: int) -> Box:
    """The mark with its surroundings, as far as they are in the photo, in pixels of the old size."""
    left = max(box.x - _MARGIN, math.ceil(-placed.x / placed.scale_x))
    top = max(box.y - _MARGIN, math.ceil(-placed.y / placed.scale_y))
    right = min(box.x + box.width + _MARGIN, math.floor((width - placed.x) / placed.scale_x + 0.01))
    bottom = min(box.y + box.height + _MARGIN, math.floor((height - placed.y) / placed.scale_y + 0.01))
    left, top = min(left, box.x), min(top, box.y)
    return Box(left, top, max(right, box.x + box.width) - left, max(bottom, box.y + box.height) - top)


def _clipped(bounds: Bounds, width: int, height: int) -> Bounds:
    left, top, right, bottom = bounds
    return max(left, 0.0), max(top, 0.0), min(right, float(width)), min(bottom, float(height))


def _spread(planes: Planes, inside: Window, reach: int) -> None:
    """Replace what lies beside the mark and has something of it by what lies farther out."""
    rows, columns = inside
    height, width = planes.shape[1:]
    left, right = max(columns.start - reach, 0), min(columns.stop + reach, width)
    top, bottom = max(rows.start - reach, 0), min(rows.stop + reach, height)
    if left > 0:
        planes[:, rows, left : columns.start] = planes[:, rows, left - 1 : left]
    if right < width:
        planes[:, rows, columns.stop : right] = planes[:, rows, right : right + 1]
    if top > 0:
        planes[:, top : rows.start, left:right] = planes[:, top - 1 : top, left:right]
    if bottom < height:
        planes[:, rows.stop : bottom, left:right] = planes[:, bottom : bottom + 1, left:right]


def _window(patch: Planes, bounds: Bounds, window: Window) -> Planes:
    """Whole pixels of the scaled photo, from a patch that shows its ``bounds`` at the old size."""
    rows, columns = window
    zoom_x, zoom_y = patch.shape[2] / (bounds[2] - bounds[0]), patch.shape[1] / (bounds[3] - bounds[1])
    at = (
        (columns.start - bounds[0]) * zoom_x,
        (rows.start - bounds[1]) * zoom_y,
        (columns.stop - bounds[0]) * zoom_x,
        (rows.stop - bounds[1]) * zoom_y,
    )
    size = columns.stop - columns.start, rows.stop - rows.start
    return _resized(patch, _clipped(at, patch.shape[2], patch.shape[1]), size)


def _resized(planes: Planes, bounds: Bounds, size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """A part of some planes at another size, without rounding to whole levels."""
    done = [
        np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.LANCZOS, box=bounds))
        for plane in planes
    ]
    return np.stack(done)
