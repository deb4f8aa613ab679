"""What a protected photo can show for itself, measured on the delivered bytes.

The JSON form (`Report.as_dict`) is documented in docs/report.md; `photoveil protect --json`, the API and the demo
all speak it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from photoveil.protection.channel import REPORTED, Channel
from photoveil.protection.encoders import Encoder, Features, Reference, encode_all
from photoveil.protection.lanes import Lanes
from photoveil.protection.methods import antithetical
from photoveil.protection.reduced import reduced

AS_DELIVERED = "as_delivered"


@dataclass(frozen=True)
class FileFacts:
    """Identity of a file: SHA-256 in hex, size in bytes, container format, upright size in pixels."""

    sha256: str
    bytes: int
    format: str
    width: int
    height: int


@dataclass(frozen=True)
class Movement:
    """How an encoder's view of a photo moved.

    Attributes:
        anchor_shift: gain in cosine towards the persona's anchor, pooled embedding, −2…2.
        token_anchor_shift: the same, mean over the tokens a VLM reads.
        cosine: between the pooled embeddings of original and protected photo, −1…1.
        strangers_nearer: share of the reference's strangers whose clean photo is nearer to the protected photo than
            the mean of the persona's own clean photos is, 0…1; None for an encoder without a reference.
    """

    anchor_shift: float
    token_anchor_shift: float
    cosine: float
    strangers_nearer: float | None


@dataclass(frozen=True)
class EncoderReport:
    """One encoder's movement, as delivered and after each reported channel."""

    name: str
    role: str
    channels: dict[str, Movement]

    def as_dict(self) -> dict[str, Any]:
        """JSON form: the movement as delivered at the top level, the others under ``channels``."""
        delivered = self.channels[AS_DELIVERED]
        rest = {name: asdict(m) for name, m in self.channels.items() if name != AS_DELIVERED}
        return {"name": self.name, "role": self.role, **asdict(delivered), "channels": rest}


@dataclass(frozen=True)
class Report:
    """Everything measured about one protected photo; see docs/report.md."""

    original: FileFacts
    delivered: FileFacts
    psnr_db: float
    ssim: float
    encoders: list[EncoderReport]
    timings_ms: dict[str, float]
    model_set: str
    method: str
    strength: str
    persona: str
    version: str
    date: str
    seed: int
    device: str
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The documented JSON form, numbers rounded to what they can bear."""
        plain = {name: value for name, value in vars(self).items() if name != "encoders"}
        plain["original"], plain["delivered"] = asdict(self.original), asdict(self.delivered)
        plain["encoders"] = [encoder.as_dict() for encoder in self.encoders]
        rounded: dict[str, Any] = _rounded(plain)
        return rounded


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_rounded(entry) for entry in value]
    return value


def picture(pixels: NDArray[np.uint8]) -> Image.Image:
    """H×W×3 or H×W pixels as a Pillow image (RGB or L)."""
    return Image.fromarray(pixels)


def through_channels(photo: Image.Image) -> dict[str, Image.Image]:
    """The picture as delivered and after each reported channel, by name; of a big one, smaller copies (`reduced`)."""
    small = reduced(photo)

    def after(channel: Channel) -> Image.Image:
        seen = channel.apply(small if channel.shrinks else photo)
        if small is not photo and not channel.shrinks:
            # libjpeg reads a picture smaller in a fraction of the time.
            seen.draft(seen.mode, small.size)
        seen.load()
        return seen

    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        return {AS_DELIVERED: small} | dict(
            zip((channel.name for channel in REPORTED), pool.map(after, REPORTED), strict=True)
        )


def movements(
    encoders: list[Encoder],
    clean: dict[str, Features],
    anchors: dict[str, Features],
    homes: dict[str, Tensor],
    after: NDArray[np.uint8],
    lanes: Lanes | None = None,
) -> list[EncoderReport]:
    """Measure the delivered pixels on every encoder, as delivered and after each channel.

    Args:
        encoders: surrogates and witnesses.
        clean: the original's features by encoder name (batch of one).
        anchors: the persona's anchor by encoder name.
        homes: the unit mean of the persona's clean photos by encoder name, D values each.
        after: delivered pixels, H×W×3 or H×W.
        lanes: for the encoders; by default they take turns.
    """
    seen = through_channels(picture(after))
    found = encode_all(encoders, list(seen.values()), lanes)
    return [
        _one(e, clean[e.name], found[e.name], anchors[e.name], homes[e.name], list(seen)) for e in encoders
    ]


@torch.inference_mode()
def _one(
    encoder: Encoder, before: Features, after: Features, anchor: Features, home: Tensor, channels: list[str]
) -> EncoderReport:
    pooled, tokens = antithetical.shift(before, after, anchor)
    cosine = (after.pooled * before.pooled).sum(1)
    nearer = strangers_nearer(after.pooled, home, encoder.reference)
    columns = zip(channels, pooled.tolist(), tokens.tolist(), cosine.tolist(), nearer, strict=True)
    return EncoderReport(encoder.name, encoder.role, {name: Movement(*rest) for name, *rest in columns})


def strangers_nearer(seen: Tensor, home: Tensor, reference: Reference | None) -> list[float | None]:
    """For each photo, the share of strangers nearer to it than its own persona's mean; ``seen`` B×D of unit length."""
    if reference is None:
        return [None] * len(seen)
    strangers = seen @ reference.pooled.T
    found: list[float | None] = (strangers > (seen @ home)[:, None]).float().mean(1).tolist()
    return found
