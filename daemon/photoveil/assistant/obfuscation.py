"""Hiding regions of a photo, and less of everything: blur, pixels, one colour, painted over; smaller, noisy, paler.

All measures are relative to the size of region or photo, so that what was found good on a small preview does the same
to the photo itself. Faces are hidden by ellipses, all else to the corners of its box; edges are soft, to the outside.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from photoveil.assistant.parameters import Parameters, Treatment
from photoveil.assistant.regions import Region

Pixels = NDArray[np.uint8]

_BLUR = 0.4  # of the box's shorter side, at full strength
_CELLS = (20.0, 2.0)  # mosaic cells across the box, from the least strength to full
_WORKED = 96  # side at which holes are painted over
_SMALLEST = 0.2  # of the photo's size, at full downscaling
_NOISE = 36.0  # standard deviation in 8-bit levels, at full noise
_PALE = 0.7  # of colour and contrast taken away, at full tone


def obfuscate(
    pixels: Pixels,
    regions: Sequence[Region],
    parameters: Parameters,
    *,
    spared: Sequence[Region] = (),
    seed: int | None = None,
) -> Pixels:
    """A copy of the photo with its regions treated and the global measures applied.

    Args:
        pixels: H×W×3 RGB or H×W grey, 0…255.
        regions: of a kind without a treatment stay as they are.
        spared: what no treatment of a region beside it may reach; the global measures do.
        seed: of the noise; None for noise that nobody can draw again and take away, as delivered copies want it.

    Returns:
        Pixels of the same shape.
    """
    copy = np.array(pixels)
    for region in regions:
        treatment = parameters.regions.get(region.kind)
        if treatment is not None:
            _treat(copy, region, treatment)
    if spared:
        _give_back(copy, pixels, spared, regions)
    return _everywhere(copy, parameters, seed)


def _give_back(copy: Pixels, pixels: Pixels, spared: Sequence[Region], regions: Sequence[Region]) -> None:
    """What is spared is as it was, but for the boxes of what is hidden: only their margins give way."""
    back = np.zeros(pixels.shape[:2], np.bool_)
    for is_back, places in ((True, spared), (False, regions)):
        for place in places:
            left, top, right, bottom = place.pixels(pixels.shape[1], pixels.shape[0])
            back[top:bottom, left:right] = is_back
    copy[back] = pixels[back]


def _treat(pixels: Pixels, region: Region, treatment: Treatment) -> None:
    height, width = pixels.shape[:2]
    left, top, right, bottom = region.grown(treatment.margin).pixels(width, height)
    wide, tall = right - left, bottom - top
    # What blurs and paints reach beyond the region for.
    around = max(2, max(wide, tall) // 3)
    x, y = max(0, left - around), max(0, top - around)
    window = pixels[y : min(height, bottom + around), x : min(width, right + around)]
    mask = _mask(window.shape[:2], (left - x, top - y, wide, tall), round_off=region.kind == "face")
    hidden = _STYLES[treatment.style](window, mask, treatment.strength, min(wide, tall))
    share = mask if window.ndim == 2 else mask[..., None]
    window[:] = np.clip(np.rint(window + share * (hidden - window)), 0, 255).astype(np.uint8)


def _mask(shape: tuple[int, ...], box: tuple[int, int, int, int], *, round_off: bool) -> NDArray[np.float32]:
    """1 inside, 0 outside, a soft edge; ``box`` is left, top, width, height."""
    left, top, wide, tall = box
    mask = np.zeros(shape, np.float32)
    soft = max(0.5, min(wide, tall) * 0.03)
    if round_off:
        axes = (max(1, round(wide * 0.55)), max(1, round(tall * 0.55)))
        cv2.ellipse(mask, (left + wide // 2, top + tall // 2), axes, 0, 0, 360, 1.0, -1)
    else:
        # What somebody framed is hidden to its edge, so the edge grows soft beyond it.
        beyond = math.ceil(2 * soft)
        mask[max(0, top - beyond) : top + tall + beyond, max(0, left - beyond) : left + wide + beyond] = 1
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), soft), np.float32)


def _blur(window: Pixels, _mask: NDArray[np.float32], strength: float, side: int) -> NDArray[np.float32]:
    # Wide blurs cost less, and look the same, on a smaller picture.
    sigma = max(0.3, strength * _BLUR * side)
    factor = max(1, int(sigma / 4))

    def blur(small: Pixels) -> Pixels:
        return np.asarray(cv2.GaussianBlur(small, (0, 0), sigma / factor), np.uint8)

    return _smaller(window, factor, blur)


def _pixelate(window: Pixels, _mask: NDArray[np.float32], strength: float, side: int) -> NDArray[np.float32]:
    cells = _CELLS[0] * (_CELLS[1] / _CELLS[0]) ** strength
    cell = max(1.0, side / cells)
    height, width = window.shape[:2]
    size = (max(1, round(width / cell)), max(1, round(height / cell)))
    coarse = cv2.resize(window, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST), np.float32)


def _recolour(window: Pixels, mask: NDArray[np.float32], strength: float, _side: int) -> NDArray[np.float32]:
    """Towards the one colour of what lies around, which takes the region's own tones with it."""
    outside = mask < 0.05
    tone = window[outside].mean(axis=0) if outside.any() else window.mean(axis=(0, 1))
    return np.asarray(window * (1 - strength) + tone * strength, np.float32)


