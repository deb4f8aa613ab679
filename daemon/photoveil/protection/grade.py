"""A persona's own look: a slight change of colours and light, the same in all its photos.

Noise made against one encoder means nothing to another; a functional change of colours does (ReColorAdv, Laidlaw &
Feizi, arXiv 1906.00001). A grade is a small table of colour changes and a slow field of light, fitted once per persona
so that its photos move away from where its clean photos lie. Having few parameters and many photos to serve, it finds
changes that every encoder sees; being one look per persona, it is what a model learns to know that persona by, and
what a clean photo lacks.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from torch import Tensor
from torch.optim.adam import adam

from photoveil.protection.budget import LUMA
from photoveil.protection.canvas import resampling, stretch
from photoveil.protection.channel import View
from photoveil.protection.lanes import Lanes
from photoveil.protection.lookup import Lookup

_NODES, _FIELD = 5, 6
_BAND = 128
_SMOOTH = 2.0
_RATE, _GOING_ON = 0.4, 0.6
"""Adam's rate in parts of the change allowed, falling to nothing; less where a look is only refined."""
_ADAM: Any = {
    "beta1": 0.9,
    "beta2": 0.999,
    "eps": 1e-8,
    "weight_decay": 0.0,
    "amsgrad": False,
    "maximize": False,
}
_AXES = ((1.0, 1.0, 1.0), (1.0, 0.0, -1.0), (-0.5, 1.0, -0.5))
_REACH = (1.0, 1.0, 0.8)
"""Brightness and the amber–blue axis of daylight pass for light; green and magenta look like a fault, on skin first."""

Loss = Callable[[Tensor, int], Tensor]
"""B×3×S×S views in 0…1, and of how many in all these are some → the sum of their losses ÷ that number."""


@dataclass(frozen=True)
class Grade:
    """Changes in 0…1 units of the photo's range.

    Attributes:
        table: 3×n×n×n, the change of red, green and blue at evenly spaced blue, green and red (in that order).
        field: 3×m×m, added on top, stretched over the whole photo.
    """

    table: Tensor
    field: Tensor

    def scaled(self, factor: float) -> Grade:
        """The same look, ``factor`` times as strong."""
        return Grade(self.table * factor, self.field * factor)

    def on_view(self, shown: Tensor, view: View) -> Tensor:
        """Graded views, B×3×S×S in 0…1, differentiable in the grade; ``view``: the part of the photo they show."""
        return _Sight(shown, view, self).in_grade(self)

    def on_picture(self, pixels: NDArray[np.uint8], lanes: Lanes | None = None) -> NDArray[np.uint8]:
        """Pixels (H×W×3, or H×W, which stay grey) with the colours changed; the field is not applied.

        Each lane takes a share of the rows.
        """
        if pixels.ndim == 2:
            return np.asarray(Image.fromarray(pixels).point(self._grey_curve()))
        lookup, out = self._lookup(), np.empty_like(pixels)

        def change(rows: slice) -> None:
            out[rows] = np.asarray(Image.fromarray(pixels[rows]).filter(lookup))

        bands = [slice(top, top + _BAND) for top in range(0, len(pixels), _BAND)]
        (lanes or Lanes()).share(change, bands)
        return out

    def light(self, height: int, width: int, channels: int) -> Tensor:
        """The field in 8-bit levels on a canvas: 1×channels×height×width."""
        field = self.field if channels == 3 else _grey(self.field)
        rows, columns = resampling(field.shape[-2], height), resampling(field.shape[-1], width)
        return 255 * stretch(field[None], rows, columns)

    def _lookup(self) -> ImageFilter.Color3DLUT:
        steps = torch.linspace(0, 1, self.table.shape[-1])
        blue, green, red = torch.meshgrid(steps, steps, steps, indexing="ij")
        target = (torch.stack([red, green, blue]) + self.table).clamp(0, 1)
        flat = target.permute(1, 2, 3, 0).reshape(-1, 3)
        return ImageFilter.Color3DLUT(self.table.shape[-1], [tuple(row) for row in flat.tolist()])

    def _grey_curve(self) -> list[int]:
        levels = torch.linspace(0, 1, 256).view(1, 1, 1, 256).expand(1, 3, 1, 256)
        change = _grey(Lookup(levels, self.table.shape[-1]).changes(self.table)[0])
        curve = (levels[0, :1] + change).clamp(0, 1)
        return [round(255 * float(x)) for x in curve.flatten()]


