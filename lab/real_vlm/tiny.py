"""Models of the real anatomy with random weights, and an album drawn by the lab: all that can be had without a hub.

Everything is written to disk as a real model would lie there, so that a run goes the way of a real one. What such a
model answers says nothing about protection.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    BlipImageProcessor,
    CLIPImageProcessor,
    CLIPVisionConfig,
    InstructBlipConfig,
    InstructBlipForConditionalGeneration,
    InstructBlipProcessor,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen2VLImageProcessor,
    Qwen2VLProcessor,
    Qwen2VLVideoProcessor,
)

from lab.affiliation.questions import fact_answer
from lab.people import KINDS, sample_persona
from lab.render import render
from lab.scenes import PhotoSpec, sample_photo

SIDE = 56
"""Side of the square photos LLaVA and InstructBLIP read, in px; a patch has 14."""

_WIDTH = 64
_FIRST = 870_000_000  # persona seeds no starter and no other study uses
_SIZE = (320, 240)
# Wide enough that frozen, random layers let a photo through and a language head can state a preference.
_SPREAD = 0.2
_TOWER = {"hidden_size": _WIDTH, "intermediate_size": 128, "num_hidden_layers": 3, "num_attention_heads": 4}
_LANGUAGE = {
    "hidden_size": _WIDTH,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}
_LLAMA_MARKS = ("<pad>", "<s>", "</s>", "<image>")
_LLAMA_NAMES = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>"}
_QWEN_NAMES = {"pad_token": "<|endoftext|>", "eos_token": "<|im_end|>"}
_QWEN_MARKS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
_LLAVA_TEMPLATE = (
    "{% for m in messages %}{{ m['role'].upper() }}: {% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}<image>\n{% else %}{{ c['text'] }}{% endif %}{% endfor %} {% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)
_QWEN_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ c['text'] }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def make_model(family: str, folder: Path, texts: Iterable[str], seed: int = 0) -> Path:
    """A random model of a family with a tokenizer trained on `texts`, saved to `folder`, which is returned."""
    torch.manual_seed(seed)
    model, processor = _BUILDERS[family](list(texts))
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def make_album(folder: Path, personas: int = 2, train: int = 3, ask: int = 1, others: int = 2) -> Path:
    """Drawn people with all seven facts, in the layout of `lab.real_vlm.folder`; `folder` is returned."""
    for i in range(personas):
        persona = sample_persona(_FIRST + i)
        home = folder / f"persona-{i}"
        turn = ("portrait", *KINDS)
        for j in range(train):
            _save(sample_photo(persona, 100 + j, turn[j % len(turn)]), home / "train" / f"{j}.jpg")
        for j in range(ask):
            _save(sample_photo(persona, 500 + j, "portrait"), home / "ask" / f"{j}.jpg")
        facts = {kind: fact_answer(kind, persona.facts) for kind in KINDS}
        (home / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    captions = {}
    for i in range(others):
        spec = sample_photo(sample_persona(_FIRST + 1000 + i), i)
        _save(spec, folder / "others" / f"{i}.jpg")
        captions[f"{i}.jpg"] = spec.caption
    if captions:
        (folder / "others" / "captions.json").write_text(json.dumps(captions), encoding="utf-8")
    return folder


def _save(spec: PhotoSpec, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(render(spec, *_SIZE)).save(file, "JPEG", quality=92, subsampling="4:4:4")


def _tokenizer(texts: list[str], marks: tuple[str, ...], names: dict[str, str]) -> PreTrainedTokenizerFast:
    """Byte-level BPE, the kind Qwen and GPT-2 use, of a few hundred pieces."""
    learnt = Tokenizer(models.BPE())
    learnt.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    learnt.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=list(marks),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    learnt.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=learnt, **names)


def _llama(tokenizer: PreTrainedTokenizerFast) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=512,
        initializer_range=_SPREAD,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        **_LANGUAGE,
    )


def _llava(texts: list[str]) -> tuple[Any, Any]:
    tokenizer = _tokenizer(texts, _LLAMA_MARKS, _LLAMA_NAMES)
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(image_size=SIDE, patch_size=14, **_TOWER),
        text_config=_llama(tokenizer),
        image_token_index=_LLAMA_MARKS.index("<image>"),
        image_seq_length=(SIDE // 14) ** 2,
    )
    processor = LlavaProcessor(
        CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}),
        tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=_LLAVA_TEMPLATE,
    )
    return LlavaForConditionalGeneration(config), processor


def _qwen2_vl(texts: list[str]) -> tuple[Any, Any]:
    tokenizer = _tokenizer(texts, _QWEN_MARKS, _QWEN_NAMES)
    ends, starts = _QWEN_MARKS.index("<|im_end|>"), _QWEN_MARKS.index("<|endoftext|>")
    text: dict[str, Any] = {
        **_LANGUAGE,
        "vocab_size": len(tokenizer),
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "initializer_range": _SPREAD,
        "bos_token_id": starts,
        "eos_token_id": ends,
        "pad_token_id": starts,
        "rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10_000.0},
    }
    config = Qwen2VLConfig(
        vision_config={
            "depth": 2,
            "embed_dim": _WIDTH,
            "hidden_size": _WIDTH,
            "num_heads": 4,
            "mlp_ratio": 2,
        },
        text_config=text,
        vision_start_token_id=_QWEN_MARKS.index("<|vision_start|>"),
        vision_end_token_id=_QWEN_MARKS.index("<|vision_end|>"),
        image_token_id=_QWEN_MARKS.index("<|image_pad|>"),
        video_token_id=_QWEN_MARKS.index("<|video_pad|>"),
    )
    size = {"shortest_edge": 28 * 28, "longest_edge": 84 * 84}
    processor = Qwen2VLProcessor(
        Qwen2VLImageProcessor(size=size),
        tokenizer,
        Qwen2VLVideoProcessor(size=size),
        chat_template=_QWEN_TEMPLATE,
    )
    return Qwen2VLForConditionalGeneration(config), processor


def _minigpt(texts: list[str]) -> tuple[Any, Any]:
    tokenizer = _tokenizer(texts, _LLAMA_MARKS, _LLAMA_NAMES)
    reader = _tokenizer(texts, ("[PAD]", "[CLS]", "[SEP]"), {"pad_token": "[PAD]"})
    queries = 8
    config = InstructBlipConfig(
        vision_config={"image_size": SIDE, "patch_size": 14, "initializer_range": _SPREAD, **_TOWER},
        qformer_config={
            **_LANGUAGE,
            "vocab_size": len(reader),
            "max_position_embeddings": 128,
            "initializer_range": _SPREAD,
        },
        text_config=_llama(tokenizer),
        num_query_tokens=queries,
        image_token_index=_LLAMA_MARKS.index("<image>"),
    )
    model = InstructBlipForConditionalGeneration(config)
    # Queries start at zero, and queries that are all alike would hide the photo from the language model.
    torch.nn.init.normal_(model.query_tokens)
    pixels = BlipImageProcessor(size={"height": SIDE, "width": SIDE})
    return model, InstructBlipProcessor(pixels, tokenizer, reader, num_query_tokens=queries)


_BUILDERS: dict[str, Callable[[list[str]], tuple[Any, Any]]] = {
    "llava": _llava,
    "qwen2-vl": _qwen2_vl,
    "minigpt": _minigpt,
}
