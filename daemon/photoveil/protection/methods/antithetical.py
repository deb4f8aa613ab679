"""Antithetical shift: move every photo of a persona away from where that persona's clean photos lie.

After DP2-VL (arXiv 2603.23925), whose abstract describes a data-set-level shift of the representations towards an
antithetical region. The paper's loss is not public; this one is ours, from our own trials: the anchor is minus the
persona's mean feature, in the pooled embedding and in the tokens a VLM reads.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from photoveil.protection.encoders import Features


def losses(features: Features, anchors: Features) -> Tensor:
    """How far each photo's view is from its anchor: B values in −2…2 (−2: every token and embedding at the anchor).

    Args:
        features: pooled B×D and tokens B×N×C of the protected photos' views.
        anchors: pooled B×D and tokens B×C, unit length; one for all views (D and C) will do.
    """
    pooled = F.cosine_similarity(features.pooled, anchors.pooled, dim=-1)
    tokens = F.cosine_similarity(features.tokens, anchors.tokens.unsqueeze(-2), dim=-1).mean(1)
    return -(pooled + tokens)


def shift(before: Features, after: Features, anchor: Features) -> tuple[Tensor, Tensor]:
    """Movement towards the anchor of the pooled embedding and of the tokens, each B values in −2…2."""
    pooled = (after.pooled - before.pooled) @ anchor.pooled
    tokens = ((after.tokens - before.tokens) @ anchor.tokens).mean(1)
    return pooled, tokens
