"""The families of vision-language models an attacker can take: what differs between them, and nothing else.

`llava` is LLaVA-1.5 (Liu et al., arXiv 2310.03744): CLIP ViT-L/14-336, two-layer projector, Vicuna.
`qwen2-vl` is Qwen2-VL (arXiv 2409.12191) and Qwen2.5-VL: native resolution, patches merged by four, Qwen2.
`minigpt` stands in for MiniGPT-v2 (Chen et al., arXiv 2310.09478), which transformers does not have: frozen EVA-CLIP
ViT-g at 448 px, four neighbouring tokens joined, one linear layer, LLaMA-2, adapters of rank 64 on queries and values.
InstructBLIP on Vicuna (arXiv 2305.06500) is the nearest model transformers loads: **the same frozen tower**, one linear
layer that is trained, a LLaMA, and here adapters on queries and values too. It differs in 224 px and in the frozen
Q-Former that reads the tower into 32 tokens; with it the anatomy is that of the first MiniGPT-4. A figure from it must
be called InstructBLIP's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from PIL import Image
from torch import Tensor

from lab.real_vlm.errors import StudyError

Inputs = dict[str, Tensor]
"""What a model reads of one photo and one question, each tensor with a leading batch axis of one, or of patches."""


class Family(Protocol):
    """What has to be known about a family of models."""

    @property
    def name(self) -> str:
        """As in `--tiny` and in reports."""

    @property
    def classes(self) -> dict[str, str]:
        """The class in transformers that loads each `model_type` of `config.json`."""

    @property
    def lora_targets(self) -> str:
        """Regular expression on the whole names of the language model's layers that get an adapter."""

    @property
    def projector(self) -> str:
        """Regular expression found in the names of the projector's parameters, and in no others."""

    @property
    def tower(self) -> str:
        """Regular expression found in the names of the vision tower's parameters, perhaps also the projector's."""

    def read(self, processor: Any, photo: Image.Image, question: str) -> Inputs:
        """Photo and question as the model reads them, up to where its answer begins."""


@dataclass(frozen=True, slots=True)
class Chat:
    """A family whose processor brings a chat template."""

    name: str
    classes: dict[str, str]
    lora_targets: str
    projector: str
    tower: str

    def read(self, processor: Any, photo: Image.Image, question: str) -> Inputs:
        """See `Family.read`."""
        if not processor.chat_template:
            raise StudyError(
                "Model without chat template",
                "Its processor does not say how a question is put.",
                "Use the version of the model made for transformers, such as llava-hf/llava-1.5-7b-hf.",
            )
        content = [{"type": "image", "image": photo}, {"type": "text", "text": question}]
        return dict(
            processor.apply_chat_template(
                [{"role": "user", "content": content}],
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                return_tensors="pt",
            )
        )


@dataclass(frozen=True, slots=True)
class Prompted:
    """A family that is asked with a plain sentence."""

    name: str
    classes: dict[str, str]
    lora_targets: str
    projector: str
    tower: str
    prompt: str

    def read(self, processor: Any, photo: Image.Image, question: str) -> Inputs:
        """See `Family.read`."""
        return dict(processor(images=photo, text=self.prompt.format(question), return_tensors="pt"))


_EVERY_LINEAR = r".*language_model\..*\.(q|k|v|o|gate|up|down)_proj"

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Chat(
            name="llava",
            classes={"llava": "LlavaForConditionalGeneration"},
            lora_targets=_EVERY_LINEAR,
            projector=r"\bmulti_modal_projector\.",
            tower=r"\bvision_tower\.",
        ),
        Chat(
            name="qwen2-vl",
            classes={
                "qwen2_vl": "Qwen2VLForConditionalGeneration",
                "qwen2_5_vl": "Qwen2_5_VLForConditionalGeneration",
            },
            lora_targets=_EVERY_LINEAR,
            projector=r"\bvisual\.merger\.",
            tower=r"\bvisual\.",
        ),
        Prompted(
            name="minigpt",
            classes={"instructblip": "InstructBlipForConditionalGeneration"},
            lora_targets=r".*language_model\..*\.(q|v)_proj",
            projector=r"\blanguage_projection\.",
            tower=r"\bvision_model\.",
            prompt="Question: {} Short answer:",
        ),
    )
}


def family_of(model_type: str) -> Family:
    """The family a model belongs to by the `model_type` of its `config.json`."""
    for family in FAMILIES.values():
        if model_type in family.classes:
            return family
    known = ", ".join(model_type for family in FAMILIES.values() for model_type in family.classes)
    raise StudyError(
        "Model not supported",
        f"Its type is {model_type}; known are {known}.",
        "Choose a model of one of these types.",
    )
