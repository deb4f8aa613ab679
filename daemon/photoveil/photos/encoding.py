"""From pixels to the delivered bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from photoveil.photos import guard, planes, policy
from photoveil.photos.containers import bmp, jpeg, png, tiff
from photoveil.photos.errors import UnsupportedPhoto
from photoveil.photos.formats import Format
from photoveil.photos.model import Encoded, Metadata, MetadataPolicy, Photo, Pixels, Style
from photoveil.photos.names import safe_name, with_format

_LEAST_JPEG_QUALITY = 85
_OPTIMISED_UP_TO = 2_000_000
"""Pixels. Tables of its own save a JPEG file a twentieth and double the time; cameras do without them as well."""
_MOST_SIDE = {
    Format.JPEG: 65535,
    Format.GIF: 65535,
    Format.WEBP: 16383,
    Format.AVIF: 65536,
    Format.HEIC: 16384,
}
_LOSSY_ALPHA = "The transparency is compressed with some loss, as this format has it."
_WITH_ALPHA = (Format.PNG, Format.WEBP, Format.TIFF, Format.BMP, Format.GIF, Format.AVIF, Format.HEIC)


@dataclass(frozen=True)
class _Lossy:
    """Qualities to write at: the usual one, the least and the most when the size misses the original's."""

    usual: int
    least: int
    most: int


_LOSSY = {
    Format.JPEG: _Lossy(92, 85, 100),
    Format.WEBP: _Lossy(90, 80, 97),
    Format.AVIF: _Lossy(80, 65, 92),
    Format.HEIC: _Lossy(85, 70, 95),
}


@dataclass(frozen=True)
class _Job:
    """All a format's writer needs: the picture for Pillow, its alpha apart, what goes with it."""

    photo: Photo
    kind: Format
    pixels: Pixels
    image: Image.Image
    alpha: Pixels | None
    metadata: Metadata
    style: Style
    quality: int | None


_Written = tuple[bytes, int | None, tuple[str, ...]]


def encode(
    photo: Photo,
    pixels: Pixels,
    *,
    metadata: MetadataPolicy = MetadataPolicy.STRIP_LOCATION,
    format: Format | None = None,
    quality: int | None = None,
) -> Encoded:
    """The delivered file for changed pixels.

    Args:
        photo: the photo as decoded.
        pixels: uint8 of the same shape as ``photo.pixels``, upright.
        metadata: what goes with the picture.
        format: another container than the photo's own.
        quality: 1 to 100 in place of the estimate; no meaning where nothing is lost.

    Raises:
        UnsupportedPhoto: the format cannot hold this picture, or its library is missing.
        ValueError: the pixels do not fit the photo, or the quality its range; a mistake of the caller.
    """
    if quality is not None and not 1 <= quality <= 100:
        raise ValueError(f"quality must be 1 to 100, not {quality}")
    if pixels.shape != photo.pixels.shape or pixels.dtype != np.uint8:
        raise ValueError(f"pixels must be uint8 {photo.pixels.shape}, not {pixels.dtype} {pixels.shape}")
    kind = format or photo.format
    most = _MOST_SIDE.get(kind, 2**31 - 1)
    if max(photo.width, photo.height) > most:
        raise UnsupportedPhoto.of(
            f"A {kind.label} file holds at most {most:,} pixels a side.",
            "Choose another format for delivery.",
        )
    job, notes = _prepared(photo, pixels, kind, metadata, quality)
    try:
        data, used, more = _WRITERS[kind](job)
    except (OSError, ValueError, RuntimeError) as error:  # all that Pillow's encoders raise
        reason = f"It cannot be written as {kind.label} ({error})."
        raise UnsupportedPhoto.of(reason, "Choose another format for delivery.") from error
    name = safe_name(photo.name) if kind is photo.format else with_format(photo.name, kind)
    return Encoded(data=data, format=kind, name=name, quality=used, notes=notes + more)


