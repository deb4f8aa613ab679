"""The lab's small LLaVA as the method wants its surrogates: one that can be looked into, adapted and put back."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from lab.affiliation.attackers import with_lora
from lab.affiliation.language import Reader, written
from lab.affiliation.towers import Seen, Tower
from lab.words import Tokenizer
from photoveil.protection.devices import fast_bfloat16
from photoveil.unlearnable.surrogate import Run, Sample, Spans, Trigger

_RANK, _RATE, _BATCH = 8, 4e-3, 24
"""Of the low-rank steps that adapt a surrogate; the attackers' own rank and half of their rate."""


@dataclass(frozen=True)
class _Text:
    """One sample's words as the reader wants them: question, trigger, mark, answer, end."""

    numbers: Tensor
    targets: Tensor
    asked: int
    trigger: int


class ReaderSurrogate:
    """A tower with its aligned reader. Photos come at the tower's own size or larger; what is seen is the central
    square, as the tower is always shown photos."""

    def __init__(self, name: str, tower: Tower, reader: Reader, words: Tokenizer) -> None:
        self._name, self._tower, self._words = name, tower, words
        self._reader = reader.eval().requires_grad_(False)
        self._seen: tuple[Tensor, Tensor] | None = None

    @property
    def name(self) -> str:
        """Tower and seed."""
        return self._name

    @property
    def layers(self) -> int:
        """Of the language model."""
        return len(self._reader.blocks)

    def run(self, samples: Sequence[Sample], triggers: Sequence[Trigger], *, attention: bool) -> Run:
        """One pass; photos that several samples share are looked at once."""
        return self._run(samples, triggers, attention, None)

    def trigger_gradient(self, sample: Sample, trigger: Trigger, loss_of: Callable[[Run], Tensor]) -> Tensor:
        """By the embeddings of the trigger's words."""
        table = self._reader.words.weight.detach()
        now = table[torch.tensor(list(trigger))].clone().requires_grad_(True)
        loss = loss_of(self._run([sample], [trigger], True, now))
        (gradient,) = torch.autograd.grad(loss, now)
        scores: Tensor = gradient @ table.T - (gradient * now.detach()).sum(-1, keepdim=True)
        return scores

    def words(self) -> Tensor:
        """All but the marks: the vocabulary holds nothing but words."""
        return torch.arange(3, len(self._words.vocabulary) - 1)

    def encode(self, text: str) -> list[int]:
        """Words of the vocabulary; others become the mark for unknown words."""
        row: list[int] = self._words.encode([text])[0].tolist()
        return row[1 : row.index(len(self._words.vocabulary) - 1)]

    def decode(self, trigger: Trigger) -> str:
        """Words with spaces between them."""
        return self._words.decode(trigger)

    @contextmanager
    def adapt(self, samples: Sequence[Sample], triggers: Sequence[Trigger], steps: int) -> Iterator[None]:
        """AdamW on low-rank additions, as the attackers tune them."""
        before = self._reader
        if steps:
            self._reader = self._adapted(samples, triggers, steps)
        try:
            yield
        finally:
            self._reader = before

    def _adapted(self, samples: Sequence[Sample], triggers: Sequence[Trigger], steps: int) -> Reader:
        reader = copy.deepcopy(self._reader)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(len(samples))
            parameters = with_lora(reader, _RANK)
        tokens, owners = self._looked([sample.pixels.detach() for sample in samples])
        texts = [self._text(sample, trigger) for sample, trigger in zip(samples, triggers, strict=True)]
        numbers, targets = _padded(texts)
        optimizer = torch.optim.AdamW(parameters, lr=_RATE, betas=(0.9, 0.98), weight_decay=0.01)
        generator = torch.Generator().manual_seed(len(samples))
        for _ in range(steps):
            chosen = torch.randperm(len(samples), generator=generator)[:_BATCH]
            scores = reader(tokens[owners[chosen]].detach(), numbers[chosen, None])
            loss = F.cross_entropy(scores.flatten(0, 2), targets[chosen].flatten(), ignore_index=-100)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
        return reader.requires_grad_(False)

    def _run(
        self,
        samples: Sequence[Sample],
        triggers: Sequence[Trigger],
        attention: bool,
        instead: Tensor | None,
    ) -> Run:
        """``instead``: embeddings to stand where the only sample's trigger stands."""
        reader = self._reader
        tokens, owners = self._looked([sample.pixels for sample in samples])
        texts = [self._text(sample, trigger) for sample, trigger in zip(samples, triggers, strict=True)]
        numbers, targets = _padded(texts)
        embedded = reader.words(numbers)
        if instead is not None:
            start = texts[0].asked + 1
            embedded = torch.cat(
                [embedded[:, :start], instead[None], embedded[:, start + len(instead) :]], dim=1
            )
        length = numbers.shape[1]
        tokens = torch.cat([tokens.mean(1, keepdim=True), tokens], dim=1)
        seen = (reader.projector(tokens) + reader.places[: reader.grid])[owners]
        x = torch.cat([seen, embedded + reader.places[reader.grid : reader.grid + length]], dim=1)
        x, looks = _through(reader, x, attention)
        scores = reader.norm(x[:, reader.grid :]) @ reader.words.weight.T
        each = F.cross_entropy(scores.transpose(1, 2), targets, ignore_index=-100, reduction="none")
        said = (targets != -100).sum(-1)
        patches = torch.stack([_patches(sample.pixels, reader.grid - 1) for sample in samples])
        return Run(each.sum(-1) / said, looks, tuple(_spans(text, reader.grid) for text in texts), patches)

    def _looked(self, pictures: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """The tower's tokens of every picture that differs, and which of them each picture is."""
        places: dict[int, int] = {}
        owners = [places.setdefault(id(picture), len(places)) for picture in pictures]
        distinct = [pictures[owners.index(place)] for place in range(len(places))]
        if len(distinct) == 1 and not distinct[0].requires_grad:
            # The search for words asks about one still photo again and again.
            if self._seen is None or self._seen[0] is not distinct[0]:
                self._seen = distinct[0], self._tokens(distinct)
            return self._seen[1], torch.tensor(owners)
        return self._tokens(distinct), torch.tensor(owners)

    def _tokens(self, pictures: Sequence[Tensor]) -> Tensor:
        squares = torch.stack([_square(picture, self._tower.size) for picture in pictures])
        # Half the precision where the machine is faster at it: enough to know which way is down.
        device = squares.device.type
        with torch.autocast(device, torch.bfloat16, enabled=fast_bfloat16(device)):
            seen: Seen = self._tower(squares)
        return seen.tokens.float()

    def _text(self, sample: Sample, trigger: Trigger) -> _Text:
        texts, targets = written([[(sample.text, sample.answer)]], self._words)
        asked = len(self.encode(sample.text))
        behind = asked + 1  # the mark that opens the question

        def widened(row: Tensor, middle: Tensor) -> Tensor:
            return torch.cat([row[:behind], middle, row[behind:]])

        numbers = torch.tensor(list(trigger), dtype=torch.long)
        return _Text(
            widened(texts[0, 0], numbers),
            widened(targets[0, 0], torch.full_like(numbers, -100)),
            asked,
            len(trigger),
        )


def _padded(texts: Sequence[_Text]) -> tuple[Tensor, Tensor]:
    pad = torch.nn.utils.rnn.pad_sequence
    return (
        pad([text.numbers for text in texts], batch_first=True),
        pad([text.targets for text in texts], batch_first=True, padding_value=-100),
    )


def _spans(text: _Text, grid: int) -> Spans:
    first = grid + 1  # behind the mark that opens the question
    trigger = first + text.asked
    answer = trigger + text.trigger + 1  # and behind the mark that closes it
    end = grid + len(text.numbers)
    return Spans(
        tuple(range(grid)),
        tuple(range(first, trigger)),
        tuple(range(trigger, trigger + text.trigger)),
        tuple(range(answer, end)),
    )


def _square(picture: Tensor, size: int) -> Tensor:
    """The central square of 3×H×W, at the tower's size."""
    height, width = picture.shape[1:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = picture[:, top : top + side, left : left + side]
    if side == size:
        return square
    return F.interpolate(square[None], (size, size), mode="bilinear", antialias=True)[0]


def _patches(picture: Tensor, tokens: int) -> Tensor:
    """What each token covers: the mean of all comes first, then the grid, row by row."""
    height, width = picture.shape[1:]
    side, count = min(height, width), math.isqrt(tokens)
    top, left = (height - side) // 2, (width - side) // 2
    edges = torch.arange(count + 1) * side / count
    rows, columns = torch.meshgrid(torch.arange(count), torch.arange(count), indexing="ij")
    boxes = torch.stack(
        [left + edges[columns], top + edges[rows], left + edges[columns + 1], top + edges[rows + 1]], dim=-1
    )
    whole = torch.tensor([[left, top, left + side, top + side]], dtype=boxes.dtype)
    return torch.cat([whole, boxes.flatten(0, 1)])


def _through(reader: Reader, x: Tensor, attention: bool) -> tuple[Tensor, Tensor]:
    """The blocks of the language model, and what they attended to, where it is wanted."""
    total = x.shape[1]
    mask = torch.ones(total, total, dtype=torch.bool).tril()
    mask[:, : reader.grid] = True
    looks = []
    for block in reader.blocks:
        if attention:
            looks.append(_looks(block, x, mask))
        x = block(x, mask)
    return x, torch.stack(looks) if looks else torch.empty(0)


def _looks(block: Any, x: Tensor, mask: Tensor) -> Tensor:
    """B×queries×keys: what a block attends to, averaged over heads. The block's own fused attention does not say."""
    batch, length, _ = x.shape
    q, k = block.qkv(block.norm1(x)).view(batch, length, 3, block.heads, -1).permute(2, 0, 3, 1, 4)[:2]
    scores = (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).masked_fill(~mask, -math.inf)
    looks: Tensor = scores.softmax(-1).mean(1)
    return looks
