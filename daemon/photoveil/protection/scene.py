"""A photo as the solver sees it: its working copy, its budget, and the picture that a platform last made of it."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from photoveil.protection.bands import Bands, Way
from photoveil.protection.budget import budget_map, colour_mix
from photoveil.protection.canvas import canvas_size, resampling
from photoveil.protection.catalogue import Strength
from photoveil.protection.channel import View, draw_platform, draw_view, to_planes
from photoveil.protection.lanes import Lanes

_LEAST_BUDGET = 0.5
"""In 8-bit levels: what must hardly change at all is no reason for wide steps."""


@dataclass(frozen=True)
class Look:
    """One random view of the perturbed photo at one input side, ``shown`` 1×3×S×S in 0…1, and the canvas's ``way``
    into it."""

    shown: Tensor
    way: Way


@dataclass(frozen=True)
class Sight:
    """A working copy as the loop works on it: ``planes`` C×H×W in 0…255, and ``budget`` 1×H×W, how far each pixel may
    move in 8-bit levels."""

    planes: Tensor
    budget: Tensor

    @classmethod
    def of(
        cls,
        pixels: NDArray[np.uint8],
        strength: Strength,
        allowed: NDArray[np.float32] | None,
        device: torch.device,
        lanes: Lanes,
    ) -> Sight:
        """Of H×W×3 or H×W pixels; ``allowed``: H×W, the share of its budget that each may use."""
        planes = to_planes(Image.fromarray(pixels)).to(device)
        budget = budget_map(planes[None], strength, lanes)[0]
        return cls(planes, budget if allowed is None else budget * torch.from_numpy(allowed).to(device))


class Scene:
    """Everything about one photo that does not concern encoders; canvases are C×h×w planes, −1…1."""

    def __init__(self, sight: Sight, strength: Strength, seed: int) -> None:
        planes = sight.planes
        self.height, self.width = planes.shape[1:]
        small_w, small_h = canvas_size(self.width, self.height)
        self.device = device = planes.device
        self._rows, self._columns = resampling(small_h, self.height), resampling(small_w, self.width)
        self._pixels = planes.permute(1, 2, 0).reshape(self.height, -1).contiguous()
        self.shape = (len(planes), small_h, small_w)
        self._budget = self._on_canvas(sight.budget)
        self._mix = colour_mix(len(planes), strength.chroma).to(device)
        self._paint = Bands(self._rows, device), Bands(self._columns, device)
        self._gram = tuple(Bands(matrix.T @ matrix, device) for matrix in (self._rows, self._columns))
        self._energy = 255.0**2 / 10 ** (strength.psnr_floor / 10) * self.height * self.width * len(planes)
        self._draws = random.Random(seed)  # noqa: S311  reproducible, not secret
        self._base = torch.zeros(self.shape, device=device)
        self._seen = planes
        self._turned: dict[int, Look] = {}

    def change(self, canvas: Tensor) -> Tensor:
        """What a canvas (planes of brightness and colour, −1…1) changes, in 8-bit levels of the photo's channels."""
        return _mixed(self._mix, self._budget * canvas)

    def downhill(self, gradient: Tensor) -> Tensor:
        """The canvas's way along a gradient on which the picture's squared error buys most, of the budget's own size.

        A canvas pixel changes the picture by its budget times its value: steepest descent in the picture's measure
        divides by the budget once for the gradient and once for the way back.
        """
        budget = self._budget.clamp_min(_LEAST_BUDGET)
        way = gradient / budget
        scale: Tensor = (budget.square().mean() / way.square().mean().clamp_min(1e-24)).sqrt()
        return way / budget * scale

    def start(self, seed: int) -> Tensor:
        """A faint random canvas: at the clean photo itself the way from its own mean has no slope."""
        noise = torch.rand((1, *self.shape), generator=torch.Generator().manual_seed(seed))[0]
        return self.within((noise.to(self.device) - 0.5) * 0.2)

    def within(self, canvas: Tensor) -> Tensor:
        """The canvas pulled back into the budget: every value in −1…1, the whole above the PSNR floor."""
        canvas = canvas.clamp(-1, 1)
        change = self.change(canvas)
        # ‖R·X·Cᵀ‖² without leaving the canvas: the Gram matrices of R and C know the stretching.
        energy = (self._gram[0].above(self._gram[1].beside(change)) * change).sum()
        share: Tensor = (self._energy / energy.clamp_min(1e-12)).sqrt().clamp_max(1.0)
        return canvas * share

    def refresh(self, canvas: Tensor) -> None:
        """Send the perturbed picture through a random real platform."""
        self._seen = self._planes(draw_platform(self._draws, self.picture(canvas)))
        self._base = canvas

    def turn(self, sizes: Iterable[int]) -> None:
        """Draw the next random view, and look at the last picture from there: what a look begins with."""
        view = draw_view(self._draws, self.width, self.height)
        self._turned = {
            size: Look(view.show_planes(self._seen, size), self._way(view, size)) for size in sizes
        }

    def look(self, canvas: Tensor, sizes: Iterable[int]) -> dict[int, Look]:
        """One random view for each input side; the one turned to, if there is one."""
        if not self._turned:
            self.turn(sizes)
        turned, self._turned = self._turned, {}
        if canvas is self._base:
            return turned
        change = self.change(canvas - self._base) / 255
        return {size: Look(seen.shown + seen.way.show(change), seen.way) for size, seen in turned.items()}

    def slope(self, looks: Iterable[tuple[Look, Tensor]]) -> Tensor:
        """The gradient at the canvas, from those at what the looks showed (3×S×S each)."""
        traced = torch.stack([look.way.trace(self._to_own(gradient)) for look, gradient in looks]).sum(0)
        return self._budget * _mixed(self._mix.T, traced / 255)

    def picture(self, canvas: Tensor) -> Image.Image:
        """The 8-bit picture that the canvas makes of the working copy."""
        change = self.change(canvas)
        rows, columns = self._paint
        wide = columns.beside(change).permute(1, 2, 0).reshape(change.shape[1], -1)
        pixels = np.empty((self.height, self.width, self.shape[0]), np.uint8)
        levels = torch.from_numpy(pixels).view(self.height, -1)
        for part, moved in rows.added(self._pixels, wide):
            # By way of 16 bits: from there torch has a fast way to 8, from floating point it has not.
            levels[part].copy_(moved.round_().clamp_(0, 255).to(torch.int16))
        return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)

    def _planes(self, picture: Image.Image) -> Tensor:
        return to_planes(picture).to(self.device)

    def _way(self, view: View, size: int) -> Way:
        rows, columns = view.matrices(self.width, self.height, size)
        down, across = (
            Bands(matrix).above(base[None])[0]
            for matrix, base in ((rows, self._rows), (columns, self._columns))
        )
        return Way.of(down, across, self.device)

    def _to_own(self, gradient: Tensor) -> Tensor:
        """3×S×S as the photo's own planes: all three of a grey one are the same."""
        return gradient if self.shape[0] == 3 else gradient.sum(0, keepdim=True)

    def _on_canvas(self, budget: Tensor) -> Tensor:
        _, height, width = self.shape
        rows, columns = resampling(self.height, height), resampling(self.width, width)
        return Bands(rows, self.device).above(Bands(columns, self.device).beside(budget)).clamp_min(0)


def _mixed(mix: Tensor, planes: Tensor) -> Tensor:
    return torch.einsum("ij,jhw->ihw", mix, planes)
