"""What is drawn on a mark, and how it is written down in the seal so that the holder of a key can draw it again.

The font comes with Photoveil, so that every computer draws the same letters.
"""

from __future__ import annotations

import zlib
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from photoveil import photos
from photoveil.errors import PhotoveilError
from photoveil.seal.errors import BadMarkError
from photoveil.seal.looks import Lettering
from photoveil.seal.model import Mark
from photoveil.seal.wavelet import Plane

MOST_BYTES = 68
"""Room in the seal for what is drawn."""

_FONT = Path(__file__).parent / "font" / "DejaVuSans-Bold-subset.ttf"
_CANVAS = (1536, 512)
_LOGO_SIDES = (48, 40, 32, 28, 24, 20)
_LOGO_LIMIT = photos.Limits(max_bytes=4 << 20, max_pixels=16_000_000)


def written(mark: Mark) -> bytes:
    """Text and logo as they stand in the seal.

    Raises:
        BadMarkError: there is nothing to draw, too much of it, or letters the font does not have.
    """
    text = mark.text.strip().encode()
    if not text and mark.logo is None:
        raise BadMarkError.of(
            "It has neither text nor a logo.", "Give it your name, such as --text “© Anna Berg”."
        )
    if len(text) > MOST_BYTES - 2:
        raise BadMarkError.of(
            f"Its text takes {len(text)} bytes, and there is room for {MOST_BYTES - 2}.", "Shorten the text."
        )
    _check_letters(mark.text.strip())
    room = MOST_BYTES - 2 - len(text)
    logo = b"" if mark.logo is None else _silhouette(mark.logo, room)
    return bytes((len(text),)) + text + logo


def drawn(what: bytes, style: Lettering, width: int, height: int) -> Plane:
    """The drawing as height×width, 0 to 1: a frame, letters and logo.

    Args:
        what: from ``written``.
        style: of the mark's version.

    Raises:
        ValueError: it is not.
    """
    text, logo = _read(what)
    canvas = Image.new("L", _CANVAS)
    pen = ImageDraw.Draw(canvas)
    far = _CANVAS[0] - style.frame, _CANVAS[1] - style.frame
    pen.rectangle((style.frame, style.frame, *far), outline=style.line_tone, width=style.line)
    room = style.width - (style.logo + style.gap if logo is not None else 0)
    font, length = _fitting(text, room, style.height)
    left = (_CANVAS[0] - length - (style.logo + style.gap * bool(text) if logo is not None else 0)) / 2
    if logo is not None:
        canvas.paste(_enlarged(logo, style.logo), (round(left), (_CANVAS[1] - style.logo) // 2))
        left += style.logo + style.gap
    pen.text((round(left), _CANVAS[1] // 2), text, fill=255, font=font, anchor="lm")
    smaller = canvas.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(smaller, np.float32) / np.float32(255)


def _read(what: bytes) -> tuple[str, npt.NDArray[np.bool_] | None]:
    if not what or len(what) < 1 + what[0]:
        raise ValueError("the drawing ends early")
    text = what[1 : 1 + what[0]].decode()
    rest = what[1 + what[0] :]
    if not rest:
        return text, None
    side = rest[0]
    if side not in _LOGO_SIDES:
        raise ValueError("no logo has this size")
    bits = zlib.decompressobj(-15).decompress(rest[1:], side * side // 8 + 1)
    flat = np.unpackbits(np.frombuffer(bits, np.uint8))[: side * side]
    if flat.size != side * side:
        raise ValueError("the logo ends early")
    return text, flat.reshape(side, side).astype(bool)


def _fitting(text: str, room: int, height: int) -> tuple[ImageFont.FreeTypeFont, float]:
    font = _font(height)
    length = font.getlength(text)
    if length > room:
        font = _font(max(12, int(height * room / length)))
        length = font.getlength(text)
    return font, length


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_FONT, size, layout_engine=ImageFont.Layout.BASIC)


def _check_letters(text: str) -> None:
    if not text.isprintable():
        raise BadMarkError.of("Its text has line breaks or invisible signs.", "Write it in one plain line.")
    font = _font(64)
    missing = font.getmask("\ue000")
    shape = bytes(missing)
    for letter in text:
        mask = font.getmask(letter)
        if mask.size == missing.size and bytes(mask) == shape:
            raise BadMarkError.of(
                f"Photoveil's font has no “{letter}”: it knows Latin, Greek and Cyrillic letters.",
                "Write the text in one of these, or give it as a picture with --logo.",
            )


def _silhouette(data: bytes, room: int) -> bytes:
    """The logo as a square of dark and bright dots, as fine as fits into ``room`` bytes."""
    try:
        photo = photos.decode(data, name="logo", limits=_LOGO_LIMIT)
    except PhotoveilError as error:
        raise BadMarkError.of(
            f"The logo cannot be read: {error.reason}",
            "Give a PNG file with transparency, or black on white.",
        ) from error
    shape = photo.source.alpha
    if shape is None or int(shape.min()) == int(shape.max()):
        grey = photo.pixels if photo.pixels.ndim == 2 else photo.pixels.mean(2)
        shape = (255 - grey).astype(np.uint8)
    image = Image.fromarray(np.asarray(shape))
    image.thumbnail((512, 512))
    square = Image.new("L", (max(image.size), max(image.size)))
    square.paste(image, ((square.width - image.width) // 2, (square.height - image.height) // 2))
    for side in _LOGO_SIDES:
        small = np.asarray(square.resize((side, side), Image.Resampling.BOX))
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = packer.compress(np.packbits(small > 127).tobytes()) + packer.flush()
        if len(packed) + 1 <= room:
            return bytes((side,)) + packed
    raise BadMarkError.of(
        "The logo has too much detail beside this text.", "Choose a simpler logo or a shorter text."
    )


def _enlarged(dots: npt.NDArray[np.bool_], side: int) -> Image.Image:
    """The silhouette at its size on the canvas, its steps rounded."""
    coarse = Image.fromarray(dots.astype(np.uint8) * 255)
    smooth = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC), np.float32)
    return Image.fromarray(np.clip((smooth - 127.5) * 3 + 127.5, 0, 255).astype(np.uint8))
