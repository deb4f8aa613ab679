"""A model set with random weights, small enough for every test: two surrogates and a witness of three families."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from photoveil.protection.lean import open_clip

_TEXT = {"context_length": 8, "vocab_size": 16, "width": 16, "heads": 1, "layers": 1}
_TOWERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "tiny-resnet": ("surrogate", "resnet", {"layers": [1, 1, 1, 1], "width": 8, "head_width": 16}),
    "tiny-vit": ("surrogate", "vit", {"layers": 2, "width": 32, "head_width": 16, "patch_size": 16}),
    "tiny-regnet": (
        "witness",
        "regnet",
        {"timm_model_name": "regnetx_002", "timm_pool": "avg", "timm_proj": "linear"},
    ),
}


def tiny_models(folder: Path, *, seed: int = 0) -> Path:
    """Write a model set called ``starter`` into ``folder`` and return it, to pass as ``models_dir``."""
    home = folder / "starter"
    home.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    for name, (role, family, tower) in _TOWERS.items():
        vision = {"image_size": 64, **tower}
        model = open_clip.CLIP(embed_dim=32, vision_cfg=vision, text_cfg=_TEXT)
        state = {key: tensor.half().contiguous() for key, tensor in model.state_dict().items()}
        data = save(state)
        (home / f"{name}.safetensors").write_bytes(data)
        config = {
            "name": name,
            "role": role,
            "family": family,
            "embed_dim": 32,
            "vision_cfg": vision,
            "text_cfg": _TEXT,
            "preprocess": {"size": 64, "mean": [0.5] * 3, "std": [0.25] * 3},
            "parameters": sum(p.numel() for p in model.parameters()),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        (home / f"{name}.json").write_text(json.dumps(config))
    return folder
