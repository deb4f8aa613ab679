"""Six places to work, filling the frame."""

import numpy as np

from lab.drawing.canvas import Canvas, Colour, shade
from lab.drawing.palette import GLASS, INK, PAINT, STEEL, WOOD
from lab.drawing.places import room, window


def draw_workplace(canvas: Canvas, kind: str, rng: np.random.Generator) -> None:
    """One of the workplaces, from wall to floor."""
    floor = room(canvas, rng, furnished=False)
    {
        "office": _office,
        "kitchen": _kitchen,
        "workshop": _workshop,
        "laboratory": _laboratory,
        "classroom": _classroom,
        "clinic": _clinic,
    }[kind](canvas, floor, rng)


def _table(canvas: Canvas, x0: float, x1: float, top: float, floor: float, colour: Colour) -> None:
    canvas.box(x0 + 0.03, top, x0 + 0.06, floor + 0.08, shade(colour, 0.7))
    canvas.box(x1 - 0.06, top, x1 - 0.03, floor + 0.08, shade(colour, 0.7))
    canvas.box(x0, top - 0.015, x1, top + 0.03, shade(colour, 1.1), 60, shade(colour, 0.8))


def _office(canvas: Canvas, floor: float, rng: np.random.Generator) -> None:
    window(canvas.at(0.16, 0.22, 0.34), (150, 190, 226))
    window(canvas.at(-0.5, 0.22, 0.34), (150, 190, 226))
    _shelf(canvas, 0.46, 0.98, 0.16, rng)
    _table(canvas, 0.3, 1.06, 0.62, floor, (206, 190, 164))
    canvas.box(0.55, 0.36, 0.93, 0.57, INK, radius=0.012)
    canvas.box(0.565, 0.375, 0.915, 0.545, (70, 130, 190), 0, (150, 200, 230))
    for k in range(5):
        canvas.box(0.59, 0.395 + 0.028 * k, 0.66 + 0.04 * ((k * 3) % 5), 0.407 + 0.028 * k, (236, 244, 250))
    canvas.box(0.72, 0.57, 0.76, 0.605, shade(STEEL, 0.8))
    canvas.box(0.62, 0.595, 0.86, 0.61, shade(STEEL, 0.6))
    canvas.box(0.40, 0.545, 0.46, 0.61, (226, 226, 220))
    canvas.box(-0.9, 0.5, -0.45, floor + 0.05, STEEL, 20, shade(STEEL, 0.7))


def _shelf(canvas: Canvas, x0: float, x1: float, y: float, rng: np.random.Generator) -> None:
    x = x0 + 0.02
    names = tuple(PAINT)
    while x < x1 - 0.05:
        wide, tall = rng.uniform(0.018, 0.034), rng.uniform(0.08, 0.13)
        canvas.box(x, y - tall, x + wide, y, shade(PAINT[names[int(rng.integers(len(names)))]], 0.9), 30)
        x += wide + 0.003
    canvas.box(x0, y, x1, y + 0.02, WOOD, 60)


def _kitchen(canvas: Canvas, floor: float, _rng: np.random.Generator) -> None:
    tiles = (226, 230, 226)
    canvas.box(-1.2, 0.28, 2.2, 0.56, tiles)
    canvas.strips(
        np.array([(x, 0.28, x, 0.56) for x in np.arange(-1.2, 2.2, 0.07)]), 0.006, shade(tiles, 0.8)
    )
    canvas.strips(
        np.array([(-1.2, y, 2.2, y) for y in np.arange(0.28, 0.57, 0.07)]), 0.006, shade(tiles, 0.8)
    )
    canvas.poly(
        [(0.5, 0.22), (0.94, 0.22), (0.84, 0.02), (0.60, 0.02)], STEEL, 10, shade(STEEL, 0.7), axis=(1, 0)
    )
    canvas.box(0.64, -0.6, 0.80, 0.02, shade(STEEL, 0.9), 10, shade(STEEL, 0.66), axis=(1, 0))
    canvas.box(-1.2, 0.55, 2.2, 0.60, (84, 84, 90), 30)
    canvas.box(-1.2, 0.60, 2.2, floor + 0.06, (232, 226, 212), 20)
    for x in np.arange(-1.2, 2.2, 0.26):
        canvas.box(x, 0.62, x + 0.006, floor + 0.06, (170, 164, 152))
    canvas.box(0.52, 0.60, 0.93, floor + 0.06, (58, 58, 64), 0, (36, 36, 40))
    canvas.box(0.56, 0.68, 0.89, floor, (96, 84, 70), 0, (40, 38, 38))
    for x, paint in ((0.62, (190, 60, 50)), (0.83, STEEL)):
        canvas.box(x - 0.075, 0.44, x + 0.075, 0.55, paint, 0, shade(paint, 0.66), radius=0.014, axis=(1, 0))
        canvas.box(x - 0.085, 0.425, x + 0.085, 0.445, shade(paint, 0.8))
        canvas.oval(x, 0.418, 0.016, 0.012, INK)
        canvas.box(x + 0.075, 0.47, x + 0.14, 0.483, INK)
    for k, x in enumerate((0.02, 0.1, 0.18, 0.26)):
        canvas.box(x, 0.10, x + 0.008, 0.25, shade(STEEL, 0.7))
        canvas.oval(x + 0.004, 0.26, 0.018 + 0.006 * (k % 2), 0.03, shade(STEEL, 0.8))
    canvas.box(-0.05, 0.09, 0.34, 0.102, shade(STEEL, 0.6))


