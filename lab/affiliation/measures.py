"""What can be measured on a single delivered photo, without training anybody: candidates for the report's headline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from lab.affiliation.towers import Seen
from photoveil.protection.encoders import Features
from photoveil.protection.methods import antithetical
from photoveil.protection.roster import ENOUGH_PHOTOS

MEASURES: dict[str, str] = {
    "cosine": "cosine between the clean and the delivered photo, pooled embedding",
    "moved": "movement towards the anchor, pooled embedding",
    "moved_tokens": "movement towards the anchor, mean over the tokens",
    "rank": "share of strangers' clean photos nearer to the delivered photo than the person's own clean mean is",
    "margin": "cosine to the person's own clean mean, minus the 95th percentile of the cosines to strangers' photos",
}
"""The own clean mean is that of the person's other photos; the anchor is minus the mean of the first photos, as in
the product. Embeddings of both sides are of unit length."""

_NEAR_STRANGERS = 0.95


@dataclass(frozen=True)
class Sight:
    """One tower's features of one person's photos, in the same order: as taken, and as delivered."""

    clean: Seen
    delivered: Seen


def measure(sight: Sight, bank: Tensor) -> dict[str, list[float]]:
    """Every measure of every photo of a person.

    Args:
        sight: at least two photos.
        bank: S×D pooled embeddings of strangers' clean photos, unit length.
    """
    clean, delivered = sight.clean.pooled.float(), sight.delivered.pooled.float()
    own = F.cosine_similarity(delivered, _means_of_others(clean), dim=-1)
    strange = delivered @ bank.float().T
    moved, moved_tokens = _moved(sight)
    values = {
        "cosine": F.cosine_similarity(clean, delivered, dim=-1),
        "moved": moved,
        "moved_tokens": moved_tokens,
        "rank": (strange > own[:, None]).float().mean(1),
        "margin": own - strange.quantile(_NEAR_STRANGERS, dim=1),
    }
    return {name: value.tolist() for name, value in values.items()}


def _means_of_others(clean: Tensor) -> Tensor:
    """For each photo, the unit mean of the other ones."""
    return F.normalize(clean.sum(0, keepdim=True) - clean, dim=-1)


def _moved(sight: Sight) -> tuple[Tensor, Tensor]:
    before, after = (
        Features(seen.pooled.float(), F.normalize(seen.tokens.float(), dim=-1))
        for seen in (sight.clean, sight.delivered)
    )
    anchor = Features(
        F.normalize(-before.pooled[:ENOUGH_PHOTOS].mean(0), dim=-1),
        F.normalize(-before.tokens[:ENOUGH_PHOTOS].mean((0, 1)), dim=-1),
    )
    return antithetical.shift(before, after, anchor)


def ranks(values: Sequence[float]) -> Tensor:
    """Places from the lowest on; equal values share the mean of theirs."""
    x = torch.tensor(values, dtype=torch.float64)
    below = (x[None] < x[:, None]).sum(1)
    equal = (x[None] == x[:, None]).sum(1)
    return below + (equal - 1) / 2


def spearman(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Spearman's rank correlation, −1…1; None where one side never changes."""
    x, y = (ranks(values) - (len(values) - 1) / 2 for values in (a, b))
    size = float((x.norm() * y.norm()).item())
    return float((x @ y).item()) / size if size > 0 else None
