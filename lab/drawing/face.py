"""A face in head units: the origin between the ears, the chin at y = 1, y downwards."""

from dataclasses import dataclass

import numpy as np

from lab.drawing import hair
from lab.drawing.canvas import Canvas, Colour, Points, arc, mix, shade, smooth
from lab.drawing.palette import EYES, HAIR, INK, SKIN
from lab.people import Look


@dataclass(frozen=True, slots=True)
class Expression:
    """How a head is held: `yaw` in [-1, 1] turns it, `smile` in [0, 1] lifts the mouth, `light` is its bright side."""

    yaw: float
    smile: float
    gaze: float
    light: float


def outline(look: Look) -> list[tuple[float, float]]:
    """Half of what tells two faces apart: cheeks, jaw and chin."""
    g = look.geometry
    base = {"round": (0.82, 0.70, 0.30), "oval": (0.74, 0.56, 0.22), "square": (0.79, 0.74, 0.36)}[
        look.face_shape
    ]
    wide = base[0] * (1 + 0.07 * g.face_width)
    jaw = base[1] * (1 + 0.10 * g.jaw)
    chin = base[2] * (1 + 0.20 * g.chin)
    low = 0.98 + 0.06 * g.chin
    half = [(wide * 0.62, -0.86), (wide * 0.96, -0.42), (wide, 0.05), (jaw, 0.60), (chin, low - 0.05)]
    return [(0.0, -1.0), *half, (0.0, low), *((-x, y) for x, y in reversed(half))]


def draw_head(canvas: Canvas, look: Look, face: Expression) -> None:
    """Everything above the neck but the hair behind it, which `hair.draw_behind` puts down first."""
    skin = SKIN[look.skin]
    edge = outline(look)
    _ears(canvas, look, face, skin)
    bright, dark = shade(skin, 1.12), shade(skin, 0.86)
    start, end = (bright, dark) if face.light > 0 else (dark, bright)
    canvas.blob(edge, start, 0, end, axis=(0.85, 0.15))
    inner = canvas.at(0.16 * face.yaw, 0.0)
    _cheeks(inner, skin)
    if look.facial_hair == "beard":
        _beard(canvas, inner, look, edge)
    _mouth(inner, look, face, skin)
    _nose(inner, look, face, skin)
    if look.facial_hair == "moustache":
        _moustache(inner, look)
    for side in (-1.0, 1.0):
        _eye(inner, look, face, side)
    hair.draw_front(canvas, look, edge)
    if look.glasses != "none":
        _glasses(inner, look, face)


def eye_place(look: Look, side: float) -> tuple[float, float]:
    """The centre of the eye on the left (-1) or right (1) of the picture."""
    return side * (0.33 + 0.035 * look.geometry.eye_spacing), -0.06


def _ears(canvas: Canvas, look: Look, face: Expression, skin: Colour) -> None:
    size = 0.17 + 0.04 * look.geometry.ear_size
    x = 0.80 if look.face_shape != "oval" else 0.74
    for side in (-1.0, 1.0):
        place = side * x * (1 + 0.05 * look.geometry.face_width) - 0.05 * face.yaw
        canvas.oval(place, 0.06, size * 0.62, size, shade(skin, 0.90))
        canvas.oval(place, 0.07, size * 0.34, size * 0.66, shade(skin, 0.76))


def _cheeks(inner: Canvas, skin: Colour) -> None:
    for x in (-0.42, 0.42):
        inner.oval(x, 0.30, 0.17, 0.11, mix(skin, (226, 96, 88), 0.16))


def _eye(inner: Canvas, look: Look, face: Expression, side: float) -> None:
    g = look.geometry
    x, y = eye_place(look, side)
    wide, tall = 0.175 * (1 + 0.12 * g.eye_size), 0.115 * (1 + 0.2 * g.eye_size)
    skin = SKIN[look.skin]
    inner.oval(x, y - 0.015, wide * 1.18, tall * 1.25, shade(skin, 0.86))
    inner.oval(x, y, wide, tall, (248, 247, 244))
    iris = EYES[look.eyes]
    gaze = x + 0.06 * face.gaze
    inner.oval(gaze, y, tall * 0.92, tall * 0.96, shade(iris, 0.7))
    inner.oval(gaze, y, tall * 0.78, tall * 0.82, shade(iris, 1.08))
    inner.oval(gaze, y, tall * 0.38, tall * 0.40, (18, 16, 18))
    inner.oval(gaze + 0.035, y - 0.04, tall * 0.2, tall * 0.2, (255, 255, 255))
    lid = arc(x, y + 0.01, wide * 1.04, tall * 1.1, 190, 350)
    inner.stroke(lid, 0.035, shade(skin, 0.32))
    _brow(inner, look, x, y, side)


def _brow(inner: Canvas, look: Look, x: float, y: float, side: float) -> None:
    g = look.geometry
    colour = mix(shade(HAIR[look.hair_colour], 0.78), SKIN[look.skin], 0.12)
    height = y - 0.27 - 0.04 * g.brow_height
    path = [(x - side * 0.19, height + 0.04), (x, height - 0.015), (x + side * 0.22, height + 0.055)]
    inner.stroke(path, 0.07 * (1 + 0.4 * g.brow_weight), colour, 40, taper=0.4)


