"""Six places to travel to, filling the frame, recognisable by what stands there."""

from itertools import pairwise

import numpy as np

from lab.drawing.canvas import Canvas, Colour, mix, shade
from lab.drawing.palette import LEAF, PAINT, WOOD
from lab.drawing.places import GRASS, PAVING, SAND, SKIES, block, cloud, outdoors, sun, tree, tufts


def draw_landmark(canvas: Canvas, kind: str, rng: np.random.Generator, sky: str) -> None:
    """One of the places, sky and ground included."""
    {
        "pyramids": _pyramids,
        "iron tower": _iron_tower,
        "lighthouse": _lighthouse,
        "mountain lake": _mountain_lake,
        "palm beach": _palm_beach,
        "red bridge": _red_bridge,
    }[kind](canvas, rng, sky)


def _pyramids(canvas: Canvas, _rng: np.random.Generator, sky: str) -> None:
    outdoors(canvas, sky, SAND, 0.62, 90)
    stone = (212, 174, 114)
    for x, size in ((-0.62, 0.5), (1.3, 0.4), (0.92, 0.3), (0.62, 0.46)):
        peak = (x, 0.64 - size)
        canvas.poly([(x - size * 0.85, 0.64), peak, (x + size * 0.25, 0.66)], shade(stone, 1.08), 100)
        canvas.poly([(x + size * 0.25, 0.66), peak, (x + size * 0.8, 0.64)], shade(stone, 0.72), 100)
        rows = [
            (x - size * 0.85 * k, 0.64 - size * (1 - k), x + size * 0.25 * k, 0.65 - size * (1 - k))
            for k in np.linspace(0.15, 0.95, 9)
        ]
        canvas.strips(np.array(rows), 0.004, shade(stone, 0.8))
    for k in range(4):
        y = 0.72 + 0.12 * k
        canvas.stroke(
            [(-1.2, y), (-0.2 + 0.3 * k, y - 0.04), (0.6, y + 0.03), (2.2, y - 0.03)],
            0.02,
            shade(SAND, 0.88),
            70,
        )


def _iron_tower(canvas: Canvas, rng: np.random.Generator, sky: str) -> None:
    outdoors(canvas, sky, PAVING, 0.66, 50)
    x = -1.2
    while x < 2.2:
        block(
            canvas.at(x, 0.67), 0.2, float(rng.uniform(0.12, 0.2)), mix((206, 196, 180), SKIES[sky][1], 0.3)
        )
        x += 0.205
    canvas.box(-1.5, 0.66, 2.5, 0.72, GRASS, 110)
    iron = (104, 82, 66)
    tower = canvas.at(0.62, 0.70)
    for side in (-1.0, 1.0):
        leg = [
            (side * 0.27, 0.0),
            (side * 0.155, -0.22),
            (side * 0.075, -0.46),
            (side * 0.02, -0.86),
            (0.0, -0.86),
            (side * 0.03, -0.46),
            (side * 0.09, -0.22),
            (side * 0.15, 0.0),
        ]
        tower.poly(leg, shade(iron, 1.15 if side < 0 else 0.8), 40)
    tower.box(-0.175, -0.25, 0.175, -0.215, shade(iron, 0.8))
    tower.box(-0.095, -0.48, 0.095, -0.455, shade(iron, 0.8))
    tower.stroke([(-0.16, -0.02), (0.0, -0.2), (0.16, -0.02)], 0.022, iron)
    lattice = [
        (-w, y, w * 0.8, y - 0.05) for y, w in ((-0.5, 0.06), (-0.56, 0.05), (-0.62, 0.04), (-0.7, 0.03))
    ]
    crossed = lattice + [(-a, b, -c, d) for a, b, c, d in lattice]
    tower.strips(np.array(crossed), 0.012, iron)
    tower.box(-0.02, -0.9, 0.02, -0.85, shade(iron, 0.7))
    tower.box(-0.005, -1.02, 0.005, -0.88, iron)
    for x in (-0.5, -0.1, 0.16, 1.06, 1.4):
        tree(canvas.at(x, 0.74, 0.22), rng)


