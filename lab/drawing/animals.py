"""Four pets, about one unit high, sitting on y = 0, facing left."""

import numpy as np

from lab.drawing.canvas import Canvas, Colour, arc, mix, shade
from lab.drawing.palette import INK, WOOD

_FUR = 105


def draw_pet(canvas: Canvas, kind: str, colour: Colour) -> None:
    """One of the pets, in the given fur."""
    {"dog": _dog, "cat": _cat, "rabbit": _rabbit, "parrot": _parrot}[kind](canvas, colour)


def _eyes(canvas: Canvas, y: float, spread: float, size: float, iris: Colour) -> None:
    for x in (-spread, spread):
        canvas.oval(x, y, size, size * 1.05, iris)
        canvas.oval(x, y, size * 0.55, size * 0.8, (16, 14, 16))
        canvas.oval(x + size * 0.3, y - size * 0.35, size * 0.24, size * 0.24, (255, 255, 255))


def _furry(canvas: Canvas, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
    """Short strokes of fur over a rounded body."""
    rng = np.random.default_rng(3)
    angle, reach = rng.uniform(0, 2 * np.pi, 26), rng.uniform(0, 0.85, 26) ** 0.5
    px, py = x + rx * reach * np.cos(angle), y + ry * reach * np.sin(angle)
    ends = np.stack([px, py, px + 0.015, py + 0.055], axis=1)
    canvas.strips(ends[::2], 0.010, shade(colour, 0.80), 50)
    canvas.strips(ends[1::2], 0.010, shade(colour, 1.16), 50)


def _sitting_body(canvas: Canvas, colour: Colour) -> None:
    body = [
        (0.0, -0.66),
        (0.22, -0.52),
        (0.32, -0.22),
        (0.30, 0.0),
        (-0.26, 0.0),
        (-0.24, -0.3),
        (-0.18, -0.56),
    ]
    canvas.blob(body, shade(colour, 1.06), _FUR, shade(colour, 0.80), axis=(0.7, 0.3))
    canvas.oval(0.22, -0.13, 0.16, 0.15, shade(colour, 0.88), _FUR)
    _furry(canvas, 0.02, -0.3, 0.22, 0.28, colour)
    for x in (-0.13, 0.04):
        canvas.stroke([(x, -0.34), (x - 0.01, -0.15), (x - 0.02, -0.02)], 0.11, shade(colour, 1.0), _FUR)
        canvas.oval(x - 0.03, -0.02, 0.085, 0.042, shade(colour, 1.14), _FUR)


def _dog(canvas: Canvas, colour: Colour) -> None:
    canvas.stroke([(0.26, -0.1), (0.46, -0.2), (0.52, -0.42)], 0.09, shade(colour, 0.9), _FUR, taper=0.5)
    _sitting_body(canvas, colour)
    canvas.stroke([(-0.17, -0.52), (0.0, -0.47), (0.17, -0.54)], 0.055, (190, 50, 50))
    canvas.oval(-0.02, -0.44, 0.035, 0.035, (236, 200, 90))
    head = canvas.at(-0.02, -0.75)
    head.oval(0.0, 0.0, 0.23, 0.22, shade(colour, 1.08), _FUR, shade(colour, 0.9))
    muzzle = mix(colour, (250, 240, 226), 0.35)
    head.oval(0.0, 0.10, 0.125, 0.10, muzzle, 60)
    head.oval(0.0, 0.055, 0.048, 0.034, INK)
    head.stroke([(-0.06, 0.13), (0.0, 0.15), (0.06, 0.13)], 0.014, shade(INK, 0.9))
    head.blob([(-0.03, 0.15), (0.03, 0.15), (0.025, 0.225), (-0.025, 0.225)], (226, 110, 116))
    _eyes(head, -0.045, 0.095, 0.036, (96, 60, 36))
    for side in (-1.0, 1.0):
        ear = [
            (side * 0.14, -0.19),
            (side * 0.27, -0.16),
            (side * 0.31, 0.10),
            (side * 0.21, 0.16),
            (side * 0.17, -0.05),
        ]
        head.blob(ear, shade(colour, 0.66), _FUR)


def _cat(canvas: Canvas, colour: Colour) -> None:
    canvas.stroke(
        [(0.24, -0.05), (0.5, -0.08), (0.56, -0.3), (0.46, -0.46)],
        0.075,
        shade(colour, 0.92),
        _FUR,
        taper=0.6,
    )
    _sitting_body(canvas, colour)
    for k in range(3):
        canvas.stroke(
            [(0.30 - 0.03 * k, -0.24 - 0.11 * k), (0.16, -0.22 - 0.11 * k)], 0.026, shade(colour, 0.68), 60
        )
    head = canvas.at(-0.04, -0.74)
    for side in (-1.0, 1.0):
        head.poly(
            [(side * 0.06, -0.17), (side * 0.21, -0.33), (side * 0.23, -0.04)], shade(colour, 0.94), _FUR
        )
        head.poly([(side * 0.10, -0.17), (side * 0.19, -0.26), (side * 0.205, -0.09)], (226, 160, 156))
    head.oval(0.0, 0.0, 0.245, 0.205, shade(colour, 1.08), _FUR, shade(colour, 0.9))
    head.oval(0.0, 0.09, 0.10, 0.07, mix(colour, (255, 248, 240), 0.5), 50)
    _eyes(head, -0.015, 0.105, 0.05, (150, 186, 70))
    head.poly([(-0.03, 0.045), (0.03, 0.045), (0.0, 0.08)], (220, 120, 124))
    whiskers = [
        (side * 0.05, 0.09 + 0.01 * k, side * 0.32, 0.05 + 0.05 * k) for side in (-1, 1) for k in range(3)
    ]
    head.strips(np.array(whiskers), 0.007, (250, 250, 250))


def _rabbit(canvas: Canvas, colour: Colour) -> None:
    canvas.oval(0.33, -0.12, 0.10, 0.10, shade(colour, 1.2), _FUR)
    body = [(-0.1, -0.46), (0.14, -0.44), (0.33, -0.24), (0.30, 0.0), (-0.24, 0.0), (-0.26, -0.24)]
    canvas.blob(body, shade(colour, 1.06), _FUR, shade(colour, 0.82), axis=(0.6, 0.4))
    canvas.oval(0.17, -0.14, 0.17, 0.15, shade(colour, 0.9), _FUR)
    _furry(canvas, 0.03, -0.2, 0.24, 0.18, colour)
    for x in (-0.2, -0.04):
        canvas.oval(x, -0.03, 0.09, 0.045, shade(colour, 1.16), _FUR)
    head = canvas.at(-0.12, -0.52)
    for side, lean in ((-1.0, -0.05), (1.0, 0.1)):
        ear = [
            (side * 0.05, -0.1),
            (side * 0.03 + lean, -0.4),
            (side * 0.09 + lean, -0.5),
            (side * 0.15 + lean, -0.38),
            (side * 0.15, -0.1),
        ]
        head.blob(ear, shade(colour, 0.96), _FUR)
        inner = [
            (side * 0.08, -0.14),
            (side * 0.07 + lean, -0.38),
            (side * 0.11 + lean, -0.40),
            (side * 0.12, -0.14),
        ]
        head.blob(inner, (232, 176, 172))
    head.oval(0.0, 0.0, 0.19, 0.175, shade(colour, 1.1), _FUR, shade(colour, 0.92))
    for x in (-0.055, 0.055):
        head.oval(x, 0.085, 0.065, 0.055, mix(colour, (255, 250, 246), 0.55), 50)
    _eyes(head, -0.03, 0.10, 0.036, (92, 50, 40))
    head.poly([(-0.028, 0.045), (0.028, 0.045), (0.0, 0.075)], (216, 116, 122))
    head.box(-0.02, 0.105, 0.02, 0.15, (252, 250, 244))


def _parrot(canvas: Canvas, colour: Colour) -> None:
    canvas.box(-0.02, -0.34, 0.02, 0.0, WOOD, 80)
    canvas.box(-0.34, -0.365, 0.34, -0.32, shade(WOOD, 0.86), 80)
    canvas.box(-0.16, -0.03, 0.16, 0.0, shade(WOOD, 0.7), 80)
    canvas.blob(
        [(0.04, -0.4), (0.20, -0.36), (0.30, -0.06), (0.22, -0.04), (0.08, -0.26)], shade(colour, 0.7), 70
    )
    body = [(-0.05, -0.86), (0.14, -0.78), (0.22, -0.52), (0.12, -0.32), (-0.1, -0.34), (-0.2, -0.58)]
    canvas.blob(body, shade(colour, 1.1), 80, shade(colour, 0.84))
    canvas.blob(
        [(0.02, -0.72), (0.18, -0.68), (0.22, -0.44), (0.12, -0.3), (0.03, -0.46)], shade(colour, 0.72), 80
    )
    for k in range(4):
        canvas.stroke(arc(0.10, -0.64 + 0.085 * k, 0.075, 0.05, 10, 170), 0.014, shade(colour, 1.22))
    head = canvas.at(-0.06, -0.88)
    head.blob(
        [(0.05, -0.13), (0.16, -0.26), (0.12, -0.12), (0.2, -0.16), (0.1, -0.04)], shade(colour, 0.86), 60
    )
    head.oval(0.0, 0.0, 0.17, 0.155, shade(colour, 1.12), 70, shade(colour, 0.94))
    head.oval(-0.05, 0.0, 0.075, 0.065, (250, 246, 238))
    head.oval(-0.05, 0.0, 0.03, 0.032, (20, 18, 20))
    head.blob([(-0.13, -0.07), (-0.26, -0.02), (-0.25, 0.12), (-0.19, 0.06), (-0.11, 0.07)], (70, 66, 70))
    for x in (-0.05, 0.04):
        canvas.oval(x, -0.345, 0.03, 0.035, (110, 100, 100))
