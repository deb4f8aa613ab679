"""The icon in its four states, drawn from the project's mark.

The states differ in shape, not only in colour, and every shape has a dark and a light part, so that one of them stands
out on a light and on a dark panel alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from PIL import Image, ImageDraw, ImageEnhance

from photoveil.tray.state import StateName, TrayState

SIZE = 64
STEPS = 24  # so many positions has the ring: a finer one could not be told apart in a panel
_GRID = 128  # the mark's own units, as in the extension's photoveil.svg
_FINE = 4  # drawn so many times larger, then scaled down: Pillow draws without smooth edges

_PAPER, _FACE = "#6350ea", "#ffffff"
_VEIL, _EDGE = (33, 22, 122, 190), (207, 199, 255, 235)
_DARK, _LIGHT, _AMBER = "#1c1a2e", "#ffffff", "#ffb300"

Point = tuple[float, float]
Look = tuple[StateName, int]


def look(state: TrayState) -> Look:
    """What decides the picture: the state, and while working the ring's step (0 where the end is not known)."""
    if state.state != "working" or state.total <= 0:
        return state.state, 0
    return "working", round(STEPS * min(state.done, state.total) / state.total)


@lru_cache(maxsize=64)
def draw(name: StateName, step: int = 0, size: int = SIZE) -> Image.Image:
    """The icon, square, with a transparent ground."""
    fine = _FINE * size
    if name == "working":
        icon = _ringed(fine, step)
    elif name == "paused":
        icon = _badged(_faded(_mark(fine)), _bars)
    elif name == "attention":
        icon = _badged(_mark(fine), _warning)
    else:
        icon = _mark(fine)
    return icon.resize((size, size), Image.Resampling.LANCZOS)


def _mark(size: int) -> Image.Image:
    """A portrait, half of it behind its veil."""
    canvas = _clear(size)
    pen, unit = ImageDraw.Draw(canvas), size / _GRID
    pen.rectangle((0, 0, size, size), fill=_PAPER)
    pen.ellipse(_scaled(unit, (42, 26), (86, 70)), fill=_FACE)
    left = _curve((20, 114), (20, 89), (39, 76), (64, 76))
    right = _curve((64, 76), (89, 76), (108, 89), (108, 114))
    pen.polygon(_scaled(unit, *left, *right, (108, 128), (20, 128)), fill=_FACE)
    hem = (
        *_curve((0, 98), (26, 98), (34, 74), (58, 62)),
        *_curve((58, 62), (82, 50), (104, 40), (128, 12)),
    )
    veil = _clear(size)
    over = ImageDraw.Draw(veil)
    over.polygon(_scaled(unit, *hem, (128, 128), (0, 128)), fill=_VEIL)
    over.line(_scaled(unit, *hem), fill=_EDGE, width=round(5 * unit), joint="curve")
    canvas.alpha_composite(veil)
    frame = Image.new("L", (size, size), 0)
    ImageDraw.Draw(frame).rounded_rectangle((0, 0, size - 1, size - 1), radius=30 * unit, fill=255)
    return _masked(canvas, frame)


def _ringed(size: int, step: int) -> Image.Image:
    """The mark inside a ring that fills clockwise from the top."""
    canvas, unit = _clear(size), size / _GRID
    inner = round(size * 0.60)
    canvas.alpha_composite(_mark(inner), ((size - inner) // 2, (size - inner) // 2))
    pen = ImageDraw.Draw(canvas)
    pen.arc(_scaled(unit, (1, 1), (127, 127)), 0, 360, fill=_LIGHT, width=round(21 * unit))
    pen.arc(_scaled(unit, (3, 3), (125, 125)), 0, 360, fill=_DARK, width=round(17 * unit))
    if step:
        end = -90 + 360 * min(step, STEPS) / STEPS
        pen.arc(_scaled(unit, (6, 6), (122, 122)), -90, end, fill=_LIGHT, width=round(11 * unit))
    else:  # the end is not known: three dots instead of a part of the way
        for x, y in ((64, 11.5), (109.5, 90), (18.5, 90)):
            pen.ellipse(_scaled(unit, (x - 7, y - 7), (x + 7, y + 7)), fill=_LIGHT)
    return canvas


def _badged(mark: Image.Image, badge: Callable[[ImageDraw.ImageDraw, float], None]) -> Image.Image:
    badge(ImageDraw.Draw(mark), mark.width / _GRID)
    return mark


def _bars(pen: ImageDraw.ImageDraw, unit: float) -> None:
    pen.ellipse(_scaled(unit, (44, 44), (128, 128)), fill=_LIGHT)
    pen.ellipse(_scaled(unit, (50, 50), (122, 122)), fill=_DARK)
    for left in (68, 91):
        pen.rectangle(_scaled(unit, (left, 66), (left + 13, 106)), fill=_LIGHT)


def _warning(pen: ImageDraw.ImageDraw, unit: float) -> None:
    pen.polygon(_scaled(unit, (82, 34), (128, 124), (128, 128), (36, 128), (36, 124)), fill=_LIGHT)
    pen.polygon(_scaled(unit, (82, 44), (124, 126), (40, 126)), fill=_DARK)
    pen.polygon(_scaled(unit, (82, 56), (116, 121), (48, 121)), fill=_AMBER)
    pen.polygon(_scaled(unit, (76, 72), (88, 72), (85.5, 98), (78.5, 98)), fill=_DARK)
    pen.ellipse(_scaled(unit, (76, 103), (88, 115)), fill=_DARK)


def _faded(mark: Image.Image) -> Image.Image:
    grey = ImageEnhance.Color(mark).enhance(0.25)
    return _masked(grey, mark.getchannel("A").point([level * 6 // 10 for level in range(256)]))


def _masked(picture: Image.Image, mask: Image.Image) -> Image.Image:
    picture = picture.copy()
    picture.putalpha(mask)
    return picture


def _clear(size: int) -> Image.Image:
    return Image.new("RGBA", (size, size), (0, 0, 0, 0))


def _scaled(unit: float, *points: Point) -> list[Point]:
    return [(x * unit, y * unit) for x, y in points]


def _curve(start: Point, first: Point, second: Point, end: Point, parts: int = 32) -> list[Point]:
    """A cubic Bézier curve as a line of points."""
    return list(_along(start, first, second, end, parts))


def _along(start: Point, first: Point, second: Point, end: Point, parts: int) -> Iterator[Point]:
    for part in range(parts + 1):
        t, s = part / parts, 1 - part / parts
        weights = (s**3, 3 * s * s * t, 3 * s * t * t, t**3)
        corners = (start, first, second, end)
        yield (
            sum(weight * x for weight, (x, _y) in zip(weights, corners, strict=True)),
            sum(weight * y for weight, (_x, y) in zip(weights, corners, strict=True)),
        )
