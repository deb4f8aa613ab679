"""The loss that noise and trigger share: λ_train ℓ_train + λ_bind ℓ_bind (§5.3 to 5.5 of the paper), λ_train = 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from photoveil.unlearnable.binding import attention_of, changed_tokens, hijack, shift
from photoveil.unlearnable.recipe import Binding, Recipe
from photoveil.unlearnable.surrogate import Run, Sample, Spans, Surrogate


@dataclass(frozen=True)
class Clean:
    """The decoder's attention on one clean sample, layers×queries×keys of the chosen layers."""

    attention: Tensor
    spans: Spans


@torch.no_grad()
def clean_attention(surrogate: Surrogate, samples: Sequence[Sample], recipe: Recipe) -> list[Clean]:
    """What CRS moves away from; nothing where another binding, or none, is asked for."""
    if recipe.binding is not Binding.CRS or recipe.lam_bind == 0:
        return []
    found = []
    for start in range(0, len(samples), recipe.batch):
        part = samples[start : start + recipe.batch]
        run = surrogate.run(part, [()] * len(part), attention=True)
        found += [
            Clean(attention_of(run, i, recipe.layers).clone(), spans) for i, spans in enumerate(run.spans)
        ]
    return found


def needs_attention(recipe: Recipe) -> bool:
    """Whether the loss looks at attention at all."""
    return recipe.binding is not Binding.NONE and recipe.lam_bind > 0


def losses(run: Run, deltas: Sequence[Tensor], clean: Sequence[Clean], recipe: Recipe) -> Tensor:
    """The joint loss of every sample of a run: N.

    Args:
        run: with attention, where `needs_attention` says so.
        deltas: the noise of each sample's photo, 3×H×W.
        clean: of each sample, as from `clean_attention`.
        recipe: what is wanted.
    """
    trained = -run.losses if recipe.maximise else run.losses
    if not needs_attention(recipe):
        return trained
    return trained + recipe.lam_bind * bindings(run, deltas, clean, recipe)


def bindings(run: Run, deltas: Sequence[Tensor], clean: Sequence[Clean], recipe: Recipe) -> Tensor:
    """ℓ_bind of every sample: N."""
    found = []
    for index, spans in enumerate(run.spans):
        attention = attention_of(run, index, recipe.layers)
        if recipe.binding is Binding.BPH:
            # Without noise in the picture there is nothing there to bind to.
            image = recipe.image
            changed = changed_tokens(deltas[index], run.patches[index], spans, recipe.tau) if image else ()
            found.append(hijack(attention, spans, changed))
        else:
            found.append(shift(attention, spans, clean[index].attention, clean[index].spans))
    return torch.stack(found)
