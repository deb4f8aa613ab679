"""The types that sealing and unsealing speak in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from photoveil.photos.model import Pixels

SECRET_BYTES = 16
MOST_KEYS = 6
"""How many keys can open one photo."""


class Position(StrEnum):
    """Where the mark stands; ``auto`` is where a guess would be worst."""

    AUTO = "auto"
    CENTRE = "centre"
    TOP = "top"
    BOTTOM = "bottom"
    LEFT = "left"
    RIGHT = "right"
    TOP_LEFT = "top-left"
    TOP_RIGHT = "top-right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM_RIGHT = "bottom-right"


class Size(StrEnum):
    """How large the mark is, in parts of the photo's side."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class Tone(StrEnum):
    """A dark mark with light letters, or the other way round."""

    DARK = "dark"
    LIGHT = "light"


@dataclass(frozen=True)
class Mark:
    """What is seen of a seal.

    Args:
        text: one line, drawn on the mark.
        logo: a picture file; only its silhouette is drawn, as coarse as the seal has room for.
        position: where; without a meaning when tiled.
        tiling: several marks, staggered over the whole photo.
        size, tone: how it looks.
    """

    text: str = ""
    logo: bytes | None = field(default=None, repr=False)
    position: Position = Position.AUTO
    tiling: bool = False
    size: Size = Size.MEDIUM
    tone: Tone = Tone.DARK


@dataclass(frozen=True)
class SealKey:
    """Opens the photos that were sealed for it.

    Args:
        name: what its holder calls it; not part of the secret.
        secret: 16 random bytes.
        created: ISO date and time.
        revoked: whether no new photo is sealed for it.
        shared: whether it came from someone else, who may know it under another name.
    """

    name: str
    secret: bytes = field(repr=False)
    created: str = ""
    revoked: bool = False
    shared: bool = False

    @property
    def id(self) -> str:
        """Tells keys apart without telling what they are."""
        return hashlib.sha256(b"photoveil seal key id" + self.secret).hexdigest()[:8]


@dataclass(frozen=True)
class Box:
    """A rectangle of whole pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def rows(self) -> slice:
        """Its rows."""
        return slice(self.y, self.y + self.height)

    @property
    def columns(self) -> slice:
        """Its columns."""
        return slice(self.x, self.x + self.width)


@dataclass(frozen=True, eq=False)
class Sealed:
    """A photo with its mark.

    Args:
        pixels: as given, but for the boxes.
        boxes: where the marks are.
        fill_db: how near a smooth filling of the boxes from around them comes to the photo (PSNR): above 22 the
            place is so plain that anyone can guess what is under the mark.
        residual: for ``residual.put`` into a PNG file, which is then restored bit by bit; empty if not asked for.
    """

    pixels: Pixels
    boxes: tuple[Box, ...]
    fill_db: float
    residual: bytes = field(default=b"", repr=False)


class State(StrEnum):
    """What happened to a photo between sealing and unsealing."""

    EXACT = "exact"
    LOSSLESS = "lossless"
    RECOMPRESSED = "recompressed"
    RESIZED = "resized"
    CROPPED = "cropped"


@dataclass(frozen=True, eq=False)
class Unsealed:
    """A photo without its mark.

    Args:
        pixels: as large as the photo was given.
        key: the name of the key that opened it.
        boxes: where the marks were, in ``pixels``.
        region: H×W, true where pixels were restored.
        state: what the photo went through.
        quality_db: what to expect of the restored parts (PSNR against the unmarked photo): measured in the lab
            for this state, not on this photo; infinite where it is exact.
        tampered: parts of the photo that are not what was sealed.
        size: of the photo when it was sealed.
    """

    pixels: Pixels
    key: str
    boxes: tuple[Box, ...]
    region: npt.NDArray[np.bool_]
    state: State
    quality_db: float
    tampered: tuple[Box, ...]
    size: tuple[int, int]

    @property
    def exact(self) -> bool:
        """Whether these are the very pixels that were sealed."""
        return self.state is State.EXACT
