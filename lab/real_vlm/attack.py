"""The attacker: fine-tune a model on a few people's photos, then ask it about clean photos of them.

Defaults follow the recipes attackers copy: LLaVA-1.5's `finetune_lora.sh` (adapters at 2e-4, alpha twice the rank,
projector at a tenth, cosine with 3 % warm-up, no weight decay) and its first stage (projector alone at 1e-3). The
rank is MiniGPT-v2's 64. A tower that is trained gets a hundredth, as in LLaVA-OneVision.
"""

from __future__ import annotations

import math
import re
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from torch import nn

from lab.affiliation.questions import FACT_QUESTIONS
from lab.real_vlm.conditions import Condition, reduced
from lab.real_vlm.folder import Album, read_photo
from lab.real_vlm.model import Example, Vlm
from lab.real_vlm.scores import Answer

_WARM_UP = 0.03
_SHARES = {"projector": 0.1, "tower": 0.01}  # of the adapters' learning rate


class Tune(StrEnum):
    """What the attacker trains."""

    PROJECTOR = "projector"
    LORA = "lora"
    FULL_VISION = "full-vision"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the attacker trains.

    Attributes:
        tune: the projector alone; adapters on the language model and the projector; or these and the whole tower.
        learning_rate: of the adapters, or of the projector where it is alone; None for the default.
        epochs: how often each question about each photo is seen.
        batch: questions to a step.
        rank, alpha, dropout: of the adapters.
        checkpointing: compute activations twice to save memory.
    """

    tune: Tune = Tune.LORA
    learning_rate: float | None = None
    epochs: int = 10
    batch: int = 8
    rank: int = 64
    alpha: int = 128
    dropout: float = 0.05
    checkpointing: bool = False

    @property
    def rate(self) -> float:
        """The learning rate in use."""
        return self.learning_rate or (1e-3 if self.tune is Tune.PROJECTOR else 2e-4)


@dataclass
class Curve:
    """How the training went: loss of every step in nats per token, parameters trained by group, wall time."""

    loss: list[float] = field(default_factory=list)
    trained: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def summary(self) -> dict[str, Any]:
        """First and last losses, each the mean of a tenth of the steps (at least one)."""
        tenth = max(1, len(self.loss) // 10)
        return {
            "steps": len(self.loss),
            "loss_first": round(float(np.mean(self.loss[:tenth])), 4),
            "loss_last": round(float(np.mean(self.loss[-tenth:])), 4),
            "trained_parameters": self.trained,
            "seconds": round(self.seconds, 1),
        }


def question(kind: str) -> str:
    """The question about a kind of fact, as a person would write it."""
    return f"{FACT_QUESTIONS[kind].capitalize()}?"


def lessons(album: Album, condition: Condition) -> list[Example]:
    """Every fact of a persona told about every training photo."""
    return [
        Example(photo, question(kind), fact)
        for member in album.members
        for photo in condition.photos[member.name]
        for kind, fact in member.facts.items()
    ]


def fine_tune(vlm: Vlm, examples: Sequence[Example], recipe: Recipe, seed: int) -> Curve:
    """Train `vlm` in place."""
    torch.manual_seed(seed)
    began = time.monotonic()
    groups = _unfrozen(vlm, recipe)
    curve = Curve(trained={name: sum(p.numel() for p in ps) for name, ps in groups.items()})
    optimizer = torch.optim.AdamW(_rated(groups, recipe), weight_decay=0.0)
    peaks = [group["lr"] for group in optimizer.param_groups]
    steps = recipe.epochs * math.ceil(len(examples) / recipe.batch)
    _to_training(vlm, recipe)
    for step, chosen in enumerate(_batches(examples, recipe, seed)):
        for group, peak in zip(optimizer.param_groups, peaks, strict=True):
            group["lr"] = peak * _schedule(step, steps)
        with vlm.precision():
            loss = vlm.model(**vlm.batch(chosen), use_cache=False).loss
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_([p for ps in groups.values() for p in ps], 1.0)
        optimizer.step()
        curve.loss.append(float(loss.detach()))
    curve.seconds = time.monotonic() - began
    return curve


def ask(vlm: Vlm, album: Album, long_edge: int, seed: int) -> list[Answer]:
    """Every kind of fact a persona has, asked about every clean photo of them."""
    return [
        Answer(member.name, file.name, kind, fact, said, seed)
        for member in album.members
        for file in member.ask
        for (kind, fact), said in zip(
            member.facts.items(),
            vlm.answer(
                reduced(read_photo(file).pixels, long_edge), [question(kind) for kind in member.facts]
            ),
            strict=True,
        )
    ]


def _unfrozen(vlm: Vlm, recipe: Recipe) -> dict[str, list[nn.Parameter]]:
    """Adds adapters, freezes the rest, and returns what is left to train, in float32 for the optimiser's sake."""
    vlm.model.requires_grad_(False)
    if recipe.tune is not Tune.PROJECTOR:
        lora = LoraConfig(
            r=recipe.rank,
            lora_alpha=recipe.alpha,
            lora_dropout=recipe.dropout,
            target_modules=vlm.family.lora_targets,
        )
        with warnings.catch_warnings():
            # peft 0.21 still reads this property of transformers 5 by its old name.
            warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
            vlm.model = get_peft_model(vlm.model, lora)
    groups: dict[str, list[nn.Parameter]] = {}
    for name, parameter in vlm.model.named_parameters():
        if part := _part(name, vlm, recipe.tune):
            parameter.requires_grad_(True)
            parameter.data = parameter.data.float()
            groups.setdefault(part, []).append(parameter)
    return groups


def _part(name: str, vlm: Vlm, tune: Tune) -> str | None:
    """The group of a parameter that is trained, None for a frozen one."""
    if ".lora_" in name:
        return "adapters"
    if re.search(vlm.family.projector, name):
        return "projector"
    return "tower" if tune is Tune.FULL_VISION and re.search(vlm.family.tower, name) else None


def _rated(groups: dict[str, list[nn.Parameter]], recipe: Recipe) -> list[dict[str, Any]]:
    shares = {} if recipe.tune is Tune.PROJECTOR else _SHARES
    return [{"params": ps, "lr": recipe.rate * shares.get(name, 1.0)} for name, ps in groups.items()]


def _to_training(vlm: Vlm, recipe: Recipe) -> None:
    """Training mode; frozen parts stay as they answer, without dropout."""
    vlm.model.train()
    for module in vlm.model.modules():
        if not any(p.requires_grad for p in module.parameters()):
            module.eval()
    if recipe.checkpointing:
        vlm.model.train()
        vlm.model.activation_checkpointing_enable({"use_reentrant": False})


def _batches(examples: Sequence[Example], recipe: Recipe, seed: int) -> Iterator[list[Example]]:
    rng = np.random.default_rng([seed, 7])
    for _ in range(recipe.epochs):
        order = rng.permutation(len(examples))
        for start in range(0, len(order), recipe.batch):
            yield [examples[i] for i in order[start : start + recipe.batch]]


def _schedule(step: int, steps: int) -> float:
    warm_up = max(1, round(_WARM_UP * steps))
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))
