"""Image towers out of a hub's checkpoints: the architecture is open_clip's, the weights are the file's, text stays out.

A tower is first laid out without memory, then given the tensors of the memory-mapped file as they are. Nothing of
the text tower is ever read or built.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from photoveil.protection.lean import open_clip
from photoveil.protection.model_sets import CatalogueError, EncoderEntry

_IMAGE_TOWER = "visual."
_NO_TEXT = {"context_length": 2, "vocab_size": 2, "width": 8, "heads": 1, "layers": 1}
"""open_clip builds a text tower in any case: the smallest there is, without memory, and thrown away."""


REINSTALL = "Reinstall Photoveil, or remove the model set and fetch it again."


def check_weights(file: Path, sha256: str, remedy: str = REINSTALL) -> None:
    """Raise CatalogueError, with ``remedy``, where a file is not the recorded one."""
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != sha256:
        raise CatalogueError(
            "Weights changed on disk",
            f"{file.name} does not have the recorded SHA-256.",
            remedy,
        )


def hub_tower(entry: EncoderEntry) -> nn.Module:
    """The image tower of an entry from a hub, in single precision on the CPU.

    Raises:
        CatalogueError: this open_clip does not know the architecture or builds it otherwise, or the file does not
            hold exactly its tensors, or is not the recorded one.
    """
    again = f"Fetch it anew with `photoveil models pull {entry.weights.parent.name}`; what is whole is kept."
    check_weights(entry.weights, entry.sha256, again)
    visual = layout(entry.config["open_clip"], quick_gelu=entry.config["quick_gelu"])
    state = _image_tensors(entry)
    _check_tensors(entry, visual.state_dict(), state)
    visual.load_state_dict(state, strict=True, assign=True)
    _compute_buffers(visual)
    return visual.to(torch.float32)


def layout(architecture: str, *, quick_gelu: bool) -> nn.Module:
    """The image tower of an open_clip architecture on the meta device: shapes without memory.

    Weights that were trained with QuickGELU give other features with GELU, and the wrong gradients: open_clip only
    warns, hence ``quick_gelu`` has to be what the architecture says.
    """
    config = open_clip.get_model_config(architecture)
    if config is None or bool(config.get("quick_gelu", False)) != quick_gelu:
        raise CatalogueError(
            "Encoder not known",
            f"The installed open_clip has no architecture {architecture} with QuickGELU {_on(quick_gelu)}.",
            "Install the version of open_clip_torch that Photoveil asks for.",
        )
    with torch.device("meta"):
        model = open_clip.CLIP(
            embed_dim=config["embed_dim"],
            vision_cfg=config["vision_cfg"],
            text_cfg=_NO_TEXT,
            quick_gelu=quick_gelu,
        )
    visual: nn.Module = model.visual
    return visual


def _image_tensors(entry: EncoderEntry) -> dict[str, Tensor]:
    try:
        with safe_open(entry.weights, framework="pt", device="cpu") as file:
            names = [name for name in file.keys() if name.startswith(_IMAGE_TOWER)]  # noqa: SIM118 - no mapping
            return {name.removeprefix(_IMAGE_TOWER): file.get_tensor(name) for name in names}
    except SafetensorError as error:
        raise _does_not_fit(entry, f"it cannot be read ({error})") from error


def _check_tensors(entry: EncoderEntry, wanted: dict[str, Any], found: dict[str, Tensor]) -> None:
    missing, surplus = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    other = sorted(n for n in wanted.keys() & found.keys() if wanted[n].shape != found[n].shape)
    for names, what in (
        (missing, "lacks"),
        (surplus, "has beside what is wanted"),
        (other, "has another shape of"),
    ):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise _does_not_fit(entry, f"it {what} {names[0]}{more}")


def _compute_buffers(visual: nn.Module) -> None:
    """Give memory to what is computed and never stored, such as tables of positions."""
    for module in visual.modules():
        laid_out = [name for name, buffer in module.named_buffers(recurse=False) if buffer.is_meta]
        for name in laid_out:
            buffer = module.get_buffer(name)
            module.register_buffer(name, torch.empty_like(buffer, device="cpu"), persistent=False)
        if laid_out:
            _compute(module)


def _compute(module: nn.Module) -> None:
    compute = getattr(module, "init_non_persistent_buffers", None)  # timm's own name for it
    if compute is None:
        raise CatalogueError(
            "Encoder not known",
            f"The installed timm cannot lay out {type(module).__name__}.",
            "Install the version of timm that Photoveil asks for.",
        )
    compute()


def _does_not_fit(entry: EncoderEntry, what: str) -> CatalogueError:
    return CatalogueError(
        "Weights do not fit",
        f"{entry.weights.name} is not the image tower of {entry.config['open_clip']}: {what}.",
        "Remove the model set with `photoveil models remove` and fetch it again.",
    )


def _on(switch: bool) -> str:
    return "on" if switch else "off"
