"""What happens to a photo between its owner and the attacker, and what attackers do to get rid of protection."""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image, ImageFilter

from photoveil.protection.channel import fit, jpeg

Channel = Callable[[Image.Image], Image.Image]


def _webp(picture: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=75)
    return Image.open(buffer).convert("RGB")


def _scaled(picture: Image.Image, factor: float, method: Image.Resampling) -> Image.Image:
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    return picture.resize(size, method)


def _crop(picture: Image.Image) -> Image.Image:
    x, y = round(picture.width * 0.1), round(picture.height * 0.1)
    return picture.crop((x, y, picture.width - x, picture.height - y))


def _screenshot(picture: Image.Image) -> Image.Image:
    """Shown at some width on a screen, bilinear and off the pixel grid, then saved again."""
    return jpeg(_scaled(picture, 0.71, Image.Resampling.BILINEAR), 80)


def _upload(picture: Image.Image) -> Image.Image:
    return jpeg(fit(picture, 1080), 75)


UPLOAD = "upload"
CHANNELS: dict[str, Channel] = {
    UPLOAD: _upload,
    "none": lambda p: p,
    "jpeg95": lambda p: jpeg(p, 95),
    "jpeg75": lambda p: jpeg(p, 75),
    "jpeg50": lambda p: jpeg(p, 50),
    "webp75": _webp,
    "resize540_jpeg75": lambda p: jpeg(fit(p, 540), 75),
    "half": lambda p: _scaled(p, 0.5, Image.Resampling.LANCZOS),
    "crop80": _crop,
    "blur": lambda p: p.filter(ImageFilter.GaussianBlur(max(p.size) / 700)),
    "screenshot": _screenshot,
    "two_platforms": lambda p: jpeg(fit(_upload(p), 960), 70),
}
"""`upload` (long edge at most 1080 pixels, JPEG 75) is what every figure is measured after unless it says else."""


def _denoised(picture: Image.Image) -> Image.Image:
    """Edge-keeping smoothing: what hides in texture goes, outlines stay."""
    return Image.fromarray(cv2.bilateralFilter(np.asarray(picture.convert("RGB")), 9, 30, 5))


def _noisy_upscale(picture: Image.Image) -> Image.Image:
    """Drowned in noise at half the size, then enlarged (after Hönig et al., arXiv 2406.12027: noisy upscaling)."""
    small = np.asarray(_scaled(picture.convert("RGB"), 0.5, Image.Resampling.LANCZOS), np.float32)
    noise = np.random.default_rng(small.shape[1]).normal(0, 8, small.shape)
    noisy = Image.fromarray((small + noise).round().clip(0, 255).astype(np.uint8))
    return noisy.filter(ImageFilter.GaussianBlur(0.7)).resize(picture.size, Image.Resampling.BICUBIC)


COUNTERS: dict[str, Channel] = {
    "": lambda p: p,
    "grey": lambda p: p.convert("L").convert("RGB"),
    "denoise": _denoised,
    "noisy-upscale": _noisy_upscale,
}
"""What an attacker does to every photo, posted and questioned alike; the empty name is nothing."""
