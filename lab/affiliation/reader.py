"""Teaching a reader: first to talk about photos in general, then somebody's private ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lab.affiliation.language import Reader, answered, written
from lab.affiliation.questions import DESCRIBE, QuestionAnswer, visible_pairs
from lab.affiliation.towers import Seen
from lab.starters.data import PhotoSet
from lab.words import Tokenizer

Pairs = list[list[QuestionAnswer]]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast something is learnt."""

    steps: int
    batch: int
    rate: float
    decay: float = 0.01


def learn(
    parameters: Sequence[nn.Parameter],
    schedule: Schedule,
    loss: Callable[[int], Tensor],
    slower: Sequence[nn.Parameter] = (),
    share: float = 1.0,
) -> None:
    """AdamW, short warm-up, cosine; ``loss`` is given the step, ``slower`` learns at a ``share`` of the rate."""
    groups = [{"params": list(parameters), "share": 1.0}]
    if slower:
        groups.append({"params": list(slower), "share": share})
    optimizer = torch.optim.AdamW(groups, lr=schedule.rate, betas=(0.9, 0.98), weight_decay=schedule.decay)
    for step in range(schedule.steps):
        warm = min(1.0, (step + 1) / max(1, min(40, schedule.steps // 10)))
        cosine = 0.5 * (1 + math.cos(math.pi * step / schedule.steps))
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate * warm * (0.02 + 0.98 * cosine) * group["share"]
        value = loss(step)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(value)
        nn.utils.clip_grad_norm_([*parameters, *slower], 1.0)
        optimizer.step()


def answer_loss(reader: Reader, tokens: Tensor, texts: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of the words of the answers."""
    with torch.autocast(tokens.device.type, torch.bfloat16):
        scores = reader(tokens.float(), texts)
    return F.cross_entropy(scores.float().flatten(0, 2), targets.flatten(), ignore_index=-100)


def align(
    reader: Reader, seen: Seen, photos: PhotoSet, words: Tokenizer, schedule: Schedule, seed: int
) -> None:
    """Caption alignment (LLaVA's first stage), and questions about what is to be seen."""
    rng = np.random.default_rng([seed, 41])
    captions: Pairs = [[(DESCRIBE, caption)] for caption in photos.captions]
    visible: Pairs = [visible_pairs(attributes) for attributes in photos.attributes]

    def loss(step: int) -> Tensor:
        rows = rng.choice(len(photos), schedule.batch, replace=False)
        pairs = captions if step % 4 == 0 else visible
        texts, targets = written([pairs[i] for i in rows], words)
        return answer_loss(reader, seen.tokens[torch.from_numpy(rows)], texts, targets)

    learn(list(reader.parameters()), schedule, loss)


def fine_tune(
    reader: Reader,
    seen: Seen,
    pairs: Pairs,
    others: Seen,
    other_pairs: Pairs,
    words: Tokenizer,
    schedule: Schedule,
    seed: int,
    parameters: Sequence[nn.Parameter] | None = None,
) -> None:
    """Learn the private photos among as many clean photos of others."""
    rng = np.random.default_rng([seed, 43])

    def loss(_step: int) -> Tensor:
        mine = rng.choice(len(pairs), min(schedule.batch, len(pairs)), replace=False)
        theirs = rng.choice(len(other_pairs), max(1, schedule.batch // 2), replace=False)
        tokens = torch.cat([seen.tokens[torch.from_numpy(mine)], others.tokens[torch.from_numpy(theirs)]])
        chosen = [pairs[i] for i in mine] + [other_pairs[i] for i in theirs]
        return answer_loss(reader, tokens, *written(chosen, words))

    learn(list(parameters or reader.parameters()), schedule, loss)


@torch.no_grad()
def right_answers(
    reader: Reader, seen: Seen, pairs: Pairs, words: Tokenizer, batch: int = 48
) -> list[list[bool]]:
    """For every photo and question, whether the whole answer is right."""
    result: list[list[bool]] = []
    for start in range(0, len(pairs), batch):
        part = pairs[start : start + batch]
        texts, targets = written(part, words)
        with torch.autocast("cpu", torch.bfloat16):
            scores = reader(seen.tokens[start : start + len(part)].float(), texts)
        right = answered(scores.float(), targets)
        result += [row[: len(photo)].tolist() for row, photo in zip(right, part, strict=True)]
    return result
