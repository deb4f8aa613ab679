"""From a `PhotoSpec` to pixels, at any size. `python -m lab.render --sheet sheet.png` draws a contact sheet."""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.drawing.animals import draw_pet
from lab.drawing.buildings import draw_house
from lab.drawing.canvas import Canvas, shade
from lab.drawing.face import Expression
from lab.drawing.figure import Outfit, draw_child, draw_figure
from lab.drawing.landmarks import draw_landmark
from lab.drawing.objects import draw_possession
from lab.drawing.palette import FUR, PAINT
from lab.drawing.places import GRASS, draw_setting, outdoors, tree, tufts
from lab.drawing.texture import grain, illuminate
from lab.drawing.vehicles import draw_vehicle
from lab.drawing.workplaces import draw_workplace
from lab.people import sample_persona
from lab.scenes import PHOTO_KINDS, PhotoSpec, sample_photo

# Below this size, shapes are drawn twice as large and averaged down: OpenCV's own edges are too coarse for faces.
_OVERSAMPLE_BELOW = 640


def render(spec: PhotoSpec, width: int, height: int) -> NDArray[np.uint8]:
    """The photo as RGB, height x width x 3, values 0 to 255; the square in its middle is the same at every aspect."""
    if width < 8 or height < 8:
        raise ValueError(f"a photo of {width} x {height} pixels is too small to draw")
    factor = 2 if min(width, height) < _OVERSAMPLE_BELOW else 1
    canvas = Canvas(width * factor, height * factor)
    x, y, zoom = spec.camera
    view = canvas.at(0.5 + x - 0.5 * zoom, 0.5 + y - 0.5 * zoom, zoom)
    _background(view, spec)
    _subject(view, spec)
    painted = canvas.pixels
    if factor > 1:
        painted = np.asarray(cv2.resize(painted, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return illuminate(painted, grain(width, height, spec.seed), spec.light.cast, spec.light.slope)


def _background(view: Canvas, spec: PhotoSpec) -> None:
    rng = np.random.default_rng([spec.persona.seed, spec.seed, 5])
    # What belongs to a persona looks the same in all of their photos.
    home = np.random.default_rng([spec.persona.seed, 6])
    facts = spec.persona.facts
    if spec.kind == "residence":
        _residence(view, spec, rng, home)
    elif spec.kind == "workplace":
        mirrored = spec.prop[0] < 0.5
        draw_workplace(
            view.at(1.0, 0.0, 1.0, 0.0, mirror=True) if mirrored else view,
            facts["workplace"]["workplace"],
            home,
        )
    elif spec.kind == "travel":
        mirrored = spec.prop[0] < 0.5
        place = facts["travel"]["place"]
        draw_landmark(
            view.at(1.0, 0.0, 1.0, 0.0, mirror=True) if mirrored else view, place, rng, spec.light.sky
        )
    else:
        draw_setting(view, spec.setting, rng, spec.light.sky)


def _residence(view: Canvas, spec: PhotoSpec, rng: np.random.Generator, home: np.random.Generator) -> None:
    horizon = 0.62
    outdoors(view, spec.light.sky, GRASS, horizon)
    for x in (-0.7, -0.35, 0.05, 0.95, 1.35, 1.7):
        tree(view.at(x + float(rng.uniform(-0.08, 0.08)), horizon + 0.03, float(rng.uniform(0.35, 0.6))), rng)
    fact = spec.persona.facts["residence"]
    scale = {"tower block": 0.52, "terrace": 0.58}.get(fact["house"], 0.66) * spec.prop[2]
    x = spec.prop[0] + (0.06 if spec.prop[0] > 0.5 else -0.06)
    view.oval(x, horizon + 0.09, scale * 0.66, 0.03, shade(GRASS, 0.66), 100)
    draw_house(view.at(x, horizon + 0.09, scale), fact["house"], PAINT[fact["house_colour"]], home)
    tufts(view, rng, GRASS, horizon + 0.08)


def _subject(view: Canvas, spec: PhotoSpec) -> None:
    facts = spec.persona.facts
    x, dy, scale = spec.prop
    away = spec.pose.x < 0.5
    if spec.kind == "vehicle":
        fact = facts["vehicle"]
        shift = 0.04 if away else -0.04
        spot = view.at(x + shift, 0.83 + dy, 0.66 * scale, 0.0, mirror=not away)
        spot.oval(0.0, 0.0, 0.56, 0.035, (52, 52, 50), 60)
        draw_vehicle(spot, fact["vehicle"], PAINT[fact["vehicle_colour"]])
    if spec.kind == "relationship":
        _company(view, spec)
    _person(view, spec)
    if spec.kind == "pet":
        fact = facts["pet"]
        spot = view.at(x, 0.94 + dy, 0.50 * scale, 0.0, mirror=not away)
        spot.oval(0.03, 0.0, 0.42, 0.04, (60, 60, 54), 60)
        draw_pet(spot, fact["pet"], FUR[fact["pet_colour"]])
    if spec.kind == "possession":
        _possession(view, spec)


def _person(view: Canvas, spec: PhotoSpec) -> None:
    pose = spec.pose
    face = Expression(pose.yaw, pose.smile, pose.gaze, spec.light.side)
    arms = (1.0, 0.75) if spec.kind == "possession" else pose.arms
    outfit = Outfit(PAINT[spec.shirt], spec.trousers, spec.pattern, spec.collar, arms)
    figure = view.at(pose.x, pose.y, pose.size)
    figure.oval(0.1, 8.45, 1.7, 0.22, (64, 66, 58), 60)
    draw_figure(figure, spec.persona.look, face, outfit, pose.tilt)


def _company(view: Canvas, spec: PhotoSpec) -> None:
    """The partner stands half a step behind; children stand in front of nobody, on the same ground."""
    pose, side = spec.pose, 1.0 if spec.pose.x < 0.5 else -1.0
    rng = np.random.default_rng([spec.persona.seed, spec.seed, 7])
    names = tuple(PAINT)

    def clothes() -> Outfit:
        return Outfit(
            PAINT[names[int(rng.integers(len(names)))]],
            (70, 72, 92),
            "plain",
            bool(rng.random() < 0.3),
            (0.0, 0.0),
        )

    def face() -> Expression:
        return Expression(
            -side * 0.5 + float(rng.uniform(-0.4, 0.4)), float(rng.random()), 0.0, spec.light.side
        )

    if not spec.children:
        spot = view.at(pose.x + side * 0.36, pose.y + 0.02, pose.size * 0.86)
        draw_figure(spot, spec.persona.partner, face(), clothes(), float(rng.normal(0, 3)))
        return
    for k, look in enumerate(spec.children):
        gap = 0.31 if len(spec.children) == 1 else 0.24 + 0.23 * k
        spot = view.at(pose.x + side * gap, pose.y + pose.size * (2.7 - 0.35 * k), pose.size * 0.74)
        draw_child(spot, look, face(), clothes())


def _possession(view: Canvas, spec: PhotoSpec) -> None:
    pose = spec.pose
    kind = spec.persona.facts["possession"]["possession"]
    accent = PAINT[("red", "blue", "green", "yellow")[spec.persona.seed % 4]]
    side = 1.0 if pose.x < 0.5 else -1.0
    dx, dy, scale = {
        "guitar": (0.0, 3.1, 2.0),
        "camera": (0.0, 2.95, 1.25),
        "surfboard": (side * 2.3, 2.4, 2.6),
        "skateboard": (side * 1.9, 3.0, 1.7),
        "umbrella": (side * 1.5, 2.9, 1.75),
        "telescope": (side * 2.4, 2.2, 1.9),
    }[kind]
    mirror = side < 0 and kind != "camera"
    draw_possession(
        view.at(pose.x + dx * pose.size, pose.y + dy * pose.size, scale * pose.size, 0.0, mirror),
        kind,
        accent,
    )


def sheet(columns: int, rows: int, size: int, first: int = 0, kind: str | None = None) -> NDArray[np.uint8]:
    """Many photos of different people in one picture; without a `kind`, one kind per column."""
    lines = []
    for row in range(rows):
        kinds = [kind or PHOTO_KINDS[column % len(PHOTO_KINDS)] for column in range(columns)]
        specs = [sample_photo(sample_persona(first + row * columns + i), i, k) for i, k in enumerate(kinds)]
        lines.append(np.hstack([render(spec, size, size) for spec in specs]))
    return np.vstack(lines)


def _bench(size: int, count: int) -> float:
    specs = [sample_photo(sample_persona(i), i) for i in range(count)]
    render(specs[0], size, size)
    start = time.perf_counter()
    for spec in specs:
        render(spec, size, size)
    return count / (time.perf_counter() - start)


def main() -> None:
    """Draw a contact sheet, or measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sheet", type=Path, help="write a contact sheet to this PNG file")
    parser.add_argument("--bench", action="store_true", help="measure photos per second on one core")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--rows", type=int, default=6)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--first", type=int, default=0, help="seed of the first persona")
    parser.add_argument("--kind", choices=PHOTO_KINDS)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    if options.sheet is not None:
        picture = sheet(options.columns, options.rows, options.size, options.first, options.kind)
        cv2.imwrite(str(options.sheet), picture[..., ::-1])
    if options.bench:
        print(f"{_bench(options.size, 300):.0f} photos per second at {options.size} px")


if __name__ == "__main__":
    main()
