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
def _spline(count: int, closed: bool) -> NDArray[np.float64]:
    """The curve through `count` points as a matrix: every sample is a weighted sum of four points."""
    spans = np.arange(count if closed else count - 1)[:, None] + np.arange(-1, 3)
    spans = spans % count if closed else np.clip(spans, 0, count - 1)
    curve = np.zeros((len(spans), _SAMPLES, count))
    for span, four in enumerate(spans):
        for weight, point in zip(_spline_basis(_SAMPLES).T, four, strict=True):
            curve[span, :, point] += weight
    samples = curve.reshape(-1, count)
    return samples if closed else np.concatenate([samples, np.eye(count)[-1:]])


def smooth(points: Points, closed: bool = True) -> NDArray[np.float64]:
    """A Catmull-Rom curve through `points`."""
    return np.asarray(_spline(len(points), closed) @ np.asarray(points, dtype=np.float64))


@lru_cache(maxsize=128)
def _spline_and_slope(count: int) -> NDArray[np.float64]:
    """The open curve through `count` points as a matrix, and below it the differences along it."""
    curve = _spline(count, closed=False) if count > 2 else np.eye(count)
    slope = np.empty_like(curve)
    slope[1:-1] = curve[2:] - curve[:-2]
    slope[0], slope[-1] = curve[1] - curve[0], curve[-1] - curve[-2]
    return np.concatenate([curve, slope])


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


@lru_cache(maxsize=32)
def _turn(start: float, end: float) -> NDArray[np.float64]:
    angle = np.radians(np.linspace(start, end, 18))
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> NDArray[np.float64]:
    """Points on an ellipse, angles in degrees, clockwise from the right."""
    return _turn(start, end) * (rx, ry) + (x, y)


@lru_cache(maxsize=4096)
def shade(colour: Colour, factor: float) -> Colour:
    """Darker below 1, lighter above: towards black by scaling, towards white by mixing."""
    if factor <= 1.0:
        return (round(colour[0] * factor), round(colour[1] * factor), round(colour[2] * factor))
    return mix(colour, (255, 255, 255), factor - 1.0)


