"""The image towers attackers build on, and what these see of photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from lab.starters.data import PhotoSet
from photoveil.protection import catalogue
from photoveil.protection.channel import centre_view
from photoveil.protection.encoders import Encoder, load_encoders

TOWERS = Path(__file__).parents[1] / "towers"
"""Folder of the lab's own model sets."""

_BATCH = 32


@dataclass(frozen=True)
class Seen:
    """A tower's features of some photos: ``tokens`` B×N×C as a VLM reads them, ``pooled`` B×D of unit length."""

    tokens: Tensor
    pooled: Tensor

    def rows(self, index: Tensor) -> Seen:
        """Some of the photos."""
        return Seen(self.tokens[index], self.pooled[index])


def joined(parts: Sequence[Seen]) -> Seen:
    """All photos of several batches."""
    return Seen(torch.cat([p.tokens for p in parts]), torch.cat([p.pooled for p in parts]))


class Tower(nn.Module):
    """An encoder's image tower as attackers use it: raw tokens of the last grid, as LLaVA reads them."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.name, self.size = encoder.name, encoder.size

    def forward(self, images: Tensor) -> Seen:
        """``images`` B×3×S×S in 0…1; they are brought to where the tower is."""
        images = images.to(self.encoder.mean.device)
        x = ((images - self.encoder.mean) / self.encoder.std).contiguous(memory_format=torch.channels_last)
        out = self.encoder.visual.forward_intermediates(x, indices=[-1], output_fmt="NCHW")
        tokens = out["image_intermediates"][-1].flatten(2).transpose(1, 2)
        return Seen(tokens, nn.functional.normalize(out["image_features"], dim=-1))

    @torch.no_grad()
    def look(self, inputs: Tensor) -> Seen:
        """Features of many inputs (B×3×S×S bytes), a batch at a time, kept in half precision."""
        parts = [self(as_floats(part)) for part in torch.split(inputs, _BATCH)]
        return Seen(torch.cat([p.tokens.half() for p in parts]), torch.cat([p.pooled for p in parts]))


def inputs_of(pictures: Sequence[Image.Image], size: int = 224) -> Tensor:
    """What a tower is shown of pictures: CLIP's central square, B×3×size×size bytes."""
    shown = [centre_view(*picture.size).show(picture, size) for picture in pictures]
    return (torch.cat(shown) * 255).round_().byte()


def as_floats(inputs: Tensor) -> Tensor:
    """Bytes as the floats in 0…1 that towers want."""
    return inputs.float().div_(255)


def general_features(tower: Tower, photos: PhotoSet, folder: Path, key: str) -> Seen:
    """What a tower sees of the photos its reader is aligned on; computed once and kept in ``folder``."""
    file = folder / f"features-{tower.name}-{tower.encoder.sha256[:12]}-{key}.pt"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        pixels = torch.from_numpy(np.ascontiguousarray(photos.pixels)).permute(0, 3, 1, 2)
        found = tower.look(pixels)
        draft = file.with_suffix(".part")
        torch.save((found.tokens, found.pooled), draft)
        draft.replace(file)
    return Seen(*torch.load(file, weights_only=True, map_location=tower.encoder.mean.device))


def grey_towers(device: torch.device, folder: Path = TOWERS) -> list[Encoder]:
    """Encoders of the surrogates' families with another seed and other data; none where they were not trained."""
    return named_towers("grey", device, folder) if any((folder / "grey").glob("*.json")) else []


def named_towers(kind: str, device: torch.device, folder: Path = TOWERS) -> list[Encoder]:
    """The encoders of one of the lab's own sets: ``grey``, or ``web``, which has seen photos as the web has them."""
    found = load_encoders(catalogue.model_set(kind, folder), device)
    for encoder in found:
        # "starter-resnet" would be mistaken for the white box.
        encoder.name = encoder.name.replace("starter-", f"{kind}-")
    return found
