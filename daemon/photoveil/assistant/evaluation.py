"""The two objectives of one photo: what a copy still gives away, and what it is no longer good for.

leak = 0.75 × recognition by encoders + 0.25 × structural similarity (Wang et al. 2004), of the region that shows most;
loss = 1 − (0.85 × agreement of answers + 0.15 × structural similarity of the whole). The shares are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from photoveil.assistant.answers import Usefulness
from photoveil.assistant.codes import readable
from photoveil.assistant.front import Measured
from photoveil.assistant.history import Subject
from photoveil.assistant.kinds import KINDS
from photoveil.assistant.obfuscation import obfuscate
from photoveil.assistant.parameters import Parameters
from photoveil.assistant.regions import Region

Pixels = NDArray[np.uint8]

PREVIEW = 512
"""Long edge of the small copy that a search works on."""

_RECOGNISED, _ANSWERED = 0.75, 0.85
_STRUCTURE_SIDE, _WHOLE_SIDE = 64, 128
_NOISE_SEED = 11


class Recogniser(Protocol):
    """Whatever recognises regions: `sight.Recognition`."""

    def left(self, copy: Pixels) -> list[float]:
        """What is left of each region, 0…1."""
        ...


class Evaluation:
    """Evaluates parameters on one photo."""

    def __init__(
        self,
        pixels: Pixels,
        regions: Sequence[Region],
        recogniser: Recogniser,
        usefulness: Usefulness,
        spared: Sequence[Region] = (),
    ) -> None:
        self.pixels, self.regions, self.spared = pixels, regions, spared
        self._recogniser, self._usefulness = recogniser, usefulness

    async def __call__(self, parameters: Parameters) -> Measured:
        """Make the copy and measure it."""
        copy = obfuscate(self.pixels, self.regions, parameters, spared=self.spared, seed=_NOISE_SEED)
        agreement, kept = await self._usefulness.agreement(copy)
        likeness = similarity(shrunk(self.pixels, _WHOLE_SIDE), shrunk(copy, _WHOLE_SIDE))
        loss = 1 - (_ANSWERED * agreement + (1 - _ANSWERED) * max(0.0, likeness))
        return Measured(self.leak(copy), loss, agreement, kept)

    def leak(self, copy: Pixels) -> float:
        """What the most telling region still gives away; 0 without regions, 1 where a machine still reads a code."""
        if not self.regions:
            return 0.0
        if any(region.kind == "code" for region in self.regions) and readable(copy):
            return 1.0
        structures = [max(0.0, s) for s in structure(self.pixels, copy, self.regions)]
        pairs = zip(self._recogniser.left(copy), structures, strict=True)
        return max(_RECOGNISED * seen + (1 - _RECOGNISED) * same for seen, same in pairs)


def structure(pixels: Pixels, copy: Pixels, regions: Sequence[Region]) -> list[float]:
    """Structural similarity of each region."""
    boxes = [region.pixels(pixels.shape[1], pixels.shape[0]) for region in regions]
    return [
        similarity(*(shrunk(whole[top:bottom, left:right], _STRUCTURE_SIDE) for whole in (pixels, copy)))
        for left, top, right, bottom in boxes
    ]


def similarity(a: Pixels, b: Pixels) -> float:
    """SSIM (Wang et al. 2004) of the brightness of two pictures of equal size, Gaussian window, −1…1."""
    x, y = (_grey(pixels).astype(np.float32) for pixels in (a, b))
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5, borderType=cv2.BORDER_REFLECT), np.float32)

    mx, my = mean(x), mean(y)
    vx, vy, both = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    map_ = (2 * mx * my + c1) * (2 * both + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    return float(map_.mean())


def shrunk(pixels: Pixels, side: int) -> Pixels:
    """The picture with a long edge of at most ``side``."""
    scale = side / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def subject(pixels: Pixels, regions: Sequence[Region]) -> Subject:
    """The photo in a few numbers, each scaled so that 1 is a large difference: light, contrast, detail, regions."""
    small = _grey(shrunk(pixels, 128)).astype(np.float64) / 255
    detail = float(np.abs(np.diff(small, axis=0)).mean() + np.abs(np.diff(small, axis=1)).mean())
    boxes = np.array([region.box for region in regions], np.float64).reshape(-1, 4)
    share = float(((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).sum())
    middle = float((boxes[:, 1] + boxes[:, 3]).mean() / 2) if len(boxes) else 0.5
    context = (
        2 * float(small.mean()),
        3 * float(small.std()),
        8 * detail,
        0.4 * float(np.log(share + 0.002)),
        middle,
        0.3 * min(len(regions), 6),
    )
    present = {region.kind for region in regions}
    return Subject(tuple(kind for kind in KINDS if kind in present), context)


def _grey(pixels: Pixels) -> Pixels:
    return pixels if pixels.ndim == 2 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