@lru_cache(maxsize=4096)
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
        self._words = self.pixels.view(np.uint32).reshape(-1)
        self._look_from((unit, 0.0), (0.0, unit), ((width - unit) / 2, (height - unit) / 2))

    def _look_from(
        self, across: tuple[float, float], down: tuple[float, float], origin: tuple[float, float]
    ) -> None:
        """Units to pixels: x = across · (x, y) + origin x, and y the same from `down`."""
        self._rows = across, down, origin
        # How many pixels one unit measures here.
        self.unit = math.hypot(across[0], down[0])
        fixed = 1 << _SHIFT
        self._to_fixed = np.array(
            ((across[0] * fixed, down[0] * fixed), (across[1] * fixed, down[1] * fixed))
        )
        # OpenCV puts whole coordinates at pixel centres, we put them at pixel corners.
        self._shift = np.array(((origin[0] - 0.5) * fixed, (origin[1] - 0.5) * fixed))

    def at(
        self, x: float, y: float, scale: float = 1.0, angle: float = 0.0, mirror: bool = False
    ) -> "Canvas":
        """The same pixels with the origin moved to (x, y), scaled, turned by `angle` degrees, perhaps mirrored."""
        cos, sin = math.cos(math.radians(angle)) * scale, math.sin(math.radians(angle)) * scale
        flip = -1.0 if mirror else 1.0
        view = object.__new__(Canvas)
        view.pixels, view._words = self.pixels, self._words
        (xx, xy), (yx, yy), (dx, dy) = self._rows
        view._look_from(
            ((xx * cos + xy * sin) * flip, xy * cos - xx * sin),
            ((yx * cos + yy * sin) * flip, yy * cos - yx * sin),
            (xx * x + xy * y + dx, yx * x + yy * y + dy),
        )
        return view

    def _place(self, points: Points) -> NDArray[np.int32]:
        placed: NDArray[np.float64] = points @ self._to_fixed
        placed += self._shift
        return np.rint(placed, placed).astype(np.int32)

    def _beyond(self, x: float, y: float, reach: float) -> bool:
        """Whether all that lies within `reach` pixels of a point is out of sight."""
        (xx, xy), (yx, yy), (dx, dy) = self._rows
        reach += 3
        across, down = xx * x + xy * y + dx, yx * x + yy * y + dy
        height, width = self.pixels.shape[:2]
        return bool(across < -reach or down < -reach or across > width + reach or down > height + reach)

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
        run_x, run_y = (255 * part / max(int(span), 1) for part, span in zip(axis, high - low, strict=True))
        down = (np.arange(y0, y1, dtype=np.float32) - low[1]) * run_y
        across = (np.arange(x0, x1, dtype=np.float32) - low[0]) * run_x
        table = _ramp(start, end, texture)
        if axis[0] == 0:
            packed = np.repeat(table[np.clip(down, 0, 255).astype(np.uint8)][:, None], x1 - x0, axis=1)
        elif axis[1] == 0:
            packed = np.repeat(table[np.clip(across, 0, 255).astype(np.uint8)][None], y1 - y0, axis=0)
        else:
            packed = table[np.clip(np.add.outer(down, across), 0, 255).astype(np.uint8)]
        region = self.pixels[y0:y1, x0:x1]
        edge = np.flatnonzero(mask - np.uint8(1) < 254)  # neither 0, which wraps round, nor 255
        cover = np.repeat(mask.reshape(-1)[edge], 4).astype(np.float32) / np.float32(255)
        down_at, across_at = np.divmod(edge, x1 - x0)
        under = self._words[(down_at + y0) * width + across_at + x0].view(np.uint8)
        blended = under * (1 - cover) + packed.reshape(-1)[edge].view(np.uint8) * cover
        packed.reshape(-1)[edge] = (blended + 0.5).astype(np.uint8).view(np.uint32)
        cv2.copyTo(packed.view(np.uint8).reshape(*mask.shape, 4), mask, region)

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
        if self._beyond(x, y, reach):
            return
        ring = _circle(64 if reach > 60 else 32 if reach > 12 else 14) * (rx, ry) + (x, y)
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
        if self._beyond((x0 + x1) / 2, (y0 + y1) / 2, (abs(x1 - x0) + abs(y1 - y0)) / 2 * self.unit):
            return
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
        both = _spline_and_slope(len(points)) @ np.asarray(points, dtype=np.float64)
        count = len(both) // 2
        path, along = both[:count], both[count:]
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
        along = ends[:, 2:] - ends[:, :2]
        length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)
        seen = self._in_sight(ends[:, :2], float(length.max(initial=0)) + width)
        ends, along, length = ends[seen], along[seen], length[seen]
        side = np.stack([-along[:, 1], along[:, 0]], axis=1) / length[:, None] * (width / 2)
        start, stop = ends[:, :2], ends[:, 2:]
        self._fill_all(
            np.stack([start + side, stop + side, stop - side, start - side], axis=1), colour, texture
        )

    def blobs(self, centres: NDArray[np.float64], radius: float, colour: Colour, texture: int = 0) -> None:
        """Many small discs at once; each row of `centres` is x, y and a factor on the radius."""
        largest = radius * float(np.abs(centres[:, 2]).max(initial=0))
        centres = centres[self._in_sight(centres[:, :2], largest)]
        ring = _circle(10 if radius * self.unit < 24 else 16) * radius
        self._fill_all(ring[None] * centres[:, 2, None, None] + centres[:, None, :2], colour, texture)

    def _in_sight(self, points: NDArray[np.float64], reach: float) -> NDArray[np.bool_]:
        """Which of the points have something of the frame within `reach` units of them."""
        placed = points @ self._to_fixed + self._shift
        fixed = 1 << _SHIFT
        margin = (reach * self.unit + 3) * fixed
        height, width = self.pixels.shape[0] * fixed, self.pixels.shape[1] * fixed
        inside = (placed > -margin) & (placed < (width + margin, height + margin))
        return np.asarray(inside.all(axis=1))

    def _fill_all(self, shapes: NDArray[np.float64], colour: Colour, texture: int) -> None:
        """Fill many small convex shapes, N x points x 2."""
        for placed in self._place(shapes.reshape(-1, 2)).reshape(shapes.shape):
            cv2.fillConvexPoly(self.pixels, placed, (*colour, texture), cv2.LINE_AA, _SHIFT)

    def backdrop(self, stops: Sequence[tuple[float, Colour, int]]) -> None:
        """The whole frame from top to bottom: (height, colour, texture) with smooth runs in between."""
        rows = (np.arange(self.pixels.shape[0]) + 0.5 - self._rows[2][1]) / self._rows[1][1]
        heights = [stop[0] for stop in stops]
        values = np.array([[*stop[1], stop[2]] for stop in stops], dtype=np.float64)
        column = np.stack([np.interp(rows, heights, values[:, i]) for i in range(4)], axis=1)
        self.pixels.view(np.uint32)[:] = _packed(column)[:, None, None]
