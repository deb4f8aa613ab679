"""The architectures of the starters: three families, one small text tower each, all plain open_clip models."""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from lab.words import Tokenizer

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
EMBED_DIM = 128


@dataclass(frozen=True, slots=True)
class Phase:
    """So many steps at one photo size, a share of `zoom` of the photos cropped around the head."""

    size: int
    steps: int
    zoom: float = 0.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """One encoder: what it is, what it is for, and how it likes to be trained."""

    name: str
    family: str
    role: str
    vision: dict[str, Any]
    phases: tuple[Phase, ...]
    learning_rate: float = 1.5e-3


def _timm(name: str) -> dict[str, Any]:
    """A timm trunk under an average, which fits photos of any size: nothing is lost when the size changes."""
    return {
        "timm_model_name": name,
        "timm_model_pretrained": False,
        "timm_pool": "avg",
        "timm_proj": "linear",
        "image_size": 224,
    }


# Small photos teach cheaply what things are, but accuracy at 224 px is learnt at 224 px.
RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "starter-resnet",
            "CLIP residual network with attention pooling",
            "surrogate",
            {"layers": [1, 1, 1, 1], "width": 24, "image_size": 224},
            (Phase(96, 900, 0.45), Phase(224, 700, 0.2)),
        ),
        Recipe(
            "starter-dla",
            "deep layer aggregation (DLA-46-C)",
            "surrogate",
            _timm("dla46_c"),
            (Phase(96, 900, 0.45), Phase(224, 800, 0.25)),
            learning_rate=2e-3,
        ),
        Recipe(
            "starter-regnet",
            "grouped-convolution network with squeeze-excitation (RegNetY 200MF)",
            "witness",
            _timm("regnety_002"),
            (Phase(96, 900, 0.45), Phase(224, 1200, 0.25)),
        ),
    )
}


def text_config(tokenizer: Tokenizer) -> dict[str, Any]:
    """The text tower: two layers over the lab's own vocabulary."""
    return {
        "context_length": tokenizer.context_length,
        "vocab_size": len(tokenizer.vocabulary),
        "width": 128,
        "heads": 4,
        "layers": 2,
    }


def build(recipe: Recipe, tokenizer: Tokenizer, size: int = 224) -> open_clip.CLIP:
    """A fresh model for photos of `size`; only the position table of the attention pool depends on it."""
    vision = copy.deepcopy(recipe.vision) | {"image_size": size}
    return open_clip.CLIP(embed_dim=EMBED_DIM, vision_cfg=vision, text_cfg=text_config(tokenizer))


def carry_over(state: dict[str, Tensor], model: open_clip.CLIP) -> None:
    """Load weights learnt at another photo size; the position table is resampled, all else fits as it is."""
    name = "visual.attnpool.positional_embedding"
    state = dict(state)
    target = model.state_dict().get(name)
    if target is not None and state[name].shape != target.shape:
        first, grid = state[name][:1], state[name][1:]
        old, new = round(len(grid) ** 0.5), round((len(target) - 1) ** 0.5)
        square = grid.T.reshape(1, -1, old, old)
        larger = functional.interpolate(square, (new, new), mode="bicubic", align_corners=False)
        state[name] = torch.cat([first, larger.reshape(grid.shape[1], -1).T])
    model.load_state_dict(state)


def encode_text(model: open_clip.CLIP, rows: NDArray[np.int64], device: torch.device) -> Tensor:
    """What `model.encode_text` gives, without the cost of the padding behind the longest text."""
    longest = int((rows != 0).sum(axis=1).max())
    tokens = torch.from_numpy(rows[:, :longest]).to(device)
    hidden = model.token_embedding(tokens) + model.positional_embedding[:longest]
    hidden = model.transformer(hidden, attn_mask=model.attn_mask[:longest, :longest])
    hidden = model.ln_final(hidden)[torch.arange(len(tokens)), tokens.argmax(dim=-1)]
    projection = model.text_projection
    hidden = projection(hidden) if isinstance(projection, nn.Linear) else hidden @ projection
    return functional.normalize(hidden.float(), dim=-1)


def normalised(pixels: NDArray[np.uint8], device: torch.device, size: int | None = None) -> Tensor:
    """Photos as the encoders want them: channels first, standardised, laid out channels last in memory."""
    batch = torch.from_numpy(np.ascontiguousarray(pixels)).to(device).permute(0, 3, 1, 2).float().div_(255)
    if size is not None and batch.shape[-1] != size:
        batch = functional.interpolate(batch, (size, size), mode="bicubic", antialias=True)
    mean, std = (torch.tensor(v, device=device).view(1, 3, 1, 1) for v in (MEAN, STD))
    return batch.sub_(mean).div_(std).contiguous(memory_format=torch.channels_last)