def _workshop(canvas: Canvas, floor: float, _rng: np.random.Generator) -> None:
    board = (178, 146, 104)
    canvas.box(-0.9, -0.05, 1.9, 0.5, board, 80)
    dots = [(x, y, 1.0) for x in np.arange(-0.3, 1.3, 0.08) for y in np.arange(0.0, 0.5, 0.1)]
    canvas.blobs(np.array(dots), 0.006, shade(board, 0.6))
    for x in (0.02, 0.42, 0.98, -0.5):
        canvas.box(x, 0.1, x + 0.022, 0.36, (168, 90, 46), 50)
        canvas.box(x - 0.05, 0.07, x + 0.07, 0.13, (92, 96, 104), 0, STEEL)
    saw = canvas.at(0.62, 0.16)
    saw.poly([(0.0, 0.0), (0.26, 0.03), (0.26, 0.07), (0.0, 0.12)], STEEL, 0, shade(STEEL, 1.3))
    saw.box(-0.08, -0.02, 0.02, 0.14, (170, 70, 44), 40, radius=0.03)
    saw.oval(-0.03, 0.06, 0.022, 0.035, board, 80)
    for k, x in enumerate((0.14, 0.2, 0.26, 0.32)):
        canvas.box(x, 0.12, x + 0.012, 0.22 + 0.02 * k, STEEL)
        canvas.box(x - 0.008, 0.05, x + 0.02, 0.12, PAINT["red"])
    for x in (0.64, 0.74, 0.84):
        canvas.stroke([(x, 0.35), (x, 0.45)], 0.02, shade(STEEL, 0.7))
        canvas.oval(x, 0.34, 0.028, 0.028, shade(STEEL, 0.7))
        canvas.oval(x, 0.325, 0.012, 0.018, board, 80)
    canvas.box(-1.2, 0.6, 2.2, 0.66, shade(WOOD, 1.1), 110, shade(WOOD, 0.8))
    for x in np.arange(-1.1, 2.2, 0.55):
        canvas.box(x, 0.66, x + 0.07, floor + 0.08, shade(WOOD, 0.7), 100)
    canvas.box(0.66, 0.50, 0.92, 0.60, (54, 88, 140), 10, (38, 60, 100))
    canvas.box(0.60, 0.46, 0.72, 0.56, (60, 94, 146), 10)
    canvas.box(0.9, 0.56, 1.1, 0.6, (224, 190, 140), 70)


def _laboratory(canvas: Canvas, floor: float, rng: np.random.Generator) -> None:
    canvas.box(-1.2, -1.2, 2.2, 0.64, (222, 232, 236), 14, (236, 242, 244))
    for y in (0.13, 0.36):
        canvas.box(-0.9, y, 1.9, y + 0.016, shade(STEEL, 0.86))
        for k, x in enumerate(np.arange(-0.8, 1.8, 0.13)):
            liquid = PAINT[("red", "blue", "green", "yellow")[int(rng.integers(4))]]
            _flask(canvas.at(float(x), y, 0.12), liquid, bool(k % 2))
    canvas.box(-1.2, 0.61, 2.2, 0.65, (70, 78, 90), 10)
    canvas.box(-1.2, 0.65, 2.2, floor + 0.06, (244, 246, 246), 10, (214, 220, 224))
    scope = canvas.at(0.78, 0.61, 0.3)
    scope.box(-0.3, -0.08, 0.3, 0.0, INK, radius=0.03)
    scope.stroke([(0.2, -0.05), (0.3, -0.5), (0.05, -0.85)], 0.12, (60, 64, 74))
    scope.box(-0.25, -0.36, 0.2, -0.3, (60, 64, 74))
    tube = scope.at(-0.02, -0.7, 1.0, 20)
    tube.box(-0.09, -0.42, 0.09, 0.25, (236, 238, 240), 0, shade(STEEL, 0.8), axis=(1, 0))
    tube.box(-0.07, -0.52, 0.07, -0.4, INK)
    tube.box(-0.05, 0.24, 0.05, 0.36, shade(STEEL, 0.6))
    _flask(canvas.at(0.5, 0.61, 0.2), PAINT["blue"], True)


