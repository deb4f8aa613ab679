"""Where photos are taken: skies, grounds, rooms. Drawn in frame units far beyond the square, for any aspect."""

import numpy as np

from lab.drawing.canvas import Canvas, Colour, mix, shade
from lab.drawing.palette import LEAF, WOOD

SKIES: dict[str, tuple[Colour, Colour]] = {
    "noon": ((92, 154, 222), (196, 222, 240)),
    "evening": ((104, 110, 170), (246, 186, 138)),
    "overcast": ((158, 170, 184), (214, 218, 222)),
    "morning": ((126, 176, 214), (244, 228, 204)),
}
GRASS: Colour = (104, 148, 74)
PAVING: Colour = (158, 156, 152)
SAND: Colour = (224, 200, 150)
WALLS: tuple[Colour, ...] = (
    (214, 206, 190),
    (176, 198, 204),
    (204, 184, 176),
    (190, 202, 174),
    (198, 190, 212),
)
SETTINGS = ("park", "room", "brick wall", "street", "studio")


def outdoors(canvas: Canvas, sky: str, ground: Colour, horizon: float, texture: int = 110) -> None:
    """Sky above, ground below the horizon."""
    top, low = SKIES[sky]
    near = shade(ground, 0.86)
    canvas.backdrop(
        [
            (-0.9, top, 0),
            (horizon - 0.001, low, 0),
            (horizon, mix(ground, low, 0.25), texture // 2),
            (horizon + 0.25, ground, texture),
            (2.0, near, texture),
        ]
    )
    rng = np.random.default_rng(len(sky))
    if sky != "overcast":
        for x, y in rng.uniform((-0.6, -0.4), (1.6, horizon - 0.25), (5, 2)):
            cloud(canvas.at(x, y, rng.uniform(0.6, 1.1)), mix(low, (255, 255, 255), 0.55))


def cloud(canvas: Canvas, colour: Colour) -> None:
    """A flat-bottomed cloud a third of a unit wide."""
    for x, y, r in ((-0.11, 0.0, 0.04), (-0.04, -0.02, 0.06), (0.05, -0.012, 0.05), (0.11, 0.005, 0.033)):
        canvas.oval(x, y, r * 1.25, r * 0.8, colour)
    canvas.oval(0.0, 0.018, 0.15, 0.022, colour)


def tree(canvas: Canvas, rng: np.random.Generator, leaf: Colour = LEAF) -> None:
    """A tree one unit high standing on y = 0."""
    canvas.poly(
        [(-0.05, 0.0), (0.05, 0.0), (0.03, -0.5), (-0.03, -0.5)], shade(WOOD, 0.62), 90, WOOD, axis=(1.0, 0.0)
    )
    canvas.stroke([(0.0, -0.35), (0.10, -0.5), (0.16, -0.6)], 0.03, shade(WOOD, 0.7), 90)
    crown = rng.uniform((-0.26, -0.88, 0.7), (0.26, -0.52, 1.2), (11, 3))
    canvas.blobs(crown + np.array([0.02, 0.04, 0.12]), 0.15, shade(leaf, 0.66), 150)
    canvas.blobs(crown, 0.15, leaf, 160)
    canvas.blobs(crown + np.array([-0.05, -0.06, -0.45]), 0.13, shade(leaf, 1.14), 160)


def bush(canvas: Canvas, rng: np.random.Generator, leaf: Colour = LEAF) -> None:
    """A round bush half a unit high, standing on y = 0."""
    crown = rng.uniform((-0.5, -0.32, 0.7), (0.5, -0.1, 1.2), (9, 3))
    canvas.blobs(crown, 0.2, shade(leaf, 0.8), 160)
    canvas.blobs(crown + np.array([-0.04, -0.06, -0.4]), 0.2, shade(leaf, 1.08), 160)


def tufts(canvas: Canvas, rng: np.random.Generator, colour: Colour, horizon: float, count: int = 46) -> None:
    """Blades of grass, larger towards the viewer."""
    depth = rng.uniform(0.0, 1.0, count) ** 0.7
    x = rng.uniform(-0.5, 1.5, count)
    y = horizon + 0.05 + depth * (1.35 - horizon)
    tall = 0.012 + 0.030 * depth
    ends = np.stack([x, y, x + rng.normal(0, 0.3, count) * tall, y - tall], axis=1)
    canvas.strips(ends[::2], 0.006, shade(colour, 0.72), 60)
    canvas.strips(ends[1::2], 0.006, shade(colour, 1.16), 60)


def park(canvas: Canvas, rng: np.random.Generator, sky: str) -> None:
    """Lawn, trees and bushes."""
    horizon = float(rng.uniform(0.54, 0.66))
    leaf = (LEAF, (98, 132, 58), (64, 112, 76), (176, 130, 52))[int(rng.integers(4))]
    outdoors(canvas, sky, GRASS, horizon)
    for x in rng.uniform(-0.7, 1.7, 7):
        bush(canvas.at(x, horizon + 0.02, 0.26), rng, shade(leaf, 0.9))
    for x in (
        rng.uniform(-0.8, -0.3),
        rng.uniform(-0.05, 0.2),
        rng.uniform(0.8, 1.05),
        rng.uniform(1.3, 1.8),
    ):
        tree(canvas.at(x, horizon + rng.uniform(0.04, 0.12), rng.uniform(0.6, 0.95)), rng, leaf)
    tufts(canvas, rng, GRASS, horizon)


def room(canvas: Canvas, rng: np.random.Generator, furnished: bool = True) -> float:
    """A wall, a wooden floor, and something on the wall; gives back where the floor begins."""
    wall = WALLS[int(rng.integers(len(WALLS)))]
    floor = float(rng.uniform(0.74, 0.82))
    wood = mix(WOOD, (222, 180, 128), float(rng.uniform(0, 0.8)))
    canvas.backdrop(
        [
            (-0.9, shade(wall, 0.86), 22),
            (floor - 0.001, shade(wall, 1.06), 22),
            (floor, shade(wood, 0.86), 70),
            (2.0, shade(wood, 1.06), 70),
        ]
    )
    canvas.box(-1.5, floor - 0.035, 2.5, floor, shade(wall, 1.5))
    fan = np.array([(x * 0.5 + 0.25, floor, x * 2.4 - 0.7, 2.2) for x in np.linspace(-2.2, 3.2, 22)])
    canvas.strips(fan, 0.005, shade(wood, 0.66))
    if furnished:
        window(canvas.at(float(rng.uniform(-0.1, 0.1)), 0.2, 0.3), SKIES["noon"][1])
        picture(canvas.at(float(rng.uniform(0.84, 1.05)), 0.26, 0.22), rng)
        picture(canvas.at(float(rng.uniform(-0.6, -0.4)), 0.26, 0.22), rng)
        sofa(canvas.at(float(rng.uniform(0.3, 0.7)), floor + 0.06, 0.8), WALLS[int(rng.integers(len(WALLS)))])
    return floor


def window(canvas: Canvas, sky: Colour) -> None:
    """A window with a garden behind it."""
    canvas.box(-0.5, -0.6, 0.5, 0.6, (238, 236, 230))
    canvas.box(-0.43, -0.53, 0.43, 0.53, shade(sky, 0.86), 0, shade(sky, 1.3))
    canvas.box(-0.43, 0.3, 0.43, 0.53, (126, 160, 106), 120)
    canvas.box(-0.03, -0.53, 0.03, 0.53, (238, 236, 230))
    canvas.box(-0.43, -0.03, 0.43, 0.03, (238, 236, 230))
    canvas.box(-0.58, 0.6, 0.58, 0.68, (220, 216, 206))


def picture(canvas: Canvas, rng: np.random.Generator) -> None:
    """A framed landscape."""
    canvas.box(-0.5, -0.36, 0.5, 0.36, shade(WOOD, 0.6))
    canvas.box(-0.43, -0.29, 0.43, 0.29, (200, 214, 222), 0, (240, 222, 196))
    hill = (0.0, -0.05)
    canvas.poly(
        [(-0.43, 0.29), (-0.43, 0.1), hill, (0.2, 0.16), (0.43, 0.02), (0.43, 0.29)], (110, 140, 110), 90
    )
    canvas.oval(float(rng.uniform(-0.3, 0.3)), -0.14, 0.06, 0.06, (246, 208, 120))


def sofa(canvas: Canvas, colour: Colour) -> None:
    """A sofa one unit wide, standing on y = 0."""
    dark = shade(colour, 0.62)
    canvas.box(-0.5, -0.44, 0.5, 0.02, shade(dark, 0.9), 70, radius=0.06)
    canvas.box(-0.46, -0.24, 0.0, -0.06, shade(dark, 1.12), 70, radius=0.03)
    canvas.box(0.0, -0.24, 0.46, -0.06, shade(dark, 1.12), 70, radius=0.03)
    for x in (-0.53, 0.53):
        canvas.box(x - 0.07, -0.32, x + 0.07, 0.02, shade(dark, 0.8), 70, radius=0.05)


def bricks(canvas: Canvas, x0: float, y0: float, x1: float, y1: float, row: float, colour: Colour) -> None:
    """A wall of bricks with joints that break from row to row."""
    canvas.box(x0, y0, x1, y1, shade(colour, 1.02), 110, shade(colour, 0.86))
    heights = np.arange(y0 + row, y1, row)
    flat = np.stack([np.full_like(heights, x0), heights, np.full_like(heights, x1), heights], axis=1)
    canvas.strips(flat, row * 0.14, shade(colour, 1.34))
    upright: list[tuple[float, float, float, float]] = []
    for i, y in enumerate(np.arange(y0, y1 - row * 0.5, row)):
        for x in np.arange(x0 + (0.8 if i % 2 else 1.9) * row, x1, 2.3 * row):
            upright.append((x, y, x, min(y + row, y1)))
    canvas.strips(np.array(upright), row * 0.12, shade(colour, 1.34))


def brick_wall(canvas: Canvas, rng: np.random.Generator) -> None:
    """A wall that fills the frame, above a strip of pavement."""
    colour = ((164, 88, 66), (184, 132, 96), (126, 104, 96), (196, 178, 152))[int(rng.integers(4))]
    outdoors(canvas, "overcast", PAVING, 0.84)
    bricks(canvas, -1.2, -1.2, 2.2, 0.84, 0.085, colour)
    canvas.box(-1.2, 0.82, 2.2, 0.86, shade(colour, 0.5))


def street(canvas: Canvas, rng: np.random.Generator, sky: str) -> None:
    """A row of facades behind a road."""
    horizon = float(rng.uniform(0.6, 0.7))
    outdoors(canvas, sky, PAVING, horizon, 60)
    x = -1.2
    while x < 2.2:
        wide, tall = rng.uniform(0.22, 0.4), rng.uniform(0.45, 0.8)
        facade = WALLS[int(rng.integers(len(WALLS)))]
        block(canvas.at(x, horizon + 0.01), wide, tall, mix(facade, SKIES[sky][1], 0.25))
        x += wide + 0.01
    road = horizon + 0.16
    canvas.box(-1.5, road, 2.5, 2.5, (104, 104, 110), 70, (84, 84, 90))
    canvas.box(-1.5, road - 0.02, 2.5, road, (190, 188, 184), 40)
    for k in range(-5, 10):
        canvas.box(k * 0.3, road + 0.17, k * 0.3 + 0.16, road + 0.185, (226, 224, 214))


def block(canvas: Canvas, wide: float, tall: float, colour: Colour) -> None:
    """A plain facade with rows of windows, standing on y = 0."""
    canvas.box(0.0, -tall, wide, 0.0, colour, 45, shade(colour, 0.88))
    pane = shade(mix(colour, (70, 90, 120), 0.6), 0.9)
    for y in np.arange(-tall + 0.06, -0.12, 0.13):
        for x in np.arange(0.035, wide - 0.06, 0.095):
            canvas.box(x, y, x + 0.05, y + 0.075, pane)


def studio(canvas: Canvas, rng: np.random.Generator) -> None:
    """A plain photographer's backdrop."""
    wall = WALLS[int(rng.integers(len(WALLS)))]
    canvas.backdrop(
        [(-0.5, shade(wall, 0.7), 16), (0.45, shade(wall, 1.1), 16), (1.6, shade(wall, 0.72), 16)]
    )


def draw_setting(canvas: Canvas, setting: str, rng: np.random.Generator, sky: str) -> None:
    """One of `SETTINGS`: places that say nothing about anybody."""
    if setting == "park":
        park(canvas, rng, sky)
    elif setting == "room":
        room(canvas, rng)
    elif setting == "brick wall":
        brick_wall(canvas, rng)
    elif setting == "street":
        street(canvas, rng, sky)
    else:
        studio(canvas, rng)


def sun(canvas: Canvas, x: float, y: float, radius: float) -> None:
    """A low sun."""
    canvas.oval(x, y, radius, radius, (255, 236, 170))