class _Sight:
    """A view (B×3×S×S in 0…1, and what it shows of its photo) made ready to be seen in one grade after another.

    The grades are all shaped ``like`` one.
    """

    def __init__(self, shown: Tensor, view: View, like: Grade) -> None:
        self._shown = shown
        self._colours = Lookup(shown, like.table.shape[-1])
        tall, wide = like.field.shape[-2:]
        rows, columns = view.matrices(wide, tall, shown.shape[-1])
        self._rows, self._columns = rows.to(shown.device), columns.to(shown.device)

    def in_grade(self, grade: Grade) -> Tensor:
        """The same view of the graded photo."""
        light = stretch(grade.field[None], self._rows, self._columns)
        return (self._shown + self._colours.changes(grade.table) + light).clamp(0, 1)

    def error(self, grade: Grade) -> Tensor:
        """Mean square of what the grade changes."""
        return (self.in_grade(grade) - self._shown).square().mean()


def plain() -> Grade:
    """The grade that changes nothing."""
    return Grade(torch.zeros(3, _NODES, _NODES, _NODES), torch.zeros(3, _FIELD, _FIELD))


def fit(
    views: Sequence[tuple[Tensor, View]],
    loss: Loss,
    *,
    psnr_db: float,
    start: Grade | None = None,
    steps: int = 30,
    batch: int = 6,
    seed: int = 0,
    sparing: bool = False,
) -> Grade:
    """Find the grade that makes ``loss`` small on these views (1×3×S×S in 0…1, and what they show of their photos).

    Adam on the table and the field; after every step the change is pulled back to the PSNR allowed.

    Args:
        psnr_db: over the views together; a grade fitted at one PSNR and scaled to another does far worse.
        start: a grade to go on from, so that a persona keeps its look as it is refined.
        seed: of the first grade and of the order of views.
        sparing: one view in memory at a time.
    """
    draws = random.Random(seed)  # noqa: S311  reproducible, not secret
    mix = _mix(views[0][0].device)
    parts = _parts_of(start, mix) if start else _first_parts(seed, mix.device)
    for part in parts:
        part.requires_grad_(True)
    rate = _RATE * 10 ** (-psnr_db / 20) * (_GOING_ON if start else 1.0)
    descend = _descent(parts)
    sights = [_Sight(*view, like=start or plain()) for view in views]
    for step in range(steps):
        chosen = draws.sample(sights, min(batch, len(sights)))
        for first in range(0, len(chosen), 1 if sparing else len(chosen)):
            some = chosen[first : first + 1] if sparing else chosen
            grade = _grade_of(parts, mix)
            value = loss(torch.cat([sight.in_grade(grade) for sight in some]), len(chosen))
            torch.autograd.backward(value if first else value + _SMOOTH * _roughness(grade.table))
        descend(rate * (1 - step / steps))
        _pull_back(parts, mix, chosen, psnr_db)
    return Grade(*(part.detach().cpu() for part in _both(_grade_of(parts, mix))))


def strength_for(
    grade: Grade, pixels: NDArray[np.uint8], psnr_db: float, most: float = 3.0, ramp: float = 0.0
) -> float:
    """By how much to scale a grade so that a photo changes by ``psnr_db``; at most ``most``.

    With a ``ramp`` (`share_worn`), so that it does where the grade fades out of shadows.
    """
    wanted = 255.0**2 / 10 ** (psnr_db / 10)
    return min(most, math.sqrt(wanted / max(_mean_error(grade, pixels, ramp), 1e-9)))


def _mean_error(grade: Grade, pixels: NDArray[np.uint8], ramp: float = 0.0) -> float:
    """Mean square of what a grade changes of a photo, in 8-bit levels."""
    small = _thinned(pixels)
    change = _change(grade, small)
    if ramp:
        change = change * torch.from_numpy(share_worn(small, ramp))
    return float(change.square().mean())


