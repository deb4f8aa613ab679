"""Five ways to wear hair, in the head units of `face`."""

import numpy as np
from numpy.typing import NDArray

from lab.drawing.canvas import Canvas, Colour, shade, smooth
from lab.drawing.palette import HAIR, SKIN
from lab.people import Look

Edge = list[tuple[float, float]]
_GRAIN = 85


def draw_behind(canvas: Canvas, look: Look, yaw: float) -> None:
    """The hair that neck and shoulders stand in front of."""
    colour = shade(HAIR[look.hair_colour], 0.80)
    volume = 1 + 0.08 * look.geometry.hair_volume
    if look.hair_style == "long":
        half = [
            (0.55, -1.10),
            (0.98, -0.55),
            (1.06, 0.30),
            (1.10, 1.15),
            (0.98, 1.95),
            (0.62, 2.15),
            (0.2, 2.05),
        ]
        shape = [(x * volume, y) for x, y in half]
        canvas.blob([(0.0, -1.22), *shape, *((-x, y) for x, y in reversed(shape))], colour, _GRAIN)
        rng = np.random.default_rng(5)
        x = rng.uniform(-1.0, 1.0, 34)
        ends = np.stack([x * 0.9, -0.4 + 0 * x, x * 1.02 * volume, 1.55 + rng.uniform(0, 0.4, 34)], axis=1)
        canvas.strips(ends, 0.022, shade(colour, 1.12), 40)
    elif look.hair_style == "curly":
        _curls(canvas, _ring(1.02 * volume, 26, 0.10), 0.40, colour)
    elif look.hair_style == "bun":
        canvas.oval(0.06 * yaw, -1.34 * volume, 0.44, 0.40, shade(colour, 1.1), _GRAIN)
        for k in range(3):
            path = [
                (-0.36 + 0.1 * k, -1.30 - 0.12 * k),
                (0.0, -1.16 - 0.16 * k),
                (0.36 - 0.1 * k, -1.34 - 0.12 * k),
            ]
            canvas.stroke(path, 0.03, shade(colour, 1.28), 30)
        canvas.oval(0.0, -1.02, 0.34, 0.12, shade(colour, 0.7), _GRAIN)


def draw_front(canvas: Canvas, look: Look, edge: Edge) -> None:
    """The hair that lies over the forehead."""
    if look.hair_style == "bald":
        _gloss(canvas, look)
        return
    colour = HAIR[look.hair_colour]
    line = -0.50 - 0.09 * look.geometry.hairline
    draw = {"short": _short, "long": _long, "curly": _curly, "bun": _bun}[look.hair_style]
    draw(canvas, look, _skull(edge, 1.07 + 0.04 * look.geometry.hair_volume), line, colour)


def _skull(edge: Edge, grow: float) -> NDArray[np.float64]:
    """The upper outline of the head from left to right, a little larger than the head."""
    curve = smooth(edge)
    upper = curve[curve[:, 1] < -0.12]
    upper = upper[np.argsort(upper[:, 0])]
    return np.asarray(upper * (grow, grow + 0.04))


def _gloss(canvas: Canvas, look: Look) -> None:
    skin = SKIN[look.skin]
    canvas.oval(-0.2, -0.72, 0.26, 0.12, shade(skin, 1.22))
    canvas.oval(-0.2, -0.74, 0.14, 0.06, shade(skin, 1.4))


def _short(canvas: Canvas, look: Look, skull: NDArray[np.float64], line: float, colour: Colour) -> None:
    side = -1.0 if look.geometry.hairline > 0 else 1.0
    fringe = [
        (0.66, -0.30),
        (0.56, line + 0.06),
        (0.25, line - 0.08),
        (-0.10, line + 0.0),
        (-0.45, line + 0.14),
        (-0.64, -0.28),
    ]
    lower = np.array([(x * side, y) for x, y in fringe])
    lower = lower[np.argsort(-lower[:, 0])]
    canvas.poly(np.concatenate([skull, lower]), colour, _GRAIN)
    _strands(
        canvas,
        skull * 0.99,
        [(x * 0.8 + 0.1 * side, line - 0.02) for x in np.linspace(-0.7, 0.7, 15)],
        colour,
    )


