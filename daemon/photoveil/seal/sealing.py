"""Putting a mark on a photo, so that whoever has a key can take it off again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO

import numpy as np
from PIL import Image

from photoveil.photos.model import Pixels
from photoveil.seal import (
    carrier,
    colour,
    fingerprint,
    header,
    layers,
    lettering,
    looks,
    placing,
    residual,
    wraps,
)
from photoveil.seal.colour import Planes
from photoveil.seal.errors import TooSmallError
from photoveil.seal.header import Header
from photoveil.seal.layers import Dress
from photoveil.seal.model import Box, Mark, Sealed, SealKey
from photoveil.seal.wavelet import Plane
from photoveil.seal.wraps import Wrapped

_LUMA_SPREAD, _COLOUR_SPREAD = 13.0, 4.5
"""Standard deviations that the disguised photo has in its mark, in levels, at most."""

_MOST_GAIN = 1.8
"""A quiet part of a photo needs no more grain than this to come back well."""
_LEAST_LUMA, _LEAST_COLOUR = 0.3, 0.12
"""Below these, rounding to whole levels would already be seen, however busy the photo."""
_LEAST_GAIN = 0.03
_OVERFLOW = 0.3
"""Mean square, in levels², of what may be cut off because the mark would be darker than black or whiter than white."""

_ORDEALS = ((1080, 60), (720, 75))
"""Long side and quality that platforms may leave."""
_MOST_UNCLEAR = 0.095
"""The share of bits that may be spoilt; somewhat more can be mended."""

_LOUDER, _LOUDEST = 1.12, 4.0
_MOST_SIDE = 65535
_RIM = 0.25
"""Part of a mark's height around its corners that gives it its colours."""


def seal(
    pixels: Pixels, mark: Mark, key: SealKey, recipients: Sequence[SealKey] = (), *, exact: bool = False
) -> Sealed:
    """The photo with its mark; every pixel outside the mark stays as it is.

    Args:
        pixels: H×W×3 or H×W uint8, upright.
        mark: what is seen.
        key: the owner's.
        recipients: who else can take the mark off, at most five.
        exact: also make what a lossless file needs to be restored bit by bit (``Sealed.residual``).

    Raises:
        BadMarkError: the mark cannot be drawn.
        TooSmallError: the photo has no room for it.
        TooManyRecipientsError, RevokedKeyError: the keys cannot be served.
    """
    return seal_wrapped(pixels, mark, wraps.wrap((key, *recipients)), exact=exact)


def seal_wrapped(pixels: Pixels, mark: Mark, wrapped: Wrapped, *, exact: bool = False) -> Sealed:
    """As ``seal``, for keys that only whoever wrapped the content key knows."""
    drawing = lettering.written(mark)
    brightness = colour.brightness(pixels)
    boxes = _boxes(pixels, mark)
    secret = wrapped.content.derived("disguise")
    knee = layers.knee((pixels.shape[1], pixels.shape[0]))
    ground = looks.packed_ground(_corners(pixels, boxes))
    parts = [colour.planes(pixels[box.rows, box.columns]) for box in boxes]
    means = looks.means(ground, looks.offsets(ground, layers.middle(parts)))
    hidden = [
        layers.disguised(layers.centred(part, means), secret, number, knee)
        for number, part in enumerate(parts)
    ]
    told = Header(
        size=(pixels.shape[1], pixels.shape[0]),
        box=boxes[0],
        tiled=mark.tiling,
        grey=pixels.ndim == 2,
        tone=mark.tone,
        gains=_gains(hidden),
        means=means,
        strengths=(0, 0),
        outside=outside(pixels, boxes),
        fingerprint=fingerprint.taken(brightness),
        drawing=drawing,
        ground=ground,
    )
    dress, marks = _fitted(hidden, told, wrapped)
    sealed = pixels.copy()
    for box, shown in zip(boxes, marks, strict=True):
        sealed[box.rows, box.columns] = shown
    rest = b""
    if exact:
        restored = sealed.copy()
        for number, box in enumerate(boxes):
            under = layers.undressed(marks[number], dress, secret, number)
            restored[box.rows, box.columns] = colour.rounded(under)
        rest = residual.made(pixels, restored, boxes, wrapped.content)
    return Sealed(sealed, tuple(boxes), _fill_db(brightness, boxes), rest)


def outside(pixels: Pixels, boxes: Sequence[Box]) -> bytes:
    """The first bytes of a hash of all pixels outside the boxes."""
    blanked = pixels.copy()
    for box in boxes:
        blanked[box.rows, box.columns] = 0
    return hashlib.sha256(blanked.tobytes()).digest()[:8]


def boxes_of(told: Header) -> list[Box]:
    """Where all marks of a photo stand, by its header."""
    if not told.tiled:
        return [told.box]
    return placing.tiles(*told.size, told.box.width, told.box.height)


