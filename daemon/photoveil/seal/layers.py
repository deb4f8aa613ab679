"""A mark put together, and taken apart again: tone, drawing and written seal over the disguised photo."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from photoveil.photos.model import Pixels
from photoveil.seal import carrier, colour, lettering, looks, mending, scramble
from photoveil.seal.colour import Planes
from photoveil.seal.looks import Look
from photoveil.seal.model import Tone
from photoveil.seal.scramble import Gain
from photoveil.seal.wavelet import Plane

_PLATFORM = 1080
STRENGTH_UNIT = 0.25


@dataclass(frozen=True)
class Dress:
    """How the disguised photo is dressed up as a mark.

    Args:
        tone: dark or light.
        drawing: as ``lettering.written`` gave it.
        gains: finest bands of brightness and colour.
        means: of the planes, as in the header.
        strengths: of bits and finding pattern, in units of ``STRENGTH_UNIT``.
        bits: what is written.
        knee: the scale of detail that a platform leaves, as a level of the transform.
        ground: the colours of the mark.
        version: of its look.
    """

    tone: Tone
    drawing: bytes
    gains: tuple[float, float]
    means: tuple[int, int, int]
    strengths: tuple[int, int]
    bits: npt.NDArray[np.bool_]
    knee: int
    ground: bytes
    version: int = looks.NEWEST

    @property
    def look(self) -> Look:
        """Of its version."""
        return looks.LOOKS[self.version]


def centred(picture: Planes, means: tuple[int, int, int]) -> Planes:
    """The planes around 0; of colour differences, 128 stands for none."""
    return picture - _offsets(means)[: len(picture)]


def middle(parts: Sequence[Planes]) -> list[float]:
    """The means of what lies under all marks, as ``centred`` takes them."""
    found = np.mean([part.mean((1, 2)) for part in parts], axis=0)
    return [float(value) + 128 * (plane > 0) for plane, value in enumerate(found)]


def knee(size: tuple[int, int]) -> int:
    """The level of the finest detail that is left of a photo scaled to what platforms show."""
    return 1 + max(0, round(math.log2(max(size) / _PLATFORM)))


def disguised(picture: Planes, key: bytes, number: int, knee: int) -> Planes:
    """All planes of the ``number``-th mark, centred, without any gain; as the newest version has it."""
    newest = looks.LOOKS[looks.NEWEST]
    return np.stack([
        scramble.disguise(plane, key, _stream(number, index), _gain(newest, (1.0, 1.0), knee, index))
        for index, plane in enumerate(picture)
    ])  # fmt: skip


def dressed(hidden: Planes, dress: Dress) -> Planes:
    """The mark as H×W×3 or H×W, not rounded."""
    count, height, width = hidden.shape
    return colour.picture(hidden * _per_plane(dress.gains, count) + drawn(dress, width, height, count))


def revealed(hidden: Planes, dress: Dress, key: bytes, number: int, *, mend: bool) -> Planes:
    """The photo under a mark, as H×W×3 or H×W, not rounded.

    Args:
        hidden: planes of the mark, from which all that was drawn has been subtracted.
        mend: whether it was compressed or scaled, and what that left shall be taken off.
    """
    planes = np.stack([
        scramble.reveal(plane, key, _stream(number, index), _gain(dress.look, dress.gains, dress.knee, index))
        for index, plane in enumerate(hidden)
    ])  # fmt: skip
    if mend:
        planes = mending.mended(planes, dress.gains[0])
    return colour.picture(planes + _offsets(dress.means)[: len(planes)])


def undressed(mark: Pixels, dress: Dress, key: bytes, number: int, *, mend: bool = False) -> Planes:
    """The photo under a mark that was not scaled, as H×W×3 or H×W, not rounded."""
    found = colour.planes(mark)
    count, height, width = found.shape
    return revealed(found - drawn(dress, width, height, count), dress, key, number, mend=mend)


def drawn(dress: Dress, width: int, height: int, count: int) -> Planes:
    """What is added to the planes of the disguised photo."""
    look, shade = dress.look, dress.look.shades[dress.tone]
    letters = lettering.drawn(dress.drawing, look.lettering, width, height)
    ground = _ground(dress.ground, width, height, count)
    ground[0] = (
        ground[0] * np.float32(shade.share) + np.float32(shade.level) + np.float32(shade.letters) * letters
    )
    ground[1:] *= np.float32(look.tint) * (1 - np.float32(look.neutral) * letters)
    ground[0] += carrier.enlarged(written(dress), width, height)
    return ground


def _ground(told: bytes, width: int, height: int, count: int) -> Planes:
    """The colours at the corners of a mark, and between them smoothly."""
    corners = np.moveaxis(looks.corners(told), -1, 0)[:count]
    across = np.linspace(0, 1, width, dtype=np.float32)
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    left, right = corners[:, :, :1, None], corners[:, :, 1:, None]
    rows = (left * (1 - across) + right * across)[:, :, 0]
    return np.asarray(rows[:, :1] * (1 - down) + rows[:, 1:] * down, np.float32)


def written(dress: Dress) -> Plane:
    """Bits and finding pattern at their strengths, as 128×384 samples."""
    fine, coarse = (np.float32(STRENGTH_UNIT * strength) for strength in dress.strengths)
    return fine * carrier.grain(dress.bits) + coarse * carrier.pattern()


def _offsets(means: tuple[int, int, int]) -> Planes:
    return np.array([means[0], means[1] - 128, means[2] - 128], np.float32)[:, None, None]


def _per_plane(gains: tuple[float, float], count: int) -> Planes:
    return np.array([gains[0], gains[1], gains[1]], np.float32)[:count, None, None]


def _gain(look: Look, gains: tuple[float, float], knee: int, plane: int) -> Gain:
    if plane == 0:
        return Gain(gains[0], look.slope, knee)
    # Most JPEG files keep every other pixel's colour.
    return Gain(gains[1], look.colour_slope, knee + look.colour_knee)


def _stream(number: int, plane: int) -> int:
    return 4 * number + plane
