"""What the method asks of a model it optimises against: a vision-language model that can be looked into.

MMGuard (arXiv 2605.14291) needs of its surrogates the loss of answers, differentiable in pixels and in the words
of the trigger, the attention of the decoder, and a few steps of adaptation that can be undone. Anything that offers
these four serves: the lab's small reader, or a transformers model on the user's disk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

Trigger = Sequence[int]
"""Token numbers of one surrogate's vocabulary; may be empty."""


@dataclass(frozen=True)
class Sample:
    """One thing an attacker would learn.

    Attributes:
        pixels: 3×H×W in 0…1, the photo at the size it is optimised at.
        text: the question or prompt. The trigger goes behind it, and never replaces a word of it.
        answer: what the attacker teaches the model to say.
    """

    pixels: Tensor
    text: str
    answer: str


@dataclass(frozen=True)
class Spans:
    """Where the parts of one sample stand in the sequence a surrogate reads: positions, in ascending order.

    ``answer`` is where the words of the answer themselves stand, ``text`` the prompt without the trigger.
    """

    image: tuple[int, ...]
    text: tuple[int, ...]
    trigger: tuple[int, ...]
    answer: tuple[int, ...]


@dataclass(frozen=True)
class Run:
    """What a surrogate makes of N samples.

    Attributes:
        losses: N, mean next-word cross-entropy of the answers only, with its graph.
        attention: layers×N×queries×keys, averaged over heads, every row of a real query sums to 1; shorter
            sequences are padded at the end. Empty (numel 0) where it was not asked for.
        spans: of each sample.
        patches: N×image tokens×4: left, top, right, bottom of what each image token covers, in the pixels of its
            sample, in the order of ``spans[i].image``. Tokens that stand for the whole photo (a class token, a
            mean) cover all of it. Shorter rows are padded with zeros.
    """

    losses: Tensor
    attention: Tensor
    spans: tuple[Spans, ...]
    patches: Tensor


class Surrogate(Protocol):
    """A vision-language model to optimise against."""

    @property
    def name(self) -> str:
        """For reports."""
        ...

    @property
    def layers(self) -> int:
        """How many layers of attention a run returns, first the one next to the input."""
        ...

    def run(self, samples: Sequence[Sample], triggers: Sequence[Trigger], *, attention: bool) -> Run:
        """Read the samples, each with its trigger behind its text; differentiable in every ``sample.pixels``.

        Resizing and normalising are part of it, with gradients; layout and tiling are decided from the size alone.
        """
        ...

    def trigger_gradient(self, sample: Sample, trigger: Trigger, loss_of: Callable[[Run], Tensor]) -> Tensor:
        """How much a first-order guess says ``loss_of`` (a scalar of a run of this one sample, attention included)
        changes if word v stood at place j of the trigger: len(trigger)×vocabulary, (e_v − e_γj)ᵀ ∇ℓ."""
        ...

    def words(self) -> Tensor:
        """Numbers of the tokens that may stand in a trigger: no special, control or non-linguistic ones."""
        ...

    def encode(self, text: str) -> list[int]:
        """A trigger's text as the tokens that would stand behind a prompt."""
        ...

    def decode(self, trigger: Trigger) -> str:
        """A trigger as plain text, as a person would paste it. Encoding it again need not give the same tokens."""
        ...

    def adapt(
        self, samples: Sequence[Sample], triggers: Sequence[Trigger], steps: int
    ) -> AbstractContextManager[None]:
        """Inside, the model is ``steps`` low-rank steps further on learning these samples; afterwards as before.

        No step leaves it as it is. The samples' pixels get no gradient from it.
        """
        ...
