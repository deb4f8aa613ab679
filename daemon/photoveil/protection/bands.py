"""Products with resampling matrices: each row of one is zero but for a short stretch that moves along with the rows.

Multiplied block by block, such a matrix costs a tenth of what it does as a whole. Graphics cards multiply whole
matrices faster than they start the blocks, so there a matrix is one block.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

_ROWS = 32


class Bands:
    """A matrix, target×source, in blocks of rows that know which columns they use.

    Attributes:
        used: the columns that any row uses.
    """

    def __init__(self, matrix: Tensor, device: torch.device | None = None) -> None:
        self._target = len(matrix)
        self._blocks = [
            (rows, columns, matrix[rows, columns])
            for rows, columns in _blocks(matrix, _ROWS if device is None or device.type == "cpu" else 0)
        ]
        if device is not None and device.type != "cpu":
            self._blocks = [(rows, columns, block.to(device)) for rows, columns, block in self._blocks]
        self.used = slice(
            min(columns.start for _, columns, _ in self._blocks),
            max(columns.stop for _, columns, _ in self._blocks),
        )

    def above(self, x: Tensor, first: int = 0) -> Tensor:
        """``matrix @ x`` for C×source×n; of x only the rows from ``first`` on may be there."""
        out = x.new_empty(len(x), self._target, x.shape[2])
        for rows, columns, block in self._blocks:
            for plane, into in zip(x, out, strict=True):
                torch.mm(block, plane[columns.start - first : columns.stop - first], out=into[rows])
        return out

    def added(self, to: Tensor, x: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """``to + matrix @ x`` for source×n, some of its rows after the other: which, and what is there."""
        for rows, columns, block in self._blocks:
            yield rows, torch.addmm(to[rows], block, x[columns])

    def beside(self, x: Tensor) -> Tensor:
        """``x @ matrix.T`` for C×n×source."""
        out = x.new_empty(*x.shape[:2], self._target)
        for rows, columns, block in self._blocks:
            for plane, into in zip(x, out, strict=True):
                torch.mm(plane[:, columns], block.T, out=into[:, rows])
        return out


def _blocks(matrix: Tensor, size: int) -> list[tuple[slice, slice]]:
    """Which columns so many rows at a time use, all rows where ``size`` is 0."""
    there = matrix.numpy() != 0
    found = []
    for top in range(0, len(matrix), size or len(matrix)):
        rows = slice(top, min(len(matrix), top + (size or len(matrix))))
        columns = np.flatnonzero(there[rows].any(0))
        found.append((rows, slice(int(columns[0]), int(columns[-1]) + 1) if len(columns) else slice(0, 1)))
    return found


@dataclass(frozen=True)
class Way:
    """A linear way from a canvas to a view of it, and back; ``rows`` and ``columns`` are matrices as `Bands`."""

    there: tuple[Bands, Bands]
    back: tuple[Bands, Bands]

    @classmethod
    def of(cls, rows: Tensor, columns: Tensor, device: torch.device) -> Way:
        """With ``rows`` H×h and ``columns`` W×w."""
        return cls(
            (Bands(rows, device), Bands(columns, device)), (Bands(rows.T, device), Bands(columns.T, device))
        )

    def show(self, canvas: Tensor) -> Tensor:
        """C×h×w → C×H×W."""
        return self.there[0].above(self.there[1].beside(canvas))

    def trace(self, gradient: Tensor) -> Tensor:
        """C×H×W, the gradient at the view → C×h×w, that at the canvas."""
        return self.back[0].above(self.back[1].beside(gradient))
