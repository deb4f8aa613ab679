"""Upload channels: what a platform does to a file, and how a model then looks at it.

Platforms are real: Pillow and libjpeg work on 8-bit pictures at the photo's own delivered size, where a
perturbation made for a small encoder lies far below JPEG's frequencies. The optimiser passes gradients straight
through them (see `solver`). Views are linear, so they exist twice: as what Pillow does to a picture and as matrices
for the perturbation.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from photoveil.protection.bands import Bands
from photoveil.protection.canvas import resampling


@dataclass(frozen=True)
class Channel:
    """A named platform: what it does to a picture (RGB or L).

    Attributes:
        shrinks: whether it makes big pictures small first, so that a smaller copy of one will do.
    """

    name: str
    description: str
    apply: Callable[[Image.Image], Image.Image]
    shrinks: bool = True


def jpeg(picture: Image.Image, quality: int) -> Image.Image:
    """``picture`` after JPEG compression at ``quality``, 4:2:0 for colour."""
    buffer = io.BytesIO()
    if picture.mode == "L":
        picture.save(buffer, "JPEG", quality=quality)
    else:
        picture.save(buffer, "JPEG", quality=quality, subsampling="4:2:0")
    return Image.open(buffer)


def fit(picture: Image.Image, long_edge: int) -> Image.Image:
    """``picture`` reduced so that its long edge is at most ``long_edge``; never enlarged."""
    scale = long_edge / max(picture.size)
    if scale >= 1:
        return picture
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


_GREY = 127
"""What models pad with."""

REPORTED: tuple[Channel, ...] = (
    Channel("jpeg75", "JPEG at quality 75", lambda p: jpeg(p, 75), shrinks=False),
    Channel("resize1080_jpeg75", "long edge to 1080 pixels, then JPEG 75", lambda p: jpeg(fit(p, 1080), 75)),
    Channel("resize540_jpeg75", "long edge to 540 pixels, then JPEG 75", lambda p: jpeg(fit(p, 540), 75)),
)
"""The channels every report measures, beside the file as delivered."""


def to_planes(picture: Image.Image) -> Tensor:
    """A picture (RGB or L) as C×H×W numbers 0…255."""
    # Plane by plane: Pillow takes pixels apart three times as fast as torch does.
    parts = picture.split()
    planes = np.empty((len(parts), picture.height, picture.width), np.float32)
    for plane, part in zip(planes, parts, strict=True):
        plane[:] = np.asarray(part)
    return torch.from_numpy(planes)


def draw_platform(draws: random.Random, picture: Image.Image) -> Image.Image:
    """``picture`` after a random platform: sometimes smaller, mostly JPEG of some quality."""
    if draws.random() < 0.35:
        picture = fit(picture, max(256, round(max(picture.size) * draws.uniform(0.5, 1.0))))
    if draws.random() < 0.75:
        picture = jpeg(picture, draws.randint(60, 92))
    return picture


@dataclass(frozen=True)
class View:
    """A rectangle of a photo shown to an encoder as a square.

    Attributes:
        left, top, right, bottom: in shares of the photo's width and height; beyond 0…1 the model pads with grey.
    """

    left: float
    top: float
    right: float
    bottom: float

    def inner(self, share: float) -> View:
        """The middle of it, ``share`` as wide and as high."""
        x, y = (self.right - self.left) * (1 - share) / 2, (self.bottom - self.top) * (1 - share) / 2
        return View(self.left + x, self.top + y, self.right - x, self.bottom - y)

    def show(self, picture: Image.Image, size: int) -> Tensor:
        """1×3×size×size in 0…1: the picture as a model's preprocessing presents it."""
        width, height = picture.size
        box = (self.left * width, self.top * height, self.right * width, self.bottom * height)
        picture = picture.convert("RGB")
        if self._within():
            return to_tensor(picture.resize((size, size), Image.Resampling.BICUBIC, box=box))
        sheet = Image.new("RGB", (round(box[2] - box[0]), round(box[3] - box[1])), (_GREY,) * 3)
        sheet.paste(picture, (round(-box[0]), round(-box[1])))
        return to_tensor(sheet.resize((size, size), Image.Resampling.BICUBIC))

    def show_planes(self, planes: Tensor, size: int) -> Tensor:
        """The same of a picture as `to_planes` gives it, faster than Pillow and where the planes are."""
        height, width = planes.shape[1:]
        if self._within():
            rows, columns = (Bands(matrix, planes.device) for matrix in self.matrices(width, height, size))
        else:
            planes = self._on_sheet(planes)
            rows, columns = (Bands(resampling(length, size), planes.device) for length in planes.shape[1:])
        # Pillow rounds after each of its passes; only for tall pictures some versions begin with the columns.
        wide = columns.beside(planes[:, rows.used]).round_().clamp_(0, 255)
        shown = rows.above(wide, rows.used.start).round_().clamp_(0, 255) / 255
        return shown.expand(1, 3, -1, -1)

    def matrices(self, width: int, height: int, size: int) -> tuple[Tensor, Tensor]:
        """The same view of a width×height picture as matrices: rows size×height, columns size×width."""
        rows = resampling(height, size, self.top * height, self.bottom * height)
        return rows, resampling(width, size, self.left * width, self.right * width)

    def _on_sheet(self, planes: Tensor) -> Tensor:
        """The picture on grey, where the view reaches beyond it."""
        height, width = planes.shape[1:]
        left, top = round(-self.left * width), round(-self.top * height)
        tall = round(self.bottom * height - self.top * height)
        wide = round(self.right * width - self.left * width)
        sheet = planes.new_full((len(planes), tall, wide), _GREY)
        part = planes[:, max(0, -top) : tall - top, max(0, -left) : wide - left]
        top, left = max(0, top), max(0, left)
        sheet[:, top : top + part.shape[1], left : left + part.shape[2]] = part
        return sheet

    def _within(self) -> bool:
        return min(self.left, self.top) >= 0 and max(self.right, self.bottom) <= 1


def centre_view(width: int, height: int) -> View:
    """CLIP's own: the central square."""
    side = min(width, height)
    x, y = side / width / 2, side / height / 2
    return View(0.5 - x, 0.5 - y, 0.5 + x, 0.5 + y)


def draw_view(draws: random.Random, width: int, height: int) -> View:
    """A random way for a model to look at a photo: centre crop, squash (SigLIP), letter-box (LLaVA), mostly a crop.

    Photos are cropped before they are posted, by platforms and by those who collect them. With fewer crops a change
    of the finer kind does not outlive the loss of a tenth on every side.
    """
    draw = draws.random()
    if draw < 0.2:
        return centre_view(width, height)
    if draw < 0.3:
        return View(0.0, 0.0, 1.0, 1.0)
    if draw < 0.4:
        x, y = max(width, height) / width / 2, max(width, height) / height / 2
        return View(0.5 - x, 0.5 - y, 0.5 + x, 0.5 + y)
    side = min(width, height) * draws.uniform(0.6, 1.0)
    share_x, share_y = side / width, side / height
    left, top = draws.uniform(0, 1 - share_x), draws.uniform(0, 1 - share_y)
    return View(left, top, left + share_x, top + share_y)


def to_tensor(picture: Image.Image) -> Tensor:
    """An RGB picture as 1×3×H×W in 0…1."""
    flat = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    return flat.view(1, picture.height, picture.width, 3).permute(0, 3, 1, 2).float() / 255
