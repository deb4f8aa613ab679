"""Others' ways to move a photo in an encoder's eyes, and what they have after so many steps.

PGD and MI-FGSM are those of the package torchattacks, against all surrogates at once. Fawkes and PhotoGuard are loops
in the manner of their papers, against one encoder, towards the same anchor; their own encoders (of faces; of a
diffusion model) play no part. All work at the encoder's input size; `lab.affiliation.outside` enlarges what they found.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lab.affiliation import outside
from lab.performance.timing import Spent, now
from photoveil.protection.encoders import Features

PGD, MI = outside.ATTACKS
FAWKES, PHOTOGUARD = "fawkes", "photoguard"
RIVALS = (MI, PGD, PHOTOGUARD, FAWKES)
ALONE = (FAWKES, PHOTOGUARD)
"""Those that know one encoder only."""

_FAWKES_RATE, _FAWKES_DSSIM, _FAWKES_WEIGHT = 0.5 / 255, 0.007, 100.0
_GUARD_EPS, _GUARD_STEP = 0.03, 0.01


class Choir(nn.Module):
    """Several encoders as one whose cosine to its `anchor` is the mean of theirs; they see the same pictures."""

    def __init__(self, encoders: Sequence[nn.Module]) -> None:
        super().__init__()
        self.voices = nn.ModuleList(encoders)

    def forward(self, images: Tensor) -> Features:
        """Features with the pooled embeddings side by side; the tokens are those of the first."""
        found: list[Features] = [voice(images) for voice in self.voices]
        return Features(self.joined([one.pooled for one in found]), found[0].tokens)

    @staticmethod
    def joined(pooled: Sequence[Tensor]) -> Tensor:
        """Embeddings of unit length, side by side and again of unit length."""
        return torch.cat(list(pooled), dim=-1) / math.sqrt(len(pooled))


class EnoughError(Exception):
    """An attack has had the time it was given."""


class Witnessed(nn.Module):
    """A model that keeps what it was shown: what an attack has after so many steps, and what it took until then.

    Every attack here shows its model the picture it has at the beginning of each step. After ``seconds`` it is ended.
    """

    def __init__(
        self, model: nn.Module, steps: Sequence[int], device: torch.device, seconds: float = math.inf
    ) -> None:
        super().__init__()
        self.model = model
        self.found: dict[int, tuple[Tensor, Spent]] = {}
        self._steps = frozenset(steps)
        self._device = device
        self._seconds = seconds
        self._shown = 0
        self._start = now(device)

    def forward(self, images: Tensor) -> Tensor:
        """The model's answer."""
        spent = now(self._device) - self._start
        late = spent.wall > self._seconds and self._shown > 0
        if late or self._shown in self._steps:
            self.found[self._shown] = images.detach().clone(), spent
        if late:
            raise EnoughError
        self._shown += 1
        answer: Tensor = self.model(images)
        return answer


def attack(
    name: str, model: nn.Module, shown: Tensor, steps: Sequence[int], seed: int, seconds: float = math.inf
) -> dict[int, tuple[Tensor, Spent]]:
    """What one of `RIVALS` has after each of so many steps, 1×3×S×S in 0…1, and what that took.

    What it has after ``seconds`` is the last.

    Args:
        model: a classifier of two classes, of which the second is to be reached.
        shown: what it is to be moved from, of the same shape.
    """
    watched = Witnessed(model, steps, shown.device, seconds).eval()
    most = max(steps) + 1  # in the last step the model is shown what those before it made
    with torch.random.fork_rng(), contextlib.suppress(EnoughError):
        torch.manual_seed(seed)
        if name in _LOOPS:
            _LOOPS[name](watched, shown, most)
        else:
            outside.made(name, watched, most)(shown, torch.ones(1, dtype=torch.long, device=shown.device))
    return watched.found


def _photoguard(model: nn.Module, shown: Tensor, steps: int) -> None:
    """Salman et al. 2023, the attack on the encoder: signs of gradients, ever smaller steps, a bound on each pixel."""
    moved = shown.clone()
    for step in range(steps):
        moved.requires_grad_(True)
        (gradient,) = torch.autograd.grad(-model(moved)[:, 1].sum(), moved)
        size = _GUARD_STEP * (1 - 0.99 * step / steps)
        change = (moved.detach() - size * gradient.sign() - shown).clamp(-_GUARD_EPS, _GUARD_EPS)
        moved = (shown + change).clamp(0, 1)


def _fawkes(model: nn.Module, shown: Tensor, steps: int) -> None:
    """Shan et al. 2020: Adam on the pixels, and a price on what dissimilarity (DSSIM) exceeds its budget."""
    moved = shown.clone().requires_grad_(True)
    adam = torch.optim.Adam([moved], lr=_FAWKES_RATE)
    for _ in range(steps):
        dissimilar = (1 - _ssim(moved, shown)) / 2
        loss = -model(moved)[:, 1].sum() + _FAWKES_WEIGHT * (dissimilar - _FAWKES_DSSIM).clamp_min(0)
        (moved.grad,) = torch.autograd.grad(loss, moved)
        adam.step()
        with torch.no_grad():
            moved.clamp_(0, 1)


def _ssim(a: Tensor, b: Tensor) -> Tensor:
    """Mean structural similarity in windows of 7×7 (Wang et al. 2004), differentiable."""

    def mean(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 7, 1)

    means = mean(a), mean(b)
    spread = mean(a * a) - means[0] ** 2 + mean(b * b) - means[1] ** 2
    shared = mean(a * b) - means[0] * means[1]
    light = (2 * means[0] * means[1] + 1e-4) / (means[0] ** 2 + means[1] ** 2 + 1e-4)
    return (light * (2 * shared + 9e-4) / (spread + 9e-4)).mean()


_LOOPS: dict[str, Callable[[nn.Module, Tensor, int], None]] = {FAWKES: _fawkes, PHOTOGUARD: _photoguard}
