"""One slice under every condition, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from lab.authorised_fusion.study import Picture

_COLUMNS = 6


def plot(pictures: Sequence[Picture], file: Path) -> None:
    """Write the PNG."""
    rows = -(-len(pictures) // _COLUMNS)
    figure = Figure(figsize=(2.0 * _COLUMNS, 2.25 * rows), layout="constrained")
    panels = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for panel, picture in zip(panels, pictures, strict=False):
        panel.imshow(picture.plane, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        panel.set_title(picture.title, fontsize=8)
    for panel in panels:
        panel.set_axis_off()
    figure.savefig(file, dpi=110)
