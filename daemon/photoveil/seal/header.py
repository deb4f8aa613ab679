"""What a seal says, and how it is written down: AES-GCM keeps it secret and vouches for it (`wraps`).

Marks of every version are read; new ones are written in the newest.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from photoveil.seal import looks, placing, wraps
from photoveil.seal.carrier import FRAME_BYTES
from photoveil.seal.errors import NewerSealError, WrongKeyError
from photoveil.seal.fingerprint import FINGERPRINT_BYTES
from photoveil.seal.model import Box, SealKey, Tone
from photoveil.seal.wraps import Content, Wrapped

_BODY = FRAME_BYTES - wraps.SLOT_BYTES - wraps.TAG_BYTES
_FIRST = struct.Struct("<BB6H2e3B2B8s")
_LATER = struct.Struct(f"<B5H2B2B8s{looks.GROUND_BYTES}s")
_GREY, _LIGHT, _TILED = 1, 2, 4
_VERSIONS, _FLAGS = 0x0F, 4
_PLACE = 12
"""Bits of a mark's place, in steps of `placing.GRID`; the four above tell how far a mean is from the surroundings'."""
_NIBBLE = 0x0F
_PER_OCTAVE, _ONE = 24, 128
_MOST_TIMES = 1000
"""A photo is at most so many times as large as a mark: 683 times where it is a strip as narrow as the smallest mark."""


@dataclass(frozen=True)
class Header:
    """All that is needed to take a mark away.

    Args:
        size: width and height of the photo as it was sealed.
        box: of the first mark; the others follow from it where there are several.
        tiled: whether there are.
        grey: whether the photo has no colour.
        tone: of the mark.
        gains: of brightness and colour, as ``told_gain`` gives them.
        means: what stands for nothing in the three planes under the marks, brightness and colour + 128, whole numbers.
        strengths: of bits and finding pattern, in quarter levels.
        outside: the first bytes of a hash of all pixels outside the marks.
        fingerprint: of the photo without its marks.
        drawing: what is drawn on the mark.
        ground: the colours of the mark, from ``looks.packed_ground``.
        version: of the mark, a key of ``looks.LOOKS``.
    """

    size: tuple[int, int]
    box: Box
    tiled: bool
    grey: bool
    tone: Tone
    gains: tuple[float, float]
    means: tuple[int, int, int]
    strengths: tuple[int, int]
    outside: bytes
    fingerprint: bytes
    drawing: bytes
    ground: bytes
    version: int = looks.NEWEST


def lock(header: Header, wrapped: Wrapped) -> bytes:
    """The frame that a mark carries."""
    return wraps.encrypted(_packed(header).ljust(_BODY, b"\0"), wrapped)


def opened(frame: bytes, content: Content) -> Header:
    """What a frame says.

    Raises:
        WrongKeyError: the content key is another's, or the frame was forged.
        NewerSealError: a later Photoveil wrote it.
    """
    try:
        return _unpacked(wraps.decrypted(frame, content))
    except (ValueError, struct.error) as error:
        raise WrongKeyError.of(1) from error


def unlock(frame: bytes, keys: Sequence[SealKey]) -> tuple[SealKey, Content, Header]:
    """The key that opens a frame, the photo's secret, and what the frame says.

    Raises:
        WrongKeyError: none does, or the frame was forged.
        NewerSealError: a later Photoveil wrote it.
    """
    key, content = wraps.unwrap(frame, keys)
    return key, content, opened(frame, content)


def told_gain(value: float) -> float:
    """The nearest gain that a header can hold."""
    return _gain(_gain_byte(value))


def _gain_byte(value: float) -> int:
    return min(max(round(_PER_OCTAVE * math.log2(value)) + _ONE, 0), 255)


def _gain(told: int) -> float:
    return float(2.0 ** ((told - _ONE) / _PER_OCTAVE))


def _packed(header: Header) -> bytes:
    flags = _GREY * header.grey | _LIGHT * (header.tone is Tone.LIGHT) | _TILED * header.tiled
    box = header.box
    luma, blue, red = (offset & _NIBBLE for offset in looks.offsets(header.ground, header.means))
    fixed = _LATER.pack(
        header.version | flags << _FLAGS,
        *header.size,
        *(box.x // placing.GRID | blue << _PLACE, box.y // placing.GRID | red << _PLACE, box.width),
        *(*map(_gain_byte, header.gains), *header.strengths, header.outside, header.ground),
    )
    # The fingerprint leaves four bits of its last byte.
    print_ = header.fingerprint[:-1] + bytes((header.fingerprint[-1] | luma,))
    return fixed + print_ + bytes((len(header.drawing),)) + header.drawing


def _unpacked(body: bytes) -> Header:
    """What was packed; raises ValueError or struct.error for what cannot be."""
    match body[0] & _VERSIONS:
        case 1:
            found = _of_first(body)
        case 2 | 3 as version:
            found = _of_later(body, version)
        case version:
            raise NewerSealError.of(version)
    (width, height), box = found.size, found.box
    inside = placing.LEAST_WIDTH <= box.width <= width - box.x and 16 <= box.height <= height - box.y
    # Whoever shares a key can write a header that would have us fill all memory, or be busy with tiles for hours.
    fits = placing.is_possible(width, height, box) and width * height <= _MOST_TIMES * box.width * box.height
    if not (inside and fits and all(0 < gain < math.inf for gain in found.gains)):
        raise ValueError("no photo has such a mark")
    return found


def _of_first(body: bytes) -> Header:
    _version, flags, *rest = _FIRST.unpack_from(body)
    width, height, x, y, w, h, gain, colour, *more = rest
    tiled, grey, tone = _told(flags)
    print_, drawing = _tail(body[_FIRST.size :])
    return Header(
        size=(width, height),
        box=Box(x, y, w, h),
        tiled=tiled,
        grey=grey,
        tone=tone,
        gains=(gain, colour),
        means=(more[0], more[1], more[2]),
        strengths=(more[3], more[4]),
        outside=more[5],
        fingerprint=print_,
        drawing=drawing,
        ground=b"",
        version=1,
    )


def _of_later(body: bytes, version: int) -> Header:
    first, *rest = _LATER.unpack_from(body)
    width, height, x, y, w, gain, colour, fine, coarse, outside, ground = rest
    tiled, grey, tone = _told(first >> _FLAGS)
    print_, drawing = _tail(body[_LATER.size :])
    offsets = (0, 0, 0)
    if version > 2:  # before, the surroundings' means stood for those of what is hidden
        offsets = _signed(print_[-1]), _signed(x >> _PLACE), _signed(y >> _PLACE)
        x, y = x & ~(-1 << _PLACE), y & ~(-1 << _PLACE)
        print_ = print_[:-1] + bytes((print_[-1] & ~_NIBBLE,))
    return Header(
        size=(width, height),
        box=Box(x * placing.GRID, y * placing.GRID, w, placing.down(w)),
        tiled=tiled,
        grey=grey,
        tone=tone,
        gains=(_gain(gain), _gain(colour)),
        means=looks.means(ground, offsets),
        strengths=(fine, coarse),
        outside=outside,
        fingerprint=print_,
        drawing=drawing,
        ground=ground,
        version=version,
    )


def _signed(nibble: int) -> int:
    """Four bits as a number from −8 to 7."""
    return (nibble & _NIBBLE ^ 8) - 8


def _told(flags: int) -> tuple[bool, bool, Tone]:
    """Whether there are several marks, whether the photo has no colour, and the tone."""
    return bool(flags & _TILED), bool(flags & _GREY), Tone.LIGHT if flags & _LIGHT else Tone.DARK


def _tail(body: bytes) -> tuple[bytes, bytes]:
    """Fingerprint and drawing."""
    start = FINGERPRINT_BYTES + 1
    return body[:FINGERPRINT_BYTES], body[start : start + body[FINGERPRINT_BYTES]]
