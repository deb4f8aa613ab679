"""The copyright mark: tiled lettering, light with a dark edge, so that it shows on bone as well as on air."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Plane = NDArray[np.float32]

TEXT = "© VEIL LAB"
_TURN, _FILL, _EDGE = 27.0, 0.62, 0.5
_LINES, _WIDE = 3, 0.8
_FINE = 4


@dataclass(frozen=True)
class Mark:
    """A mark as what it does to a picture: ``picture * kept + added``; both planes (size, size).

    ``ink`` tells where it is to be seen at all.
    """

    kept: Plane
    added: Plane
    ink: NDArray[np.bool_]

    def on(self, picture: Plane) -> Plane:
        """The picture under the mark; it may have leading dimensions."""
        return np.asarray(picture * self.kept + self.added, np.float32)


@lru_cache(maxsize=4)
def mark(size: int, text: str = TEXT) -> Mark:
    """The mark for pictures of ``size`` pixels. It repeats, so that larger pictures can be tiled with it."""
    stamp = _stamp(text, size * _FINE * _WIDE)
    fill = np.zeros((size * _FINE, size * _FINE), np.float32)
    for line in range(_LINES):
        _press(fill, stamp, round(line / _LINES * len(fill)), round((line / _LINES + 0.1) * len(fill)))
    wrapped = np.pad(fill, 8 * _FINE, mode="wrap")
    edge = cv2.dilate(wrapped, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _FINE + 1, 2 * _FINE + 1)))
    edge = edge[8 * _FINE : -8 * _FINE, 8 * _FINE : -8 * _FINE] - fill
    light, dark = (cv2.resize(plane, (size, size), interpolation=cv2.INTER_AREA) for plane in (fill, edge))
    kept = 1 - _FILL * light - _EDGE * np.clip(dark, 0, 1)
    return Mark(kept.astype(np.float32), (_FILL * light).astype(np.float32), (light + dark) > 0.25)


def _stamp(text: str, width: float) -> Plane:
    font = ImageFont.load_default(width / (0.58 * len(text)))
    box = font.getbbox(text)
    paper = Image.new("L", (round(box[2]) + 8, round(box[3]) + 8))
    ImageDraw.Draw(paper).text((4, 4), text, fill=255, font=font)
    turned = np.asarray(paper.rotate(_TURN, Image.Resampling.BICUBIC, expand=True), np.float32)
    return np.asarray(turned / 255, np.float32)


def _press(plane: Plane, stamp: Plane, top: int, left: int) -> None:
    """Lay the stamp onto a plane without ends."""
    rows = (top + np.arange(stamp.shape[0])) % len(plane)
    columns = (left + np.arange(stamp.shape[1])) % len(plane)
    where = np.ix_(rows, columns)
    plane[where] = np.maximum(plane[where], stamp)