def _boxes(pixels: Pixels, mark: Mark) -> list[Box]:
    height, width = pixels.shape[:2]
    if max(height, width) > _MOST_SIDE or height * width > placing.MOST_PIXELS:
        raise TooSmallError(
            "The photo is too large for a seal",
            f"It has {width} × {height} pixels; a side may have {_MOST_SIDE}, and all {placing.MOST_PIXELS:,}.",
            "Seal a smaller version of the photo.",
        )
    if mark.tiling:
        return placing.tiles(width, height, *placing.extent(width, height, mark.size))
    return [placing.single(pixels, mark.size, mark.position)]


def _corners(pixels: Pixels, boxes: Sequence[Box]) -> Planes:
    """4×C: the mean colours of what is around the corners of the marks, and not under them."""
    free = np.ones(pixels.shape[:2], bool)
    for box in boxes:
        free[box.rows, box.columns] = False
    reach = max(8, round(_RIM * boxes[0].height))
    found = []
    for right in (0, 1, 2, 3):
        parts = []
        for box in boxes:
            y, x = box.y + box.height * (right // 2), box.x + box.width * (right % 2)
            near = slice(max(y - reach, 0), y + reach), slice(max(x - reach, 0), x + reach)
            parts.append(pixels[near][free[near]])
        found.append(np.concatenate(parts))
    everything = np.concatenate(found)
    if not len(everything):  # the mark covers the photo
        everything = np.full((1, *pixels.shape[2:]), 128, np.uint8)
    means = [(part if len(part) else everything).mean(0, keepdims=True) for part in found]
    return np.stack([colour.planes(np.asarray(mean[None], np.float32)).ravel() for mean in means])


def _gains(hidden: Sequence[Planes]) -> tuple[float, float]:
    """Such that no mark is livelier than others, whatever is under it."""
    energy = np.mean([np.square(part).mean((1, 2)) for part in hidden], axis=0)
    luma = _LUMA_SPREAD / max(float(energy[0]) ** 0.5, 1e-3)
    tint = _COLOUR_SPREAD / max(float(energy[1:].max(initial=0.0)) ** 0.5, 1e-3)
    return (
        header.told_gain(min(max(luma, _LEAST_LUMA), _MOST_GAIN)),
        header.told_gain(min(max(tint, _LEAST_COLOUR), _MOST_GAIN)),
    )


def _fitted(hidden: Sequence[Planes], told: Header, wrapped: Wrapped) -> tuple[Dress, list[Pixels]]:
    """The marks, with gains at which hardly anything is cut off, and with writing no louder than it must be."""
    beneath = carrier.reduced(hidden[0][0])
    voice = 1.0
    while True:
        fine, coarse = carrier.strengths(beneath * np.float32(told.gains[0]), voice)
        told = replace(told, strengths=(_units(fine), _units(coarse)))
        dress = dress_of(told, carrier.encoded(header.lock(told, wrapped)))
        tried = [layers.dressed(part, dress) for part in hidden]
        excess = max(float(np.square(one - np.clip(one, 0, 255)).mean()) for one in tried)
        marks = [colour.rounded(one) for one in tried]
        fits, plain = excess <= _OVERFLOW, _spoilt(marks[0], dress) <= _MOST_UNCLEAR
        if fits and voice < _LOUDEST and not (plain and _survives(marks[0], dress, max(told.size))):
            voice *= _LOUDER
            continue
        if (fits and plain) or min(told.gains) < _LEAST_GAIN:
            return dress, marks
        # Colour does not get in the way of what is written.
        luma, tint = told.gains
        told = replace(
            told, gains=(header.told_gain(luma * 0.9), header.told_gain(tint * (1.0 if fits else 0.9)))
        )


def _survives(mark: Pixels, dress: Dress, long: int) -> bool:
    """Whether what is written can be read after what platforms may do to a photo of this long side."""
    for side, quality in _ORDEALS:
        scale = min(1.0, side / long)
        size = max(1, round(mark.shape[1] * scale)), max(1, round(mark.shape[0] * scale))
        file = BytesIO()
        Image.fromarray(mark).resize(size, Image.Resampling.LANCZOS).save(file, "JPEG", quality=quality)
        if _spoilt(np.asarray(Image.open(file)), dress) > _MOST_UNCLEAR:
            return False
    return True


def _spoilt(mark: Pixels, dress: Dress) -> float:
    """The share of bits that would be read wrong before anything is mended."""
    heard = carrier.read(carrier.reduced(colour.brightness(mark))) > 0
    return float(np.mean(heard != dress.bits))


def dress_of(told: Header, bits: np.typing.NDArray[np.bool_]) -> Dress:
    """What a header says about looks, with the bits it was written in."""
    return Dress(
        told.tone,
        told.drawing,
        told.gains,
        told.means,
        told.strengths,
        bits,
        layers.knee(told.size),
        told.ground,
        told.version,
    )


def _units(strength: float) -> int:
    return min(255, round(strength / layers.STRENGTH_UNIT))


def _fill_db(brightness: Plane, boxes: Sequence[Box]) -> float:
    error = float(np.mean([placing.fill_error(brightness, box) for box in boxes]))
    return float(10 * np.log10(255**2 / max(error, 1e-6)))