def highest(grade: Grade, pixels: NDArray[np.uint8]) -> float:
    """The most that a grade changes the luma of a photo anywhere, in 8-bit levels."""
    change = _change(grade, _thinned(pixels))[0]
    return float((_grey(change) if len(change) == 3 else change).abs().max())


def share_worn(pixels: NDArray[np.uint8], ramp: float) -> NDArray[np.float32]:
    """H×W, how much each pixel shows of a look that fades: nothing of it at black, all from luma ``ramp`` on."""
    values = pixels.astype(np.float32)
    luma = values if pixels.ndim == 2 else values @ np.array(LUMA, np.float32)
    way = np.clip(luma / np.float32(ramp), 0, 1)
    return np.asarray(way * way * (3 - 2 * way), np.float32)


def _thinned(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A few thousand of a photo's pixels."""
    step = max(1, round(math.sqrt(pixels.shape[0] * pixels.shape[1] / 20_000)))
    return np.ascontiguousarray(pixels[::step, ::step])


def _change(grade: Grade, small: NDArray[np.uint8]) -> Tensor:
    """What the grade changes of a small photo, 1×C×H×W in 8-bit levels."""
    planes = small[None] if small.ndim == 2 else small.transpose(2, 0, 1)
    x = torch.from_numpy(planes.astype(np.float32))[None] / 255
    change = Lookup(x.expand(1, 3, -1, -1), grade.table.shape[-1]).changes(grade.table)
    change = change if len(planes) == 3 else _grey(change[0])[None]
    return 255 * change + grade.light(planes.shape[1], planes.shape[2], len(planes))


def _grey(planes: Tensor) -> Tensor:
    """3×… changes of red, green and blue as 1×… changes of grey."""
    weights = planes.new_tensor(LUMA).view(3, *[1] * (planes.ndim - 1))
    return (planes * weights).sum(0, keepdim=True)


def _mix(device: torch.device) -> Tensor:
    """From the axes that are optimised to red, green and blue, 3×3."""
    return torch.tensor([[reach * x for x in axis] for axis, reach in zip(_AXES, _REACH, strict=True)]).T.to(
        device
    )


def _first_parts(seed: int, device: torch.device) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    empty = plain()
    return [
        (torch.randn(part.shape, generator=generator) * spread).to(device)
        for part, spread in ((empty.table, 0.02), (empty.field, 0.01))
    ]


def _both(grade: Grade) -> tuple[Tensor, Tensor]:
    return grade.table, grade.field


def _grade_of(parts: Sequence[Tensor], mix: Tensor) -> Grade:
    table, field = (torch.tensordot(mix, part, dims=1) for part in parts)
    return Grade(table, field)


def _parts_of(grade: Grade, mix: Tensor) -> list[Tensor]:
    back = torch.linalg.inv(mix)
    return [torch.tensordot(back, part.to(mix.device), dims=1) for part in _both(grade)]


def _roughness(table: Tensor) -> Tensor:
    return torch.stack([torch.diff(table, dim=axis).square().mean() for axis in (1, 2, 3)]).sum()


def _descent(parts: Sequence[Tensor]) -> Callable[[float], None]:
    """Adam for ``parts``: a step at a rate, which uses up their gradients.

    As the class in torch.optim does it, which loads torch's compiler (see `lean`).
    """
    means, squares = ([torch.zeros_like(part) for part in parts] for _ in range(2))
    counts = [torch.tensor(0.0) for _ in parts]

    @torch.no_grad()
    def step(rate: float) -> None:
        gradients = [part.grad for part in parts if part.grad is not None]
        adam(list(parts), gradients, means, squares, [], counts, lr=rate, **_ADAM)
        for part in parts:
            part.grad = None

    return step


@torch.no_grad()
def _pull_back(parts: Sequence[Tensor], mix: Tensor, sights: Sequence[_Sight], psnr_db: float) -> None:
    grade = _grade_of(parts, mix)
    error = torch.stack([sight.error(grade) for sight in sights]).mean()
    limit = 10 ** (-psnr_db / 10)
    if float(error) > limit:
        for part in parts:
            part.mul_(math.sqrt(limit / float(error)))