def _long(canvas: Canvas, _look: Look, _skull: NDArray[np.float64], line: float, colour: Colour) -> None:
    for side in (-1.0, 1.0):
        lock = [
            (0.0, -1.08),
            (0.55, -1.02),
            (0.90, -0.55),
            (0.98, 0.10),
            (1.0, 0.95),
            (0.90, 1.55),
            (0.74, 1.30),
            (0.72, 0.55),
            (0.70, 0.0),
            (0.62, -0.36),
            (0.34, line - 0.06),
            (0.02, line - 0.26),
        ]
        shape = [(side * x, y) for x, y in lock]
        canvas.blob(shape, colour, _GRAIN)
        for k in range(4):
            x = 0.28 + 0.17 * k
            path = [
                (side * 0.1, -1.0),
                (side * x, -0.78 + 0.08 * k),
                (side * (0.72 + 0.06 * k), -0.1),
                (side * (0.78 + 0.05 * k), 1.1),
            ]
            canvas.stroke(path, 0.028, shade(colour, 1.16 if k % 2 else 0.80), 30, taper=0.3)


def _bun(canvas: Canvas, _look: Look, skull: NDArray[np.float64], line: float, colour: Colour) -> None:
    lower = np.array(
        [
            (0.72, -0.24),
            (0.60, line + 0.02),
            (0.3, line - 0.10),
            (0.0, line - 0.13),
            (-0.3, line - 0.10),
            (-0.60, line + 0.02),
            (-0.72, -0.24),
        ]
    )
    canvas.poly(np.concatenate([skull, lower]), colour, _GRAIN)
    roots = [(x, line - 0.1 + 0.25 * abs(x)) for x in np.linspace(-0.62, 0.62, 13)]
    top = np.array([(x * 0.25, -1.10) for x in np.linspace(-1, 1, 13)])
    _strands(canvas, top, roots, colour)


def _curly(canvas: Canvas, _look: Look, skull: NDArray[np.float64], line: float, colour: Colour) -> None:
    lower = np.array(
        [(0.70, -0.2), (0.5, line + 0.02), (0.0, line - 0.05), (-0.5, line + 0.02), (-0.70, -0.2)]
    )
    canvas.poly(np.concatenate([skull * 1.05, lower]), colour, _GRAIN)
    front = np.array([(x, line - 0.12 + 0.28 * x * x, 1.0) for x in np.linspace(-0.66, 0.66, 7)])
    _curls(canvas, np.concatenate([front, _ring(0.93, 15, 0.07, 0.62)]), 0.24, colour)


def _ring(radius: float, count: int, wobble: float, spread: float = 0.80) -> NDArray[np.float64]:
    rng = np.random.default_rng(11)
    angle = np.linspace(-np.pi * spread, np.pi * spread, count) - np.pi / 2
    reach = radius * (1 + rng.uniform(-wobble, wobble, count))
    return np.stack(
        [np.cos(angle) * reach, np.sin(angle) * reach - 0.18, rng.uniform(0.8, 1.15, count)], axis=1
    )


def _curls(canvas: Canvas, centres: NDArray[np.float64], radius: float, colour: Colour) -> None:
    canvas.blobs(centres, radius, colour, _GRAIN)
    canvas.blobs(centres + np.array([-0.04, -0.05, -0.35]), radius, shade(colour, 1.13), 60)
    canvas.blobs(centres + np.array([-0.01, -0.01, -0.52]), radius, shade(colour, 0.9), 60)


def _strands(
    canvas: Canvas, tops: NDArray[np.float64], roots: list[tuple[float, float]], colour: Colour
) -> None:
    picks = tops[np.linspace(2, len(tops) - 3, len(roots)).astype(int)]
    ends = np.concatenate([np.asarray(roots), picks], axis=1)
    canvas.strips(ends[::2], 0.024, shade(colour, 1.16), 40)
    canvas.strips(ends[1::2], 0.024, shade(colour, 0.78), 40)
