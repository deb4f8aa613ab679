"""How a model's image processor looks at a photo: exact going in, differentiable coming back.

transformers' processors are made of torch's own operations, so gradients pass through them as they are when they
are given a tensor instead of a file: resizing, cropping, tiling and the order of patches included. What they decide
from the size alone, layout and tiling, is fixed by it (MMGuard §5.1).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

MOST_SIDE = 448
"""Short side in pixels beyond which optimising costs time and memory, and attackers rarely look any closer."""
_PROBE = 1024


class Seeing:
    """A processor's eye.

    Args:
        processor: the image processor of a model.
        device: where what it sees goes.
    """

    def __init__(self, processor: Any, device: torch.device) -> None:
        self._processor = processor
        self._device = device
        self._boxes: dict[tuple[int, int, int], Tensor] = {}

    def look(self, pixels: Tensor) -> Tensor:
        """What the model is given for 3×H×W pixels in 0…1: that of the photo rounded to 8 bits, to the last bit.

        The gradient is that of the same way without any rounding.
        """
        rounded = (pixels.detach() * 255).round().clamp(0, 255).to(torch.uint8)
        exact = self._values(rounded.to(self._device))
        if not pixels.requires_grad:
            return exact
        smooth = self._values(pixels.to(self._device), do_rescale=False)
        return exact + (smooth - smooth.detach())

    @torch.no_grad()
    def side(self) -> int:
        """The short side in pixels of a photo that shows the model about all it takes in, at most `MOST_SIDE`."""
        seen = self._values(torch.zeros(3, _PROBE, _PROBE, dtype=torch.uint8)).numel() / 3
        return max(1, min(MOST_SIDE, round(math.sqrt(seen))))

    def boxes(self, height: int, width: int, tokens: int) -> Tensor:
        """What each of the model's ``tokens`` of a photo covers, tokens×4: left, top, right, bottom in its pixels.

        Found by looking at pictures whose pixels tell where they are. Where the tokens are in no grid that can be
        told, as with the queries of a Q-Former, each covers all of the photo.
        """
        key = height, width, tokens
        if key not in self._boxes:
            self._boxes[key] = self._found(height, width, tokens)
        return self._boxes[key]

    def _values(self, picture: Tensor, **how: Any) -> Tensor:
        values: Tensor = self._processor(images=picture, return_tensors="pt", **how)["pixel_values"]
        return values

    def _place(self, picture: Tensor) -> Tensor:
        return self._values(picture.expand(3, -1, -1).contiguous(), do_rescale=False).float()

    @torch.no_grad()
    def _found(self, height: int, width: int, tokens: int) -> Tensor:
        whole = torch.tensor([0.0, 0.0, float(width), float(height)]).repeat(tokens, 1)
        black, white = (self._place(torch.full((1, height, width), value)) for value in (0.0, 1.0))
        across = (torch.arange(width) + 0.5) / width
        down = (torch.arange(height) + 0.5) / height
        shown = (white - black).abs() > 1e-3  # the rest is padding
        scale = torch.where(shown, white - black, torch.ones_like(white))
        sides = []
        for ramp, length in (
            (across.expand(1, height, width), width),
            (down[:, None].expand(1, -1, width), height),
        ):
            at = (self._place(ramp) - black) / scale * length
            where, seen = _by_token(at, tokens), _by_token(shown, tokens)
            if where is None or seen is None:
                return whole
            low = where.masked_fill(~seen, math.inf).amin(1).floor().clamp(0, length - 1)
            high = where.masked_fill(~seen, -math.inf).amax(1).ceil().clamp(1, length)
            sides.append((low, torch.maximum(high, low + 1), seen.any(1)))
        (left, right, seen), (top, bottom, _) = sides
        return torch.where(seen[:, None], torch.stack([left, top, right, bottom], 1).cpu(), whole)


def _by_token(values: Tensor, tokens: int) -> Tensor | None:
    """Values of an image processor sorted by the token they end up in, tokens×values of each; None where unknown."""
    if (
        values.ndim == 2
    ):  # patches×values of each, neighbours merged into a token one after the other (Qwen2-VL)
        return values.reshape(tokens, -1) if tokens and len(values) % tokens == 0 else None
    tiles = values.reshape(-1, *values.shape[-3:])
    each, rest = divmod(tokens, len(tiles))
    grid = math.isqrt(each)
    if rest or not grid or grid * grid != each:
        return None
    tall, wide = tiles.shape[-2] // grid, tiles.shape[-1] // grid
    cut = tiles[:, :, : grid * tall, : grid * wide].unfold(2, tall, tall).unfold(3, wide, wide)
    return cut.permute(0, 2, 3, 1, 4, 5).reshape(tokens, -1)
