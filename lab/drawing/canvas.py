"""A canvas in units, not in pixels: the short side of the photo is 1, whatever its size.

Four channels are painted together: red, green, blue and the strength of the texture laid over the surface, so that
one antialiased fill carries both colour and material.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]
Points = Sequence[tuple[float, float]] | NDArray[np.float64]

_SHIFT = 5
_SAMPLES = 6


@lru_cache(maxsize=8)
def _spline_basis(samples: int) -> NDArray[np.float64]:
    t = np.arange(samples) / samples
    return 0.5 * np.stack(
        [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3], axis=1
    )


@lru_cache(maxsize=128)
def _neighbours(count: int, closed: bool) -> NDArray[np.intp]:
    """For every span of a curve through `count` points, the four points that shape it."""
    spans = np.arange(count if closed else count - 1)[:, None] + np.arange(-1, 3)
    return spans % count if closed else np.clip(spans, 0, count - 1)


def smooth(points: Points, closed: bool = True) -> NDArray[np.float64]:
    """A Catmull-Rom curve through `points`."""
    p = np.asarray(points, dtype=np.float64)
    curve = (_spline_basis(_SAMPLES) @ p[_neighbours(len(p), closed)]).reshape(-1, 2)
    return curve if closed else np.concatenate([curve, p[-1:]])


@lru_cache(maxsize=16)
def _circle(count: int) -> NDArray[np.float64]:
    angle = np.linspace(0.0, 2 * np.pi, count, endpoint=False)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


@lru_cache(maxsize=512)
def _ramp(start: Colour, end: Colour, texture: int) -> NDArray[np.uint32]:
    """256 packed colours from `start` to `end`."""
    first = np.array((*start, texture), dtype=np.float64)
    last = np.array((*end, texture), dtype=np.float64)
    return _packed(first + np.arange(256)[:, None] * ((last - first) / 255))


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> NDArray[np.float64]:
    """Points on an ellipse, angles in degrees, clockwise from the right."""
    angle = np.radians(np.linspace(start, end, 18))
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], axis=1)


def shade(colour: Colour, factor: float) -> Colour:
    """Darker below 1, lighter above: towards black by scaling, towards white by mixing."""
    if factor <= 1.0:
        return (round(colour[0] * factor), round(colour[1] * factor), round(colour[2] * factor))
    return mix(colour, (255, 255, 255), factor - 1.0)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """`share` of b, the rest a."""
    r, g, bl = (round(p + (q - p) * share) for p, q in zip(a, b, strict=True))
    return (r, g, bl)


def _packed(colours: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Rows of four channels as one number each, which is much faster to copy about."""
    return np.ascontiguousarray(np.rint(colours).astype(np.uint8)).view(np.uint32)[:, 0]


