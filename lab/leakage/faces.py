"""Where faces are on drawn photos, which no detector knows: everybody's, as a detector would mark them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lab.scenes import PhotoSpec
from lab.starters.data import head_of
from photoveil.audit.pictures import Box

Part = tuple[float, float, float, float]
"""Left, top, right and bottom in halves of a head's height, from the middle between the ears."""

FACE: Part = (-0.80, -0.60, 0.80, 1.02)
"""Forehead to chin, cheek to cheek: the rule by which WIDER FACE was marked (arXiv 1511.06523), which detectors such as
YuNet learnt from. Hair begins about 0.5 above the middle."""

CROWN: Part = (-0.80, -1.00, 0.80, 1.05)
"""The face and the skull above it: with short hair, nearly all of the hair."""

HEAD: Part = (-1.45, -1.65, 1.45, 1.25)
"""The head with its hair, but for the ends of long hair."""


def boxes(spec: PhotoSpec, width: int, height: int, part: Part = FACE) -> list[Box]:
    """A part of everybody's head on a photo of this size, the persona's first; those out of the frame are left out."""
    side = min(width, height)
    found = []
    for one in _everybody(spec):
        x, y, half = head_of(one)
        middle = ((width - side) / 2 + x * side, (height - side) / 2 + y * side)
        left, top, right, bottom = (
            min(1.0, max(0.0, (middle[i % 2] + offset * half * side) / (width, height)[i % 2]))
            for i, offset in enumerate(part)
        )
        if right > left and bottom > top:
            found.append((left, top, right, bottom))
    return found


def _everybody(spec: PhotoSpec) -> Iterator[PhotoSpec]:
    """The photo with each head in turn where the persona's is: places and sizes are those of `lab.render`."""
    yield spec
    if spec.kind != "relationship":
        return
    pose, side = spec.pose, 1.0 if spec.pose.x < 0.5 else -1.0
    if not spec.children:
        yield replace(
            spec, pose=replace(pose, x=pose.x + side * 0.36, y=pose.y + 0.02, size=pose.size * 0.86)
        )
    for k in range(len(spec.children)):
        gap = 0.31 if len(spec.children) == 1 else 0.24 + 0.23 * k
        yield replace(
            spec,
            pose=replace(
                pose,
                x=pose.x + side * gap,
                y=pose.y + pose.size * (2.7 - 0.35 * k),
                size=pose.size * 0.74,
            ),
        )
