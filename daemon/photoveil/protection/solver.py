"""The optimisation loop: from a working copy of a photo to a change on a small canvas, within its budget.

A platform's processing has no useful gradient, so the loop linearises around it: now and then the perturbed
picture is rounded to 8 bits and sent through a real, randomly drawn platform; until the next time, a model's view of
the perturbed photo is its view of that picture plus the view of what the canvas has changed since. The forward
value is exact at each refresh, the gradient is that of the identity (a straight-through estimator), and a step costs
little more than the encoders' own forward and backward pass, whatever the photo's size.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from photoveil.protection.budget import budget_map, colour_mix
from photoveil.protection.canvas import canvas_size, resampling, stretch
from photoveil.protection.catalogue import Strength
from photoveil.protection.channel import View, centre_view, draw_platform, draw_view, jpeg

Loss = Callable[[Tensor], Tensor]
"""B×3×S×S encoder input in 0…1 → scalar to be made small."""

_REFRESH_EVERY = 3
_CHECK_EVERY = 6
_PATIENCE = 2
_LEAST_GAIN = 0.004
_LEAST_BUDGET = 0.5
"""In 8-bit levels: what must hardly change at all is no reason for wide steps."""
_CROP = 0.8
"""A photo cropped by a tenth on every side is one of those that a canvas is judged by."""


@dataclass(frozen=True)
class Target:
    """One surrogate's part in the optimisation: its input side and its loss."""

    size: int
    loss: Loss


@dataclass(frozen=True)
class Solution:
    """What was found: ``change`` 1×C×h×w on the canvas in 8-bit levels, and the ``steps`` taken."""

    change: Tensor
    steps: int


def solve(
    pixels: NDArray[np.uint8],
    targets: Sequence[Target],
    strength: Strength,
    *,
    allowed: NDArray[np.float32] | None = None,
    device: torch.device | None = None,
    seed: int = 0,
    step_size: float = 0.6,
    decay: float = 0.7,
    sparing: bool = False,
    progress: Callable[[float], None] | None = None,
) -> Solution:
    """Find a change that makes the targets' losses small after random upload channels.

    Momentum steps (Dong et al. 2018) whose size falls along a cosine, each projected on the budget. They follow the
    gradient itself, not its sign: what binds is the squared error, and sign steps spend as much of it where it
    achieves nothing. The best canvas on fixed channels is kept; the loop ends early once that no longer improves.

    Args:
        pixels: working copy, H×W×3 or H×W.
        targets: the surrogates.
        strength: budget and number of steps.
        allowed: H×W, the share of its budget that each pixel may use; by default all.
        device: where the encoders are.
        seed: of the channel draws; equal seeds give equal results on one machine.
        step_size: of the first step, root mean square, as a share of that of the budget.
        decay: of the momentum.
        sparing: one target's way back at a time, for devices with little memory.
        progress: called with the share done, 0…1.
    """
    scene = _Scene(pixels, strength, allowed, device or torch.device("cpu"), seed)
    canvas = scene.start(seed)
    momentum = torch.zeros_like(canvas)
    best, best_score, stale, step = canvas, math.inf, 0, 0
    for step in range(1, strength.steps + 1):
        if (step - 1) % _REFRESH_EVERY == 0:
            scene.refresh(canvas)
        momentum = decay * momentum + _unit(_gradient(scene, canvas, targets, sparing))
        size = step_size * _cosine(step, strength.steps)
        canvas = scene.within(canvas - size * scene.downhill(momentum))
        if progress:
            progress(step / strength.steps)
        if step % _CHECK_EVERY and step != strength.steps:
            continue
        score = scene.score(canvas, targets)
        stale = 0 if score < best_score - _LEAST_GAIN else stale + 1
        if score < best_score:
            best, best_score = canvas, score
        if stale >= _PATIENCE:
            break
    return Solution(scene.change(best), step)


def _gradient(scene: _Scene, canvas: Tensor, targets: Sequence[Target], sparing: bool) -> Tensor:
    """Of the targets' summed losses on one random view, with respect to the canvas."""
    canvas = canvas.detach().requires_grad_(True)
    inputs = scene.look(canvas, {target.size for target in targets})
    if sparing:
        ways = [
            torch.autograd.grad(target.loss(inputs[target.size]), canvas, retain_graph=True)[0]
            for target in targets
        ]
        return torch.stack(ways).sum(0)
    total = torch.stack([target.loss(inputs[target.size]) for target in targets]).sum()
    (gradient,) = torch.autograd.grad(total, canvas)
    return gradient


def _unit(gradient: Tensor) -> Tensor:
    return gradient / gradient.abs().mean().clamp_min(1e-12)


def _cosine(step: int, steps: int) -> float:
    return 0.1 + 0.45 * (1 + math.cos(math.pi * (step - 1) / max(1, steps)))