def _inpaint(window: Pixels, mask: NDArray[np.float32], strength: float, _side: int) -> NDArray[np.float32]:
    """Painted over from what lies around (Telea 2004), at small size; half of it shows through at no strength."""
    factor = max(1, max(window.shape[:2]) // _WORKED)
    hole = (mask > 0.02).astype(np.uint8)

    def paint(small: Pixels) -> Pixels:
        wanted = (small.shape[1], small.shape[0])
        there = cv2.dilate(
            cv2.resize(hole, wanted, interpolation=cv2.INTER_NEAREST), np.ones((3, 3), np.uint8)
        )
        return np.asarray(cv2.inpaint(small, there, 3, cv2.INPAINT_TELEA), np.uint8)

    painted = _smaller(window, factor, paint)
    opaque = 0.5 + 0.5 * strength
    return np.asarray(painted * opaque + window * (1 - opaque), np.float32)


_STYLES: dict[str, Callable[[Pixels, NDArray[np.float32], float, int], NDArray[np.float32]]] = {
    "blur": _blur,
    "pixelate": _pixelate,
    "recolour": _recolour,
    "inpaint": _inpaint,
}


def _smaller(window: Pixels, factor: int, work: Callable[[Pixels], Pixels]) -> NDArray[np.float32]:
    """Work done on a picture ``factor`` times smaller."""
    height, width = window.shape[:2]
    size = (max(2, width // factor), max(2, height // factor))
    small = cv2.resize(window, size, interpolation=cv2.INTER_AREA) if factor > 1 else window
    done = work(np.ascontiguousarray(small))
    return np.asarray(cv2.resize(done, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _everywhere(pixels: Pixels, parameters: Parameters, seed: int | None) -> Pixels:
    if parameters.downscale > 0:
        pixels = _coarser(pixels, 1 - (1 - _SMALLEST) * parameters.downscale)
    if parameters.tone > 0:
        pixels = _paler(pixels, _PALE * parameters.tone)
    if parameters.noise > 0:
        pixels = _noisy(pixels, _NOISE * parameters.noise, seed)
    return pixels


def _coarser(pixels: Pixels, share: float) -> Pixels:
    """Only as much detail as a photo of this share of the size has; the size stays."""
    height, width = pixels.shape[:2]
    size = (max(1, round(width * share)), max(1, round(height * share)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _paler(pixels: Pixels, share: float) -> Pixels:
    """Less contrast around the photo's mean, and less colour."""
    work = pixels.astype(np.float32)
    if work.ndim == 3:
        grey = work @ np.array([0.299, 0.587, 0.114], np.float32)
        work += share * (grey[..., None] - work)
    work += share * 0.6 * (work.mean() - work)
    return np.clip(np.rint(work), 0, 255).astype(np.uint8)


def _noisy(pixels: Pixels, sigma: float, seed: int | None) -> Pixels:
    """Grain of brightness, in grains that grow with the photo so that it survives being made smaller."""
    height, width = pixels.shape[:2]
    grain = max(1, max(height, width) // 512)
    rng = np.random.default_rng(seed)
    drawn = rng.standard_normal((-(-height // grain), -(-width // grain)), np.float32) * np.float32(sigma)
    noise = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_NEAREST) if grain > 1 else drawn
    noise = noise if pixels.ndim == 2 else noise[..., None]
    return np.asarray(np.clip(np.rint(pixels + noise), 0, 255), np.uint8)
