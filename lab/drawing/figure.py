"""A whole standing figure in head units; photos crop it where their frame ends."""

from dataclasses import dataclass

from lab.drawing import hair
from lab.drawing.canvas import Canvas, Colour, mix, shade
from lab.drawing.face import Expression, draw_head
from lab.drawing.palette import SKIN
from lab.people import Look


@dataclass(frozen=True, slots=True)
class Outfit:
    """What is worn, and how the arms hang: 0 down, 1 raised; the far one first."""

    shirt: Colour
    trousers: Colour
    pattern: str
    collar: bool
    arms: tuple[float, float]


def draw_figure(canvas: Canvas, look: Look, face: Expression, outfit: Outfit, tilt: float) -> None:
    """One person, back to front."""
    head = canvas.at(0.0, 0.0, 1.0, tilt)
    hair.draw_behind(head, look, face.yaw)
    wide = 1.0 + 0.08 * look.geometry.build
    body = canvas.at(0.0, 0.0)
    _legs(body, outfit, wide)
    _arm(body, look, outfit, wide, -1.0, outfit.arms[0])
    _neck(body, look)
    _torso(body, look, outfit, face, wide)
    _arm(body, look, outfit, wide, 1.0, outfit.arms[1])
    draw_head(head, look, face)


def draw_child(canvas: Canvas, look: Look, face: Expression, outfit: Outfit) -> None:
    """A child is a figure with a large head on a short body."""
    hair.draw_behind(canvas, look, face.yaw)
    body = canvas.at(0.0, 0.36, 0.62)
    _legs(body, outfit, 1.0)
    _arm(body, look, outfit, 1.0, -1.0, outfit.arms[0])
    _neck(body, look)
    _torso(body, look, outfit, face, 1.0)
    _arm(body, look, outfit, 1.0, 1.0, outfit.arms[1])
    draw_head(canvas, look, face)


def _neck(body: Canvas, look: Look) -> None:
    skin = SKIN[look.skin]
    body.poly([(-0.36, 0.5), (0.36, 0.5), (0.42, 1.62), (-0.42, 1.62)], shade(skin, 0.90))
    body.blob([(-0.37, 0.8), (0.0, 1.28), (0.37, 0.8), (0.0, 0.7)], shade(skin, 0.72))


def _torso(body: Canvas, look: Look, outfit: Outfit, face: Expression, wide: float) -> None:
    half = [
        (0.34, 1.42),
        (0.85, 1.52),
        (1.36 * wide, 1.74),
        (1.46 * wide, 2.3),
        (1.20 * wide, 3.2),
        (1.14 * wide, 4.5),
    ]
    shape = [*half, *((-x, y) for x, y in reversed(half))]
    light, dark = shade(outfit.shirt, 1.12), shade(outfit.shirt, 0.78)
    start, end = (light, dark) if face.light > 0 else (dark, light)
    body.poly(shape, start, 34, end, axis=(0.8, 0.2))
    if outfit.pattern == "stripes":
        for k in range(5):
            y = 2.12 + 0.48 * k
            edge = 1.40 * wide if y < 2.5 else 1.24 * wide - 0.03 * (y - 2.5)
            body.stroke([(-edge, y), (0.0, y + 0.09), (edge, y)], 0.13, shade(outfit.shirt, 1.45), 48)
    for side, low in ((-1.0, 4.1), (1.0, 3.7), (-1.0, 3.3)):
        body.stroke(
            [(side * 1.12 * wide, low), (side * 0.7, low + 0.16), (side * 0.4, low + 0.12)],
            0.035,
            shade(outfit.shirt, 0.66),
            48,
            taper=0.2,
        )
    _neckline(body, look, outfit)


def _neckline(body: Canvas, look: Look, outfit: Outfit) -> None:
    skin = SKIN[look.skin]
    body.blob([(-0.40, 1.36), (0.0, 1.86), (0.40, 1.36), (0.0, 1.2)], shade(skin, 0.88))
    if outfit.collar:
        for side in (-1.0, 1.0):
            flap = [(side * 0.36, 1.28), (side * 0.06, 1.84), (side * 0.36, 2.05), (side * 0.66, 1.52)]
            body.poly(flap, shade(outfit.shirt, 1.28), 40)
        body.stroke([(0.0, 1.86), (0.02, 4.5)], 0.03, shade(outfit.shirt, 0.6))
    else:
        rim = [(-0.44, 1.40), (-0.26, 1.74), (0.0, 1.87), (0.26, 1.74), (0.44, 1.40)]
        body.stroke(rim, 0.08, shade(outfit.shirt, 0.72), 40)


def _arm(body: Canvas, look: Look, outfit: Outfit, wide: float, side: float, raised: float) -> None:
    skin = SKIN[look.skin]
    shoulder = (side * 1.22 * wide, 1.98)
    elbow = (side * (1.52 + 0.25 * raised) * wide, 3.25 - 0.35 * raised)
    hand = (side * (1.46 - 0.75 * raised) * wide, 4.55 - 1.65 * raised)
    body.stroke([shoulder, elbow, hand], 0.44, shade(skin, 0.94), taper=0.72)
    body.oval(hand[0], hand[1], 0.21, 0.24, shade(skin, 1.0))
    cuff = (shoulder[0] + (elbow[0] - shoulder[0]) * 0.9, shoulder[1] + (elbow[1] - shoulder[1]) * 0.9)
    body.stroke(
        [(shoulder[0] - side * 0.08, shoulder[1] - 0.1), cuff],
        0.60,
        shade(outfit.shirt, 0.86),
        48,
        taper=0.92,
    )
    body.oval(shoulder[0] - side * 0.06, shoulder[1] - 0.02, 0.31, 0.30, shade(outfit.shirt, 0.86), 48)


def _legs(body: Canvas, outfit: Outfit, wide: float) -> None:
    for side in (-1.0, 1.0):
        dark = mix(outfit.trousers, (0, 0, 0), 0.18 if side > 0 else 0.0)
        leg = [
            (side * 1.12 * wide, 4.3),
            (side * 0.92, 8.1),
            (side * 0.38, 8.1),
            (side * 0.02, 5.0),
            (0.0, 4.3),
        ]
        body.poly(leg, shade(dark, 1.05), 52, shade(dark, 0.85))
        body.blob(
            [
                (side * 0.28, 8.0),
                (side * 0.95, 7.95),
                (side * 1.32, 8.35),
                (side * 1.25, 8.5),
                (side * 0.28, 8.5),
            ],
            (58, 46, 44),
        )
