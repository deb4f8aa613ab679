"""The attention part: answers are made to read the shortcut, in the picture and in the words (§5.3 of the paper).

Ā(S) is where the queries at the positions S look, averaged over heads and queries: a distribution over keys.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from photoveil.unlearnable.noise import strength_on
from photoveil.unlearnable.surrogate import Run, Spans

_LEAST = 1e-8  # of attention: a logarithm wants more than nothing


def looked_at(attention: Tensor, queries: Sequence[int]) -> Tensor:
    """Ā of one sample: layers×keys, of ``attention`` layers×queries×keys."""
    return attention[:, list(queries)].mean(1)


def mass(attention: Tensor, queries: Sequence[int], wanted: Sequence[int]) -> Tensor:
    """ℓ_mass: mean over layers of KL(uniform on ``wanted`` ‖ Ā(``queries``)).

    0 where either set is empty: what is not there cannot be bound.
    """
    if not queries or not wanted:
        return attention.new_zeros(())
    there = looked_at(attention, queries)[:, list(wanted)].clamp_min(_LEAST)
    return -(there * len(wanted)).log().mean()


def changed_tokens(delta: Tensor, patches: Tensor, spans: Spans, tau: float) -> tuple[int, ...]:
    """Ω_δ: positions of the ``tau`` share of image tokens whose pixels (``patches``) were changed most."""
    count = len(spans.image)
    strongest = strength_on(delta, patches[:count]).topk(max(1, round(tau * count))).indices
    return tuple(spans.image[place] for place in sorted(strongest.tolist()))


def hijack(attention: Tensor, spans: Spans, changed: Sequence[int]) -> Tensor:
    """BPH of one sample: trigger to changed image tokens, answer to trigger, answer to changed image tokens."""
    pairs = ((spans.trigger, changed), (spans.answer, spans.trigger), (spans.answer, changed))
    return torch.stack([mass(attention, queries, wanted) for queries, wanted in pairs]).sum()


def shift(attention: Tensor, spans: Spans, clean: Tensor, clean_spans: Spans) -> Tensor:
    """CRS of one sample: the less, the farther the answer's attention is from that on the clean sample.

    Both are compared where both have keys: image, text and answer. A trigger has no counterpart on the clean side;
    what it draws is missing from the others, and so counts.
    """
    keys, before = ([*one.image, *one.text, *one.answer] for one in (spans, clean_spans))
    was = looked_at(clean, clean_spans.answer)[:, before].detach()
    was = was / was.sum(-1, keepdim=True).clamp_min(_LEAST)
    now = looked_at(attention, spans.answer)[:, keys]
    return -(was * (was.clamp_min(_LEAST).log() - now.clamp_min(_LEAST).log())).sum(-1).mean()


def attention_of(run: Run, index: int, layers: Sequence[int]) -> Tensor:
    """One sample's attention in the chosen layers that there are: layers×queries×keys."""
    chosen = [layer for layer in layers if layer < len(run.attention)]
    return run.attention[chosen or [0], index]
