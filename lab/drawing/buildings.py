"""Four kinds of house, about one unit wide, standing on y = 0."""

import numpy as np

from lab.drawing.canvas import Canvas, Colour, shade
from lab.drawing.palette import GLASS, WOOD
from lab.drawing.places import bush

_ROOF: Colour = (112, 84, 78)
_TRIM: Colour = (246, 244, 238)


def draw_house(canvas: Canvas, kind: str, colour: Colour, rng: np.random.Generator) -> None:
    """One of the houses, with bushes before it."""
    {"cottage": _cottage, "tower block": _tower, "cabin": _cabin, "terrace": _terrace}[kind](canvas, colour)
    for x in rng.uniform(-0.62, 0.62, 4):
        bush(canvas.at(x, 0.03, 0.16), rng)


def _pane(canvas: Canvas, x: float, y: float, wide: float, tall: float) -> None:
    canvas.box(x - wide * 0.62, y - tall * 0.58, x + wide * 0.62, y + tall * 0.58, _TRIM)
    canvas.box(
        x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2, shade(GLASS, 0.55), 0, shade(GLASS, 0.95)
    )
    canvas.box(x - wide * 0.03, y - tall / 2, x + wide * 0.03, y + tall / 2, _TRIM)


def _door(canvas: Canvas, x: float, wide: float, tall: float, colour: Colour) -> None:
    canvas.box(x - wide * 0.6, -tall * 1.06, x + wide * 0.6, 0.0, _TRIM)
    canvas.box(x - wide / 2, -tall, x + wide / 2, 0.0, shade(colour, 1.1), 60, shade(colour, 0.8))
    canvas.oval(x + wide * 0.32, -tall * 0.48, wide * 0.06, wide * 0.06, (236, 206, 110))


def _cottage(canvas: Canvas, colour: Colour) -> None:
    canvas.box(0.22, -0.92, 0.32, -0.6, (150, 92, 76), 90)
    canvas.box(-0.46, -0.5, 0.46, 0.0, shade(colour, 1.08), 56, shade(colour, 0.82), axis=(0.8, 0.2))
    canvas.poly([(-0.56, -0.47), (0.0, -0.94), (0.56, -0.47)], shade(_ROOF, 1.1), 120, shade(_ROOF, 0.8))
    for k in range(4):
        y = -0.83 + 0.1 * k
        half = (y + 0.94) / 0.47 * 0.56
        canvas.stroke([(-half, y), (half, y)], 0.012, shade(_ROOF, 0.66))
    canvas.oval(0.0, -0.66, 0.07, 0.07, _TRIM)
    canvas.oval(0.0, -0.66, 0.05, 0.05, shade(GLASS, 0.7))
    _pane(canvas, -0.27, -0.27, 0.16, 0.2)
    _pane(canvas, 0.27, -0.27, 0.16, 0.2)
    _door(canvas, 0.0, 0.15, 0.34, (120, 70, 50))


def _tower(canvas: Canvas, colour: Colour) -> None:
    canvas.box(-0.33, -1.5, 0.33, 0.0, shade(colour, 1.1), 40, shade(colour, 0.78), axis=(1.0, 0.05))
    canvas.box(-0.36, -1.54, 0.36, -1.49, shade(colour, 0.6))
    canvas.box(-0.1, -1.62, 0.12, -1.54, (120, 122, 128))
    for y in np.arange(-1.38, -0.3, 0.19):
        for x in (-0.2, 0.0, 0.2):
            _pane(canvas, x, float(y), 0.10, 0.10)
        canvas.box(-0.31, float(y) + 0.075, 0.31, float(y) + 0.095, shade(colour, 0.66))
    _door(canvas, 0.0, 0.2, 0.2, (80, 84, 96))


def _cabin(canvas: Canvas, colour: Colour) -> None:
    canvas.box(-0.5, -0.42, 0.5, 0.0, colour, 90)
    logs = np.array([(-0.5, y, 0.5, y) for y in np.arange(-0.38, 0.0, 0.06)])
    canvas.strips(logs, 0.016, shade(colour, 0.62))
    for y in np.arange(-0.39, 0.02, 0.06):
        for x in (-0.5, 0.5):
            canvas.oval(x, float(y), 0.032, 0.03, shade(WOOD, 0.9))
    canvas.poly(
        [(-0.66, -0.38), (-0.5, -0.74), (0.5, -0.74), (0.66, -0.38)],
        shade(_ROOF, 0.95),
        130,
        shade(_ROOF, 0.7),
    )
    canvas.strips(
        np.array([(x * 0.8, -0.74, x, -0.38) for x in np.linspace(-0.6, 0.6, 13)]), 0.01, shade(_ROOF, 0.55)
    )
    _pane(canvas, -0.24, -0.2, 0.2, 0.16)
    _door(canvas, 0.2, 0.16, 0.3, (92, 60, 44))
    canvas.box(-0.6, -0.02, 0.6, 0.02, shade(WOOD, 0.7), 90)


def _terrace(canvas: Canvas, colour: Colour) -> None:
    for k, x in enumerate((-0.62, -0.21, 0.20)):
        paint = colour if k == 1 else shade(colour, 0.86 if k else 0.92)
        canvas.box(x, -0.86, x + 0.41, 0.0, shade(paint, 1.08), 46, shade(paint, 0.84))
        steps = [
            (x, -0.86),
            (x, -0.93),
            (x + 0.08, -0.93),
            (x + 0.08, -1.0),
            (x + 0.15, -1.0),
            (x + 0.15, -1.08),
            (x + 0.26, -1.08),
            (x + 0.26, -1.0),
            (x + 0.33, -1.0),
            (x + 0.33, -0.93),
            (x + 0.41, -0.93),
            (x + 0.41, -0.86),
        ]
        canvas.poly(steps, shade(paint, 1.08), 46)
        canvas.stroke([(x, 0.0), (x, -0.9)], 0.014, shade(paint, 0.55))
        for y in (-0.72, -0.46):
            for dx in (0.12, 0.29):
                _pane(canvas, x + dx, y, 0.08, 0.15)
        _pane(canvas, x + 0.30, -0.17, 0.09, 0.15)
        _door(canvas, x + 0.12, 0.1, 0.26, (60, 76, 70))
