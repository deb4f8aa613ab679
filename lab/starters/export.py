"""Starters on disk: half-precision weights, a description beside them, and the way back into a model."""

import hashlib
import json
from pathlib import Path
from typing import Any

import open_clip
import safetensors.torch
import torch

from lab.starters.models import EMBED_DIM, MEAN, STD, Recipe, text_config
from lab.words import Tokenizer

SHIPPED = Path("daemon/photoveil/protection/starter")


def export(
    model: open_clip.CLIP, recipe: Recipe, tokenizer: Tokenizer, training: dict[str, Any], folder: Path
) -> Path:
    """Write `<name>.safetensors` and `<name>.json`; each appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    state = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
    weights = folder / f"{recipe.name}.safetensors"
    draft = weights.with_suffix(".part")
    safetensors.torch.save_file(state, draft, metadata={"format": "pt"})
    draft.chmod(0o644)
    description = {
        "name": recipe.name,
        "family": recipe.family,
        "role": recipe.role,
        "embed_dim": EMBED_DIM,
        "vision_cfg": recipe.vision,
        "text_cfg": text_config(tokenizer),
        "preprocess": {
            "size": 224,
            "mean": list(MEAN),
            "std": list(STD),
            "resize_mode": "shortest",
            "interpolation": "bicubic",
        },
        "tokenizer": {"vocabulary": tokenizer.vocabulary, "context_length": tokenizer.context_length},
        "sha256": hashlib.sha256(draft.read_bytes()).hexdigest(),
        "parameters": sum(p.numel() for p in model.parameters()),
        "training": training,
    }
    words = folder / f"{recipe.name}.json"
    words_draft = words.with_suffix(".json.part")
    words_draft.write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
    draft.replace(weights)
    words_draft.replace(words)
    return weights


def load(name: str, folder: Path = SHIPPED) -> tuple[open_clip.CLIP, Tokenizer, dict[str, Any]]:
    """A shipped starter, its tokenizer and its description; refuses weights that are not the described ones."""
    description: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    data = (folder / f"{name}.safetensors").read_bytes()
    if hashlib.sha256(data).hexdigest() != description["sha256"]:
        raise ValueError(f"{name}.safetensors in {folder} is not the file its description was written for")
    model = open_clip.CLIP(
        embed_dim=description["embed_dim"],
        vision_cfg=description["vision_cfg"],
        text_cfg=description["text_cfg"],
    )
    state = {k: v.float() if v.is_floating_point() else v for k, v in safetensors.torch.load(data).items()}
    model.load_state_dict(state, strict=True)
    words = description["tokenizer"]
    tokenizer = Tokenizer(words["vocabulary"], words["context_length"])
    return model.to(memory_format=torch.channels_last).eval(), tokenizer, description


def names(folder: Path = SHIPPED) -> list[str]:
    """The starters in a folder."""
    return sorted(path.stem for path in folder.glob("*.json"))