def _sea(canvas: Canvas, rng: np.random.Generator, top: float, low: float, colour: Colour) -> None:
    canvas.box(-1.5, top, 2.5, low, shade(colour, 1.1), 45, shade(colour, 0.8))
    x, y = rng.uniform(-0.9, 1.9, 26), rng.uniform(top + 0.01, low - 0.01, 26)
    canvas.strips(np.stack([x, y, x + 0.10, y], axis=1), 0.005, shade(colour, 1.45), 20)


def _lighthouse(canvas: Canvas, rng: np.random.Generator, sky: str) -> None:
    outdoors(canvas, sky, GRASS, 0.58)
    _sea(canvas, rng, 0.56, 0.76, (58, 118, 164))
    rock = (120, 112, 106)
    canvas.blob(
        [(0.36, 0.80), (0.42, 0.68), (0.56, 0.64), (0.76, 0.65), (0.94, 0.70), (1.06, 0.80)],
        rock,
        130,
        shade(rock, 0.7),
    )
    tower = canvas.at(0.67, 0.66)

    def half(y: float) -> float:
        return 0.10 + 0.045 * (1 + y / 0.56)

    bands = np.linspace(0.0, -0.56, 7)
    for k, (low, top) in enumerate(pairwise(bands)):
        paint = PAINT["red"] if k % 2 else (244, 242, 236)
        corners = [(-half(low), low), (half(low), low), (half(top), top), (-half(top), top)]
        tower.poly(corners, shade(paint, 1.1), 20, shade(paint, 0.72), axis=(1.0, 0.0))
    tower.box(-0.14, -0.585, 0.14, -0.555, (50, 52, 60))
    tower.box(-0.075, -0.68, 0.075, -0.585, (252, 238, 160), 0, (232, 206, 110))
    tower.strips(np.array([(x, -0.68, x, -0.58) for x in (-0.07, 0.0, 0.07)]), 0.012, (50, 52, 60))
    tower.poly([(-0.10, -0.68), (0.0, -0.77), (0.10, -0.68)], PAINT["red"])
    canvas.box(-1.5, 0.76, 2.5, 2.5, GRASS, 120, shade(GRASS, 0.8))
    tufts(canvas, rng, GRASS, 0.76, 30)


def _mountain_lake(canvas: Canvas, rng: np.random.Generator, sky: str) -> None:
    outdoors(canvas, sky, GRASS, 0.56)
    stone = (112, 122, 142)
    for x, tall, wide in (
        (-0.7, 0.42, 0.6),
        (1.6, 0.44, 0.6),
        (1.0, 0.36, 0.46),
        (0.08, 0.34, 0.44),
        (0.58, 0.50, 0.5),
    ):
        peak = (x, 0.57 - tall)
        canvas.poly(
            [(x - wide, 0.58), (x - wide * 0.5, 0.57 - tall * 0.55), peak, (x + wide * 0.1, 0.58)],
            shade(stone, 1.12),
            90,
        )
        canvas.poly(
            [(x + wide * 0.1, 0.58), peak, (x + wide * 0.4, 0.57 - tall * 0.5), (x + wide, 0.58)],
            shade(stone, 0.72),
            90,
        )
        snow = [
            peak,
            (x + wide * 0.26, 0.57 - tall * 0.66),
            (x + wide * 0.12, 0.57 - tall * 0.72),
            (x, 0.57 - tall * 0.6),
            (x - wide * 0.12, 0.57 - tall * 0.72),
            (x - wide * 0.28, 0.57 - tall * 0.68),
        ]
        canvas.poly(snow, (246, 248, 252), 20)
    canvas.box(-1.5, 0.56, 2.5, 0.60, shade(LEAF, 0.62), 160)
    for x in np.arange(-0.9, 1.9, 0.07):
        tall = float(rng.uniform(0.06, 0.11))
        canvas.poly([(x - 0.03, 0.6), (x, 0.6 - tall), (x + 0.03, 0.6)], shade(LEAF, 0.66), 130)
    _sea(canvas, rng, 0.60, 0.80, (72, 142, 168))
    canvas.box(-1.5, 0.79, 2.5, 2.5, GRASS, 120, shade(GRASS, 0.8))
    tufts(canvas, rng, GRASS, 0.79, 30)


