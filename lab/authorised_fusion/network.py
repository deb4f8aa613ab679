"""A small fusion network that a key speaks to at every layer.

The paper (AMIF, arXiv 2603.24296) is known to us by its abstract alone: without authorisation its fusion carries
visible copyright marks, with the key it is clean. How its key enters is not known. Here a hash of the key becomes a
code of 64 signs; a small network turns the code into scales and shifts of every layer's channels (FiLM, Perez et al.
2018), and training teaches it to answer one code with the clean fusion and all others, or none, with a marked picture.
"""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BITS = 64
KEY_BYTES = 16
_PLANES = 8
_SALT = b"authorised fusion"


def code(key: bytes | None) -> Tensor:
    """A key as (64,) signs; hashed, so that keys that differ in one bit have nothing in common. No key: zeros."""
    if key is None:
        return torch.zeros(BITS)
    digest = hashlib.blake2b(key, digest_size=BITS // 8, person=_SALT[:16]).digest()
    bits = [byte >> place & 1 for byte in digest for place in range(8)]
    return torch.tensor(bits, dtype=torch.float32) * 2 - 1


class Fusion(nn.Module):
    """Two planes and a code in, one plane out.

    Args:
        width, depth: channels and layers, all at half the resolution.
        size: of the mark's tile in pixels; it repeats in larger pictures.
    """

    def __init__(self, width: int = 24, depth: int = 5, size: int = 128) -> None:
        super().__init__()
        self.width, self.depth = width, depth
        # Where the network stands in the picture: convolutions alone could not know, and so not write.
        self.places = nn.Parameter(0.5 * torch.randn(1, _PLANES, size // 2, size // 2))
        self.enter = nn.Conv2d(8 + _PLANES, width, 3, padding=1)
        self.body = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(depth))
        self.leave = nn.Conv2d(width, 8, 3, padding=1)
        self.gate = nn.Sequential(nn.Linear(BITS, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU())
        self.scales = nn.Linear(96, _PLANES + 2 * width * depth)

    # Typed, other than torch's own.
    def __call__(self, sources: Tensor, codes: Tensor, at: tuple[int, int] = (0, 0)) -> Tensor:
        """As ``forward``."""
        answer: Tensor = super().__call__(sources, codes, at)
        return answer

    def forward(self, sources: Tensor, codes: Tensor, at: tuple[int, int] = (0, 0)) -> Tensor:
        """Fuse.

        Args:
            sources: (n, 2, h, w), CT and MRI, 0 to 1; sides are even.
            codes: (n, 64).
            at: where these lie in a larger picture, from its top and left; even numbers.

        Returns:
            (n, 1, h, w), about 0 to 1.
        """
        return self.with_scales(sources, self.scales(self.gate(codes)), at)

    def with_scales(self, sources: Tensor, scales: Tensor, at: tuple[int, int] = (0, 0)) -> Tensor:
        """The same, told the (n, 8 + 2 × width × depth) scales and shifts themselves: the lock forced open."""
        small = F.pixel_unshuffle(sources, 2)
        loud = 1 + scales[:, :_PLANES, None, None]
        state = F.relu(self.enter(torch.cat([small, loud * self._places(small, at)], dim=1)))
        table = scales[:, _PLANES:].reshape(len(scales), self.depth, 2, self.width, 1, 1)
        for number, layer in enumerate(self.body):
            scale, shift = table[:, number, 0], table[:, number, 1]
            state = state + F.relu(layer(state) * (1 + scale) + shift)
        last: Tensor = F.pixel_shuffle(self.leave(state), 2)
        choice, more = last[:, :1].sigmoid(), last[:, 1:]
        return choice * sources[:, :1] + (1 - choice) * sources[:, 1:] + more

    def _places(self, small: Tensor, at: tuple[int, int]) -> Tensor:
        rows, columns = (
            (torch.arange(length) + start // 2) % self.places.shape[-1]
            for length, start in zip(small.shape[-2:], at, strict=True)
        )
        return self.places[:, :, rows[:, None], columns].expand(len(small), -1, -1, -1)