class _Scene:
    """A photo's working copy, its budget, and the picture a platform last made of it."""

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        strength: Strength,
        allowed: NDArray[np.float32] | None,
        device: torch.device,
        seed: int,
    ) -> None:
        self.height, self.width = pixels.shape[:2]
        small_w, small_h = canvas_size(self.width, self.height)
        planes = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
        self.device = device
        self._pixels = torch.from_numpy(planes.astype(np.float32))[None].to(device)
        self._rows = resampling(small_h, self.height).to(device)
        self._columns = resampling(small_w, self.width).to(device)
        budget = budget_map(self._pixels, strength)
        if allowed is not None:
            budget = budget * torch.from_numpy(allowed).to(device)
        self._budget = self._on_canvas(budget, small_w, small_h)
        self.shape = (1, self._pixels.shape[1], small_h, small_w)
        self._mix = colour_mix(self.shape[1], strength.chroma).to(device)
        self._gram = self._rows.T @ self._rows, self._columns.T @ self._columns
        self._energy = 255.0**2 / 10 ** (strength.psnr_floor / 10) * self.height * self.width * self.shape[1]
        self._draws = random.Random(seed)  # noqa: S311  reproducible, not secret
        self._seen = Image.new("RGB", (1, 1))
        self._base = torch.zeros(self.shape, device=device)

    def change(self, canvas: Tensor) -> Tensor:
        """What a canvas (planes of brightness and colour, −1…1) changes, in 8-bit levels of the photo's channels."""
        return torch.einsum("ij,bjhw->bihw", self._mix, self._budget * canvas)

    def downhill(self, gradient: Tensor) -> Tensor:
        """The canvas's way along a gradient on which the picture's squared error buys most, of the budget's own size.

        A canvas pixel changes the picture by its budget times its value: steepest descent in the picture's measure
        divides by the budget once for the gradient and once for the way back.
        """
        budget = self._budget.clamp_min(_LEAST_BUDGET)
        way = gradient / budget
        return way / budget * (budget.square().mean() / way.square().mean().clamp_min(1e-24)).sqrt()

    def start(self, seed: int) -> Tensor:
        """A faint random canvas: at the clean photo itself the way from its own mean has no slope."""
        noise = torch.rand(self.shape, generator=torch.Generator().manual_seed(seed))
        return self.within((noise.to(self.device) - 0.5) * 0.2)

    def within(self, canvas: Tensor) -> Tensor:
        """The canvas pulled back into the budget: every value in −1…1, the whole above the PSNR floor."""
        canvas = canvas.clamp(-1, 1)
        change = self.change(canvas)
        # ‖R·X·Cᵀ‖² without leaving the canvas: the Gram matrices of R and C know the stretching.
        energy = float((self._gram[0] @ change @ self._gram[1] * change).sum())
        return canvas * min(1.0, math.sqrt(self._energy / energy)) if energy > 0 else canvas

    def refresh(self, canvas: Tensor) -> None:
        """Send the perturbed picture through a random real platform."""
        self._seen = draw_platform(self._draws, self._perturbed(canvas))
        self._base = canvas

    def look(self, canvas: Tensor, sizes: set[int]) -> dict[int, Tensor]:
        """One random view for each input size, differentiable in ``canvas``: 1×3×S×S in 0…1."""
        view = draw_view(self._draws, self.width, self.height)
        return {size: self._view(view, size, self._seen, canvas - self._base) for size in sizes}

    @torch.no_grad()
    def score(self, canvas: Tensor, targets: Sequence[Target]) -> float:
        """The losses' mean over two fixed channels: JPEG 75, then the central square, or that of a cropped photo."""
        picture, zero = jpeg(self._perturbed(canvas), 75), torch.zeros_like(canvas)
        whole = centre_view(self.width, self.height)
        views = {
            size: [self._view(view, size, picture, zero) for view in (whole, whole.inner(_CROP))]
            for size in {target.size for target in targets}
        }
        return sum(float(target.loss(view)) for target in targets for view in views[target.size]) / 2

    def _view(self, view: View, size: int, seen: Image.Image, moved: Tensor) -> Tensor:
        rows, columns = view.matrices(self.width, self.height, size)
        change = stretch(
            self.change(moved) / 255,
            rows.to(self.device) @ self._rows,
            columns.to(self.device) @ self._columns,
        )
        return view.show(seen, size).to(self.device) + change

    @torch.no_grad()
    def _perturbed(self, canvas: Tensor) -> Image.Image:
        """The 8-bit picture that the canvas makes of the working copy."""
        moved = self._pixels + stretch(self.change(canvas), self._rows, self._columns)
        planes = moved.round_().clamp_(0, 255).byte()[0].permute(1, 2, 0).cpu().contiguous().numpy()
        return Image.fromarray(planes[:, :, 0] if planes.shape[2] == 1 else planes)

    def _on_canvas(self, budget: Tensor, width: int, height: int) -> Tensor:
        rows = resampling(self.height, height).to(self.device)
        columns = resampling(self.width, width).to(self.device)
        return stretch(budget, rows, columns).clamp_min(0)
