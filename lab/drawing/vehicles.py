"""Four vehicles from the side, about one unit long, wheels on y = 0, facing left."""

import numpy as np

from lab.drawing.canvas import Canvas, Colour, arc, shade
from lab.drawing.palette import GLASS, INK, STEEL


def draw_vehicle(canvas: Canvas, kind: str, colour: Colour) -> None:
    """One of the vehicles, in the given paint."""
    {"car": _car, "van": _van, "bicycle": _bicycle, "scooter": _scooter}[kind](canvas, colour)


def _wheel(canvas: Canvas, x: float, radius: float) -> None:
    canvas.oval(x, -radius, radius, radius, (34, 34, 38), 60)
    canvas.oval(x, -radius, radius * 0.62, radius * 0.62, STEEL, 0, shade(STEEL, 0.7))
    spokes = [
        (x, -radius, x + radius * 0.55 * np.cos(a), -radius + radius * 0.55 * np.sin(a))
        for a in np.linspace(0, 2 * np.pi, 6)[:-1]
    ]
    canvas.strips(np.array(spokes), radius * 0.12, shade(STEEL, 0.6))
    canvas.oval(x, -radius, radius * 0.16, radius * 0.16, shade(STEEL, 1.3))


def _glazing(canvas: Canvas, points: list[tuple[float, float]]) -> None:
    canvas.poly(points, shade(GLASS, 0.5), 0, shade(GLASS, 1.05))


def _car(canvas: Canvas, colour: Colour) -> None:
    body = [
        (-0.5, -0.10),
        (-0.5, -0.20),
        (-0.47, -0.26),
        (-0.26, -0.29),
        (-0.14, -0.42),
        (0.16, -0.43),
        (0.30, -0.30),
        (0.47, -0.27),
        (0.5, -0.20),
        (0.5, -0.10),
        (0.3, -0.07),
        (-0.3, -0.07),
    ]
    canvas.blob(body, shade(colour, 1.18), 8, shade(colour, 0.74))
    _glazing(canvas, [(-0.23, -0.285), (-0.12, -0.395), (0.0, -0.40), (0.0, -0.285)])
    _glazing(canvas, [(0.025, -0.40), (0.145, -0.40), (0.245, -0.30), (0.24, -0.285), (0.025, -0.285)])
    canvas.stroke([(-0.48, -0.235), (0.0, -0.255), (0.48, -0.235)], 0.008, shade(colour, 1.5))
    canvas.stroke([(0.012, -0.28), (0.012, -0.10)], 0.007, shade(colour, 0.5))
    canvas.box(0.04, -0.235, 0.09, -0.222, shade(colour, 0.5))
    canvas.oval(-0.475, -0.205, 0.022, 0.028, (255, 244, 200))
    canvas.oval(0.485, -0.205, 0.016, 0.03, (190, 40, 40))
    canvas.box(-0.5, -0.125, 0.5, -0.10, shade(colour, 0.6))
    for x in (-0.29, 0.29):
        canvas.oval(x, -0.10, 0.115, 0.112, shade(colour, 0.36))
        _wheel(canvas, x, 0.095)


def _van(canvas: Canvas, colour: Colour) -> None:
    canvas.box(-0.46, -0.62, 0.5, -0.09, shade(colour, 1.15), 8, shade(colour, 0.72), radius=0.07)
    canvas.poly(
        [(-0.46, -0.40), (-0.53, -0.30), (-0.53, -0.09), (-0.40, -0.09), (-0.40, -0.5)],
        shade(colour, 0.94),
        8,
    )
    _glazing(canvas, [(-0.47, -0.34), (-0.42, -0.55), (-0.22, -0.55), (-0.22, -0.34)])
    _glazing(canvas, [(-0.17, -0.55), (0.13, -0.55), (0.13, -0.36), (-0.17, -0.36)])
    _glazing(canvas, [(0.18, -0.55), (0.45, -0.55), (0.45, -0.36), (0.18, -0.36)])
    canvas.box(-0.53, -0.29, 0.5, -0.255, (240, 238, 230))
    canvas.stroke([(-0.195, -0.58), (-0.195, -0.12)], 0.008, shade(colour, 0.5))
    canvas.stroke([(0.155, -0.58), (0.155, -0.12)], 0.008, shade(colour, 0.5))
    canvas.oval(-0.51, -0.205, 0.025, 0.035, (255, 244, 200))
    canvas.box(-0.55, -0.125, 0.52, -0.085, (90, 92, 98), radius=0.02)
    for x in (-0.29, 0.3):
        canvas.oval(x, -0.10, 0.12, 0.118, shade(colour, 0.36))
        _wheel(canvas, x, 0.10)


