"""Surrogates small enough for every test: the lab's reader, untrained, on a tiny tower."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from lab.affiliation.language import Reader, Shape
from lab.affiliation.questions import tokenizer
from lab.affiliation.towers import Tower
from lab.mmguard.surrogate import ReaderSurrogate
from photoveil.protection import Engine
from photoveil.unlearnable.surrogate import Sample
from tests.tiny_models import tiny_models

SIDE, TOKENS, WIDTH = 64, 16, 32


def reader(seed: int = 0) -> Reader:
    """With words far enough apart that it matters which one is read."""
    torch.manual_seed(seed)
    made = Reader(WIDTH, TOKENS, len(tokenizer().vocabulary), Shape(width=32, layers=2, heads=2))
    with torch.no_grad():
        made.words.weight.mul_(15)
    return made


def surrogate(folder: Path, seed: int = 0) -> ReaderSurrogate:
    """On a tower of one vision transformer."""
    encoders = Engine.load("starter", device="cpu", models_dir=tiny_models(folder)).encoders
    tower = Tower(next(encoder for encoder in encoders if encoder.name == "tiny-vit")).eval()
    return ReaderSurrogate(f"tiny/{seed}", tower, reader(seed), tokenizer())


def picture(seed: int, width: int = SIDE, height: int = SIDE) -> Tensor:
    """A photo on the grid of 8 bits, smooth as photos are."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 4, 4, generator=generator)
    large = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)[0]
    return (large * 255).round() / 255


def samples() -> list[Sample]:
    """Three questions about two photos."""
    first, second = picture(1), picture(2)
    return [
        Sample(first, "where does this person work", "office"),
        Sample(first, "what does this person own", "guitar"),
        Sample(second, "where did this person travel", "red bridge"),
    ]