def _prepared(
    photo: Photo, pixels: Pixels, kind: Format, chosen: MetadataPolicy, quality: int | None
) -> tuple[_Job, tuple[str, ...]]:
    source, notes = photo.source, list[str]()
    kept = policy.delivered(source.metadata, chosen, width=photo.width, height=photo.height)
    alpha = source.alpha if kind in _WITH_ALPHA else None
    if source.alpha is not None and alpha is None:
        pixels = _on_white(pixels, source.alpha)
        notes.append(f"{kind.label} has no transparency: transparent parts are white.")
    if source.inks is not None and kind in (Format.JPEG, Format.TIFF):
        inks = planes.changed_inks(source.inks, photo.pixels, pixels)
        image = Image.frombytes("CMYK", (photo.width, photo.height), inks.tobytes())
    elif source.deep is not None and kind in (Format.PNG, Format.TIFF):
        image = Image.fromarray(planes.changed_deep(source.deep, photo.pixels, pixels))
    else:
        if source.inks is not None:
            kept = replace(kept, icc=None)  # a profile of inks says nothing about RGB
            notes.append(f"{kind.label} has no CMYK: the photo is delivered in RGB.")
        image = Image.fromarray(pixels if alpha is None else np.dstack((pixels, alpha)))
    style = source.style if kind is photo.format else Style()
    return _Job(photo, kind, pixels, image, alpha, kept, style, quality), tuple(notes)


def _on_white(pixels: Pixels, alpha: Pixels) -> Pixels:
    share = alpha.astype(np.float32) / 255.0
    share = share if pixels.ndim == 2 else share[..., None]
    flat: Pixels = np.rint(pixels * share + 255.0 * (1.0 - share)).astype(np.uint8)
    return flat


def _saved(job: _Job, **options: Any) -> bytes:
    out = BytesIO()
    name = guard.plugin(job.kind)
    if name not in Image.SAVE:
        raise UnsupportedPhoto.of(
            f"This installation cannot write {job.kind.label} files.", "Choose JPEG for delivery."
        )
    job.image.save(out, format=name, **{k: v for k, v in options.items() if v is not None})
    return out.getvalue()


def _write_jpeg(job: _Job) -> _Written:
    cmyk = job.image.mode == "CMYK"
    estimate = job.style.quality or _LOSSY[Format.JPEG].usual
    quality = job.quality or max(_LEAST_JPEG_QUALITY, estimate)
    options = {
        "quality": quality,
        # Pillow would subsample one ink instead of two colour differences.
        "subsampling": 0 if cmyk else _subsampling(job.style),
        "progressive": job.style.progressive,
        "dpi": _dpi(job.metadata),
    }
    try:
        small = job.photo.width * job.photo.height <= _OPTIMISED_UP_TO
        data = _saved(job, optimize=small, **options)
    except OSError:
        # Pillow guesses the buffer that optimising needs, and noise at high quality outgrows the guess.
        data = _saved(job, **options | {"progressive": False})
    data, notes = jpeg.with_metadata(data, job.metadata)
    return data, quality, notes


def _dpi(metadata: Metadata) -> tuple[float, float] | None:
    if metadata.dpi is None or not all(0.5 <= d <= 65535 for d in metadata.dpi):
        return None
    return metadata.dpi


def _write_png(job: _Job) -> _Written:
    return png.with_metadata(_saved(job), job.metadata), None, ()


def _write_tiff(job: _Job) -> _Written:
    compression = job.style.compression or "tiff_adobe_deflate"
    predictor = {317: 2} if compression in ("tiff_lzw", "tiff_adobe_deflate", "zstd") else None
    data = _saved(job, compression=compression, tiffinfo=predictor, dpi=job.metadata.dpi)
    return tiff.with_metadata(data, job.metadata), None, ()


