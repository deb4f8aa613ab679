"""The comparison picture: before, after and the difference amplified, side by side."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

AMPLIFIED = 10
"""Factor by which the difference is shown."""

_LONG_EDGE = 900
_MARGIN, _HEAD = 24, 56
_PAPER, _INK = (250, 250, 248), (32, 33, 36)


def comparison(before: NDArray[np.uint8], after: NDArray[np.uint8], caption: str = "") -> bytes:
    """A PNG with three panels of equal size: before, after, difference ×10 around grey.

    Args:
        before, after: H×W×3 or H×W, the same shape.
        caption: one line below, such as PSNR and strength.
    """
    difference = (after.astype(np.int16) - before.astype(np.int16)) * AMPLIFIED + 128
    panels = [
        ("Before", _panel(before)),
        ("After", _panel(after)),
        (f"Difference, {AMPLIFIED} times", _panel(difference.clip(0, 255).astype(np.uint8))),
    ]
    width, height = panels[0][1].size
    foot = _HEAD if caption else _MARGIN
    sheet = Image.new("RGB", (_MARGIN + (width + _MARGIN) * len(panels), _HEAD + height + foot), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for index, (title, panel) in enumerate(panels):
        left = _MARGIN + index * (width + _MARGIN)
        draw.text((left, _HEAD / 2), title, _INK, ImageFont.load_default(22), anchor="lm")
        sheet.paste(panel, (left, _HEAD))
    if caption:
        place = (_MARGIN, _HEAD + height + foot / 2)
        draw.text(place, caption, _INK, ImageFont.load_default(18), anchor="lm")
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()


def _panel(pixels: NDArray[np.uint8]) -> Image.Image:
    image = Image.fromarray(pixels).convert("RGB")
    scale = _LONG_EDGE / max(image.size)
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)
