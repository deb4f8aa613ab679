"""Six possessions in units of their own, centred where a hand holds them."""

import numpy as np

from lab.drawing.canvas import Canvas, Colour, arc, shade
from lab.drawing.palette import INK, PAINT, STEEL, WOOD


def draw_possession(canvas: Canvas, kind: str, accent: Colour) -> None:
    """One of the possessions, some of them in the accent colour."""
    {
        "guitar": _guitar,
        "camera": _camera,
        "surfboard": _surfboard,
        "skateboard": _skateboard,
        "umbrella": _umbrella,
        "telescope": _telescope,
    }[kind](canvas, accent)


def _guitar(canvas: Canvas, _accent: Colour) -> None:
    wood = (196, 122, 58)
    body = canvas.at(0.0, 0.0, 1.0, -58)
    shape = [
        (0.0, 0.50),
        (0.27, 0.40),
        (0.30, 0.16),
        (0.19, 0.0),
        (0.22, -0.16),
        (0.13, -0.30),
        (0.0, -0.32),
        (-0.13, -0.30),
        (-0.22, -0.16),
        (-0.19, 0.0),
        (-0.30, 0.16),
        (-0.27, 0.40),
    ]
    body.blob([(x * 1.06, y * 1.04) for x, y in shape], shade(wood, 0.5))
    body.blob(shape, shade(wood, 1.2), 60, shade(wood, 0.86))
    body.oval(0.0, -0.02, 0.095, 0.095, shade(wood, 0.5))
    body.oval(0.0, -0.02, 0.08, 0.08, (44, 30, 24))
    body.box(-0.12, 0.24, 0.12, 0.28, (70, 44, 30))
    body.box(-0.04, -1.0, 0.04, -0.08, (78, 50, 34), 40)
    frets = np.array([(-0.04, y, 0.04, y) for y in np.arange(-0.95, -0.2, 0.09)])
    body.strips(frets, 0.012, STEEL)
    body.strips(np.array([(x, -1.0, x, 0.25) for x in (-0.022, 0.0, 0.022)]), 0.006, (240, 236, 220))
    body.poly([(-0.065, -1.0), (0.065, -1.0), (0.085, -1.24), (-0.085, -1.24)], shade(wood, 0.7), 40)
    for y in (-1.06, -1.13, -1.2):
        for x in (-0.10, 0.10):
            body.oval(x, y, 0.025, 0.02, STEEL)


def _camera(canvas: Canvas, accent: Colour) -> None:
    canvas.stroke([(-0.42, -0.12), (-0.36, -0.9), (-0.2, -1.5)], 0.05, accent)
    canvas.stroke([(0.42, -0.12), (0.36, -0.9), (0.2, -1.5)], 0.05, accent)
    canvas.box(-0.18, -0.42, 0.18, -0.2, (54, 54, 60), 30, radius=0.04)
    canvas.box(-0.48, -0.28, 0.48, 0.32, (54, 54, 60), 30, (34, 34, 38), radius=0.08)
    canvas.box(-0.48, -0.28, 0.48, -0.17, shade(STEEL, 0.9), 10, radius=0.04)
    canvas.oval(0.0, 0.04, 0.25, 0.25, (24, 24, 28))
    canvas.oval(0.0, 0.04, 0.20, 0.20, (70, 74, 84), 0, (26, 28, 34))
    canvas.oval(0.0, 0.04, 0.13, 0.13, (40, 60, 110))
    canvas.oval(-0.05, -0.02, 0.045, 0.045, (206, 222, 250))
    canvas.oval(0.36, -0.33, 0.06, 0.045, (206, 60, 56))
    canvas.box(0.24, -0.12, 0.40, -0.02, (236, 236, 220))


def _surfboard(canvas: Canvas, accent: Colour) -> None:
    shape = [
        (0.0, -1.35),
        (0.17, -0.95),
        (0.25, -0.2),
        (0.23, 0.55),
        (0.12, 1.0),
        (0.0, 1.08),
        (-0.12, 1.0),
        (-0.23, 0.55),
        (-0.25, -0.2),
        (-0.17, -0.95),
    ]
    canvas.blob([(x * 1.08, y * 1.02) for x, y in shape], shade(accent, 0.6))
    canvas.blob(shape, (248, 244, 230), 12, (222, 216, 200))
    canvas.blob([(x * 0.99, y * 0.3 + 0.55) for x, y in shape[2:9]], accent, 12)
    canvas.stroke([(-0.21, -0.5), (0.0, -0.42), (0.21, -0.5)], 0.12, accent, 12)
    canvas.stroke([(0.0, -1.3), (0.0, 1.05)], 0.018, (150, 120, 90))


def _skateboard(canvas: Canvas, accent: Colour) -> None:
    board = canvas.at(0.0, 0.0, 1.0, 74)
    for x in (-0.5, 0.5):
        for y in (-0.22, 0.22):
            board.box(
                x - 0.09, y - 0.09, x + 0.09, y + 0.09, (240, 236, 214), 0, (200, 190, 160), radius=0.05
            )
    board.box(-0.92, -0.21, 0.92, 0.21, shade(accent, 1.12), 40, shade(accent, 0.74), radius=0.2)
    for x in (-0.5, 0.5):
        board.box(x - 0.04, -0.24, x + 0.04, 0.24, STEEL, 0, shade(STEEL, 0.7))
    bolt = [(-0.2, -0.03), (0.02, -0.13), (-0.02, -0.02), (0.2, -0.04), (-0.03, 0.14), (0.02, 0.02)]
    board.poly(bolt, (250, 244, 210))


def _umbrella(canvas: Canvas, accent: Colour) -> None:
    canvas.stroke([(0.0, 0.12), (0.0, -2.2)], 0.05, (74, 60, 50))
    canvas.stroke([(0.0, 0.1), (0.02, 0.28), (0.14, 0.28), (0.16, 0.16)], 0.06, WOOD)
    dome = arc(0.0, -1.9, 1.25, 0.95, 180, 360)
    scallop = np.concatenate(
        [arc(x, -1.9, 0.3125, 0.12, 0, -180)[1:] for x in (0.9375, 0.3125, -0.3125, -0.9375)]
    )
    canvas.poly(np.concatenate([dome, scallop]), shade(accent, 1.2), 22, shade(accent, 0.78), axis=(0.8, 0.2))
    for x in (-0.625, 0.0, 0.625):
        canvas.stroke([(0.0, -2.84), (x * 0.75, -2.5), (x, -1.96)], 0.03, shade(accent, 0.62))
    canvas.stroke([(0.0, -2.82), (0.0, -3.0)], 0.05, INK)


def _telescope(canvas: Canvas, _accent: Colour) -> None:
    for x in (-0.5, 0.05, 0.5):
        canvas.stroke([(0.0, -0.1), (x, 1.5)], 0.07, shade(WOOD, 0.86 if x else 0.7))
    canvas.oval(0.0, -0.1, 0.12, 0.12, INK)
    tube = canvas.at(0.0, -0.25, 1.0, -32)
    tube.box(-0.75, -0.15, 0.55, 0.15, (244, 244, 240), 6, (170, 174, 184))
    tube.box(0.55, -0.2, 0.85, 0.2, PAINT["blue"], 6, shade(PAINT["blue"], 0.6))
    tube.box(-0.95, -0.09, -0.75, 0.09, INK, 0, (80, 82, 90))
    tube.box(-0.2, -0.155, -0.1, 0.155, (70, 74, 84))
    tube.box(-0.5, -0.26, -0.1, -0.18, (70, 74, 84))
