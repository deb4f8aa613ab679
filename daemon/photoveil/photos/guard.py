"""The only way to Pillow's decoders: an allow-list of plugins, limits, and one shape of errors."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from PIL import Image, ImageFile

from photoveil.errors import PhotoveilError
from photoveil.photos.errors import TooLarge, TruncatedPhoto, UnsupportedPhoto
from photoveil.photos.formats import Format
from photoveil.photos.model import Limits

# Hostile bytes reach these plugins and no others (no EPS, PDF, WMF, FITS …).
_PLUGINS = {
    Format.JPEG: "JPEG",
    Format.PNG: "PNG",
    Format.WEBP: "WEBP",
    Format.TIFF: "TIFF",
    Format.BMP: "BMP",
    Format.GIF: "GIF",
    Format.AVIF: "AVIF",
    Format.HEIC: "HEIF",
}

# Pillow's limits and the warning filters belong to the process, so one photo is open at a time;
# that also bounds the memory of a batch.
_LOCK = threading.RLock()


def plugin(kind: Format) -> str:
    """The name of Pillow's plugin for ``kind``, loaded.

    Raises:
        UnsupportedPhoto: the library for this format is not installed.
    """
    Image.preinit()
    if kind is Format.HEIC:
        _register_heif()
    name = _PLUGINS[kind]
    if name not in Image.OPEN:
        Image.init()
    if name not in Image.OPEN:
        raise UnsupportedPhoto.of(f"This installation cannot read {kind.label} files.")
    return name


def _register_heif() -> None:
    if "HEIF" in Image.OPEN:
        return
    try:
        import pillow_heif
    except ImportError as error:
        raise UnsupportedPhoto.of(
            "It is a HEIC photo and the library that reads those is not installed.",
            "Install it with: pip install photoveil[heif], or export the photo as JPEG.",
        ) from error
    pillow_heif.register_heif_opener(thumbnails=False)


@contextmanager
def opened(kind: Format, data: bytes, limits: Limits) -> Iterator[Image.Image]:
    """The photo opened by its one plugin, for as long as the context lasts.

    Raises:
        TooLarge, TruncatedPhoto, UnsupportedPhoto: also for whatever fails inside the context.
    """
    name = plugin(kind)
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of metadata that is not read through Pillow
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
        Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = limits.max_pixels, False
        try:
            with Image.open(BytesIO(data), formats=(name,)) as image:
                check_pixels(image.width, image.height, limits)
                yield image
        except PhotoveilError:
            raise
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise TooLarge.of_pixels("too many pixels", limits.max_pixels) from error
        except MemoryError as error:
            raise TooLarge.of_pixels("more pixels than fit into memory", limits.max_pixels) from error
        except Exception as error:
            # Decoders fail in whatever way hostile bytes make them; to the user it is one thing.
            detail = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
            raise TruncatedPhoto.of(kind.label, _plain(detail)) from error
        finally:
            Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = before


def _plain(detail: str) -> str:
    # Pillow prints the address of its buffer, which says nothing to anyone.
    return "its decoder does not accept it" if "BytesIO" in detail else detail


def check_pixels(width: int, height: int, limits: Limits) -> None:
    """Refuse a picture beyond the limits.

    Raises:
        TooLarge: it has too many pixels.
    """
    if width * height > limits.max_pixels:
        raise TooLarge.of_pixels(f"{width:,} × {height:,} pixels", limits.max_pixels)
