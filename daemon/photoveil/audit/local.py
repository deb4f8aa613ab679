"""Asking a vision-language model in this process, through transformers' image-text-to-text pipeline.

For models in a folder of this computer, with safetensors weights and no code of their own. Needs the extra
``real-vlm``.
"""

from __future__ import annotations

import asyncio
import io
import time
from pathlib import Path
from typing import Any

from PIL import Image

from photoveil.audit.errors import AuditError
from photoveil.endpoint.answers import Answer, looks_refused, without_thoughts


class LocalAsker:
    """An `Asker` on a folder with a transformers model; it is loaded by the first question.

    Args:
        folder: with config.json, the processor's files and ``*.safetensors``.
        device: a torch device.
        longest: the most tokens of an answer.

    Raises:
        AuditError: transformers is not installed, or there is no such folder.
    """

    def __init__(self, folder: Path, device: str = "cpu", longest: int = 256) -> None:
        if not (folder / "config.json").is_file():
            raise AuditError(
                "There is no model in this folder",
                f"{folder} has no config.json.",
                "Give the folder of a transformers model, or ask a server with --endpoint.",
            )
        self._folder, self._device, self._longest = folder, device, longest
        self._pipeline: Any = None
        self._turn = asyncio.Lock()

    @property
    def name(self) -> str:
        """The folder's name, and when its weights were last changed: another tuning is another model."""
        weights = sorted(self._folder.glob("*.safetensors"))
        state = ",".join(f"{file.stat().st_size}:{file.stat().st_mtime_ns}" for file in weights)
        return f"{self._folder.name} ({state})"

    async def ask(self, image: bytes, media_type: str, prompt: str) -> Answer:  # noqa: ARG002 - Pillow looks itself
        """Ask about a photo; see `Asker.ask`."""
        async with self._turn:
            began = time.monotonic()
            text = without_thoughts(await asyncio.to_thread(self._say, image, prompt))
        return Answer(text, looks_refused(text), time.monotonic() - began)

    def _say(self, image: bytes, prompt: str) -> str:
        if self._pipeline is None:
            self._pipeline = _load(self._folder, self._device)
        picture = Image.open(io.BytesIO(image)).convert("RGB")
        content = [{"type": "image", "image": picture}, {"type": "text", "text": prompt}]
        try:
            found = self._pipeline(
                text=[{"role": "user", "content": content}],
                max_new_tokens=self._longest,
                return_full_text=False,
                generate_kwargs={"do_sample": False},
            )
            return str(found[0]["generated_text"])
        except (RuntimeError, ValueError, TypeError, LookupError, MemoryError) as error:
            raise AuditError(
                "The model cannot answer",
                f"{self._folder.name}: {_first_line(error)}",
                "Try it with `--only original --prompts P0`; it may want more memory, or take no such pictures.",
            ) from error


def _load(folder: Path, device: str) -> Any:
    try:
        from transformers import pipeline
    except ImportError as error:
        raise AuditError(
            "A model cannot be loaded in this process",
            "transformers is not installed.",
            "Install it with `pip install 'photoveil[real-vlm]'`, or ask a server with --endpoint.",
        ) from error
    try:
        return pipeline(
            "image-text-to-text",
            model=str(folder),
            device=device,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise AuditError(
            "The model cannot be loaded",
            f"{folder.name}: {_first_line(error)}",
            "It must be a vision-language model in the form of transformers, with *.safetensors.",
        ) from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)[:200]
