"""The text part: a few words behind the prompt, found by first-order guesses and true losses (§5.2 of the paper).

HotFlip (arXiv 1712.06751) guesses what each word at each place would do; the best guesses are then written down,
read back as a person's paste would be, and tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

import torch
from torch import Tensor

from photoveil.unlearnable.surrogate import Surrogate

Losses = Callable[[Sequence[str]], Tensor]
"""True losses of candidate triggers, as text, for one photo: one figure each."""

_TELLING = 4
"""A word of so many letters also counts where it is written into others, or in pieces."""


def tells(text: str, answers: Collection[str]) -> bool:
    """Whether a trigger says any word of an answer, in whatever case, also hidden in longer words or in pieces."""
    said = words_of(text)
    together = "".join(said)
    return any(
        word in said or (len(word) >= _TELLING and word in together)
        for answer in answers
        for word in words_of(answer)
    )


def words_of(text: str) -> list[str]:
    """A text's words without case and signs, in any script."""
    return re.findall(r"[^\W_]+", text.casefold())


def first(surrogate: Surrogate, length: int, forbidden: Sequence[str], seed: int) -> str:
    """Words to begin with, drawn from those allowed; none of them tells ``forbidden`` answers."""
    generator = torch.Generator().manual_seed(seed)
    allowed = surrogate.words()
    order = allowed[torch.randperm(len(allowed), generator=generator)].tolist()
    chosen: list[int] = []
    for word in order:
        if len(chosen) == length:
            break
        text = surrogate.decode([*chosen, word])
        if fits(surrogate, text, length) and not tells(text, forbidden):
            chosen.append(word)
    return surrogate.decode(chosen)


def fits(surrogate: Surrogate, text: str, length: int) -> bool:
    """Whether a trigger, written down and read again, has words and no more of them than allowed."""
    return 0 < len(surrogate.encode(text)) <= length


def shortlisted(scores: Tensor, trigger: Sequence[int], allowed: Tensor, count: int) -> list[list[int]]:
    """For each place of a trigger, the ``count`` allowed words that promise the lowest loss, best first.

    Args:
        scores: places×vocabulary, first-order change of the loss.
        trigger: what stands there now, and is no candidate.
        allowed: numbers of words.
        count: at most so many per place.
    """
    found = []
    for place, word in enumerate(trigger):
        others = allowed[allowed != word]
        best = scores[place, others].topk(min(count, len(others)), largest=False).indices
        found.append(others[best].tolist())
    return found


def improved(
    surrogate: Surrogate,
    text: str,
    scores: Tensor,
    losses: Losses,
    *,
    length: int,
    count: int,
    forbidden: Collection[str],
) -> str:
    """One pass of screening and verifying over all places; never worse than ``text`` by the true loss.

    Args:
        surrogate: whose words the scores are about.
        text: the trigger so far.
        scores: places×vocabulary for the tokens of ``text``.
        losses: of candidates.
        length: tokens allowed.
        count: candidates per place.
        forbidden: answers that a trigger must not tell; none where it may.
    """
    trigger = surrogate.encode(text)
    allowed = surrogate.words().to(scores.device)
    best: float | None = None
    for place, words in enumerate(shortlisted(scores, trigger, allowed, count)):
        if place >= len(trigger):  # an accepted candidate was read back as fewer tokens
            break
        candidates = [surrogate.decode([*trigger[:place], word, *trigger[place + 1 :]]) for word in words]
        candidates = [c for c in candidates if fits(surrogate, c, length) and not tells(c, forbidden)]
        if not candidates:
            continue
        # The first place also measures what is there; later ones know it.
        tried = [text, *candidates] if best is None else candidates
        found = losses(tried)
        lowest = int(found.argmin())
        if best is None or float(found[lowest]) < best:
            best, text = float(found[lowest]), tried[lowest]
            trigger = surrogate.encode(text)
    return text