def _ring(canvas: Canvas, x: float, y: float, radius: float, width: float, colour: Colour) -> None:
    canvas.stroke(arc(x, y, radius, radius, 0, 360), width, colour)


def _bicycle(canvas: Canvas, colour: Colour) -> None:
    hub_y, radius = -0.21, 0.2
    for x in (-0.31, 0.31):
        spokes = [
            (x, hub_y, x + radius * np.cos(a), hub_y + radius * np.sin(a))
            for a in np.linspace(0, 6.28, 15)[:-1]
        ]
        canvas.strips(np.array(spokes), 0.005, shade(STEEL, 0.9))
        _ring(canvas, x, hub_y, radius, 0.03, INK)
        canvas.oval(x, hub_y, 0.022, 0.022, shade(STEEL, 0.7))
    pedal, seat, head = (-0.02, -0.21), (0.1, -0.5), (-0.2, -0.5)
    for start, end in (
        (pedal, seat),
        (pedal, head),
        (seat, head),
        ((0.31, hub_y), pedal),
        ((0.31, hub_y), seat),
        ((-0.31, hub_y), (-0.19, -0.56)),
    ):
        canvas.stroke([start, end], 0.036, colour)
    canvas.stroke([(-0.19, -0.55), (-0.18, -0.62), (-0.3, -0.63)], 0.024, INK)
    canvas.blob([(0.02, -0.55), (0.2, -0.56), (0.2, -0.52), (0.1, -0.51)], INK)
    canvas.oval(*pedal, 0.055, 0.055, shade(STEEL, 0.8))
    canvas.stroke([pedal, (-0.06, -0.09)], 0.018, INK)
    canvas.box(-0.1, -0.1, -0.02, -0.078, INK)


def _scooter(canvas: Canvas, colour: Colour) -> None:
    for x in (-0.32, 0.30):
        _wheel(canvas, x, 0.12)
    canvas.stroke([(-0.32, -0.12), (-0.24, -0.45), (-0.20, -0.62)], 0.035, shade(STEEL, 0.7))
    rear = [(0.0, -0.16), (0.02, -0.36), (0.22, -0.42), (0.45, -0.36), (0.47, -0.24), (0.32, -0.17)]
    canvas.blob(rear, shade(colour, 1.18), 6, shade(colour, 0.74))
    canvas.blob([(-0.44, -0.2), (-0.32, -0.28), (-0.2, -0.2), (-0.32, -0.23)], colour)
    canvas.poly([(-0.26, -0.14), (0.08, -0.14), (0.08, -0.2), (-0.22, -0.2)], shade(colour, 0.7))
    canvas.blob(
        [(-0.28, -0.18), (-0.2, -0.18), (-0.16, -0.5), (-0.2, -0.6), (-0.28, -0.5)],
        shade(colour, 1.1),
        6,
        shade(colour, 0.8),
    )
    canvas.blob([(0.0, -0.42), (0.2, -0.47), (0.42, -0.44), (0.42, -0.4), (0.2, -0.41)], (70, 48, 40), 70)
    canvas.oval(-0.255, -0.52, 0.04, 0.045, (255, 244, 200))
    canvas.stroke([(-0.21, -0.62), (-0.14, -0.66), (-0.08, -0.64)], 0.03, INK)
    canvas.oval(-0.21, -0.70, 0.035, 0.03, shade(STEEL, 0.9))
    canvas.oval(0.30, -0.25, 0.10, 0.05, shade(colour, 1.3))