def _palm_beach(canvas: Canvas, rng: np.random.Generator, sky: str) -> None:
    outdoors(canvas, sky, SAND, 0.55, 60)
    sun(canvas, 0.5, 0.16, 0.07)
    _sea(canvas, rng, 0.55, 0.70, (40, 160, 176))
    canvas.stroke([(-1.2, 0.70), (-0.3, 0.715), (0.5, 0.69), (2.2, 0.71)], 0.018, (250, 250, 246))
    for x, lean, tall in (
        (0.86, -0.12, 0.62),
        (1.16, -0.05, 0.5),
        (-0.3, 0.1, 0.6),
        (-0.8, 0.1, 0.5),
        (0.66, 0.05, 0.42),
    ):
        top = (x + lean, 0.82 - tall)
        canvas.stroke(
            [(x, 0.84), (x + lean * 0.3, 0.84 - tall * 0.5), top], 0.038, shade(WOOD, 0.9), 110, taper=0.6
        )
        for angle in (-165, -130, -95, -50, -15, 20, 160):
            c, s = float(np.cos(np.radians(angle))), float(np.sin(np.radians(angle)))
            leaf = [
                top,
                (top[0] + 0.11 * c, top[1] + 0.11 * s - 0.035),
                (top[0] + 0.20 * c, top[1] + 0.17 * s + 0.06),
            ]
            canvas.stroke(leaf, 0.045, shade((70, 140, 66), 0.8 + 0.3 * (angle % 2)), 120, taper=0.15)
    for k in range(3):
        canvas.stroke(
            [(-1.2, 0.84 + 0.14 * k), (0.5, 0.80 + 0.16 * k), (2.2, 0.86 + 0.14 * k)],
            0.012,
            shade(SAND, 0.86),
            60,
        )


def _red_bridge(canvas: Canvas, rng: np.random.Generator, sky: str) -> None:
    outdoors(canvas, sky, GRASS, 0.56)
    cloud(canvas.at(0.2, 0.12, 1.3), (244, 244, 246))
    hill = (116, 134, 104)
    canvas.blob(
        [(-1.6, 0.62), (-0.9, 0.46), (-0.2, 0.5), (0.3, 0.56), (0.9, 0.5), (1.7, 0.44), (2.4, 0.62)],
        hill,
        120,
    )
    _sea(canvas, rng, 0.57, 0.80, (66, 112, 150))
    red = (190, 62, 40)
    deck = 0.54
    for x in (-0.36, 0.34, 1.04, 1.74):
        cable = [(x - 0.35 + 0.7 * t, deck - 0.03 - 0.42 * (2 * t - 1) ** 2) for t in np.linspace(0, 1, 9)]
        shifted = [(px + 0.35, py) for px, py in cable]
        canvas.stroke(shifted, 0.014, red)
        hangers = [(px, py, px, deck) for px, py in shifted]
        canvas.strips(np.array(hangers), 0.006, shade(red, 0.9))
    for x in (-0.36, 0.34, 1.04, 1.74):
        for dx in (-0.035, 0.035):
            canvas.box(x + dx - 0.014, 0.08, x + dx + 0.014, 0.74, shade(red, 1.1), 20, shade(red, 0.76))
        for y in (0.1, 0.24, 0.38):
            canvas.box(x - 0.04, y, x + 0.04, y + 0.024, shade(red, 0.9))
    canvas.box(-1.5, deck - 0.015, 2.5, deck + 0.03, shade(red, 0.95), 20, shade(red, 0.66))
    canvas.box(-1.5, 0.79, 2.5, 2.5, PAVING, 70, shade(PAVING, 0.84))
    canvas.box(-1.5, 0.78, 2.5, 0.80, shade(PAVING, 0.66), 40)