class Canvas:
    """Where things are drawn; `at` gives the same canvas seen from another place, size and angle."""

    def __init__(self, width: int, height: int) -> None:
        unit = float(min(width, height))
        self.pixels: NDArray[np.uint8] = np.zeros((height, width, 4), np.uint8)
        self._look_from(np.eye(2) * unit, np.array([(width - unit) / 2, (height - unit) / 2]))

    def _look_from(self, linear: NDArray[np.float64], offset: NDArray[np.float64]) -> None:
        self._linear = linear
        self._offset = offset
        # How many pixels one unit measures here.
        self.unit = math.hypot(linear[0, 0], linear[1, 0])
        self._to_fixed = linear.T * (1 << _SHIFT)
        # OpenCV puts whole coordinates at pixel centres, we put them at pixel corners.
        self._shift = (offset - 0.5) * (1 << _SHIFT)

    def at(
        self, x: float, y: float, scale: float = 1.0, angle: float = 0.0, mirror: bool = False
    ) -> "Canvas":
        """The same pixels with the origin moved to (x, y), scaled, turned by `angle` degrees, perhaps mirrored."""
        cos, sin = math.cos(math.radians(angle)) * scale, math.sin(math.radians(angle)) * scale
        flip = -1.0 if mirror else 1.0
        view = object.__new__(Canvas)
        view.pixels = self.pixels
        turn = np.array([[cos * flip, -sin], [sin * flip, cos]])
        view._look_from(self._linear @ turn, self._offset + self._linear @ np.array([x, y]))
        return view

    def _place(self, points: Points) -> NDArray[np.int32]:
        placed: NDArray[np.float64] = points @ self._to_fixed
        placed += self._shift
        return np.rint(placed, placed).astype(np.int32)

    def poly(
        self,
        points: Points,
        colour: Colour,
        texture: int = 0,
        to: Colour | None = None,
        axis: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        """A filled polygon; with `to`, the colour runs from `colour` to `to` along `axis` across its bounds."""
        placed = self._place(points)
        if to is None:
            cv2.fillPoly(self.pixels, [placed], (*colour, texture), cv2.LINE_AA, _SHIFT)
        else:
            self._gradient(placed, colour, to, texture, axis)

    def _gradient(
        self, placed: NDArray[np.int32], start: Colour, end: Colour, texture: int, axis: tuple[float, float]
    ) -> None:
        height, width = self.pixels.shape[:2]
        low = (placed.min(axis=0) >> _SHIFT) - 2
        high = (placed.max(axis=0) >> _SHIFT) + 3
        x0, y0 = int(max(low[0], 0)), int(max(low[1], 0))
        x1, y1 = int(min(high[0], width)), int(min(high[1], height))
        if x1 <= x0 or y1 <= y0:
            return
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.fillPoly(mask, [placed - np.array([x0, y0], np.int32) * (1 << _SHIFT)], 255, cv2.LINE_AA, _SHIFT)
        down = (np.arange(y0, y1, dtype=np.float32) - low[1]) * (
            255 * axis[1] / max(int(high[1] - low[1]), 1)
        )
        table = _ramp(start, end, texture)
        if axis[0] == 0:  # by far the most: one colour a row
            column = table[np.clip(down, 0, 255).astype(np.uint8)]
            packed = np.empty(mask.shape, np.uint32)
            packed[:] = column[:, None]
        else:
            across = (np.arange(x0, x1, dtype=np.float32) - low[0]) * (
                255 * axis[0] / max(int(high[0] - low[0]), 1)
            )
            packed = table[np.clip(np.add.outer(down, across), 0, 255).astype(np.uint8)]
        paint = packed.view(np.uint8).reshape(*mask.shape, 4)
        region = self.pixels[y0:y1, x0:x1]
        edge = np.nonzero(mask - np.uint8(1) < 254)  # neither 0, which wraps round, nor 255
        cover = mask[edge].astype(np.float32)[:, None] / np.float32(255)
        blended = region[edge] * (1 - cover) + paint[edge] * cover
        cv2.copyTo(paint, mask, region)
        region[edge] = (blended + 0.5).astype(np.uint8)

    def blob(
        self,
        points: Points,
        colour: Colour,
        texture: int = 0,
        to: Colour | None = None,
        axis: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        """A filled smooth shape through `points`."""
        self.poly(smooth(points), colour, texture, to, axis)

    def oval(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        colour: Colour,
        texture: int = 0,
        to: Colour | None = None,
    ) -> None:
        """A filled ellipse with its axes along x and y."""
        reach = max(rx, ry) * self.unit
        ring = _circle(64 if reach > 60 else 32 if reach > 12 else 14) * np.array((rx, ry))
        ring += np.array((x, y))
        if to is None:
            cv2.fillConvexPoly(self.pixels, self._place(ring), (*colour, texture), cv2.LINE_AA, _SHIFT)
        else:
            self.poly(ring, colour, texture, to)

    def box(
        self,
        x0: float,
        y0: float,
        x1: float,
        y1: float,
        colour: Colour,
        texture: int = 0,
        to: Colour | None = None,
        radius: float = 0.0,
        axis: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        """A filled rectangle, its corners rounded by `radius`."""
        if radius <= 0:
            self.poly(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), colour, texture, to, axis)
            return
        corners = (
            (x1 - radius, y0 + radius, -90),
            (x1 - radius, y1 - radius, 0),
            (x0 + radius, y1 - radius, 90),
            (x0 + radius, y0 + radius, 180),
        )
        turns = [arc(cx, cy, radius, radius, start, start + 90)[::3] for cx, cy, start in corners]
        self.poly(np.concatenate(turns), colour, texture, to, axis)

    def stroke(
        self, points: Points, width: float, colour: Colour, texture: int = 0, taper: float = 1.0
    ) -> None:
        """A smooth line of the given width in units, narrowing to `taper` of it at its end."""
        path = smooth(points, closed=False) if len(points) > 2 else np.asarray(points, dtype=np.float64)
        count = len(path)
        along = np.empty_like(path)
        along[1:-1] = path[2:] - path[:-2]
        along[0], along[-1] = path[1] - path[0], path[-1] - path[-2]
        length = np.hypot(along[:, 0], along[:, 1])
        np.maximum(length, 1e-9, out=length)
        half = (width / 2) / length
        if taper != 1.0:
            half *= 1.0 + (taper - 1.0) / (count - 1) * np.arange(count)
        side = along[:, ::-1] * half[:, None]
        side[:, 0] *= -1
        outline = np.empty((2 * count, 2))
        np.add(path, side, out=outline[:count])
        np.subtract(path, side, out=outline[: count - 1 : -1])
        self.poly(outline, colour, texture)

    def strips(self, ends: NDArray[np.float64], width: float, colour: Colour, texture: int = 0) -> None:
        """Many thin straight strips at once; each row of `ends` is x0, y0, x1, y1."""
        start, stop = ends[:, :2], ends[:, 2:]
        along = stop - start
        length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
        side = np.stack([-along[:, 1], along[:, 0]], axis=1) / length * (width / 2)
        quads = np.stack([start + side, stop + side, stop - side, start - side], axis=1)
        placed = self._place(quads.reshape(-1, 2)).reshape(-1, 4, 2)
        for quad in placed:
            cv2.fillConvexPoly(self.pixels, quad, (*colour, texture), cv2.LINE_AA, _SHIFT)

    def blobs(self, centres: NDArray[np.float64], radius: float, colour: Colour, texture: int = 0) -> None:
        """Many small discs at once; each row of `centres` is x, y and a factor on the radius."""
        ring = _circle(10 if radius * self.unit < 24 else 16) * radius
        rings = ring[None] * centres[:, 2, None, None] + centres[:, None, :2]
        for placed in self._place(rings.reshape(-1, 2)).reshape(len(centres), -1, 2):
            cv2.fillConvexPoly(self.pixels, placed, (*colour, texture), cv2.LINE_AA, _SHIFT)

    def backdrop(self, stops: Sequence[tuple[float, Colour, int]]) -> None:
        """The whole frame from top to bottom: (height, colour, texture) with smooth runs in between."""
        rows = (np.arange(self.pixels.shape[0]) + 0.5 - self._offset[1]) / self._linear[1, 1]
        heights = [stop[0] for stop in stops]
        values = np.array([[*stop[1], stop[2]] for stop in stops], dtype=np.float64)
        column = np.stack([np.interp(rows, heights, values[:, i]) for i in range(4)], axis=1)
        self.pixels.view(np.uint32)[:] = _packed(column)[:, None, None]
