"""What can be had without the key. All attackers get the sealed photo without any loss, which is best for them."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import cv2
import numpy as np
import numpy.typing as npt

from photoveil.photos.model import Pixels
from photoveil.seal import Box, Mark, SealKey, carrier, colour, finding, header, layers
from photoveil.seal.header import Header
from photoveil.seal.layers import Dress
from photoveil.seal.sealing import boxes_of, dress_of, seal_wrapped
from photoveil.seal.wraps import wrap

_RADIUS = 5


def psnr(found: Pixels, truth: Pixels) -> float:
    """In decibels, over all that is given."""
    error = float(np.mean(np.square(found.astype(np.float64) - truth)))
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def inside(pixels: Pixels, boxes: Sequence[Box]) -> npt.NDArray[np.uint8]:
    """The pixels in boxes, one after another."""
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    return np.concatenate([pixels[box.rows, box.columns].reshape(-1, channels) for box in boxes])


def inpainted(sealed: Pixels, boxes: Sequence[Box], method: int) -> Pixels:
    """OpenCV's filling of the marks, by `cv2.INPAINT_TELEA` or `cv2.INPAINT_NS`."""
    mask = np.zeros(sealed.shape[:2], np.uint8)
    for box in boxes:
        mask[box.rows, box.columns] = 255
    return np.asarray(cv2.inpaint(np.ascontiguousarray(sealed), mask, _RADIUS, method), np.uint8)


def opened(sealed: Pixels, key: SealKey) -> tuple[Header, Dress]:
    """All that the seal says: attackers who are given it lack nothing but the order of the disguise."""
    plane = colour.brightness(sealed)
    found = finding.find(plane, thorough=False)
    if found is None:
        raise ValueError("no seal was found")
    bounds = (found.x, found.y, found.x + found.width, found.y + found.height)
    soft = carrier.read(carrier.reduced(plane, bounds))
    frame = carrier.decoded(soft)
    _, _, told = header.unlock(frame, [key])
    return told, dress_of(told, carrier.encoded(frame))


def inverted(sealed: Pixels, told: Header, dress: Dress, secret: bytes) -> Pixels:
    """The disguise undone with another secret than the photo's."""
    out = sealed.copy()
    for number, box in enumerate(boxes_of(told)):
        under = layers.undressed(sealed[box.rows, box.columns], dress, secret, number)
        out[box.rows, box.columns] = colour.rounded(under)
    return out


def unmatted(sealed: Pixels, told: Header, dress: Dress) -> Pixels:
    """Letters and tone subtracted and contrast undone exactly, as if Dekel et al. (2017) had found them without error.

    Such attacks take a mark for a picture that is blended over the photo, the same on all photos.
    """
    out = sealed.copy()
    for box in boxes_of(told):
        planes = colour.planes(sealed[box.rows, box.columns])
        hidden = planes - layers.drawn(dress, box.width, box.height, len(planes))
        around = colour.planes(_rim(sealed, box)).reshape(len(planes), -1)
        spread = around.std(1) / np.maximum(hidden.std((1, 2)), 1e-3)
        plain = hidden * spread[:, None, None] + around.mean(1)[:, None, None]
        out[box.rows, box.columns] = colour.rounded(colour.picture(plain.astype(np.float32)))
    return out


def _rim(pixels: Pixels, box: Box, width: int = 12) -> Pixels:
    """What surrounds a box, above and below, as an attacker's idea of how the photo goes on."""
    above = pixels[max(box.y - width, 0) : box.y, box.columns]
    below = pixels[box.y + box.height : box.y + box.height + width, box.columns]
    return np.concatenate((above, below))


def averaged(
    pixels: Pixels, mark: Mark, key: SealKey, count: int, draw: Random
) -> tuple[Pixels, tuple[Box, ...]]:
    """The mean of so many sealed copies of one photo, every one disguised anew."""
    total = np.zeros(pixels.shape, np.float64)
    boxes: tuple[Box, ...] = ()
    for _ in range(count):
        sealed = seal_wrapped(pixels, mark, wrap([key], draw))
        total, boxes = total + sealed.pixels, sealed.boxes
    return colour.rounded((total / count).astype(np.float32)), boxes


def wrong_keys(count: int, seed: int) -> list[SealKey]:
    """Keys that are not the right one, the same for the same seed."""
    rng = np.random.default_rng(seed)
    return [SealKey(f"wrong {number}", rng.bytes(16)) for number in range(count)]


def flipped(key: SealKey) -> list[SealKey]:
    """The key with one bit wrong, for every bit."""
    number = int.from_bytes(key.secret, "big")
    return [SealKey(f"bit {bit}", (number ^ 1 << bit).to_bytes(16, "big")) for bit in range(128)]


def moved(source: Pixels, boxes: Sequence[Box], target: Pixels) -> Pixels:
    """The marks of one photo pasted onto another of the same size."""
    out = target.copy()
    for box in boxes:
        out[box.rows, box.columns] = source[box.rows, box.columns]
    return out


def cornered(source: Pixels, box: Box, target: Pixels) -> Pixels:
    """A mark of one photo in that corner of another which lies opposite to its own: little of its photo would show."""
    height, width = target.shape[:2]
    x = width - box.width if box.x + box.width / 2 < source.shape[1] / 2 else 0
    y = height - box.height if box.y + box.height / 2 < source.shape[0] / 2 else 0
    out = target.copy()
    out[y : y + box.height, x : x + box.width] = source[box.rows, box.columns]
    return out


def pasted(
    pixels: Pixels, other: Pixels, boxes: Sequence[Box], rng: np.random.Generator
) -> tuple[Pixels, Box]:
    """A piece of another photo, a seventh of the side, put beside the marks."""
    height, width = pixels.shape[:2]
    h, w = height // 7, width // 7
    while True:
        piece = Box(int(rng.integers(width - w)), int(rng.integers(height - h)), w, h)
        if not any(_touch(piece, box) for box in boxes):
            break
    out = pixels.copy()
    out[piece.rows, piece.columns] = other[piece.rows, piece.columns]
    return out, piece


def painted(pixels: Pixels, box: Box, share: float) -> Pixels:
    """The right part of a mark, so much of it, painted over in its own middle tone."""
    out = pixels.copy()
    start = box.x + round(box.width * (1 - share))
    out[box.rows, start : box.x + box.width] = np.median(inside(pixels, [box]), axis=0).astype(np.uint8)
    return out


def patched(pixels: Pixels, box: Box, other: Pixels, share: float) -> Pixels:
    """The right part of a mark, so much of it, replaced by what is there in another mark, at its size."""
    out = pixels.copy()
    start = round(box.width * (1 - share))
    there = cv2.resize(other, (box.width, box.height), interpolation=cv2.INTER_AREA)
    out[box.rows, box.x + start : box.x + box.width] = there[:, start:]
    return out


def owners_key(draw: Random) -> SealKey:
    """A key of its own."""
    return SealKey("owner", draw.randbytes(16))


def _touch(a: Box, b: Box) -> bool:
    apart_x = a.x + a.width <= b.x or b.x + b.width <= a.x
    apart_y = a.y + a.height <= b.y or b.y + b.height <= a.y
    return not (apart_x or apart_y)
