"""Small pictures of a photo for comparing by eye, without loss, so that what is seen is the photo's doing alone."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from photoveil.photos.model import Photo, Pixels

LONG_EDGE = 640
_EFFORT = 2
"""Of WebP's 0 to 6: more takes seconds and saves a few per cent."""


def preview(photo: Photo, pixels: Pixels) -> bytes:
    """A WebP of ``pixels``, which are those of ``photo`` or of its protected copy, upright and at most 640 px long."""
    image = Image.fromarray(pixels).convert("RGB")
    image.thumbnail((LONG_EDGE, LONG_EDGE), Image.Resampling.LANCZOS, reducing_gap=None)
    in_colour = (
        pixels.ndim == 3 and photo.source.inks is None
    )  # a profile of inks or greys says nothing about RGB
    profile = photo.source.metadata.icc if in_colour else None
    out = BytesIO()
    image.save(out, "WEBP", lossless=True, method=_EFFORT, icc_profile=profile)
    return out.getvalue()
