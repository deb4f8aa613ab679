"""Attackers who run Photoveil themselves: to learn how to undo it, or to veil the photos they ask about as well.

Both know the strength that was used, and run the very same engine on photos of which they have the clean ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from lab.affiliation.towers import Seen

VEIL_MAP, VEIL_QUERY = "veil-map", "veil-query"
VEIL = (VEIL_MAP, VEIL_QUERY)
"""``veil-map`` learns a map from protected to clean features and applies it to posted photos; ``veil-query`` asks
about protected copies, as protected photos of a person may all lie together. Where nothing was protected they have
nothing to do: what counts beside them is the clean attacker without them."""

_PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
_HELD_SHARE = 0.25


@dataclass(frozen=True)
class Shift:
    """A linear shift: ``x`` (…×D) becomes ``x + (x − centre) @ matrix + offset``."""

    centre: Tensor
    matrix: Tensor
    offset: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """The shifted features, in the precision of ``x``."""
        wide = x.float()
        return (wide + (wide - self.centre) @ self.matrix + self.offset).to(x.dtype)


@dataclass(frozen=True)
class Undo:
    """Takes protected photos' features to where their clean ones are thought to lie."""

    tokens: Shift
    pooled: Shift

    def __call__(self, seen: Seen) -> Seen:
        """The features as they may have been."""
        return Seen(self.tokens(seen.tokens), F.normalize(self.pooled(seen.pooled), dim=-1))


def learn_undo(protected: Seen, clean: Seen) -> Undo:
    """Ridge regression from protected to clean features of the same photos, row by row.

    Photos of a person should follow each other: the last quarter chooses the penalty.
    """
    channels = protected.tokens.shape[-1]
    known = len(protected.tokens) - max(1, round(_HELD_SHARE * len(protected.tokens)))
    tokens = _fitted(
        protected.tokens.float().reshape(-1, channels),
        clean.tokens.float().reshape(-1, channels),
        known * protected.tokens.shape[1],
    )
    return Undo(tokens, _fitted(protected.pooled.float(), clean.pooled.float(), known))


def _fitted(x: Tensor, y: Tensor, known: int) -> Shift:
    """The shift whose penalty predicts the rows from ``known`` on best, learnt again from all rows."""

    def error(penalty: float) -> float:
        return float((_ridge(x[:known], y[:known], penalty)(x[known:]) - y[known:]).square().mean())

    return _ridge(x, y, min(_PENALTIES, key=error))


def _ridge(x: Tensor, y: Tensor, penalty: float) -> Shift:
    """``penalty`` is in units of the features' mean variance; the more of it, the nearer to a plain offset."""
    centre, offset = x.mean(0), (y - x).mean(0)
    centred, moved = (x - centre).double(), (y - x - offset).double()
    gram = centred.T @ centred
    eye = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    gram += penalty * gram.diagonal().mean().clamp_min(1e-12) * eye
    matrix = torch.linalg.solve(gram, centred.T @ moved)
    return Shift(centre, matrix.float(), offset)
