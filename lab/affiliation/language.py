"""A small LLaVA: a projector from a tower's tokens into a causal language model, both small enough for a CPU.

Liu et al., Visual Instruction Tuning (arXiv 2304.08485): image tokens through an MLP in front of the text, loss on
answers only. Before the tokens of the grid stands their mean, as the class token does where LLaVA is told to take
class and patches: convolutional towers have none, and make their embedding of this mean. All questions about one
photo share a forward pass; the attention mask keeps them from reading each other, so the result is that of asking
one at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lab.affiliation.questions import QuestionAnswer
from lab.words import Tokenizer

_LONGEST = 48


@dataclass(frozen=True)
class Shape:
    """Size of the language model."""

    width: int = 128
    layers: int = 3
    heads: int = 4


class _Block(nn.Module):
    """One pre-norm transformer block."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        batch, length, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        result: Tensor = x + self.down(F.gelu(self.up(self.norm2(x))))
        return result


class Reader(nn.Module):
    """Projector and language model; photos come in as a tower's tokens.

    Attributes:
        channels: of the tower's tokens.
        grid: how many tokens of a photo the language model reads: a tower's and, before them, their mean.
    """

    def __init__(self, channels: int, tokens: int, vocabulary: int, shape: Shape | None = None) -> None:
        super().__init__()
        shape = shape or Shape()
        self.channels, self.grid = channels, tokens + 1
        width = shape.width
        self.projector = nn.Sequential(
            nn.LayerNorm(channels), nn.Linear(channels, width), nn.GELU(), nn.Linear(width, width)
        )
        self.words = nn.Embedding(vocabulary, width)
        self.places = nn.Parameter(torch.randn(self.grid + _LONGEST, width) * 0.02)
        self.blocks = nn.ModuleList(_Block(width, shape.heads) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(width)
        nn.init.normal_(self.words.weight, std=0.02)

    def forward(self, tokens: Tensor, texts: Tensor) -> Tensor:
        """Next-word scores.

        Args:
            tokens: B×N×C of the photos, as the tower gives them.
            texts: B×S×L word numbers, S texts for each photo.

        Returns:
            B×S×L×V.
        """
        batch, segments, length = texts.shape
        tokens = torch.cat([tokens.mean(1, keepdim=True), tokens], dim=1)
        seen = self.projector(tokens) + self.places[: self.grid]
        written = self.words(texts) + self.places[self.grid : self.grid + length]
        x = torch.cat([seen, written.flatten(1, 2)], dim=1)
        mask = _mask(self.grid, segments, length).to(x.device)
        for block in self.blocks:
            x = block(x, mask)
        out = self.norm(x[:, self.grid :]) @ self.words.weight.T
        scores: Tensor = out.view(batch, segments, length, -1)
        return scores


@lru_cache(maxsize=16)
def _mask(grid: int, segments: int, length: int) -> Tensor:
    """Who may read whom: everybody the photo, every text its own past."""
    total = grid + segments * length
    mask = torch.zeros(total, total, dtype=torch.bool)
    mask[:, :grid] = True
    past = torch.ones(length, length, dtype=torch.bool).tril()
    for start in range(grid, total, length):
        mask[start : start + length, start : start + length] = past
    return mask


def written(pairs: Sequence[Sequence[QuestionAnswer]], words: Tokenizer) -> tuple[Tensor, Tensor]:
    """Texts and what is to be learnt of them.

    Returns:
        texts B×S×L and targets B×S×L: the next word where it belongs to an answer, else −100.
    """
    rows = [[_text(q, a, words) for q, a in photo] for photo in pairs]
    segments = max(len(photo) for photo in rows)
    length = max(len(text) for photo in rows for text, _ in photo)
    texts = torch.zeros(len(rows), segments, length, dtype=torch.long)
    targets = torch.full((len(rows), segments, length), -100)
    for i, photo in enumerate(rows):
        for j, (text, question) in enumerate(photo):
            texts[i, j, : len(text)] = text
            targets[i, j, question - 1 : len(text) - 1] = text[question:]
    return texts, targets


@lru_cache(maxsize=8192)  # the same few hundred are written in every step
def _text(question: str, answer: str, words: Tokenizer) -> tuple[Tensor, int]:
    """A question with its answer as numbers, and how many of them are the question's."""
    end = len(words.vocabulary) - 1
    asked, answered = (_numbers(text, words) for text in (question, answer))
    return torch.tensor([2, *asked, 2, *answered, end]), len(asked) + 2


def _numbers(text: str, words: Tokenizer) -> list[int]:
    row: list[int] = words.encode([text])[0].tolist()
    return row[1 : row.index(len(words.vocabulary) - 1)]


def answered(scores: Tensor, targets: Tensor) -> Tensor:
    """Which texts a greedy reader would have answered word for word: B×S, as each next word is its first choice."""
    right = (scores.argmax(-1) == targets) | (targets == -100)
    return right.all(-1)
