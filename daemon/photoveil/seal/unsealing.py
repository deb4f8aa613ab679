"""Taking a mark off with a key, from whatever a platform left of the photo."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from photoveil.photos.model import Pixels
from photoveil.seal import (
    carrier,
    colour,
    finding,
    fingerprint,
    header,
    intact,
    layers,
    lettering,
    mending,
    residual,
    scaled,
    wraps,
)
from photoveil.seal.errors import NotSealedError, TamperedError
from photoveil.seal.finding import Found
from photoveil.seal.header import Header
from photoveil.seal.layers import Dress
from photoveil.seal.model import Box, SealKey, State, Unsealed
from photoveil.seal.scaled import Placed
from photoveil.seal.sealing import boxes_of, dress_of, outside
from photoveil.seal.wavelet import Plane
from photoveil.seal.wraps import Content

Opener = Callable[[bytes], tuple[str, Content]]
"""Answers the frame of a mark with the name of the key that opens it and the secret of that photo."""

EXPECTED_DB = {
    State.EXACT: math.inf,
    State.LOSSLESS: 50.0,
    State.RECOMPRESSED: 34.0,
    State.RESIZED: 30.0,
    State.CROPPED: 30.0,
}
"""What photos that went through this reach at least in docs/results/seal.md, as a median of each kind of photos."""

_FOREIGN = 0.4
_SAME_PLACE = 0.005
_UNSCALED = 0.004
_HAIR = 0.25
"""So much of a field may show beyond the edge where a cropped photo seems to end."""


def unseal(pixels: Pixels, keys: Sequence[SealKey], *, rest: bytes = b"", thorough: bool = True) -> Unsealed:
    """The photo without its mark.

    Args:
        pixels: H×W×3 or H×W uint8, upright, as it was found: perhaps compressed, scaled or cropped.
        keys: those at hand; revoked ones open older photos.
        rest: what ``residual.found`` says about the file.
        thorough: look also for marks of cropped photos, which takes seconds where there is none.

    Raises:
        NotSealedError: there is no mark.
        WrongKeyError: none of the keys opens it.
        NewerSealError: a later Photoveil made it.
        TamperedError: the mark is damaged (of several, all are), or belongs to another photo.
    """
    return unseal_with(pixels, with_keys(keys), rest=rest, thorough=thorough)


def with_keys(keys: Sequence[SealKey]) -> Opener:
    """Opens with whichever of these keys fits; raises WrongKeyError where none does."""

    def opened(frame: bytes) -> tuple[str, Content]:
        key, content = wraps.unwrap(frame, keys)
        return key.name, content

    return opened


def unseal_with(pixels: Pixels, opener: Opener, *, rest: bytes = b"", thorough: bool = True) -> Unsealed:
    """As ``unseal``, where someone else has the keys: asked once, for the mark that was found."""
    brightness = colour.brightness(pixels)
    found, bits, frame = _found(brightness, thorough=thorough)
    name, content = opener(frame)
    told = header.opened(frame, content)
    dress = _checked(dress_of(told, bits))
    placed = _placed(brightness, found, told, dress)
    boxes = boxes_of(told)
    whole, painted = _whole(brightness, boxes, placed, dress)
    state = _state(pixels, boxes, told, placed)
    # Platforms may store a photo without colour as one that has some.
    toneless = told.grey and pixels.ndim == 3
    seen = colour.rounded(brightness) if toneless else pixels
    clean, region = _restored(seen, placed, whole, dress, content, lossless=state is State.LOSSLESS)
    if toneless:
        clean = np.where(region[..., None], clean[..., None], pixels)
    if state is State.LOSSLESS and rest:
        exact = residual.applied(clean, boxes, content, rest)
        clean, state = (clean, state) if exact is None else (exact, State.EXACT)
    tampered = () if state is State.EXACT else (*painted, *_tampered(clean, region, placed, told))
    shown = tuple(fingerprint.as_box(placed.bounds(box)) for box in boxes)
    return Unsealed(clean, name, shown, region, state, EXPECTED_DB[state], tampered, told.size)


def _found(brightness: Plane, *, thorough: bool) -> tuple[Found, npt.NDArray[np.bool_], bytes]:
    """A mark that can be read: where it is, its bits and the frame in them."""
    unreadable = False
    for cropped in (False, True) if thorough else (False,):
        found = finding.find(brightness, thorough=cropped)
        if found is None:
            continue
        try:
            return found, *_read(brightness, found)
        except carrier.UnreadableError:
            unreadable = True
    raise TamperedError.damaged() if unreadable else NotSealedError


def _read(brightness: Plane, found: Found) -> tuple[npt.NDArray[np.bool_], bytes]:
    """The bits as they were written, and the frame in them; raises UnreadableError."""
    bounds = (found.x, found.y, found.x + found.width, found.y + found.height)
    height, width = brightness.shape
    bounds = (max(bounds[0], 0), max(bounds[1], 0), min(bounds[2], width), min(bounds[3], height))
    frame = carrier.decoded(carrier.read(carrier.reduced(brightness, bounds)))
    return carrier.encoded(frame), frame


def _checked(dress: Dress) -> Dress:
    """What a holder of a key may have made up, if it can be drawn."""
    try:
        lettering.drawn(dress.drawing, dress.look.lettering, 48, 16)
    except (ValueError, zlib.error) as error:
        raise TamperedError.damaged() from error
    return dress


def _placed(brightness: Plane, found: Found, told: Header, dress: Dress) -> Placed:
    """Exactly where the sealed photo lies, now that its size is known."""
    height, width = brightness.shape
    scale_x, scale_y = width / told.size[0], height / told.size[1]
    whole = Placed(scale_x, scale_y, 0.0, 0.0)
    slack = _SAME_PLACE * found.width
    for box in boxes_of(told):
        left, top, right, bottom = whole.bounds(box)
        apart = (
            left - found.x,
            top - found.y,
            right - found.x - found.width,
            bottom - found.y - found.height,
        )
        if max(map(abs, apart)) < slack:
            return whole
    return _cropped(brightness, found, told, dress)


def _cropped(brightness: Plane, found: Found, told: Header, dress: Dress) -> Placed:
    """The place of a photo of which a part is missing, by all that is known of the mark."""
    exact = finding.refined(brightness, found, layers.written(dress))
    scale = exact.width / told.box.width
    x, y = exact.x, exact.y
    if abs(scale - 1) < _UNSCALED:
        scale, x, y = 1.0, float(round(x)), float(round(y))
    box = _nearest(boxes_of(told), told, brightness, (x, y), scale)
    return Placed(scale, scale, x - box.x * scale, y - box.y * scale)


def _nearest(
    boxes: Sequence[Box], told: Header, brightness: Plane, at: tuple[float, float], scale: float
) -> Box:
    """Which of several marks was found: the one for which the fingerprint fits best."""
    if len(boxes) == 1:
        return boxes[0]

    def misfit(box: Box) -> float:
        placed = Placed(scale, scale, at[0] - box.x * scale, at[1] - box.y * scale)
        whole = placed.bounds(Box(0, 0, *told.size))
        differs, seen = fingerprint.compared(told.fingerprint, brightness, whole)
        return float(differs.sum() + 1) / float(seen.sum() + 1)

    return min(boxes, key=misfit)


def _whole(
    brightness: Plane, boxes: Sequence[Box], placed: Placed, dress: Dress
) -> tuple[dict[int, Box], tuple[Box, ...]]:
    """The marks that can be taken off, by their numbers, and where others were painted over.

    Raises TamperedError where there are only such.
    """
    height, width = brightness.shape
    whole: dict[int, Box] = {}
    painted: list[Box] = []
    for number, box in enumerate(boxes):
        if not placed.holds(box, width, height):
            continue  # a mark of which a part was cut off cannot be read
        bounds = placed.bounds(box)
        if intact.is_damaged(brightness, bounds, dress):
            painted.append(fingerprint.as_box(bounds))
        else:
            whole[number] = box
    if painted and not whole:
        raise TamperedError.painted()
    return whole, tuple(painted)


def _restored(
    pixels: Pixels,
    placed: Placed,
    boxes: Mapping[int, Box],
    dress: Dress,
    content: Content,
    *,
    lossless: bool,
) -> tuple[Pixels, npt.NDArray[np.bool_]]:
    """The photo with what was under its marks, and where that is."""
    clean, region = pixels.copy(), np.zeros(pixels.shape[:2], bool)
    secret = content.derived("disguise")
    for number, box in boxes.items():
        rows, columns = placed.window(box, pixels.shape[1], pixels.shape[0])
        if placed.unscaled:
            mend = not lossless and mending.compressed(
                colour.brightness(pixels[_from_grid(rows), _from_grid(columns)])
            )
            under = layers.undressed(pixels[rows, columns], dress, secret, number, mend=mend)
            clean[rows, columns] = colour.rounded(under)
        else:
            clean[rows, columns] = scaled.undressed(pixels, placed, box, dress, secret, number)
        region[rows, columns] = True
    return clean, region


def _from_grid(places: slice) -> slice:
    """The part of a row or column from where JPEG starts a block."""
    return slice(-(-places.start // mending.SIDE) * mending.SIDE, places.stop)


def _state(pixels: Pixels, boxes: Sequence[Box], told: Header, placed: Placed) -> State:
    height, width = pixels.shape[:2]
    left, top, right, bottom = placed.bounds(Box(0, 0, *told.size))
    # What was cut off at the right or below moves nothing.
    if (left, top) != (0.0, 0.0) or max(abs(right - width), abs(bottom - height)) > 1:
        return State.CROPPED
    if not placed.unscaled:
        return State.RESIZED
    if (pixels.ndim == 2) == told.grey and outside(pixels, boxes) == told.outside:
        return State.LOSSLESS
    return State.RECOMPRESSED


def _tampered(clean: Pixels, region: npt.NDArray[np.bool_], placed: Placed, told: Header) -> tuple[Box, ...]:
    """Parts that are not what was sealed; raises TamperedError where that is nearly all."""
    whole = placed.bounds(Box(0, 0, *told.size))
    differs, seen = fingerprint.compared(told.fingerprint, colour.brightness(clean), whole, region)
    beyond, fields = _beyond(clean, whole)
    share = float((differs.sum() + fields) / max(float(seen.sum() + fields), 1.0))
    if share > _FOREIGN:
        raise TamperedError.foreign(share)
    changed = [
        fingerprint.as_box(fingerprint.field(whole, int(row), int(column)))
        for row, column in zip(*np.nonzero(differs), strict=True)
    ]
    return (*changed, *beyond)


def _beyond(clean: Pixels, whole: tuple[float, float, float, float]) -> tuple[list[Box], float]:
    """What lies around the sealed photo, which nothing vouches for, and as how many of its fields that counts.

    A mark may be copied into a corner of another photo from the opposite corner of its own: then nothing that is
    around it has a fingerprint to differ from.
    """
    height, width = clean.shape[:2]
    left, top, right, bottom = whole
    wide, high = (right - left) / fingerprint.COLUMNS, (bottom - top) / fingerprint.ROWS
    # The place of a cropped photo is not known to the pixel.
    x0, x1 = (left if left > _HAIR * wide else 0), (right if width - right > _HAIR * wide else width)
    y0, y1 = (top if top > _HAIR * high else 0), (bottom if height - bottom > _HAIR * high else height)
    strips = ((0, 0, width, y0), (0, y1, width, height), (0, y0, x0, y1), (x1, y0, width, y1))
    found = [fingerprint.as_box(one) for one in strips if one[0] < one[2] and one[1] < one[3]]
    return found, (width * height - (x1 - x0) * (y1 - y0)) / (wide * high)
