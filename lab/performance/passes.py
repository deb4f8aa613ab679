"""What the encoders were asked to do while the engine worked, and the same again with nothing around it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import get_ident
from typing import Any

import torch
from torch import Tensor

from lab.performance.timing import Spent, now
from photoveil.protection.encoders import Encoder, Features
from photoveil.protection.lanes import Lanes


@dataclass(frozen=True)
class Pass:
    """One batch through one encoder.

    Attributes:
        gradient: whether the way back to the picture followed.
        rough: whether by the tower made for speed, in half the precision where that is faster.
        begun: what the clocks showed when it began.
        spent: on the way forward.
    """

    encoder: Encoder
    batch: int
    gradient: bool
    rough: bool
    begun: Spent
    spent: Spent


class Watch:
    """While it is entered, notes all passes of some encoders, in the order in which they end."""

    def __init__(self, encoders: Sequence[Encoder]) -> None:
        self.passes: list[Pass] = []
        self._encoders = encoders
        self._starts: dict[tuple[int, str], Spent] = {}
        self._hooks: list[Any] = []

    def __enter__(self) -> Watch:
        for encoder in self._encoders:
            self._hooks.append(encoder.register_forward_pre_hook(self._begin))
            self._hooks.append(encoder.register_forward_hook(self._end, with_kwargs=True))
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()

    def within(self, start: float, end: float) -> list[Pass]:
        """Those that began between two moments."""
        return [one for one in self.passes if start <= one.begun.wall < end]

    def _begin(self, encoder: Encoder, _images: tuple[Tensor]) -> None:
        self._starts[get_ident(), encoder.name] = now(encoder.mean.device)

    def _end(
        self, encoder: Encoder, images: tuple[Tensor], options: dict[str, bool], _features: Features
    ) -> None:
        device, rough = encoder.mean.device, options.get("quick", False)
        gradient = torch.is_grad_enabled() and images[0].requires_grad
        begun = self._starts.pop((get_ident(), encoder.name))
        spent = now(device) - begun
        self.passes.append(Pass(encoder, len(images[0]), gradient, rough, begun, spent))


@dataclass
class Marks:
    """A progress callback that takes down when each step of the optimiser was done."""

    device: torch.device
    steps: list[Spent] = field(default_factory=list)
    _share: float = 0.0

    def __call__(self, stage: str, share: float) -> None:
        """Hear of progress. The end of the stage is told once more after the last step."""
        if stage == "protect" and share > self._share:
            self._share = share
            self.steps.append(now(self.device))

    @property
    def span(self) -> Spent:
        """From the end of the first step to the end of the last."""
        return self.steps[-1] - self.steps[0]

    @property
    def whole(self) -> Spent:
        """All steps, the first taken to be like the others."""
        return self.span.times(len(self.steps) / (len(self.steps) - 1))


def under_way(passes: Iterable[Pass]) -> Spent:
    """The time in which at least one of them was on its way forward; several may have been at once."""
    spent = Spent(0.0, 0.0)
    until = Spent(-math.inf, 0.0)
    for one in sorted(passes, key=lambda one: one.begun.wall):
        end = one.begun + one.spent
        if end.wall > until.wall:
            spent += end - max(until, one.begun, key=lambda moment: moment.wall)
            until = end
    return spent


def bare(passes: Iterable[Pass], device: torch.device, lanes: Lanes) -> Spent:
    """The same passes on pictures of noise, as fast as these lanes get through them, and what they take."""
    work = [
        partial(
            run,
            one.encoder,
            torch.rand(one.batch, 3, one.encoder.size, one.encoder.size, device=device),
            gradient=one.gradient,
            rough=one.rough,
        )
        for one in passes
    ]
    start = now(device)
    lanes.run(work)
    return now(device) - start


def run(encoder: Encoder, pictures: Tensor, *, gradient: bool, rough: bool) -> None:
    """One pass; with ``gradient`` also the way back to the pictures."""
    look = encoder.roughly if rough else encoder
    if not gradient:
        with torch.no_grad():
            look(pictures)
        return
    moved = pictures.detach().requires_grad_(True) + 0  # no leaf: torch's counter of operations asks for that
    found = look(moved)
    torch.autograd.grad(found.pooled.sum() + found.tokens.sum(), moved)
