"""A loaded vision-language model: batches to train it on, and its answers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from PIL import Image
from torch import Tensor
from torch.nn import functional as F
from transformers import AutoConfig, AutoProcessor, GenerationConfig

from lab.real_vlm.errors import StudyError
from lab.real_vlm.families import Family, Inputs, family_of

IGNORED = -100
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_LONGEST_ANSWER = 24
_FILLING = {
    "attention_mask": 0,
    "labels": IGNORED,
    "mm_token_type_ids": 0,
    "qformer_attention_mask": 0,
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a model comes from and how it is to be held.

    Attributes:
        name: on the hub, or a local folder.
        revision: branch, tag or commit on the hub.
        dtype: a key of `DTYPES`; what is trained is float32 in any case.
        device: a torch device.
    """

    name: str
    revision: str | None = None
    dtype: str = "float32"
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Example:
    """One thing to learn."""

    photo: Image.Image
    question: str
    answer: str


class Vlm:
    """A model of one of the families, with its processor."""

    def __init__(self, family: Family, model: Any, processor: Any, source: Source) -> None:
        self.family = family
        self.model = model
        self.processor = processor
        self.source = source
        self.tokenizer = processor.tokenizer
        if self.tokenizer.eos_token_id is None:
            raise StudyError(
                "Model without end mark", "Its tokenizer has no eos_token.", "Set one in its folder."
            )

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return torch.device(self.source.device)

    def precision(self) -> AbstractContextManager[Any]:
        """The context to compute in: mixed precision unless everything is float32."""
        half = DTYPES[self.source.dtype]
        return torch.autocast(self.device.type, half, enabled=half != torch.float32)

    def batch(self, examples: Sequence[Example]) -> Inputs:
        """Questions with their answers, filled up at the end.

        Returns:
            the model's inputs, B×L where they are texts, and `labels` B×L: the token itself where it belongs to an
            answer or ends it, else −100. The shift by one is the model's own business.
        """
        return self._joined([self._with_answer(example) for example in examples], at_end=True)

    @torch.no_grad()
    def answer(self, photo: Image.Image, questions: Sequence[str]) -> list[str]:
        """What the model says to each question about a photo, decoded greedily."""
        inputs = self._joined([self._read(photo, question) for question in questions], at_end=False)
        greedy = GenerationConfig(
            max_new_tokens=_LONGEST_ANSWER,
            do_sample=False,
            num_beams=1,
            repetition_penalty=1.0,
            eos_token_id=self.tokenizer.eos_token_id,
            pad_token_id=self._filler(self.tokenizer),
        )
        self.model.eval()
        with self.precision():
            written = self.model.generate(**inputs, generation_config=greedy)
        new = written[:, inputs["input_ids"].shape[1] :]
        return [text.strip() for text in self.tokenizer.batch_decode(new, skip_special_tokens=True)]

    @torch.no_grad()
    def caption_loss(self, example: Example) -> float:
        """Mean loss in nats per token of an answer when each of its tokens is guessed from the true ones before it."""
        self.model.eval()
        with self.precision():
            return float(self.model(**self.batch([example]), use_cache=False).loss)

    def _read(self, photo: Image.Image, question: str) -> Inputs:
        return self.family.read(self.processor, photo, question)

    def _with_answer(self, example: Example) -> Inputs:
        inputs = self._read(example.photo, example.question)
        # The answer is put into tokens on its own: that is how a model that answers greedily has to write it.
        answer = self.tokenizer(example.answer, add_special_tokens=False).input_ids
        told = torch.tensor([[*answer, self.tokenizer.eos_token_id]])
        asked = inputs["input_ids"]
        inputs["input_ids"] = torch.cat([asked, told], dim=1)
        inputs["attention_mask"] = F.pad(inputs["attention_mask"], (0, told.shape[1]), value=1)
        if "mm_token_type_ids" in inputs:
            inputs["mm_token_type_ids"] = F.pad(inputs["mm_token_type_ids"], (0, told.shape[1]))
        inputs["labels"] = torch.cat([torch.full_like(asked, IGNORED), told], dim=1)
        return inputs

    def _joined(self, rows: Sequence[Inputs], *, at_end: bool) -> Inputs:
        """One batch of several inputs; texts are filled up, photos and patches follow one another."""
        filling = _FILLING | {"input_ids": self._filler(self.tokenizer)}
        if hasattr(self.processor, "qformer_tokenizer"):
            filling["qformer_input_ids"] = self._filler(self.processor.qformer_tokenizer)
        joined = {}
        for key in rows[0]:
            parts = [row[key] for row in rows]
            if key in filling:
                parts = _filled(parts, filling[key], at_end or key.startswith("qformer"))
            joined[key] = torch.cat(parts).to(self.device)
        return joined

    @staticmethod
    def _filler(tokenizer: Any) -> int:
        filler = tokenizer.pad_token_id
        return int(tokenizer.eos_token_id if filler is None else filler)


def _filled(parts: Sequence[Tensor], value: int, at_end: bool) -> list[Tensor]:
    """Rows 1×L of different L, made equally long."""
    longest = max(part.shape[1] for part in parts)
    room = (longest - part.shape[1] for part in parts)
    return [
        F.pad(part, (0, gap) if at_end else (gap, 0), value=value)
        for part, gap in zip(parts, room, strict=True)
    ]


def load(source: Source) -> Vlm:
    """A model from the hub or a folder: safetensors only, no code from the model's repository.

    Raises:
        StudyError: unknown family, weights missing, in another format or incomplete, or the hub out of reach.
    """
    where = {"revision": source.revision, "trust_remote_code": False}
    if Path(source.name).is_dir():
        where |= {"revision": None, "local_files_only": True}
    where = {key: value for key, value in where.items() if value is not None}
    try:
        config = AutoConfig.from_pretrained(source.name, **where)
        family = family_of(config.model_type)
        _check_language_model(config)
        model, loading = getattr(transformers, family.classes[config.model_type]).from_pretrained(
            source.name, dtype=DTYPES[source.dtype], use_safetensors=True, output_loading_info=True, **where
        )
        processor = AutoProcessor.from_pretrained(source.name, **where)
    except (OSError, ValueError) as error:
        raise StudyError(
            "Model not loaded",
            f"{source.name}: {str(error).strip().splitlines()[0]}",
            "Give a folder with config.json, *.safetensors and the processor's files, or a name on the hub; with "
            "HF_HUB_OFFLINE set, only what was downloaded before is found.",
        ) from error
    if missing := sorted(loading["missing_keys"]):
        raise StudyError(
            "Model incomplete",
            f"{source.name} has no weights for {len(missing)} tensors, such as {missing[0]}.",
            "They would be random, and the figures worthless: get the whole model.",
        )
    model.to(source.device)
    return Vlm(family, model, processor, source)


def _check_language_model(config: Any) -> None:
    if not getattr(config, "use_decoder_only_language_model", True):
        raise StudyError(
            "Model not supported",
            f"Its language model ({config.text_config.model_type}) writes from an encoder.",
            "Choose the version on Vicuna: Salesforce/instructblip-vicuna-7b.",
        )
