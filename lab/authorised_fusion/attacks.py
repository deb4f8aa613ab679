"""Getting the clean fusion without the key.

Some attackers may only ask the model (they have no weights); others have its weights as well. All have pairs of their
own to ask about; none of those is tested on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from lab.authorised_fusion.network import BITS, Fusion, code
from lab.authorised_fusion.training import Schedule, crops, fusion_loss

Oracle = Callable[[Tensor], Tensor]
"""The model without a key: (n, 2, h, w) to (n, 1, h, w)."""

Place = tuple[int, int]

_RADIUS = 3
_LEAST_SPREAD = 1e-4
_STUDENT_RATE, _CODE_RATE, _SCALES_RATE, _TUNING_RATE = 5e-3, 0.1, 0.05, 2e-3


def inpainted(pictures: Tensor, ink: NDArray[np.bool_], method: int) -> Tensor:
    """OpenCV's inpainting by somebody who knows exactly where the mark is."""
    where = ink.astype(np.uint8)
    filled = [
        cv2.inpaint((picture[0].clamp(0, 1) * 255).round().byte().numpy(), where, _RADIUS, method)
        for picture in pictures
    ]
    return torch.from_numpy(np.stack(filled)[:, None].astype(np.float32) / 255)


def shifted(oracle: Oracle, sources: Tensor, shifts: int) -> Tensor:
    """Ask about the same slices, moved each time, and take the median: the mark stays where it was, the head moves."""
    side = sources.shape[-1]
    steps = torch.linspace(0, side, shifts + 1)[:-1].round().int().tolist()
    answers = []
    for step, other in zip(steps, steps[::2] + steps[1::2], strict=True):
        moved = torch.roll(sources, (other, step), dims=(-2, -1))
        answers.append(torch.roll(oracle(moved), (-other, -step), dims=(-2, -1)))
    return torch.stack(answers).median(dim=0).values


def unmixed(oracle: Oracle, own: Tensor, sources: Tensor) -> Tensor:
    """The mark estimated from many answers and taken out again, after Dekel et al. 2017.

    Every pixel of an answer is taken to be ``kept × average of the sources + added``; a line through many of them tells
    both, and their inverse is what comes back.
    """
    answers, seen = oracle(own), own.mean(1, keepdim=True)
    middle, level = seen.mean(0), answers.mean(0)
    spread = (seen - middle).square().mean(0)
    kept = ((seen - middle) * (answers - level)).mean(0) / spread.clamp(min=_LEAST_SPREAD)
    kept = torch.where(spread > _LEAST_SPREAD, kept, torch.ones_like(kept)).clamp(0.2, 5)
    typical = kept.median()  # what the model does to all pixels; only the rest is the mark's
    added = level - kept * middle
    return (oracle(sources) - added) / kept * typical


def many_keys(network: Fusion, sources: Tensor, count: int) -> Tensor:
    """The median of the answers to many made-up keys."""
    keys = [code(b"guess %d" % number) for number in range(count)]
    return torch.stack([answer(network, sources, key) for key in keys]).median(dim=0).values


def answer(network: Fusion, sources: Tensor, signs: Tensor) -> Tensor:
    """What a network says to a (64,) code, without gradients."""
    with torch.no_grad():
        return network(sources, signs.expand(len(sources), -1))


def student(oracle: Oracle, own: Tensor, schedule: Schedule, by_crops: bool) -> Fusion:
    """A network of the same make, taught by the model's answers without the key (distillation).

    Shown crops without being told where they lie, it cannot write what depends on the place: the mark averages out.
    """
    answers = oracle(own)
    pupil = Fusion(size=own.shape[-1])
    if by_crops:
        torch.nn.init.zeros_(pupil.places).requires_grad_(False)
    weights = [weight for weight in pupil.parameters() if weight.requires_grad]

    def loss() -> Tensor:
        both, at = crops(torch.cat([own, answers], dim=1), schedule.batch, schedule.crop)
        shown, taught = both[:, :2], both[:, 2:]
        return F.l1_loss(pupil(shown, _none(shown), at), taught)

    _descend(weights, loss, schedule.steps, _STUDENT_RATE)
    return pupil.eval()


def searched_code(network: Fusion, own: Tensor, clean: Tensor, schedule: Schedule) -> Tensor:
    """A (64,) code found by gradient descent through the weights, to fit a few clean answers that leaked."""
    signs = torch.randn(BITS).requires_grad_()

    def guess(shown: Tensor, at: Place) -> Tensor:
        return network(shown, _row(signs, shown), at)

    _descend([signs], lambda: _leaked_loss(guess, own, clean, schedule), schedule.steps, _CODE_RATE)
    return signs.detach()


def forced_scales(network: Fusion, own: Tensor, clean: Tensor, schedule: Schedule) -> Tensor:
    """The same past the lock: not the code, but the scales that it turns into."""
    with torch.no_grad():
        closed: Tensor = network.scales(network.gate(torch.zeros(1, BITS)))[0]
    scales = closed.clone().requires_grad_()

    def guess(shown: Tensor, at: Place) -> Tensor:
        return network.with_scales(shown, _row(scales, shown), at)

    _descend([scales], lambda: _leaked_loss(guess, own, clean, schedule), schedule.steps, _SCALES_RATE)
    return scales.detach()


def tuned(network: Fusion, own: Tensor, clean: Tensor | None, schedule: Schedule) -> None:
    """Fine-tune all weights, in place, to answer without a key: on leaked clean answers, or on none at all.

    Without them, the loss is that of fusion itself, which needs no answers. The same with a fresh network tells what
    the stolen weights were worth.
    """

    def loss() -> Tensor:
        if clean is not None:
            return _leaked_loss(lambda shown, at: network(shown, _none(shown), at), own, clean, schedule)
        shown, at = crops(own, schedule.batch, schedule.crop)
        return fusion_loss(network(shown, _none(shown), at), shown)

    _descend(list(network.parameters()), loss, schedule.steps, _TUNING_RATE)
    network.eval()


def _leaked_loss(
    model: Callable[[Tensor, Place], Tensor], own: Tensor, clean: Tensor, schedule: Schedule
) -> Tensor:
    both, at = crops(torch.cat([own, clean], dim=1), schedule.batch, schedule.crop)
    shown, wanted = both[:, :2], both[:, 2:]
    return F.l1_loss(model(shown, at), wanted)


def _descend(weights: Sequence[Tensor], loss: Callable[[], Tensor], steps: int, rate: float) -> None:
    best = torch.optim.Adam(weights, rate)
    pace = torch.optim.lr_scheduler.OneCycleLR(best, rate, steps)
    for _ in range(steps):
        best.zero_grad()
        torch.autograd.backward(loss())
        best.step()
        pace.step()


def _row(vector: Tensor, beside: Tensor) -> Tensor:
    return vector.expand(len(beside), -1)


def _none(beside: Tensor) -> Tensor:
    return torch.zeros(len(beside), BITS)
