"""Teaching a reader: first to talk about photos in general, then somebody's private ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from lab.affiliation.language import Reader, answered, written
from lab.affiliation.questions import DESCRIBE, TELLING, QuestionAnswer, visible_pairs
from lab.affiliation.towers import Seen
from lab.starters.data import PhotoSet
from lab.words import Tokenizer

Pairs = list[list[QuestionAnswer]]

VIEWS = 4
"""Views of a posted photo that an attacker learns from: as it is, and crops. Without crops, a reader learns eight
photos by their backgrounds; with them it has to look at the person."""

_NARROWEST = 0.8  # side of the smallest crop; below, heads at the edge of a photo get lost
AT_ONCE, OF_OTHERS = 5, 4
"""So many questions per photo and step, in alignment and of others in fine-tuning: all would cost twice the time."""

_TELLING_WEIGHT = 2.0


@dataclass(frozen=True)
class Schedule:
    """How long and how fast something is learnt."""

    steps: int
    batch: int
    rate: float
    decay: float = 0.01


ALIGN, TUNE = Schedule(900, 32, 3e-3), Schedule(350, 24, 2e-3)
"""What makes a small reader good enough to count: two minutes of one core for alignment, one for an album."""

TUNE_LORA = Schedule(450, 24, 8e-3)
"""The same with low-rank additions of rank 8; they learn more slowly."""


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
    # In single precision: at these widths bfloat16 takes as long.
    scores = reader(tokens.float(), texts.to(tokens.device))
    return F.cross_entropy(scores.flatten(0, 2), targets.flatten().to(tokens.device), ignore_index=-100)


def views_of(picture: Image.Image, seed: int, count: int = VIEWS) -> list[Image.Image]:
    """The picture, then crops of its central square, mirrored half of the time; equal seeds give equal views."""
    rng = np.random.default_rng([seed, 53])
    return [picture, *(_cropped(picture, rng) for _ in range(count - 1))]


def _cropped(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    whole = min(picture.size)
    side = rng.uniform(_NARROWEST, 1.0) * whole
    left, top = (
        (length - whole) / 2 + rng.uniform(0, whole - side) for length in (picture.width, picture.height)
    )
    crop = picture.crop((round(left), round(top), round(left + side), round(top + side)))
    return crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else crop


def some(pairs: list[QuestionAnswer], count: int, rng: np.random.Generator) -> list[QuestionAnswer]:
    """At most ``count`` of the questions, those about telling signs twice as often as others."""
    if len(pairs) <= count:
        return pairs
    weights = np.array([_TELLING_WEIGHT if question in TELLING else 1.0 for question, _ in pairs])
    chosen = rng.choice(len(pairs), count, replace=False, p=weights / weights.sum())
    return [pairs[i] for i in chosen]


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
        texts, targets = written([some(pairs[i], AT_ONCE, rng) for i in rows], words)
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
    """Learn the private photos among half as many clean photos of others."""
    rng = np.random.default_rng([seed, 43])

    def loss(_step: int) -> Tensor:
        mine = rng.choice(len(pairs), min(schedule.batch, len(pairs)), replace=False)
        theirs = rng.choice(len(other_pairs), max(1, schedule.batch // 2), replace=False)
        tokens = torch.cat([seen.tokens[torch.from_numpy(mine)], others.tokens[torch.from_numpy(theirs)]])
        chosen = [pairs[i] for i in mine] + [some(other_pairs[i], OF_OTHERS, rng) for i in theirs]
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
        tokens = seen.tokens[start : start + len(part)].float()
        right = answered(reader(tokens, texts.to(tokens.device)).cpu(), targets)
        result += [row[: len(photo)].tolist() for row, photo in zip(right, part, strict=True)]
    return result
