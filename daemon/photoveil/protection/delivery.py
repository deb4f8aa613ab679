"""The last mile: from a change on a canvas to delivered bytes that keep their strength's floors."""

from __future__ import annotations

from collections.abc import Callable
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
from photoveil.protection.reduced import is_big
from photoveil.protection.wearing import Worn

_ATTEMPTS = 8
_FIRST_LINE, _LINES = 3, 7
"""Of an excerpt's rows that SSIM can be measured around, every seventh will do."""
_LEAST_LOOK = 0.3
"""Below this share of the look, the rest has to give way as well."""


@dataclass(frozen=True)
class Delivery:
    """The ``encoded`` file, its ``pixels`` decoded again, and how like the original these are."""

    encoded: Encoded
    pixels: NDArray[np.uint8]
    psnr_db: float
    ssim: float


@dataclass(frozen=True)
class _Amount:
    """How much of the change is put on, and how much of the look beside it."""

    scale: float = 1.0
    worn: float = 1.0

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

    What a big photo bears is found out on an excerpt of it first, so that hardly any is encoded twice; its floors are
    kept on the whole file all the same.

    Args:
        photo: the original.
        look: the persona's look as this photo wears it, if it wears any.
        change: the canvas's, 1×C×h×w in 8-bit levels.
        budget: the strength.
        metadata: what goes with the picture.
        lanes: see `apply_full_size`.
    """
    amount = _Amount()
    excerpt = Excerpt.of(photo) if is_big(photo.pixels) else None
    if excerpt:
        some = excerpt.photo(photo)
        _, amount = _settled(
            lambda amount: _attempt(some, look, change, amount, MetadataPolicy.STRIP_ALL, excerpt, lanes),
            amount,
            look,
            budget,
        )
    done, _ = _settled(
        lambda amount: _attempt(photo, look, change, amount, metadata, None, lanes), amount, look, budget
    )
    return done


def _settled(
    attempt: Callable[[_Amount], Delivery], amount: _Amount, look: Worn | None, budget: Strength
) -> tuple[Delivery, _Amount]:
    """The first attempt that keeps the floors, from ``amount`` on with less and less; or the last."""
    for _ in range(_ATTEMPTS - 1):
        done = attempt(amount)
        if done.psnr_db >= budget.psnr_floor and done.ssim >= budget.ssim_floor:
            return done, amount
        amount = amount.less(done, budget, look)
    return attempt(amount), amount


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
    return Delivery(encoded, pixels, psnr(photo.pixels, pixels), _ssim(photo.pixels, pixels, excerpt, lanes))


def _ssim(
    before: NDArray[np.uint8], after: NDArray[np.uint8], excerpt: Excerpt | None, lanes: Lanes | None
) -> float:
    if excerpt is None:
        return ssim(before, after, lanes)
    return ssim_along(before, after, excerpt.windows(WINDOW)[_FIRST_LINE::_LINES], lanes)
