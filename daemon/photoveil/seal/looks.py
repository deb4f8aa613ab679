"""What a mark looks like, by the version of Photoveil that made it: whoever takes it off must draw the very same.

Version 1 was a slate with a loud grain. From version 2 on a mark is a pane of frosted glass: it takes its colours from
what is around it, and its grain is as low as the photo beneath and what is written in it allow. Version 3 is a little
brighter and less coloured, so that less of its grain is cut off at black, has a finer grain, and tells the mean colour
of what it hides: version 2 took that of the surroundings for it, and the difference cost most of the colours' range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from photoveil.seal.colour import Planes
from photoveil.seal.model import Tone

NEWEST = 3
_CORNERS = 4
GROUND_BYTES = 2 * _CORNERS
_LUMA_STEP, _COLOUR_STEP = 4, 8
_MEAN_STEPS = (16, 8, 8)
_OFFSETS = range(-8, 8)
"""How far the mean of what is hidden may lie from that of the surroundings, in steps: four bits each."""


@dataclass(frozen=True)
class Lettering:
    """How text and frame are drawn, in dots of a canvas of 1536×512.

    Args:
        frame: how far the frame is from the edge.
        line, line_tone: its width, and how bright it is beside the letters' 255.
        width, height: the most that the letters take.
        logo, gap: side of a logo, and the space beside it.
    """

    frame: int
    line: int
    line_tone: int
    width: int
    height: int
    logo: int
    gap: int


@dataclass(frozen=True)
class Shade:
    """Brightness of a mark: ``level + share · surroundings``, and what its letters add."""

    level: float
    share: float
    letters: float


@dataclass(frozen=True)
class Look:
    """All that may change between versions.

    Args:
        slope, colour_slope: by how many powers of two each coarser level of detail is lowered (`scramble.Gain`).
        colour_knee: how many levels later that begins for colour than for brightness.
        shades: by tone.
        tint: how much of the colour around a mark it takes on.
        neutral: how much of that its letters lose.
        lettering: of its text.
    """

    slope: float
    colour_slope: float
    colour_knee: int
    shades: dict[Tone, Shade]
    tint: float
    neutral: float
    lettering: Lettering


_FROSTED = Lettering(frame=30, line=5, line_tone=150, width=1240, height=176, logo=260, gap=56)

LOOKS = {
    1: Look(
        slope=0.5,
        colour_slope=0.35,
        colour_knee=1,
        shades={Tone.DARK: Shade(103.0, 0.0, 56.0), Tone.LIGHT: Shade(157.0, 0.0, -62.0)},
        tint=1.0,
        neutral=0.0,
        lettering=Lettering(frame=34, line=10, line_tone=190, width=1290, height=210, logo=300, gap=60),
    ),
    2: Look(
        slope=0.75,
        colour_slope=0.55,
        colour_knee=2,
        shades={Tone.DARK: Shade(44.0, 0.36, 100.0), Tone.LIGHT: Shade(142.0, 0.2, -100.0)},
        tint=0.7,
        neutral=0.8,
        lettering=_FROSTED,
    ),
    3: Look(
        slope=0.9,
        colour_slope=0.85,
        colour_knee=2,
        shades={Tone.DARK: Shade(58.0, 0.3, 100.0), Tone.LIGHT: Shade(142.0, 0.2, -100.0)},
        tint=0.6,
        neutral=0.8,
        lettering=_FROSTED,
    ),
}
_SLATE = (0.0, 5.0, -4.0)
"""The colours of version 1, the same everywhere."""


def packed_ground(corners: Planes) -> bytes:
    """Colours at the corners of a mark, in two bytes each.

    Args:
        corners: 4 × (1 or 3): upper left, upper right, lower left, lower right; brightness, and colour around 0.
    """
    told = b""
    for corner in corners:
        luma = int(np.clip(corner[0] // _LUMA_STEP, 0, 63))
        tints = [int(np.clip(value // _COLOUR_STEP, -16, 15)) + 16 for value in corner[1:]] or [16, 16]
        told += (luma << 10 | tints[0] << 5 | tints[1]).to_bytes(2, "little")
    return told


def corners(ground: bytes) -> Planes:
    """2×2×3: the colours that were packed; version 1 has none, and a slate's stand for them."""
    if not ground:
        return np.tile(np.array(_SLATE, np.float32), (2, 2, 1))
    numbers = np.frombuffer(ground, "<u2").astype(np.int64)
    luma = (numbers >> 10) * _LUMA_STEP + _LUMA_STEP / 2
    tints = [((numbers >> shift & 31) - 16) * _COLOUR_STEP + _COLOUR_STEP / 2 for shift in (5, 0)]
    return np.stack([luma, *tints], axis=-1).reshape(2, 2, 3).astype(np.float32)


Means = tuple[int, int, int]
"""What stands for nothing in brightness and the two colour planes; of colour, 128 stands for none."""


def means(ground: bytes, offsets: Means = (0, 0, 0)) -> Means:
    """About what is under a mark, told by what is around it, and how far it lies from that, in steps."""
    luma, blue, red = corners(ground).mean((0, 1))
    around = round(float(luma)), round(float(blue)) + 128, round(float(red)) + 128
    moved = [mean + step * offset for mean, step, offset in zip(around, _MEAN_STEPS, offsets, strict=True)]
    return moved[0], moved[1], moved[2]


def offsets(ground: bytes, wanted: Sequence[float]) -> Means:
    """The offsets that bring ``means`` nearest to these; where a plane is missing, none."""
    around = means(ground)
    found = [0, 0, 0]
    for plane, value in enumerate(wanted):
        steps = round((value - around[plane]) / _MEAN_STEPS[plane])
        found[plane] = min(max(steps, _OFFSETS[0]), _OFFSETS[-1])
    return found[0], found[1], found[2]
