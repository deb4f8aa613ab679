"""Where the marks of a photo stand, as whole pixels."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PIL import Image

from photoveil.photos.model import Limits, Pixels
from photoveil.seal import colour
from photoveil.seal.errors import TooSmallError
from photoveil.seal.model import Box, Position, Size
from photoveil.seal.wavelet import Plane

PARTS = {Size.SMALL: 0.28, Size.MEDIUM: 0.36, Size.LARGE: 0.48}
"""Width of a mark in parts of the side of a 4:3 photo with as many pixels."""

ASPECT = 3
LEAST_WIDTH = 288
_SIDE_OF_4_TO_3 = math.sqrt(4 / 3)
_SEARCH_LONG, _DETAIL_LONG = 360, 1080
_STEPS = 13
GRID = 16
MOST_PIXELS = Limits().max_pixels
"""A photo has at most so many, because none that has more is decoded."""
_MOST_UNDER = 1 << 24
"""Pixels under one mark, at most: a large one on the largest photo has 15.4 million."""
_MARGIN = 0.03
_HARD_DB = 17.0
"""A guess that comes no nearer than this is bad enough; five decibels below what no guess may reach."""
_RADIUS = 3

_COARSER = {0: 2, 1: 4}
"""How many pixels around one its detail is what differs from, in brightness and in colour."""
_AWAY = 0.1
"""Part of the free space at each edge that the search leaves out: a mark at the edge is lost with a small crop."""

_FREE = {
    Position.TOP: (0.5, 0.0),
    Position.BOTTOM: (0.5, 1.0),
    Position.LEFT: (0.0, 0.5),
    Position.RIGHT: (1.0, 0.5),
    Position.TOP_LEFT: (0.0, 0.0),
    Position.TOP_RIGHT: (1.0, 0.0),
    Position.BOTTOM_LEFT: (0.0, 1.0),
    Position.BOTTOM_RIGHT: (1.0, 1.0),
    Position.CENTRE: (0.5, 0.5),
}


def expected_width(width: int, height: int, size: Size) -> float:
    """How wide a mark is on a photo of this size, before it is fitted to whole blocks."""
    return min(
        PARTS[size] * _SIDE_OF_4_TO_3 * math.sqrt(width * height), 0.94 * width, 0.94 * ASPECT * height
    )


def extent(width: int, height: int, size: Size) -> tuple[int, int]:
    """Width and height of a mark.

    Raises:
        TooSmallError: the photo has no room for one.
    """
    wanted = expected_width(width, height, size)
    unit = next(unit for unit in (16, 8, 4) if wanted > 60 * unit or unit == 4)
    across = max(unit * round(wanted / unit), LEAST_WIDTH)
    if across > width or down(across) > height:
        raise TooSmallError.of(width, height, (across, down(across)))
    return across, down(across)


def is_possible(width: int, height: int, box: Box) -> bool:
    """Whether a photo of this size that can be decoded may have such a mark, as far as its size goes."""
    return width * height <= MOST_PIXELS and box.width * box.height <= _MOST_UNDER


def down(across: int) -> int:
    """The height of a mark of this width."""
    return 2 * round(across / ASPECT / 2)


def single(pixels: Pixels, size: Size, position: Position) -> Box:
    """The one mark of a photo."""
    height, width = pixels.shape[:2]
    extents = extent(width, height, size)
    if position is Position.AUTO:
        return _chosen(pixels, *extents)
    x, y = _FREE[position]
    return _at(x, y, width, height, *extents)


def tiles(width: int, height: int, across: int, down: int) -> list[Box]:
    """Marks of that extent, staggered over a photo; the first is in the upper left."""
    rows = max(1, round(height / (2.6 * down)))
    columns = max(1, round(width / (1.5 * across)))
    found = []
    for row in range(rows):
        shifted = row % 2 and columns > 1
        for column in range(columns - 1 if shifted else columns):
            x = (column + (1.0 if shifted else 0.5)) / columns
            y = (row + 0.5) / rows
            left = min(max(round(x * width - across / 2), 0), width - across)
            top = min(max(round(y * height - down / 2), 0), height - down)
            found.append(Box(*_snapped(left, top), across, down))
    return found


def fill(brightness: Plane, box: Box) -> Plane:
    """The smooth surface through the pixels around a box: what anyone can guess of its inside."""
    height, width = brightness.shape
    inner = brightness[box.rows, box.columns]
    top = brightness[max(box.y - 1, 0), box.columns]
    bottom = brightness[min(box.y + box.height, height - 1), box.columns]
    left = brightness[box.rows, max(box.x - 1, 0)]
    right = brightness[box.rows, min(box.x + box.width, width - 1)]
    u = np.linspace(0, 1, inner.shape[1], dtype=np.float32)
    v = np.linspace(0, 1, inner.shape[0], dtype=np.float32)[:, None]
    corners = (1 - v) * ((1 - u) * top[0] + u * top[-1]) + v * ((1 - u) * bottom[0] + u * bottom[-1])
    across = (1 - u) * left[:, None] + u * right[:, None]
    down = (1 - v) * top + v * bottom
    return np.asarray(across + down - corners, np.float32)


def fill_error(brightness: Plane, box: Box) -> float:
    """The mean squared error of ``fill``, in levels²."""
    difference = fill(brightness, box) - brightness[box.rows, box.columns]
    return float(np.mean(np.square(difference, dtype=np.float64)))


def _chosen(pixels: Pixels, across: int, down: int) -> Box:
    """The place that can be restored best of those that are hard to guess, or the hardest one.

    Guesses are judged from afar, because noise is hard to guess and not worth hiding; fine detail, which is what
    platforms take away, at the size that they show.
    """
    height, width = pixels.shape[:2]
    seen = _reduced(pixels, _SEARCH_LONG)
    small = colour.planes(seen)[0]
    detail = _summed(_detail(_reduced(pixels, _DETAIL_LONG)))
    found: list[tuple[float, float, Box, Box]] = []
    for y in np.linspace(_AWAY, 1 - _AWAY, _STEPS):
        for x in np.linspace(_AWAY, 1 - _AWAY, _STEPS):
            box = _at(float(x), float(y), width, height, across, down)
            there = _scaled(box, small.shape[1] / width, small.shape[0] / height)
            fine = _scaled(box, (detail.shape[1] - 1) / width, (detail.shape[0] - 1) / height)
            found.append((fill_error(small, there), _within(detail, fine), box, there))
    least = 255**2 / 10 ** (_HARD_DB / 10)
    for error, _, box, there in sorted(found, key=lambda one: one[1]):
        if error >= least and _inpainting_error(seen, there) >= least:
            return box
    return max(found, key=lambda one: one[0])[2]


def _inpainting_error(pixels: Pixels, box: Box) -> float:
    """The mean squared error of what inpainting makes of a box, in levels²."""
    import cv2  # slow to load, and only needed here

    mask = np.zeros(pixels.shape[:2], np.uint8)
    mask[box.rows, box.columns] = 1
    guess = cv2.inpaint(np.ascontiguousarray(pixels), mask, _RADIUS, cv2.INPAINT_TELEA)
    difference = guess[box.rows, box.columns].astype(np.float64) - pixels[box.rows, box.columns]
    return float(np.mean(np.square(difference)))


def _reduced(pixels: Pixels, long: int) -> Pixels:
    height, width = pixels.shape[:2]
    scale = long / max(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))


def _detail(pixels: Pixels) -> Plane:
    """How much every pixel differs from those around it, squared, in brightness and colour together."""
    total = np.zeros(pixels.shape[:2], np.float32)
    for index, plane in enumerate(colour.planes(pixels)):
        reach = _COARSER[min(index, 1)]
        sums = _summed(np.pad(plane, reach, mode="edge"))
        side = 2 * reach + 1
        around = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
        total += np.square(plane - (around / side**2).astype(np.float32))
    return total


def _summed(plane: Plane) -> npt.NDArray[np.float64]:
    """Of all pixels above and left of each corner of pixels."""
    return np.pad(plane.astype(np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))


def _within(sums: npt.NDArray[np.float64], box: Box) -> float:
    """The mean of a box."""
    right, bottom = box.x + box.width, box.y + box.height
    total = sums[bottom, right] - sums[box.y, right] - sums[bottom, box.x] + sums[box.y, box.x]
    return float(total) / (box.width * box.height)


def _scaled(box: Box, x: float, y: float) -> Box:
    return Box(int(box.x * x), int(box.y * y), max(1, int(box.width * x)), max(1, int(box.height * y)))


def _at(x: float, y: float, width: int, height: int, across: int, down: int) -> Box:
    """The box at these parts of the free space, a margin apart from the edge where there is room."""
    margin_x = min(round(_MARGIN * width), (width - across) // 2)
    margin_y = min(round(_MARGIN * height), (height - down) // 2)
    left = margin_x + round(x * (width - across - 2 * margin_x))
    top = margin_y + round(y * (height - down - 2 * margin_y))
    return Box(*_snapped(left, top), across, down)


def _snapped(left: int, top: int) -> tuple[int, int]:
    """On the grid of JPEG's blocks, so that what they blur stays inside."""
    return left // GRID * GRID, top // GRID * GRID
