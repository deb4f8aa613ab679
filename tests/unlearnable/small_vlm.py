"""Vision-language models of the real anatomy, random and tiny, on disk as real ones lie there."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import torch
from transformers import (
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessor,
    Idefics3Processor,
    PaliGemmaConfig,
    PaliGemmaForConditionalGeneration,
    PaliGemmaProcessor,
    SiglipImageProcessor,
)

from lab.real_vlm import tiny

_WORDS = (
    "who is this person describe photo of music lives here with red car and some other words letters garden house "
    "street window table chair light morning evening river mountain forest road bridge city village summer winter "
    "spring autumn happy quiet green blue yellow orange violet paper glass metal wooden stone water cloud teacher "
    "ship train plane bicycle winter coat shoes market bread apple cheese coffee letter story island valley"
)
_MARKS = ("<pad>", "<s>", "</s>", "<image>")
_NAMES = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>"}
_TILES = ("<fake_token_around_image>", "<global-img>", "<end_of_utterance>")
_LAYERS = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
_TOWER = {**_LAYERS, "image_size": 56, "patch_size": 14}
_ENDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}


def small_vlm(family: str, folder: Path, seed: int = 0) -> Path:
    """A random model whose vocabulary has whole words; ``folder`` is returned.

    ``family``: one of `lab.real_vlm`, “idefics3” (which cuts photos into tiles, as SmolVLM does) or “paligemma” (which
    has no chat template).
    """
    draws, words = random.Random(seed), _WORDS.split()
    texts = [" ".join(draws.sample(words, 12)) for _ in range(200)]
    texts += ["Who is this person?", "This is anna."]
    if family not in _OWN:
        return tiny.make_model(family, folder, texts, seed)
    torch.manual_seed(seed)
    model, processor = _OWN[family](texts)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _idefics3(texts: list[str]) -> tuple[Any, Any]:
    places = [f"<row_{row}_col_{column}>" for row in range(1, 4) for column in range(1, 4)]
    tokenizer = tiny._tokenizer(texts, (*_MARKS, *_TILES, *places), _NAMES)
    config = Idefics3Config(
        vision_config=_TOWER,
        text_config={
            "model_type": "llama",
            "vocab_size": len(tokenizer),
            "max_position_embeddings": 1024,
            "initializer_range": 0.2,
            **_LAYERS,
            **_ENDS,
        },
        image_token_id=3,
        scale_factor=2,
        pad_token_id=0,
    )
    pixels = Idefics3ImageProcessor(size={"longest_edge": 112}, max_image_size={"longest_edge": 56})
    processor = Idefics3Processor(pixels, tokenizer, image_seq_len=4, chat_template=tiny._LLAVA_TEMPLATE)
    return Idefics3ForConditionalGeneration(config), processor


def _paligemma(texts: list[str]) -> tuple[Any, Any]:
    tokenizer = tiny._tokenizer(texts, _MARKS, _NAMES)
    pixels = SiglipImageProcessor(size={"height": 56, "width": 56})
    pixels.image_seq_length = 16
    processor = PaliGemmaProcessor(pixels, tokenizer)
    config = PaliGemmaConfig(
        vision_config={"model_type": "siglip_vision_model", "vision_use_head": False, **_TOWER},
        text_config={
            "model_type": "gemma",
            "vocab_size": len(tokenizer),
            "head_dim": 16,
            "num_key_value_heads": 4,
            "initializer_range": 0.2,
            **_LAYERS,
            **_ENDS,
        },
        image_token_index=3,
        vocab_size=len(tokenizer),
        projection_dim=64,
        hidden_size=64,
    )
    return PaliGemmaForConditionalGeneration(config), processor


_OWN = {"idefics3": _idefics3, "paligemma": _paligemma}
