"""Model sets from the hub with random weights: what they compute means nothing, how long they take is the same."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from photoveil import models
from photoveil.protection.catalogue import EncoderEntry, model_sets
from photoveil.protection.towers import layout


def has(model_set: str, models_dir: Path | None) -> bool:
    """Whether its weights are there."""
    return any(found.installed for found in model_sets(models_dir) if found.name == model_set)


def furnish(model_set: str, folder: Path, described: Path | None, seed: int) -> Path:
    """Add random weights to ``folder`` as a user would add files; sets may be described in ``described``, too."""
    wanted = next(found for found in model_sets(described) if found.name == model_set)
    given = folder / "random"
    given.mkdir(parents=True, exist_ok=True)
    if described is not None and (described / "sets").is_dir():
        (folder / "sets").symlink_to((described / "sets").resolve(), target_is_directory=True)
    for number, entry in enumerate(wanted.encoders):
        file = given / f"{entry.name}.safetensors"
        save_file(_random(entry, torch.Generator().manual_seed(seed + number)), file)
        models.add(model_set, file, folder)
        file.unlink()
    return folder


def _random(entry: EncoderEntry, draws: torch.Generator) -> dict[str, Tensor]:
    tower = layout(entry.config["open_clip"], quick_gelu=entry.config["quick_gelu"])
    return {f"visual.{name}": _tensor(name, laid, draws) for name, laid in tower.state_dict().items()}


def _tensor(name: str, laid: Tensor, draws: torch.Generator) -> Tensor:
    """Scales of one, shifts of zero and faint random weights: what goes through stays finite in half precision."""
    if not laid.is_floating_point():
        return torch.zeros(laid.shape, dtype=laid.dtype)
    if laid.ndim > 1:
        return (torch.randn(laid.shape, generator=draws) * 0.02).half()
    shift = name.endswith(("bias", "mean"))
    return torch.full(laid.shape, 0.0 if shift else 1.0, dtype=torch.float16)
