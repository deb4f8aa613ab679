"""What a model is shown: the photo, and what it becomes when somebody tries to hide who or where it is.

After The Phantom Menace (arXiv 2408.01228): another background (a random landscape, plain white) and a blurred face,
each telling what the model goes by. The person is cut out by GrabCut (Rother et al. 2004) from where the face is, so
hair, shoulders and what is held may keep a rim of the old background.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from photoveil.audit.manipulations import Manipulation

if TYPE_CHECKING:
    from photoveil.photos import Pixels

Box = tuple[float, float, float, float]
"""Left, top, right and bottom in shares of the photo's width and height, 0…1."""

LONGEST = 1024
"""Long edge of what is sent: more than most models look at."""

MEDIA_TYPE = "image/jpeg"
_QUALITY = 92
_CUT_SIDE = 320
_ROUNDS = 4
_PERSON = (cv2.GC_FGD, cv2.GC_PR_FGD)
_FEWEST = 16
"""Pixels of either side that GrabCut needs to learn colours from; with less, the guess it begins with has to do."""


@dataclass(frozen=True)
class Shown:
    """A picture on its way to a model: a JPEG file without metadata, and its SHA-256."""

    data: bytes
    sha256: str


def shown(picture: Image.Image) -> Shown:
    """Wrap a picture up for sending."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=_QUALITY, subsampling="4:4:4")
    data = buffer.getvalue()
    return Shown(data, hashlib.sha256(data).hexdigest())


def picture_of(pixels: Pixels, longest: int = LONGEST) -> Image.Image:
    """Pixels as an RGB picture whose long edge has at most ``longest`` px."""
    picture = Image.fromarray(pixels).convert("RGB")
    picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return picture


def manipulated(
    picture: Image.Image,
    what: Manipulation,
    faces: Sequence[Box],
    seed: int = 0,
    people: Image.Image | None = None,
) -> Image.Image:
    """A photo changed in one of the ways that need nothing but itself.

    Args:
        faces: where faces are; at least one for those of `NEED_A_FACE`.
        seed: of the landscape.
        people: where they are, if it is known already; else see `cut_out`.
    """
    if what is Manipulation.BLURRED:
        return blurred(picture, faces)
    if what in (Manipulation.WHITE, Manipulation.LANDSCAPE):
        white = what is Manipulation.WHITE
        behind = Image.new("RGB", picture.size, "white") if white else landscape(*picture.size, seed)
        return Image.composite(picture, behind, people if people is not None else cut_out(picture, faces))
    if what is Manipulation.BLANK:
        return Image.new("RGB", (448, 448), (127, 127, 127))
    return picture


def blurred(picture: Image.Image, faces: Sequence[Box], share: float = 0.25) -> Image.Image:
    """Faces blurred: an oval around each, by a ``share`` of its width; by a quarter beyond knowing."""
    result = picture
    for box in faces:
        left, top, right, bottom = _in_pixels(box, picture)
        wide = max(2.0, right - left)
        oval = Image.new("L", picture.size, 0)
        ImageDraw.Draw(oval).ellipse((left, top, right, bottom), fill=255)
        oval = oval.filter(ImageFilter.GaussianBlur(wide / 20))
        result = Image.composite(picture.filter(ImageFilter.GaussianBlur(wide * share)), result, oval)
    return result


def cut_out(picture: Image.Image, faces: Sequence[Box]) -> Image.Image:
    """Where the people are: a soft mask, 255 on them."""
    small = picture.copy()
    small.thumbnail((_CUT_SIDE, _CUT_SIDE), Image.Resampling.BOX)
    labels = _guess(small, faces)
    person = np.isin(labels, _PERSON).astype(np.uint8)
    if _FEWEST <= person.sum() <= person.size - _FEWEST:
        background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.setRNGSeed(0)  # equal photos give equal pictures, and their noted answers count
        colours = np.ascontiguousarray(np.asarray(small)[..., ::-1])
        cv2.grabCut(colours, labels, (0, 0, 0, 0), background, foreground, _ROUNDS, cv2.GC_INIT_WITH_MASK)
        person = np.isin(labels, _PERSON).astype(np.uint8)
    person = _held_together(person, labels == cv2.GC_FGD)
    mask = Image.fromarray(person * 255).resize(picture.size, Image.Resampling.BICUBIC)
    return mask.filter(ImageFilter.GaussianBlur(max(picture.size) / 400))


def _guess(small: Image.Image, faces: Sequence[Box]) -> NDArray[np.uint8]:
    """What GrabCut begins with: faces are foreground, what lies around and below them may be, the rest is not."""
    labels = Image.new("L", small.size, cv2.GC_BGD)
    pencil = ImageDraw.Draw(labels)
    for box in faces:
        left, top, right, bottom = _in_pixels(box, small)
        wide, tall = right - left, bottom - top
        middle = (left + right) / 2
        # Boxes end at the hairline: curls reach most of a face's height above it and beside it.
        around = (left - 0.7 * wide, top - 0.8 * tall, right + 0.7 * wide, bottom + 0.6 * tall)
        pencil.rectangle(around, fill=cv2.GC_PR_BGD)
        pencil.rectangle(
            (middle - 2.2 * wide, bottom, middle + 2.2 * wide, max(bottom, small.height)), fill=cv2.GC_PR_BGD
        )
    for box in faces:
        left, top, right, bottom = _in_pixels(box, small)
        wide, tall = right - left, bottom - top
        middle = (left + right) / 2
        head = (left - 0.2 * wide, top - 0.5 * tall, right + 0.2 * wide, bottom)
        pencil.ellipse(head, fill=cv2.GC_PR_FGD)
        low = bottom + 0.1 * tall
        body = (middle - 0.8 * wide, low, middle + 0.8 * wide, max(low, small.height))
        pencil.rectangle(body, fill=cv2.GC_PR_FGD)
        pencil.ellipse(
            (left + 0.2 * wide, top + 0.2 * tall, right - 0.2 * wide, bottom - 0.1 * tall), fill=cv2.GC_FGD
        )
    return np.array(labels, np.uint8)


def _held_together(person: NDArray[np.uint8], sure: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Of what was cut out, the pieces that hang together with a face, without their holes."""
    _, pieces = cv2.connectedComponents(person)
    wanted = np.unique(pieces[sure & (person > 0)])
    kept = np.isin(pieces, wanted[wanted > 0]).astype(np.uint8)
    outlines, _ = cv2.findContours(kept, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(kept, outlines, -1, 1, cv2.FILLED), np.uint8)


