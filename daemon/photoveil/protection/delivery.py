"""The last mile: from a change on a canvas to delivered bytes that keep their strength's floors."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from photoveil.photos import Encoded, MetadataPolicy, Photo, decode, encode
from photoveil.protection.budget import WINDOW, psnr, ssim, ssim_along
from photoveil.protection.canvas import apply_full_size
from photoveil.protection.catalogue import Strength
from photoveil.protection.excerpt import Excerpt
from photoveil.protection.lanes import Lanes
from photoveil.protection.wearing import Worn

_ATTEMPTS = 8
_FIRST_LINE, _LINES = 3, 7
"""Of an excerpt's rows that SSIM can be measured around, every seventh will do."""
_SURE = 0.8
"""A correction that leaves more than this share of an amount needs no second look at the excerpt."""
_LEAST_LOOK = 0.3
"""Below this share of the look, the rest has to give way as well."""


@dataclass(frozen=True)
class Delivery:
    """The ``encoded`` file, its ``pixels`` decoded again, and how like the original these are."""

    encoded: Encoded
    pixels: NDArray[np.uint8]
    psnr_db: float
    ssim: float

    def keeps(self, budget: Strength) -> bool:
        """Whether it keeps the strength's floors."""
        return self.psnr_db >= budget.psnr_floor and self.ssim >= budget.ssim_floor


@dataclass(frozen=True)
class _Amount:
    """How much of the change is put on, and how much of the look beside it."""

    scale: float = 1.0
    worn: float = 1.0

    @property
    def all_told(self) -> float:
        """In one number."""
        return self.scale * self.worn

    def less(self, done: Delivery, budget: Strength, look: Worn | None) -> _Amount:
        """What should keep the floors that this amount missed.

        Where SSIM falls short, the look gives way first: it lifts deep shadows, where SSIM is strict and eyes are not.
        """
        # Error energy grows with the square of the scale; 1 − SSIM does so in texture, but in proportion to it where
        # a tint lifts shadows. Aim a little below the floor.
        room = 10 ** ((done.psnr_db - budget.psnr_floor) / 20)
        similar = (1 - budget.ssim_floor) / max(1e-6, 1 - done.ssim)
        if look and room >= 1 and self.worn > _LEAST_LOOK:
            return replace(self, worn=self.worn * similar * 0.97)
        return replace(self, scale=self.scale * min(room, similar, 1.0) * 0.97)


def deliver(
    photo: Photo,
    look: Worn | None,
    change: Tensor,
    budget: Strength,
    metadata: MetadataPolicy,
    lanes: Lanes | None = None,
) -> Delivery:
    """Encode the changed photo, weaker if need be, until the delivered bytes keep the strength's floors.

    What a photo bears is found out on an excerpt of it first, so that hardly any is encoded twice; its floors are kept
    on the whole file all the same.

    Args:
        photo: the original.
        look: the persona's look as this photo wears it, if it wears any.
        change: the canvas's, 1×C×h×w in 8-bit levels.
        budget: the strength.
        metadata: what goes with the picture.
        lanes: see `apply_full_size`.
    """
    amount = _bearable(photo, look, change, budget, lanes)
    for _ in range(_ATTEMPTS - 1):
        done = _attempt(photo, look, change, amount, metadata, None, lanes)
        if done.keeps(budget):
            return done
        amount = amount.less(done, budget, look)
    return _attempt(photo, look, change, amount, metadata, None, lanes)


def _bearable(
    photo: Photo, look: Worn | None, change: Tensor, budget: Strength, lanes: Lanes | None
) -> _Amount:
    """How much of a change a photo will bear, as told by an excerpt."""
    amount, excerpt = _Amount(), Excerpt.of(photo)
    if excerpt is None:
        return amount
    some = excerpt.photo(photo)
    for _ in range(_ATTEMPTS):
        tried = _attempt(some, look, change, amount, MetadataPolicy.STRIP_ALL, excerpt, lanes)
        if tried.keeps(budget):
            return amount
        before, amount = amount, amount.less(tried, budget, look)
        if amount.all_told > _SURE * before.all_told:
            return amount
    return amount


def _attempt(
    photo: Photo,
    look: Worn | None,
    change: Tensor,
    amount: _Amount,
    metadata: MetadataPolicy,
    excerpt: Excerpt | None,
    lanes: Lanes | None,
) -> Delivery:
    """The photo with so much of the change, encoded, decoded again and measured; it may be an excerpt."""
    change = change * amount.scale
    if look:
        scaled = look.scaled(amount.scale * amount.worn)
        moved = scaled.put_on(photo.pixels, change, excerpt, lanes)
    else:
        moved = apply_full_size(photo.pixels, change, excerpt, lanes=lanes)
    encoded = encode(photo, moved, metadata=metadata)
    pixels = decode(encoded.data, name=encoded.name).pixels
    noise = psnr(photo.pixels, pixels, lanes)
    return Delivery(encoded, pixels, noise, _ssim(photo.pixels, pixels, excerpt, lanes))


def _ssim(
    before: NDArray[np.uint8], after: NDArray[np.uint8], excerpt: Excerpt | None, lanes: Lanes | None
) -> float:
    if excerpt is None:
        return ssim(before, after, lanes)
    return ssim_along(before, after, excerpt.windows(WINDOW)[_FIRST_LINE::_LINES], lanes)
