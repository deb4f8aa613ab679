"""Some rows of a photo, in bands spread evenly over it: a smaller one on which much of the whole can be told."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from photoveil.photos import Photo

_BAND = 32
"""Rows of a band: whole blocks of JPEG and its kin, and enough of them for a measure that looks at neighbours."""
_PIXELS, _LEAST_BANDS = 1_000_000, 8


@dataclass(frozen=True)
class Excerpt:
    """Bands of a photo's rows, one above the other.

    Attributes:
        height: of the photo they come from.
        rows: which rows of it they are, in order; bands of equal height, a multiple of 16 rows from the photo's top.
    """

    height: int
    rows: NDArray[np.int64]

    @classmethod
    def of(cls, photo: Photo) -> Excerpt | None:
        """About a megapixel of a big photo, half of a smaller one; None for one that is too low or narrow."""
        count = min(max(_LEAST_BANDS, round(_PIXELS / _BAND / photo.width)), photo.height // (2 * _BAND))
        if count < _LEAST_BANDS or photo.width < _BAND:
            return None
        middles = (np.arange(count) + 0.5) * photo.height / count
        tops = np.round((middles - _BAND / 2) / 16).astype(np.int64) * 16
        return cls(photo.height, (tops[:, None] + np.arange(_BAND)).ravel())

    def photo(self, photo: Photo) -> Photo:
        """These rows of a photo as a photo of its own, encoded as the whole one is."""
        source = photo.source
        part = replace(
            source,
            alpha=None if source.alpha is None else source.alpha[self.rows],
            inks=None if source.inks is None else source.inks[self.rows],
            deep=None if source.deep is None else source.deep[self.rows],
            size=round(source.size * len(self.rows) / self.height),
        )
        return replace(photo, pixels=photo.pixels[self.rows], source=part)

    def windows(self, width: int) -> NDArray[np.int64]:
        """Rows of the excerpt around which ``width`` rows that are neighbours in the photo lie."""
        reach = width // 2
        there = np.arange(reach, len(self.rows) - reach)
        whole = self.rows[there + reach] - self.rows[there - reach] == 2 * reach
        return np.asarray(there[whole])
