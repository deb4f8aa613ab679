"""Pictures of the results: hypervolume against queries, and what copies look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from lab.assistant.world import Shot
from photoveil.assistant.obfuscation import obfuscate
from photoveil.assistant.parameters import Parameters

_COLOURS = ("#5a45e0", "#2f9e8f", "#e08a45", "#6b7280")
_LOWEST = 0.4
_TILE = (360, 270)


def plot(curves: Mapping[str, Mapping[str, Sequence[float]]], file: Path) -> None:
    """Mean hypervolume after each query, one line and band for each search."""
    figure = Figure(figsize=(7.2, 4.0), layout="constrained")
    axis = figure.subplots()
    for (name, curve), colour in zip(curves.items(), _COLOURS, strict=False):
        queries = np.arange(1, len(curve["mean"]) + 1)
        axis.plot(queries, curve["mean"], color=colour, linewidth=1.8, label=name)
        axis.fill_between(queries, curve["low"], curve["high"], color=colour, alpha=0.15, linewidth=0)
    axis.set_xlabel("queries for one photo")
    axis.set_ylabel("hypervolume (1 is perfect)")
    axis.set_ylim(_LOWEST, 1.0)
    axis.set_xlim(1, None)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, loc="lower right")
    draft = file.with_name(f"{file.stem}.part.png")
    figure.savefig(draft, dpi=110)
    draft.replace(file)


def sheet(shots: Sequence[Shot], copies: Sequence[Sequence[Parameters]], file: Path) -> None:
    """A row for each photo: as it is, then its copies."""
    lines = []
    for shot, parameters in zip(shots, copies, strict=True):
        pixels = shot.pixels()
        row = [pixels, *(obfuscate(pixels, [shot.region], p, seed=shot.owner) for p in parameters)]
        lines.append(np.hstack([_tile(picture) for picture in row]))
    draft = file.with_name(f"{file.stem}.part.png")
    # A third of the size in 256 colours, and nobody sees it.
    Image.fromarray(np.vstack(lines)).quantize(256).save(draft)
    draft.replace(file)


def _tile(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(pixels, _TILE, interpolation=cv2.INTER_AREA), np.uint8)
