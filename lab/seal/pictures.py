"""The photos that are sealed, and what platforms do to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import matplotlib
import numpy as np
import skimage.data
from PIL import Image

from lab.people import sample_persona
from lab.render import render
from lab.scenes import sample_photo
from photoveil.photos.model import Pixels

DRAWN, TAKEN, MORE = "drawn", "photographed", "more photographed"
HELD, HELD_SMALL = "drawn, held out", "drawn small, held out"
_HELD_SEED = 7_000
"""Scenes from here on were drawn for the first time when version 3 was done, and nothing was changed after that."""
_SMALL_SIZES = ((640, 480), (512, 512), (480, 640), (800, 600), (1000, 750))
_EILEEN = Path(__file__).parents[1] / "photos" / "eileen_collins.jpg"
_HOPPER = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
_LONG = 1080

Frame = Callable[[Pixels], Pixels]


@dataclass(frozen=True)
class Picture:
    """A photo of a kind.

    `DRAWN`; `TAKEN` for those that version 1 of the mark was measured on, or `MORE`; `HELD` and `HELD_SMALL`.
    """

    name: str
    kind: str
    pixels: Pixels


def pictures(count: int, size: tuple[int, int], seed: int) -> Iterator[Picture]:
    """So many drawn photos, and all photographs there are."""
    for number in range(seed, seed + count):
        # Every fourth stands upright.
        width, height = size if number % 4 else size[::-1]
        drawn = render(sample_photo(sample_persona(number), number), width, height)
        yield Picture(f"scene-{number}", DRAWN, drawn)
    yield Picture("eileen-collins", TAKEN, np.asarray(Image.open(_EILEEN).convert("RGB")))
    for name in ("rocket", "retina", "camera"):
        load: Callable[[], Pixels] = getattr(skimage.data, name)
        yield Picture(name, TAKEN, load())
    yield Picture("grace-hopper", MORE, np.asarray(Image.open(_HOPPER).convert("RGB")))
    for name in ("coins", "hubble_deep_field", "immunohistochemistry", "moon"):
        more: Callable[[], Pixels] = getattr(skimage.data, name)
        yield Picture(name, MORE, more())


def held_out(count: int, size: tuple[int, int]) -> Iterator[Picture]:
    """Drawn photos that nobody saw while a mark was made better: so many large, twice as many small."""
    for number in range(_HELD_SEED, _HELD_SEED + 3 * count):
        small = number >= _HELD_SEED + count
        width, height = _SMALL_SIZES[number % len(_SMALL_SIZES)] if small else size
        drawn = render(sample_photo(sample_persona(number), number), width, height)
        yield Picture(f"scene-{number}", HELD_SMALL if small else HELD, drawn)


def jpeg(pixels: Pixels, quality: int) -> Pixels:
    """Through a JPEG file with subsampled colour, as platforms write it."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def resized(pixels: Pixels, long: int = _LONG) -> Pixels:
    """Scaled down to a long side, never up."""
    height, width = pixels.shape[:2]
    if max(height, width) <= long:
        return pixels
    scale = long / max(height, width)
    size = round(width * scale), round(height * scale)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def cropped(pixels: Pixels) -> Pixels:
    """Three to four percent gone on every side."""
    height, width = pixels.shape[:2]
    return pixels[height // 33 : height - height // 27, width // 29 : width - width // 31]


@dataclass(frozen=True)
class Channel:
    """A way from the owner to the viewer: what it does to the frame, and the quality it is compressed at then."""

    name: str
    frame: Frame
    quality: int | None
    bar: float | None = None

    def sent(self, pixels: Pixels) -> Pixels:
        """What arrives."""
        framed = self.frame(pixels)
        return framed if self.quality is None else jpeg(framed, self.quality)


def _same(pixels: Pixels) -> Pixels:
    return pixels


CHANNELS = (
    Channel("lossless", _same, None, 45.0),
    Channel("JPEG 85", _same, 85, 34.0),
    Channel("1080 pixels, JPEG 75", resized, 75, 30.0),
    Channel("JPEG 75", _same, 75),
    Channel("1080 pixels, JPEG 60", resized, 60),
    Channel("720 pixels, JPEG 75", lambda pixels: resized(pixels, 720), 75),
    Channel("cropped, JPEG 85", cropped, 85),
    Channel("cropped, 1080 pixels, JPEG 75", lambda pixels: resized(cropped(pixels)), 75),
)
