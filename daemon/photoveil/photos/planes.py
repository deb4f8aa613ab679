"""From Pillow's modes to upright planes, and from RGB changes back to inks and 16-bit samples."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from photoveil.photos.errors import UnsupportedPhoto
from photoveil.photos.model import Deep, Pixels

_Plane = TypeVar("_Plane", bound=npt.NDArray[np.generic])

# How much an ink may be changed for one step of RGB under black ink: beyond it, dark areas turn blotchy.
_MOST_INK_GAIN = 4.0
_GREY = {"1", "L", "LA", "La"}
_DEEP = {"I;16", "I;16L", "I;16B", "I;16N"}
_COLOUR = {"RGB", "RGBA", "RGBX", "RGBa", "P", "PA", "YCbCr"}


@dataclass(frozen=True)
class Planes:
    """The planes of one picture, as stored (not yet upright); see ``Photo`` and ``Source``."""

    pixels: Pixels
    alpha: Pixels | None = None
    inks: Pixels | None = None
    deep: Deep | None = None
    notes: tuple[str, ...] = ()


def split(image: Image.Image, icc: bytes | None) -> Planes:
    """The planes of a loaded image.

    Args:
        icc: the embedded profile; used for CMYK only, other pictures keep their numbers and profile.

    Raises:
        UnsupportedPhoto: a mode that has no sane 8-bit picture (float, 32-bit, Lab).
    """
    if image.mode in _DEEP and "transparency" not in image.info:
        return _split_deep(image)
    if image.mode == "CMYK":
        return _split_inks(image, icc)
    if image.mode in _DEEP:
        return _split_keyed(image)
    has_alpha = image.has_transparency_data or image.mode in ("La", "RGBa")
    if image.mode in _GREY or (image.mode == "P" and _is_grey_palette(image)):
        return _split_alpha(image, "LA" if has_alpha else "L")
    if image.mode in _COLOUR:
        return _split_alpha(image, "RGBA" if has_alpha else "RGB")
    raise UnsupportedPhoto.of(
        f"Its pixels are stored in a way that screens do not use (mode {image.mode}).",
        "Export it with 8 or 16 bits per colour, in RGB, greyscale or CMYK.",
    )


def _is_grey_palette(image: Image.Image) -> bool:
    """Whether a palette has greys only: GIF and BMP have no other way to say greyscale."""
    colours = np.array(image.getpalette("RGB") or [], dtype=np.uint8).reshape(-1, 3)
    return bool((colours == colours[:, :1]).all())


def _split_alpha(image: Image.Image, mode: str) -> Planes:
    if image.mode == "P" and mode == "LA":
        image = image.convert("RGBA")
    array = np.asarray(image if image.mode == mode else image.convert(mode))
    if mode in ("L", "RGB"):
        return Planes(array)
    colours = array[..., 0] if mode == "LA" else array[..., :3]
    return Planes(colours, alpha=array[..., -1])


def _split_deep(image: Image.Image) -> Planes:
    deep = np.asarray(image).astype(np.uint16)
    return Planes(((deep.astype(np.uint32) + 128) // 257).astype(np.uint8), deep=deep)


def _split_keyed(image: Image.Image) -> Planes:
    """16-bit grey with one grey as transparent, which no array library writes: 8 bits and alpha."""
    split = _split_deep(image)
    alpha = np.where(split.deep == image.info["transparency"], 0, 255).astype(np.uint8)
    note = "The photo has 16 bits and a transparent grey; it is delivered with 8 bits."
    return Planes(split.pixels, alpha=alpha, notes=(note,))


def _split_inks(image: Image.Image, icc: bytes | None) -> Planes:
    screen = _through_profile(image, icc) if icc else None
    note = "Colour changes of this CMYK photo are carried over to its inks, which is less exact than for RGB."
    return Planes(np.asarray(screen or image.convert("RGB")), inks=np.asarray(image), notes=(note,))


def _through_profile(image: Image.Image, icc: bytes) -> Image.Image | None:
    """The picture in sRGB; None when the profile is of no use."""
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
        return ImageCms.profileToProfile(
            image,
            profile,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def upright(plane: _Plane, orientation: int) -> _Plane:
    """The plane turned and mirrored as the EXIF orientation (1 to 8) demands; contiguous and read-only."""
    turned: npt.NDArray[np.generic] = plane
    if orientation >= 5:
        turned = np.swapaxes(turned, 0, 1)
    if orientation in (3, 4, 7, 8):
        turned = turned[::-1]
    if orientation in (2, 3, 6, 7):
        turned = turned[:, ::-1]
    turned = np.ascontiguousarray(turned)
    if turned.flags.writeable:
        turned.setflags(write=False)
    return turned  # type: ignore[return-value]  # same dtype, which swapaxes does not say


def changed_inks(inks: Pixels, before: Pixels, after: Pixels) -> Pixels:
    """The inks that show the change from ``before`` to ``after``.

    Less cyan means more red: each ink takes the opposite of its colour's change, amplified under
    black, which hides part of it. Black itself stays.

    Args:
        inks: H×W×4; ``before``, ``after``: H×W×3.
    """
    result = inks.copy()
    room = np.maximum(255.0 - inks[..., 3].astype(np.float32), 255.0 / _MOST_INK_GAIN)
    for channel in range(3):
        delta = after[..., channel].astype(np.float32) - before[..., channel]
        ink = np.rint(inks[..., channel] - delta * (255.0 / room))
        result[..., channel] = np.clip(ink, 0, 255).astype(np.uint8)
    return result


def changed_deep(deep: Deep, before: Pixels, after: Pixels) -> Deep:
    """The 16-bit samples with the 8-bit change added; unchanged pixels stay bit for bit. All H×W."""
    delta = (after.astype(np.int32) - before) * 257
    return np.clip(deep + delta, 0, 65535).astype(np.uint16)