def _nose(inner: Canvas, look: Look, face: Expression, skin: Colour) -> None:
    g = look.geometry
    low, wide = 0.36 + 0.05 * g.nose_length, 0.115 * (1 + 0.22 * g.nose_width)
    lean = 0.05 * face.yaw
    shadow = -1.0 if face.light > 0 else 1.0
    ridge = [(lean * 0.3, -0.05), (lean + shadow * -wide * 0.5, low), (lean + shadow * wide * 1.1, low)]
    inner.poly(ridge, shade(skin, 0.92))
    inner.oval(lean, low, wide, 0.062, shade(skin, 0.90))
    inner.oval(lean - shadow * wide * 0.2, low - 0.03, wide * 0.5, 0.05, shade(skin, 1.14))
    for side in (-1.0, 1.0):
        inner.oval(lean + side * wide * 0.55, low + 0.03, 0.032, 0.02, shade(skin, 0.58))


def _mouth(inner: Canvas, look: Look, face: Expression, skin: Colour) -> None:
    g = look.geometry
    y = 0.60 + 0.03 * g.mouth_height
    half = 0.23 * (1 + 0.16 * g.mouth_width) * (1 + 0.15 * face.smile)
    lift = 0.10 * face.smile
    lip = mix(shade(skin, 0.82), (190, 60, 66), 0.42)
    upper = [
        (-half, y - lift),
        (-half * 0.4, y - 0.055),
        (0.0, y - 0.035),
        (half * 0.4, y - 0.055),
        (half, y - lift),
    ]
    lower = [(half * 0.5, y + 0.075), (0.0, y + 0.105), (-half * 0.5, y + 0.075)]
    inner.blob([*upper, *lower], lip)
    if face.smile > 0.55:
        teeth = [
            (-half * 0.8, y - lift * 0.7),
            (0.0, y - 0.005),
            (half * 0.8, y - lift * 0.7),
            (0.0, y + 0.07),
        ]
        inner.blob(teeth, (246, 244, 238))
    line: Points = [(-half, y - lift), (0.0, y + 0.01), (half, y - lift)]
    inner.stroke(line, 0.022, shade(lip, 0.55))


def _beard(canvas: Canvas, inner: Canvas, look: Look, edge: list[tuple[float, float]]) -> None:
    colour = shade(HAIR[look.hair_colour], 0.92)
    curve = smooth(edge)
    lower = curve[curve[:, 1] > 0.16] * (1.03, 1.09)
    right = lower[lower[:, 0] > 0]
    left = lower[lower[:, 0] <= 0]
    order = np.concatenate([right[np.argsort(right[:, 1])], left[np.argsort(-left[:, 1])]])
    top = [(-0.50, 0.34), (-0.33, 0.46), (0.0, 0.43), (0.33, 0.46), (0.50, 0.34)]
    canvas.poly(np.concatenate([order, np.asarray(top)]), colour, 95)
    rng = np.random.default_rng(17)
    x = rng.uniform(-0.5, 0.5, 26)
    y = 0.98 - 0.9 * x**2 - rng.uniform(0.0, 0.25, 26)
    ends = np.stack([x, y - 0.10, x * 1.04, y + 0.05], axis=1)
    canvas.strips(ends, 0.018, shade(colour, 1.16), 60)
    inner.oval(0.0, 0.62, 0.27, 0.105, mix(SKIN[look.skin], colour, 0.25))


def _moustache(inner: Canvas, look: Look) -> None:
    colour = shade(HAIR[look.hair_colour], 0.92)
    y = 0.50
    right = [
        (0.0, y - 0.06),
        (0.20, y - 0.05),
        (0.40, y + 0.09),
        (0.43, y + 0.03),
        (0.36, y + 0.14),
        (0.14, y + 0.07),
    ]
    shape = [*right, (0.0, y + 0.04), *((-a, b) for a, b in reversed(right[1:]))]
    inner.blob(shape, colour, 95)
    rows = np.array([(a, y - 0.03, a * 1.7, y + 0.06 + abs(a) * 0.1) for a in np.linspace(-0.22, 0.22, 11)])
    inner.strips(rows, 0.016, shade(colour, 1.18), 60)


def _glasses(inner: Canvas, look: Look, face: Expression) -> None:
    wide = 0.27
    for side in (-1.0, 1.0):
        x, y = eye_place(look, side)
        if look.glasses == "round":
            rim = arc(x, y, wide, wide, 0, 360)[:-1]
            rim = smooth(rim)
        else:
            corner = 0.05
            box = ((x - wide, y - 0.19), (x + wide, y - 0.19), (x + wide, y + 0.19), (x - wide, y + 0.19))
            rim = _rounded(box, corner)
        _rim(inner, rim, 0.055)
        inner.stroke([(x + side * wide, y - 0.04), (side * 0.84 - 0.1 * face.yaw, y - 0.06)], 0.05, INK)
        inner.stroke([(x - 0.12, y + 0.08), (x + 0.02, y - 0.12)], 0.022, (250, 252, 255))
    inner.stroke([(-0.1, -0.07), (0.0, -0.11), (0.1, -0.07)], 0.05, INK)


def _rounded(
    box: tuple[tuple[float, float], ...], corner: float
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    (x0, y0), _, (x1, y1), _ = box
    turns = (
        (x1 - corner, y0 + corner, -90),
        (x1 - corner, y1 - corner, 0),
        (x0 + corner, y1 - corner, 90),
        (x0 + corner, y0 + corner, 180),
    )
    return np.concatenate([arc(cx, cy, corner, corner, a, a + 90)[::4] for cx, cy, a in turns])


def _rim(inner: Canvas, rim: np.ndarray[tuple[int, int], np.dtype[np.float64]], width: float) -> None:
    """A closed frame as one ring, so that the eye behind it stays visible."""
    centre = rim.mean(axis=0)
    reach = np.abs(rim - centre).max(axis=0)
    outer = centre + (rim - centre) * (1 + width / 2 / reach)
    inside = centre + (rim - centre) * (1 - width / 2 / reach)
    inner.poly(np.concatenate([outer, outer[:1], inside[:1], inside[::-1]]), INK)
