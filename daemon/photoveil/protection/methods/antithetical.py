"""Antithetical shift: move every photo of a persona away from where that persona's clean photos lie.

After DP2-VL (arXiv 2603.23925), whose abstract describes a data-set-level shift of the representations towards an
antithetical region. The paper's loss is not public; this one is ours, from our own trials: the anchor is minus the
persona's mean feature, in the pooled embedding and in the tokens a VLM reads.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from photoveil.protection.encoders import Features


def loss(features: Features, anchor: Features) -> Tensor:
    """How far a batch is from the anchor, in −2…2 (−2: every token and embedding at the anchor).

    Args:
        features: pooled B×D and tokens B×N×C of the protected photo's views.
        anchor: pooled D and tokens C, unit length.
    """
    pooled = F.cosine_similarity(features.pooled, anchor.pooled, dim=-1).mean()
    tokens = F.cosine_similarity(features.tokens, anchor.tokens, dim=-1).mean()
    return -(pooled + tokens)


def shift(before: Features, after: Features, anchor: Features) -> tuple[Tensor, Tensor]:
    """Movement towards the anchor of the pooled embedding and of the tokens, each B values in −2…2."""
    pooled = (after.pooled - before.pooled) @ anchor.pooled
    tokens = ((after.tokens - before.tokens) @ anchor.tokens).mean(1)
    return pooled, tokens
