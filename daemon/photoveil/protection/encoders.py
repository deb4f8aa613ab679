"""Image encoders as the engine sees them: photos in, a pooled embedding and the tokens a VLM reads out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from photoveil.protection.catalogue import EncoderEntry, ModelSet, Role
from photoveil.protection.channel import View, centre_view
from photoveil.protection.devices import fast_bfloat16
from photoveil.protection.folding import quickened
from photoveil.protection.lanes import Lanes
from photoveil.protection.lean import open_clip, timm
from photoveil.protection.towers import check_weights, hub_tower

_PLAIN = (open_clip.transformer.VisionTransformer, timm.models.VisionTransformer, timm.models.Eva)


@dataclass(frozen=True)
class Reference:
    """Where the photos of people in general lie: ``pooled`` N×D of unit length, ``tokens`` C their mean."""

    pooled: Tensor
    tokens: Tensor


@dataclass(frozen=True)
class Features:
    """What an encoder tells of a batch: ``pooled`` B×D and ``tokens`` B×N×C, both of unit length."""

    pooled: Tensor
    tokens: Tensor


class Encoder(nn.Module):
    """The image tower of an open_clip model with frozen weights.

    Attributes:
        size: side of the square input in pixels.
        name, role, sha256: as in the model set.
        reference: clean photos of many strangers as this encoder sees them; None where the model set has none.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, entry: EncoderEntry, device: torch.device) -> None:
        super().__init__()
        config = entry.config
        self.name = entry.name
        self.role = entry.role
        self.sha256 = entry.sha256
        self.size = int(config["preprocess"]["size"])
        self.visual: Any = _build(entry)
        self._quick: tuple[nn.Module, nn.Module] | None = None
        self._whole_view = _WHOLE_VIEWS[config["preprocess"].get("resize_mode", "shortest")]
        self.reference = _reference(entry, device)
        for which in ("mean", "std"):
            values = torch.tensor(config["preprocess"][which], dtype=torch.float32).view(1, 3, 1, 1)
            self.register_buffer(which, values, persistent=False)
        self.eval().requires_grad_(False)
        self.to(device)
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor, *, quick: bool = False) -> Features:
        """Features of ``images``, B×3×size×size, RGB in 0…1; ``quick``: by the tower made for speed."""
        x = ((images - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        visual = self._quick_visual() if quick else self.visual
        out = visual.forward_intermediates(x, **self._token_request())
        tokens = out["image_intermediates"][-1]
        tokens = tokens.flatten(2).transpose(1, 2) if tokens.ndim == 4 else tokens
        return Features(F.normalize(out["image_features"], dim=-1), F.normalize(tokens, dim=-1))

    def roughly(self, images: Tensor) -> Features:
        """The same in half the precision where the machine is faster at it: enough to know which way is down."""
        device = images.device.type
        with torch.autocast(device, torch.bfloat16, enabled=fast_bfloat16(device)):
            found: Features = self(images, quick=True)
        return Features(found.pooled.float(), found.tokens.float())

    def _quick_visual(self) -> Any:
        """The tower made for speed, made at its first use: witnesses never need one."""
        if self._quick is None or self._quick[0] is not self.visual:
            half = fast_bfloat16(self.mean.device.type)
            self._quick = self.visual, quickened(self.visual, half=half)
        return self._quick[1]

    def _token_request(self) -> dict[str, Any]:
        # LLaVA and its kin read the patch tokens of the last layer but one of a plain ViT;
        # towers with stages are read at their last grid.
        layer = -2 if isinstance(getattr(self.visual, "trunk", self.visual), _PLAIN) else -1
        return {"indices": [layer], "output_fmt": "NCHW"}

    @torch.inference_mode()
    def encode(self, photos: list[Image.Image]) -> Features:
        """Features of whole photos through the encoder's own preprocessing."""
        return self._seeing(torch.cat([self.whole(photo).show(photo, self.size) for photo in photos]))

    def whole(self, photo: Image.Image) -> View:
        """How this encoder wants a whole photo to be shown."""
        return self._whole_view(*photo.size)

    @torch.inference_mode()
    def _seeing(self, shown: Tensor) -> Features:
        found: Features = self(shown.to(self.mean.device))
        return found


def encode_all(
    encoders: Sequence[Encoder], photos: Sequence[Image.Image], lanes: Lanes | None = None
) -> dict[str, Features]:
    """Features of whole photos by encoder name; what several encoders want to be shown alike is made once."""
    beside = lanes or Lanes()
    wanted = [[(index, e.whole(photo), e.size) for index, photo in enumerate(photos)] for e in encoders]
    different = list(dict.fromkeys(key for keys in wanted for key in keys))
    shown = beside.share(lambda key: key[1].show(photos[key[0]], key[2]), different)
    by_key = dict(zip(different, shown, strict=True))
    batches = [torch.cat([by_key[key] for key in keys]) for keys in wanted]
    pieces = [partial(e._seeing, batch) for e, batch in zip(encoders, batches, strict=True)]
    found = beside.run(pieces)
    return {e.name: features for e, features in zip(encoders, found, strict=True)}


def _squashed(_width: int, _height: int) -> View:
    return View(0.0, 0.0, 1.0, 1.0)


_WHOLE_VIEWS: dict[str, Callable[[int, int], View]] = {"shortest": centre_view, "squash": _squashed}
"""How encoders want a whole photo to be shown, as open_clip's preprocessing calls it."""


def load_encoders(models: ModelSet, device: torch.device) -> list[Encoder]:
    """All encoders of a model set, surrogates first; raises CatalogueError for damaged weights."""
    entries = sorted(models.encoders, key=lambda e: (e.role is Role.WITNESS, e.name))
    return [Encoder(entry, device) for entry in entries]


def _verified(file: Path, sha256: str) -> dict[str, Tensor]:
    """The tensors of a file, after its SHA-256 was checked."""
    check_weights(file, sha256)
    return load_file(file)


def _build(entry: EncoderEntry) -> nn.Module:
    if entry.hub:
        return hub_tower(entry)
    return _image_tower(entry.config, _verified(entry.weights, entry.sha256))


def _reference(entry: EncoderEntry, device: torch.device) -> Reference | None:
    if entry.reference is None:
        return None
    found = _verified(entry.reference, entry.config["reference_sha256"])
    return Reference(found["pooled"].float().to(device), found["tokens"].float().to(device))


def _image_tower(config: dict[str, Any], state: dict[str, Tensor]) -> nn.Module:
    """Build the open_clip model, load ``state`` strictly and keep only the image tower."""
    model = open_clip.CLIP(
        embed_dim=config["embed_dim"], vision_cfg=config["vision_cfg"], text_cfg=config["text_cfg"]
    )
    model.load_state_dict({name: tensor.float() for name, tensor in state.items()}, strict=True)
    visual: nn.Module = model.visual
    return visual
