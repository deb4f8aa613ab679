"""Fitting a persona's look to its photos."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from functools import partial

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from photoveil.protection.channel import centre_view, draw_view
from photoveil.protection.grade import Grade, fit
from photoveil.protection.lanes import Lanes
from photoveil.protection.solver import Target

_FIRST_STEPS, _LATER_STEPS = 24, 6
_FEW, _FEW_STEPS = 2, 20
"""A look fitted to one or two photos will be refined with the next, and somebody is waiting for the first."""
_VIEWS, _BATCH = 2, 4


def fit_look(
    pictures: Sequence[Image.Image],
    targets: Sequence[Target],
    tone_db: float,
    start: Grade | None,
    device: torch.device,
    *,
    sparing: bool = False,
    lanes: Lanes | None = None,
) -> Grade:
    """The look ``start``, or a new one, made to serve these clean photos of a persona.

    Args:
        pictures: small copies will do.
        targets: the surrogates, with this persona's anchors.
        tone_db: PSNR in dB that the look may cost.
        start: the look so far. A new one begins at random, elsewhere for each first photo, and so for each persona:
            people who all shift alike could still be told apart.
        device: where the encoders are.
        sparing: one view in memory at a time.
        lanes: for the surrogates; by default they take turns.
    """
    draws = random.Random(zlib.crc32(pictures[0].tobytes()))  # noqa: S311  reproducible, not secret
    size = max(target.size for target in targets)
    views = []
    for picture in pictures:
        ways = [centre_view(*picture.size), *(draw_view(draws, *picture.size) for _ in range(_VIEWS - 1))]
        views += [(view.show(picture, size).to(device), view) for view in ways]
    return fit(
        views,
        lambda shown, count: _total(shown, count, targets, lanes or Lanes()),
        psnr_db=tone_db,
        start=start,
        steps=_LATER_STEPS if start else _FEW_STEPS if len(pictures) <= _FEW else _FIRST_STEPS,
        batch=_BATCH,
        seed=draws.randrange(2**31),
        sparing=sparing,
    )


def _total(views: Tensor, count: int, targets: Sequence[Target], lanes: Lanes) -> Tensor:
    """All surrogates' losses, summed over the views ÷ ``count``; its way back ends in what is found right here.

    A function of torch's own with a way back of its own would load its compiler (see `lean`).
    """
    found = lanes.run([partial(_slope, target, views.detach(), count) for target in targets])
    totals, slopes = (torch.stack(parts) for parts in zip(*found, strict=True))
    value: Tensor = totals.sum() + ((views - views.detach()) * slopes.sum(0)).sum()
    return value


def _slope(target: Target, views: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """One surrogate's part of the sum, and its gradient at the views."""
    views = views.requires_grad_()
    total = target.losses(_sized(views, target.size), [0] * len(views)).sum() / count
    return total.detach(), torch.autograd.grad(total, views)[0]


def _sized(views: Tensor, size: int) -> Tensor:
    if views.shape[-1] == size:
        return views
    return F.interpolate(views, (size, size), mode="bicubic", antialias=True).clamp(0, 1)
