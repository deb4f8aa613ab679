"""A transformers model from a folder of this computer: safetensors only, no code of its own, nothing downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from photoveil.unlearnable import errors

if TYPE_CHECKING:
    from photoveil.unlearnable.vlm import TransformersSurrogate


def load(folder: Path, device: torch.device) -> TransformersSurrogate:
    """The model in ``folder``, ready to be optimised against; half precision on a graphics card.

    A model that wants to run code from its folder is refused by transformers, which is told never to trust any.

    Raises:
        UnlearnableError: there is none, it is no vision-language model, parts of it are missing or cannot be followed.
    """
    if not (folder / "config.json").is_file():
        raise errors.no_folder(str(folder))
    try:
        import peft  # noqa: F401 - needed for what follows, and told at once
        from transformers import AutoModelForImageTextToText, AutoProcessor
    except ImportError as error:
        raise errors.not_installed("peft" if "peft" in str(error) else "transformers") from error
    from photoveil.unlearnable.vlm import TransformersSurrogate

    half = device.type != "cpu"
    where = {"local_files_only": True, "trust_remote_code": False}
    try:
        model, found = AutoModelForImageTextToText.from_pretrained(
            folder,
            **where,
            use_safetensors=True,
            attn_implementation="eager",  # the only way that tells what attends to what
            dtype=torch.bfloat16 if half else torch.float32,
            output_loading_info=True,
        )
        processor = AutoProcessor.from_pretrained(folder, **where)
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # files of strangers fail in every library's own way
        raise errors.not_loaded(folder.name, error) from error
    if missing := sorted(found["missing_keys"]):
        raise errors.incomplete(folder.name, missing[0])
    return TransformersSurrogate(folder.name, model.to(device), processor)