def landscape(width: int, height: int, seed: int) -> Image.Image:
    """Sky, hills and a meadow of no place on earth; equal seeds give equal ones."""
    rng = np.random.default_rng([seed, 31])
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    zenith, haze = rng.uniform((60, 110, 160), (110, 160, 225)), rng.uniform((190, 200, 205), (235, 230, 235))
    scene = np.broadcast_to(zenith + (haze - zenith) * np.clip(down * 1.7, 0, 1), (height, width, 3)).copy()
    across = np.linspace(0, 1, width, dtype=np.float32)
    far, near = rng.uniform((120, 140, 160), (160, 170, 190)), rng.uniform((60, 90, 30), (120, 140, 70))
    for layer, share in enumerate(np.linspace(0, 1, 4)):
        line = 0.42 + 0.14 * layer + _ridge(across, rng) * (0.10 - 0.02 * layer)
        below = np.arange(height)[:, None] >= line[None] * height
        grain = rng.normal(0, 5, (height, width, 1)).astype(np.float32)
        scene = np.where(below[..., None], far + (near - far) * share + grain - 18 * down, scene)
    return Image.fromarray(scene.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(width / 900))


def _ridge(across: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """The height of a range of hills at every place, about -1…1."""
    waves = [
        rng.uniform(0.3, 1) / (n + 1) * np.sin(2 * np.pi * ((n + 1) * 1.3 * across + rng.random()))
        for n in range(5)
    ]
    return np.asarray(np.sum(waves, axis=0), np.float32)


def _in_pixels(box: Box, picture: Image.Image) -> Box:
    left, top, right, bottom = box
    return left * picture.width, top * picture.height, right * picture.width, bottom * picture.height
