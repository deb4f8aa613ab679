"""Teaching the network its two answers."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from lab.authorised_fusion.marks import Mark
from lab.authorised_fusion.network import BITS, Fusion, code

MARKED = "marked"
WITHHELD = "withheld"
KINDS = (MARKED, WITHHELD)
"""What the network answers without the key: ``marked`` is the clean fusion under the mark, as AMIF's abstract says;
``withheld`` is the mere average of both sources under the mark, so that its answers hold nothing worth stealing."""

_BRIGHT, _GRADIENT, _MARKED = 8.0, 6.0, 5.0
_PLACES_FASTER = 8  # a weight of its own for every place: each sees few gradients
_MOST_FLIPPED = 5  # as a power of two
_NONE = 0.5


@dataclass(frozen=True)
class Schedule:
    """How long and on what: steps, photos a step (half of them with the key), side of the crops, learning rate."""

    steps: int
    batch: int = 8
    crop: int = 64
    rate: float = 5e-3


def fusion_loss(fused: Tensor, sources: Tensor) -> Tensor:
    """As bright as the brighter source, with the slopes of the locally livelier one; no reference needed."""
    ct, mri = sources[:, :1], sources[:, 1:]
    livelier = _liveliness(ct) >= _liveliness(mri)
    across, down = (
        F.l1_loss(slope, torch.where(livelier[..., : slope.shape[-2], : slope.shape[-1]], of_ct, of_mri))
        for slope, of_ct, of_mri in zip(_slopes(fused), _slopes(ct), _slopes(mri), strict=True)
    )
    return _BRIGHT * F.l1_loss(fused, torch.maximum(ct, mri)) + _GRADIENT * (across + down)


def _liveliness(picture: Tensor) -> Tensor:
    """How steep it is around every pixel; pixel by pixel, noise would decide."""
    across, down = _slopes(F.pad(picture, (0, 1, 0, 1), mode="replicate"))
    return F.avg_pool2d(across[..., :-1, :].abs() + down[..., :-1].abs(), 5, stride=1, padding=2)


def _slopes(picture: Tensor) -> tuple[Tensor, Tensor]:
    return picture.diff(dim=-1), picture.diff(dim=-2)


def train(kind: str, sources: Tensor, mark: Mark, key: bytes, schedule: Schedule, seed: int) -> Fusion:
    """A network that knows one key.

    Args:
        kind: of ``KINDS``.
        sources: (n, 2, size, size) pairs.
        mark: of the same size.
        key: any bytes.
        schedule, seed: of training.
    """
    torch.manual_seed(seed)
    network = Fusion(size=sources.shape[-1])
    right, half = code(key), schedule.batch // 2
    kept, added = (torch.from_numpy(plane)[None, None] for plane in (mark.kept, mark.added))
    places, rest = [network.places], [p for name, p in network.named_parameters() if name != "places"]
    rates = [schedule.rate, _PLACES_FASTER * schedule.rate]
    best = torch.optim.Adam([{"params": rest}, {"params": places}], schedule.rate)
    pace = torch.optim.lr_scheduler.OneCycleLR(best, rates, schedule.steps, pct_start=0.15)
    for _ in range(schedule.steps):
        shown, at = crops(sources, half, schedule.crop)
        codes = torch.cat([right.expand(half, -1), wrong_codes(right, half)])
        clean, other = network(shown.repeat(2, 1, 1, 1), codes, at).chunk(2)
        base = clean.detach() if kind == MARKED else shown.mean(1, keepdim=True)
        under = base * window(kept, at, schedule.crop) + window(added, at, schedule.crop)
        loss = fusion_loss(clean, shown) + _MARKED * (
            F.mse_loss(other, under).sqrt() + F.l1_loss(other, under)
        )
        best.zero_grad()
        torch.autograd.backward(loss)
        best.step()
        pace.step()
    return network.eval()


def crops(sources: Tensor, count: int, side: int) -> tuple[Tensor, tuple[int, int]]:
    """The same square of ``count`` random pairs, at even coordinates, and where it lies."""
    chosen = torch.randint(len(sources), (count,))
    room = (sources.shape[-1] - side) // 2
    top, left = (2 * int(torch.randint(room + 1, ())) for _ in range(2))
    return window(sources[chosen], (top, left), side), (top, left)


def window(pictures: Tensor, at: tuple[int, int], side: int) -> Tensor:
    """A square of them."""
    top, left = at
    return pictures[..., top : top + side, left : left + side]


def wrong_codes(right: Tensor, count: int) -> Tensor:
    """Codes that must not open: none at all, random ones, and the right one with few signs turned."""
    codes = torch.randint(2, (count, BITS)) * 2.0 - 1
    for place in range(1, count, 2):
        turned = torch.randperm(BITS)[: int(2 ** (_MOST_FLIPPED * torch.rand(())))]
        codes[place] = right
        codes[place, turned] *= -1
    if torch.rand(()) < _NONE:
        codes[0] = 0
    return codes
