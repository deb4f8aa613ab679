"""Colour tables looked up for the same pixels again and again, with gradients."""

from __future__ import annotations

import torch
from torch import Tensor


class Lookup:
    """Where the colours of some pixels lie in a table of n×n×n nodes.

    Trilinear interpolation is a weighted mean of nodes. The weights along blue and green together, and those along
    red, make two thin matrices: a product with each, and its gradient, take a twentieth of what torch's general
    ``grid_sample`` does, which has to find all of this out again every time.

    Args:
        colours: B×3×H×W in 0…1: red, green and blue.
        nodes: along each axis of the tables.
    """

    def __init__(self, colours: Tensor, nodes: int) -> None:
        batch, _, height, width = colours.shape
        red, green, blue = _shares(colours, nodes)
        self._shape = 3, batch, height, width
        self._sheets = (blue[:, None] * green).flatten(0, 1)
        self._rows = red[:, None]

    def changes(self, table: Tensor) -> Tensor:
        """B×3×H×W, what a table (3×n×n×n by blue, green and red, in that order) holds for the pixels."""
        nodes = table.shape[-1]
        at_sheets = table.permute(3, 0, 1, 2).reshape(nodes * 3, nodes * nodes) @ self._sheets
        found = (at_sheets.view(nodes, 3, -1) * self._rows).sum(0)
        planes: Tensor = found.view(self._shape)
        return planes.transpose(0, 1)


def _shares(colours: Tensor, nodes: int) -> Tensor:
    """3×n×pixels, how much each node along an axis counts for a pixel."""
    places = colours.transpose(0, 1).reshape(3, 1, -1).clamp(0, 1) * (nodes - 1)
    return (1 - (places - torch.arange(nodes, device=colours.device)[:, None]).abs()).clamp_min(0)
