"""Do answers about a copy say the same as answers about the original?"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Ask = Callable[[Pixels, Sequence[str]], Awaitable[list[str]]]
"""A photo and questions in, one answer each out."""

PROMPTS = (
    "Describe what can be seen in this photo, apart from people's looks.",
    "What is the most important object, and what colour is it?",
    "Where was this photo taken?",
)
"""What is asked where the user names no question."""

KEPT_FROM = 0.7
"""Answers count as kept from this agreement on: the same words but for a few."""

_QUALITY = 90
_EMPTY = frozenset(
    re.findall(
        r"\w+",
        "a an the of in on at to and or is are was were this that it its there with for by as from photo image "
        "picture shows shown seen visible appears i can see",
    )
)


class Usefulness(Protocol):
    """Whatever can tell how useful a copy still is."""

    async def agreement(self, copy: Pixels) -> tuple[float, float]:
        """Mean agreement with the original, and the share of answers kept, both 0…1."""
        ...


class Answers:
    """Agreement of a model's answers."""

    def __init__(self, ask: Ask, prompts: Sequence[str], expected: Sequence[str]) -> None:
        self._ask, self.prompts, self.expected = ask, tuple(prompts), tuple(expected)

    @classmethod
    async def about(cls, ask: Ask, prompts: Sequence[str], original: Pixels) -> Answers:
        """Ask about the original first: what copies are then compared with."""
        return cls(ask, prompts, await ask(original, prompts))

    async def agreement(self, copy: Pixels) -> tuple[float, float]:
        """Ask about a copy."""
        told = await self._ask(copy, self.prompts)
        scores = [alike(a, b) for a, b in zip(self.expected, told, strict=True)]
        kept = sum(score >= KEPT_FROM for score in scores)
        return sum(scores) / len(scores), kept / len(scores)


def alike(a: str, b: str) -> float:
    """How far two answers agree, 0…1: the F1 of their words, without those that say nothing."""
    first, second = _words(a), _words(b)
    if not first or not second:
        return 1.0 if first == second else 0.0
    common = sum((first & second).values())
    return 2 * common / (sum(first.values()) + sum(second.values()))


def _words(text: str) -> Counter[str]:
    words = re.findall(r"\w+", text.casefold())
    telling = [word for word in words if word not in _EMPTY]
    return Counter(telling or words)


def as_jpeg(pixels: Pixels) -> bytes:
    """A picture as it is sent to be asked about."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()
