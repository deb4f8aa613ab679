"""Model sets small enough for every test: tiny variants of the architectures that the real ones are made of.

Random weights of whole CLIP models, image and text, as a hub keeps them.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from photoveil.models.tensors import fingerprint
from photoveil.protection.lean import open_clip
from photoveil.protection.towers import layout

FILE = "open_clip_model.safetensors"
_TEXT = {"context_length": 8, "vocab_size": 16, "width": 32, "heads": 1, "layers": 1}
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "tiny-clip-quickgelu": {
        "embed_dim": 32,
        "quick_gelu": True,
        "vision_cfg": {"image_size": 64, "layers": 3, "width": 32, "head_width": 16, "patch_size": 16},
        "text_cfg": _TEXT,
    },
    "tiny-siglip": {
        "embed_dim": 64,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": {
            "image_size": 160,
            "timm_model_name": "test_vit",
            "timm_model_pretrained": False,
            "timm_pool": "map",
            "timm_proj": "none",
        },
        "text_cfg": {**_TEXT, "width": 64},
    },
    "tiny-convnext": {
        "embed_dim": 32,
        "vision_cfg": {
            "image_size": 96,
            "timm_model_name": "test_convnext",
            "timm_model_pretrained": False,
            "timm_pool": "",
            "timm_proj": "mlp",
            "timm_drop": 0.0,
            "timm_drop_path": 0.1,
        },
        "text_cfg": _TEXT,
    },
    "tiny-eva": {
        "embed_dim": 32,
        "custom_text": True,
        "vision_cfg": {
            "image_size": 224,
            "timm_model_name": "eva02_tiny_patch14_224",
            "timm_model_pretrained": False,
            "timm_pool": "token",
            "timm_proj": None,
        },
        "text_cfg": _TEXT,
    },
}
_SQUASHED = {"tiny-siglip"}
DUO = {"tiny-clip-quickgelu": "surrogate", "tiny-convnext": "witness"}
QUARTET = {"tiny-clip-quickgelu": "surrogate", "tiny-siglip": "surrogate", "tiny-convnext": "surrogate"} | {
    "tiny-eva": "witness"
}


@cache
def know_architectures(folder: Path) -> None:
    """Teach this process's open_clip the tiny architectures; ``folder`` is for their descriptions."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, config in ARCHITECTURES.items():
        (folder / f"{name}.json").write_text(json.dumps(config))
    open_clip.add_model_config(folder)


def repository(architecture: str) -> str:
    return f"tiny/{architecture}.random"


@cache
def whole_model(architecture: str, seed: int = 0) -> torch.nn.Module:
    """Image and text, with random weights that differ from tensor to tensor."""
    torch.manual_seed(seed)
    config = dict(ARCHITECTURES[architecture])
    kind = open_clip.CustomTextCLIP if config.pop("custom_text", False) else open_clip.CLIP
    model: torch.nn.Module = kind(**config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.02)
    return model.eval()


@cache
def checkpoint(architecture: str, seed: int = 0) -> bytes:
    """The model as a safetensors file, in half precision."""
    state = whole_model(architecture, seed).state_dict()
    return save({name: t.half() if t.is_floating_point() else t for name, t in state.items()})


def describe(folder: Path, name: str, roles: dict[str, str]) -> None:
    """Write a set's description where sets of one's own are described."""
    home = folder / "sets"
    home.mkdir(parents=True, exist_ok=True)
    encoders = [_entry(architecture, role) for architecture, role in roles.items()]
    (home / f"{name}.json").write_text(json.dumps({"description": "for tests", "encoders": encoders}))


def _entry(architecture: str, role: str) -> dict[str, Any]:
    config = ARCHITECTURES[architecture]
    quick_gelu = config.get("quick_gelu", False)
    tower = layout(architecture, quick_gelu=quick_gelu)
    return {
        "name": architecture,
        "role": role,
        "family": architecture.split("-")[1],
        "open_clip": architecture,
        "tag": "random",
        "quick_gelu": quick_gelu,
        "parameters": sum(p.numel() for p in tower.parameters()),
        "gflops": 0.1,
        "preprocess": {
            "size": config["vision_cfg"]["image_size"],
            "mean": [0.5] * 3,
            "std": [0.5] * 3,
            "resize_mode": "squash" if architecture in _SQUASHED else "shortest",
            "interpolation": "bicubic",
        },
        "hub": {
            "repo": repository(architecture),
            "file": FILE,
            "revision": None,
            "bytes": len(checkpoint(architecture)),
            "licence": "MIT",
            "tensors": fingerprint((n, t.shape) for n, t in tower.state_dict().items()),
        },
    }
