"""How widely used tools blur faces when nobody tells them how, and the product's own blur in weaker steps.

The first study blurred as the product does, by a quarter of a face's width, and most of the names' leak was gone. Tools
that people and makers of data sets use blur less or otherwise. What each does was read in its source and is repeated
here, on the same boxes; what is laid down for them, before any of these pictures was shown to a model:

- *The tools* are five whose formula was read: the OpenCV tutorial that most others copy (pyimagesearch's
  ``anonymize_face_simple`` and ``anonymize_face_pixelate``, with the settings of its own script), deface (ORB-HD/deface
  at 049ea5c), the blurring of ImageNet (Yang et al. 2022, ``experiments/blurring.py``) and Data-Juicer's
  ``image_face_blur_mapper``, which cleans what VLMs are trained on. EgoBlur is stronger than all of them (a mean over
  half of the *picture*) and was not tried; Signal's and GNOME Obfuscate's blurs were not looked into.
- *The rule* is that of `lab.leakage.blurring`, word for word: a tool's blur leaves *most* of the leak if the share left
  lies above a half with its whole 95 % interval, and is *insufficient* as there. The paper's finding is reproduced
  **for a tool** if its blur leaves most of the names' leak on new photos of both worlds. All tools are reported.
- *The steps*: the product's oval, blurred by a fortieth, a twentieth and a tenth of the face's width beside its own
  quarter, so that what others use can be found between them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from photoveil.audit.pictures import Box

Pixels = NDArray[np.uint8]
Marked = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""

_TUTORIAL, _BLOCKS = 3.0, 20
_DEFACE_WIDER, _DEFACE = 0.3, 2
_IMAGENET = 0.1
_DATA_JUICER = 2.0
"""Pixels, whatever the size of the photo or the face."""
_LEAST = 4
"""Pixels of a face's side below which there is nothing to blur."""


def opencv(picture: Image.Image, faces: Sequence[Box]) -> Image.Image:
    """The tutorial's default: a Gaussian over the box, its kernel an odd third of it, σ what OpenCV makes of that."""

    def gaussian(face: Pixels) -> Pixels:
        high, wide = (int(side / _TUTORIAL) for side in face.shape[:2])
        kernel = max(1, wide - (wide % 2 == 0)), max(1, high - (high % 2 == 0))
        return np.asarray(cv2.GaussianBlur(face, kernel, 0), np.uint8)

    return _in_boxes(picture, faces, gaussian)


def pixelated(picture: Image.Image, faces: Sequence[Box]) -> Image.Image:
    """The tutorial's other method: twenty by twenty blocks, each of its mean colour."""

    def mosaic(face: Pixels) -> Pixels:
        result = face.copy()
        down, across = (np.linspace(0, side, _BLOCKS + 1, dtype=int) for side in face.shape[:2])
        for top, bottom in pairwise(down):
            for left, right in pairwise(across):
                block = result[top:bottom, left:right]
                if block.size:
                    block[:] = block.mean((0, 1)).astype(np.uint8)
        return result

    return _in_boxes(picture, faces, mosaic)


def deface(picture: Image.Image, faces: Sequence[Box]) -> Image.Image:
    """deface's default: the box wider by 0.3 of itself on each side, a mean over half of it, in an ellipse."""

    def mean(face: Pixels) -> Pixels:
        high, wide = face.shape[:2]
        soft = cv2.blur(face, (max(1, wide // _DEFACE), max(1, high // _DEFACE)))
        inside = np.zeros((high, wide), np.uint8)
        cv2.ellipse(inside, (wide // 2, high // 2), (wide // 2, high // 2), 0, 0, 360, 1, -1)
        return np.where(inside[..., None] > 0, soft, face).astype(np.uint8)

    return _in_boxes(picture, [_wider(box, _DEFACE_WIDER, _DEFACE_WIDER) for box in faces], mean)


def imagenet(picture: Image.Image, faces: Sequence[Box]) -> Image.Image:
    """ImageNet's: σ a tenth of the largest box's longer side, boxes wider by as much, and a soft border."""
    marked = [_marked(picture, box) for box in faces]
    longest = [max(right - left, bottom - top) for left, top, right, bottom in marked]
    kept = Image.new("L", picture.size, 255)
    pencil = ImageDraw.Draw(kept)
    for (left, top, right, bottom), side in zip(marked, longest, strict=True):
        more = _IMAGENET * side
        pencil.rectangle((left - more, top - more, right + more, bottom + more), fill=0)
    gaussian = ImageFilter.GaussianBlur(_IMAGENET * max(longest, default=0))
    return Image.composite(picture, picture.filter(gaussian), kept.filter(gaussian))


def data_juicer(picture: Image.Image, faces: Sequence[Box], shrink: float) -> Image.Image:
    """Data-Juicer's default: σ two pixels, of a posted photo, over the box; ``shrink`` is this picture's."""
    result = picture.copy()
    for box in faces:
        marked = _marked(picture, box)
        result.paste(picture.crop(marked).filter(ImageFilter.GaussianBlur(_DATA_JUICER * shrink)), marked)
    return result


def _in_boxes(picture: Image.Image, faces: Sequence[Box], change: Callable[[Pixels], Pixels]) -> Image.Image:
    """The picture with each box's pixels, H×W×3, changed on their own: nothing beyond a box is mixed in."""
    pixels = np.array(picture)
    for left, top, right, bottom in (_marked(picture, box) for box in faces):
        if min(right - left, bottom - top) >= _LEAST:
            pixels[top:bottom, left:right] = change(np.ascontiguousarray(pixels[top:bottom, left:right]))
    return Image.fromarray(pixels)


def _wider(box: Box, across: float, down: float) -> Box:
    left, top, right, bottom = box
    x, y = across * (right - left), down * (bottom - top)
    return max(0.0, left - x), max(0.0, top - y), min(1.0, right + x), min(1.0, bottom + y)


def _marked(picture: Image.Image, box: Box) -> Marked:
    wide, high = picture.size
    left, top, right, bottom = box
    return round(left * wide), round(top * high), round(right * wide), round(bottom * high)