def _flask(canvas: Canvas, liquid: Colour, conical: bool) -> None:
    glass = (206, 224, 232)
    if conical:
        canvas.poly([(-0.1, -1.0), (0.1, -1.0), (0.1, -0.62), (0.4, 0.0), (-0.4, 0.0), (-0.1, -0.62)], glass)
        canvas.poly(
            [(-0.2, -0.42), (0.2, -0.42), (0.38, -0.03), (-0.38, -0.03)], liquid, 0, shade(liquid, 1.3)
        )
    else:
        canvas.box(-0.2, -0.9, 0.2, 0.0, glass, radius=0.08)
        canvas.box(-0.17, -0.55, 0.17, -0.03, liquid, 0, shade(liquid, 1.3))
    canvas.box(-0.15, -1.04, 0.15, -0.96, shade(glass, 0.8))


def _classroom(canvas: Canvas, floor: float, rng: np.random.Generator) -> None:
    canvas.box(-0.12, -0.06, 1.12, 0.52, shade(WOOD, 0.9), 70)
    canvas.box(-0.09, -0.03, 1.09, 0.49, (42, 92, 70), 26, (34, 78, 60))
    chalk = (230, 236, 226)
    for k in range(5):
        y = 0.05 + 0.085 * k
        x0, x1 = (0.02, 0.34) if k % 2 else (0.62, 1.0)
        path = [(x, y + 0.012 * float(rng.normal())) for x in np.linspace(x0, x1, 9)]
        canvas.stroke(path, 0.008, chalk)
    canvas.stroke([(0.66, 0.44), (0.82, 0.24), (0.98, 0.44), (0.66, 0.44)][:3], 0.008, chalk)
    canvas.strips(np.array([(0.66, 0.44, 0.98, 0.44)]), 0.008, chalk)
    canvas.box(-0.12, 0.505, 1.12, 0.535, shade(WOOD, 1.1), 70)
    for x in (-0.62, -0.1, 0.42, 0.94, 1.46):
        _table(canvas, x, x + 0.42, 0.68, floor, (206, 164, 104))
        canvas.box(x + 0.1, 0.645, x + 0.3, 0.667, PAINT["red" if x < 0.4 else "blue"], 20)
    canvas.oval(1.3, 0.42, 0.13, 0.13, (70, 130, 190), 50)
    canvas.blob([(1.24, 0.34), (1.34, 0.36), (1.32, 0.46), (1.25, 0.45)], (110, 160, 90), 60)


def _clinic(canvas: Canvas, floor: float, _rng: np.random.Generator) -> None:
    canvas.box(-1.2, -1.2, 2.2, floor - 0.03, (206, 228, 222), 14, (226, 240, 236))
    canvas.box(-1.2, floor - 0.03, 2.2, 2.2, (176, 196, 196), 20, (150, 172, 174))
    curtain = (112, 176, 178)
    for k in range(9):
        x = 0.76 + 0.07 * k
        canvas.box(
            x, -0.06, x + 0.075, floor - 0.02, shade(curtain, 1.12), 30, shade(curtain, 0.8), axis=(1, 0)
        )
    canvas.box(0.7, -0.08, 1.9, -0.05, STEEL)
    cross = canvas.at(0.44, 0.12, 0.13)
    cross.box(-0.8, -0.8, 0.8, 0.8, (250, 250, 250), radius=0.1)
    cross.box(-0.2, -0.6, 0.2, 0.6, (206, 44, 48))
    cross.box(-0.6, -0.2, 0.6, 0.2, (206, 44, 48))
    bed = canvas.at(0.62, floor + 0.06)
    for x in (-0.24, 0.44):
        bed.box(x, -0.2, x + 0.022, 0.0, shade(STEEL, 0.7))
        bed.oval(x + 0.011, 0.0, 0.024, 0.024, INK)
    bed.box(-0.3, -0.26, 0.52, -0.16, (246, 248, 250), 20, (206, 214, 220), radius=0.03)
    bed.box(-0.1, -0.275, 0.52, -0.18, (120, 168, 206), 40, radius=0.03)
    bed.box(-0.28, -0.32, -0.1, -0.25, (252, 252, 252), 20, radius=0.03)
    bed.box(-0.33, -0.42, -0.30, -0.1, shade(STEEL, 0.8))
    screen = canvas.at(0.22, 0.36, 0.16)
    screen.box(-0.7, -0.5, 0.7, 0.5, (226, 228, 230), radius=0.08)
    screen.box(-0.58, -0.38, 0.58, 0.38, (26, 38, 44))
    beat = [(-0.55, 0.05), (-0.25, 0.05), (-0.15, -0.25), (0.0, 0.28), (0.1, 0.05), (0.55, 0.05)]
    screen.stroke(beat, 0.045, (90, 230, 130))
    canvas.box(0.21, 0.44, 0.23, floor, shade(GLASS, 0.7))
