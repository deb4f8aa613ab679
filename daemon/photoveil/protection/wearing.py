"""How a photo wears its persona's look: as strongly as it may, and faded out of shadows that cannot bear it.

A tint lifts black, and SSIM asks more of black than eyes do: five levels on a sixth of a portrait cost a tenth of it.
Such a photo wears the look on a ramp of its own luma. A ramp is a curve over tones: it knows no edges and draws no
halos, and it is kept so gentle that tones never change places.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from photoveil.protection.budget import psnr, ssim
from photoveil.protection.canvas import Stretched, apply_full_size
from photoveil.protection.excerpt import Excerpt
from photoveil.protection.grade import Grade, highest, share_worn, strength_for
from photoveil.protection.lanes import Lanes
from photoveil.protection.reduced import BIG
from photoveil.protection.tint import Tint

_SHARE = 0.75
"""The look's part of what a strength may cost in SSIM; the canvas takes the rest."""
_FIRST_RAMP, _WIDER, _RAMPS = 24.0, 1.5, 6
_GENTLE = 2.5
"""A ramp is at least so many times as wide as the change is high."""
_MOST_BRIGHTER = 1.2
"""What fading saves is spent on brighter parts, but there a look becomes at most so many times as strong."""
_SMALL_EDGE = 540
_NEAR_DB, _CORRECTIONS = 0.3, 3
"""How much more than computed a look may cost, and how often it is weakened where black or white stop a part of it."""


@dataclass(frozen=True)
class Worn:
    """A look as one photo wears it.

    Attributes:
        grade: the look, as strong as this photo has it.
        ramp: the luma, in 8-bit levels, below which the look fades out towards black; 0 where it fades nowhere.
    """

    grade: Grade
    ramp: float = 0.0

    def scaled(self, factor: float) -> Worn:
        """The same, ``factor`` times as strong."""
        return replace(self, grade=self.grade.scaled(factor))

    def leaves(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """The share of its budget, H×W, that each pixel's canvas may use; None for all of it everywhere.

        What deep shadows cannot bear of a look they cannot bear of a canvas, which is a lighter matter.
        """
        return share_worn(pixels, _FIRST_RAMP) if self.ramp else None

    def put_on(
        self,
        pixels: NDArray[np.uint8],
        change: Tensor | None = None,
        excerpt: Excerpt | None = None,
        lanes: Lanes | None = None,
    ) -> NDArray[np.uint8]:
        """A photo of any size in this look and, on top, what a canvas changes (1×C×h×w in 8-bit levels).

        Args:
            pixels: the photo, or what ``excerpt`` holds of it.
            lanes: see `apply_full_size`.
        """
        if change is None:
            side = self.grade.field.shape[-1]
            change = torch.zeros(1, 1 if pixels.ndim == 2 else 3, side, side)
        _, planes, tall, wide = change.shape
        light = self.grade.light(tall, wide, planes)
        big = (excerpt.height if excerpt else len(pixels)) * pixels.shape[1] > BIG
        if planes == 3 and (big or (excerpt and not self.ramp)):
            tint = Tint(self.grade, pixels)
            if not self.ramp:
                return apply_full_size(pixels, change + light, excerpt, also=tint.add, lanes=lanes)
            fading = _Fading(pixels, tint, Stretched(light, pixels, excerpt), self.ramp)
            return apply_full_size(pixels, change, excerpt, also=fading.add, lanes=lanes)
        tinted = self.grade.on_picture(pixels, lanes)
        if not self.ramp:
            return apply_full_size(tinted, change + light, excerpt, lanes=lanes)
        lit = apply_full_size(tinted, light, excerpt, lanes=lanes)
        faded = _faded(pixels, lit, self.ramp, lanes or Lanes())
        return apply_full_size(faded, change, excerpt, lanes=lanes)


def wear(
    grade: Grade,
    pixels: NDArray[np.uint8],
    *,
    tone_db: float,
    ssim_floor: float,
    lanes: Lanes | None = None,
) -> Worn:
    """The persona's look as this photo should wear it.

    Most photos wear all of it. Where that takes more than the look's share of SSIM it fades out of shadows, no further
    than needed; what is saved there makes it stronger elsewhere.

    Args:
        grade: the look.
        pixels: the photo.
        tone_db: PSNR in dB that a look may cost.
        ssim_floor: of the strength.
        lanes: see `ssim`.
    """
    worn = Worn(grade.scaled(strength_for(grade, pixels, tone_db)))
    small, bearable = _small(pixels), 1 - _SHARE * (1 - ssim_floor)
    found = worn
    for ramp in _ramps(worn.grade, pixels):
        if ssim(small, found.put_on(small), lanes) >= bearable:
            break
        found = replace(
            worn.scaled(strength_for(worn.grade, pixels, tone_db, _MOST_BRIGHTER, ramp)), ramp=ramp
        )
    return _within(found, small, tone_db)


def _within(worn: Worn, small: NDArray[np.uint8], tone_db: float) -> Worn:
    """The same, weakened where it costs more than was computed.

    A strength is computed as if tones had no ends. In a photo that is black or white over wide parts, colours and light
    that were to balance each other may not: one of the two is cut off.
    """
    for _ in range(_CORRECTIONS):
        missing = tone_db - psnr(small, worn.put_on(small))
        if missing <= _NEAR_DB:
            break
        worn = worn.scaled(10 ** (-missing / 20))
    return worn


def _ramps(grade: Grade, pixels: NDArray[np.uint8]) -> Iterator[float]:
    """Wider and wider ones, none so steep that darker tones could overtake lighter ones."""
    first = max(_FIRST_RAMP, _GENTLE * highest(grade, pixels))
    return (first * _WIDER**step for step in range(_RAMPS))


def _small(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A copy to measure on: what shadows lose does not depend on the photo's size."""
    picture = Image.fromarray(pixels)
    picture.thumbnail((_SMALL_EDGE, _SMALL_EDGE), Image.Resampling.BOX)
    return np.asarray(picture)


@dataclass(frozen=True)
class _Fading:
    """What a look changes of a big photo, on its way to black less and less."""

    pixels: NDArray[np.uint8]
    tint: Tint
    light: Stretched
    ramp: float

    def add(self, part: slice, change: Tensor) -> None:
        """Add that of some rows to a ``change`` of them, rows×W×3 in 8-bit levels."""
        look = self.light.of(part)
        self.tint.add(part, look)
        change.addcmul_(look, torch.from_numpy(share_worn(self.pixels[part], self.ramp))[..., None])


def _faded(
    pixels: NDArray[np.uint8], graded: NDArray[np.uint8], ramp: float, lanes: Lanes, band: int = 128
) -> NDArray[np.uint8]:
    """The graded photo, on its way to black more and more the photo itself; each lane takes a share of the rows."""
    out = np.empty_like(pixels)

    def fade(top: int) -> None:
        rows = slice(top, top + band)
        share = share_worn(pixels[rows], ramp)
        before = pixels[rows].astype(np.float32)
        change = (graded[rows] - before) * (share if pixels.ndim == 2 else share[..., None])
        out[rows] = np.rint(before + change).clip(0, 255)

    lanes.share(fade, range(0, len(pixels), band))
    return out
