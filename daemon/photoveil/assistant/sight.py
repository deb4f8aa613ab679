"""What image encoders still recognise on a copy: of the private regions, and of everything else.

Encoders stand for those who would re-identify somebody. The search looks through surrogates; what it chose is then
measured on witnesses, which it never saw.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from photoveil.assistant.kinds import KINDS
from photoveil.assistant.obfuscation import obfuscate
from photoveil.assistant.parameters import Parameters, Treatment
from photoveil.assistant.regions import Region
from photoveil.protection.encoders import Encoder

Pixels = NDArray[np.uint8]

AROUND = 0.3
"""What encoders see around a region, in parts of its size."""

_BLANK = Parameters({kind: Treatment("recolour", 1.0, AROUND) for kind in KINDS})


class Recognition:
    """How well encoders recognise a photo's private regions on a copy.

    The scale is each photo's own: 1 for the untouched region, 0 for a region that is nothing but one colour.
    """

    def __init__(
        self,
        encoders: Sequence[Encoder],
        pixels: Pixels,
        regions: Sequence[Region],
        *,
        side: int | None = None,
    ) -> None:
        """``side``: pixels at which crops are shown instead of an encoder's own; fewer cost less."""
        self._encoders, self._side = encoders, side
        self._boxes = [square(region, *pixels.shape[1::-1]) for region in regions]
        blank = obfuscate(pixels, regions, _BLANK, seed=0)
        self._original = self._look(pixels)
        self._floor = [(was * now).sum(1) for was, now in zip(self._original, self._look(blank), strict=True)]

    def left(self, copy: Pixels) -> list[float]:
        """For each region, what is left of it in the eyes of the encoder that sees most, 0…1."""
        scores = [
            ((now * was).sum(1) - floor) / (1 - floor).clamp_min(0.02)
            for was, now, floor in zip(self._original, self._look(copy), self._floor, strict=True)
        ]
        most: list[float] = torch.stack(scores).amax(0).clamp(0, 1).tolist()
        return most

    def _look(self, pixels: Pixels) -> list[Tensor]:
        return [self._features(encoder, pixels) for encoder in self._encoders]

    def _features(self, encoder: Encoder, pixels: Pixels) -> Tensor:
        side = self._side or encoder.size
        crops = [_cut(pixels, box, side) for box in self._boxes]
        return look(encoder, np.stack(crops))


class Resemblance:
    """How much of the photo beside its private regions encoders still see: what stands in for answers.

    Without an endpoint to ask there is nobody whose answers could be compared; a model that builds on an image encoder
    will answer alike where the encoder sees alike. 1 for the same photo, 0 for one without any detail.
    """

    def __init__(self, encoders: Sequence[Encoder], pixels: Pixels, regions: Sequence[Region]) -> None:
        self._encoders, self._regions = encoders, regions
        nothing = np.broadcast_to(pixels.reshape(-1, *pixels.shape[2:]).mean(axis=0), pixels.shape)
        self._original = self._look(pixels)
        self._floor = [
            (was * now).sum(1)
            for was, now in zip(self._original, self._look(nothing.astype(np.uint8)), strict=True)
        ]

    async def agreement(self, copy: Pixels) -> tuple[float, float]:
        """Agreement with the original, twice: no answers are counted."""
        scores = [
            ((now * was).sum(1) - floor) / (1 - floor).clamp_min(0.02)
            for was, now, floor in zip(self._original, self._look(copy), self._floor, strict=True)
        ]
        least = float(torch.stack(scores).amin().clamp(0, 1))
        return least, least

    def _look(self, pixels: Pixels) -> list[Tensor]:
        blank = obfuscate(pixels, self._regions, _BLANK, seed=0)
        height, width = blank.shape[:2]
        return [
            look(encoder, _cut(blank, (0, 0, width, height), encoder.size)[None])
            for encoder in self._encoders
        ]


# Not in inference mode: an encoder's quick tower, made at its first use, could then never serve the engine's gradients.
@torch.no_grad()
def look(encoder: Encoder, pictures: Pixels) -> Tensor:
    """Pooled features, N×D of unit length, of square RGB pictures (N×S×S×3)."""
    shown = torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float() / 255
    found: Tensor = encoder.roughly(shown.to(encoder.mean.device)).pooled.cpu()
    return F.normalize(found, dim=-1)


def square(region: Region, width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom in pixels of a square around a region and a little more, moved into the photo."""
    left, top, right, bottom = region.grown(AROUND).pixels(width, height)
    side = min(max(right - left, bottom - top), width, height)
    x = min(max(0, (left + right - side) // 2), width - side)
    y = min(max(0, (top + bottom - side) // 2), height - side)
    return x, y, x + side, y + side


def _cut(pixels: Pixels, box: tuple[int, int, int, int], side: int) -> Pixels:
    left, top, right, bottom = box
    part = pixels[top:bottom, left:right]
    colour = part if part.ndim == 3 else np.repeat(part[..., None], 3, axis=2)
    method = cv2.INTER_AREA if colour.shape[0] > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(colour), (side, side), interpolation=method), np.uint8)