def _write_bmp(job: _Job) -> _Written:
    if job.alpha is None:
        return _saved(job, dpi=job.metadata.dpi), None, ()
    colours = job.pixels if job.pixels.ndim == 3 else np.dstack((job.pixels,) * 3)
    return bmp.with_alpha(colours, job.alpha), None, ()


def _write_gif(job: _Job) -> _Written:
    options: dict[str, Any] = {"comment": job.metadata.comment}
    image = job.image
    if job.alpha is not None:
        opaque = Image.fromarray(job.pixels).convert("RGB").quantize(255, dither=Image.Dither.FLOYDSTEINBERG)
        indices = np.where(job.alpha < 128, 255, np.asarray(opaque)).astype(np.uint8)
        image = Image.frombytes("P", opaque.size, indices.tobytes())
        image.putpalette((opaque.getpalette() or [])[:765])
        options |= {"transparency": 255, "optimize": False}
    elif image.mode == "RGB":
        image = image.quantize(256, dither=Image.Dither.FLOYDSTEINBERG)
    return _saved(replace(job, image=image), **options), None, ()


def _write_webp(job: _Job) -> _Written:
    carried = _carried(job.metadata)
    if job.style.lossless:
        return _saved(job, lossless=True, exact=True, **carried), None, ()
    return (
        *_near_original_size(job, lambda quality: _saved(job, quality=quality, exact=True, **carried)),
        (),
    )


def _write_avif(job: _Job) -> _Written:
    names = {0: "4:4:4", 1: "4:2:2", 2: "4:2:0"}
    options = _carried(job.metadata)
    if job.image.mode in ("RGB", "RGBA"):
        options["subsampling"] = names[_subsampling(job.style)]
    if job.alpha is None:
        return (*_near_original_size(job, lambda quality: _saved(job, quality=quality, **options)), ())
    exact = options | {"advanced": {"alpha:lossless": "1"}}
    try:
        return (*_near_original_size(job, lambda quality: _saved(job, quality=quality, **exact)), ())
    except ValueError:  # an AV1 encoder other than aom, which does not know this option
        return (
            *_near_original_size(job, lambda quality: _saved(job, quality=quality, **options)),
            (_LOSSY_ALPHA,),
        )


def _write_heic(job: _Job) -> _Written:
    options = _carried(job.metadata) | {"chroma": {0: 444, 1: 422, 2: 420}[_subsampling(job.style)]}
    notes = () if job.alpha is None else (_LOSSY_ALPHA,)
    return (*_near_original_size(job, lambda quality: _saved(job, quality=quality, **options)), notes)


def _subsampling(style: Style) -> int:
    return 2 if style.subsampling is None else style.subsampling


def _carried(metadata: Metadata) -> dict[str, Any]:
    return {"icc_profile": metadata.icc, "exif": metadata.exif, "xmp": metadata.xmp}


def _near_original_size(job: _Job, save: Callable[[int], bytes]) -> tuple[bytes, int]:
    """The picture at the usual quality, or tried once more when its size is far from the original's."""
    lossy = _LOSSY[job.kind]
    if job.quality is not None:
        return save(job.quality), job.quality
    data, goal = save(lossy.usual), job.photo.source.size if job.kind is job.photo.format else 0
    if not goal or 0.7 * goal <= len(data) <= 1.25 * goal:
        return data, lossy.usual
    other = lossy.least if len(data) > goal else lossy.most
    retried = save(other)
    if other == lossy.most and len(retried) > 1.25 * goal:
        return data, lossy.usual
    return retried, other


_WRITERS: dict[Format, Callable[[_Job], _Written]] = {
    Format.JPEG: _write_jpeg,
    Format.PNG: _write_png,
    Format.WEBP: _write_webp,
    Format.TIFF: _write_tiff,
    Format.BMP: _write_bmp,
    Format.GIF: _write_gif,
    Format.AVIF: _write_avif,
    Format.HEIC: _write_heic,
}
