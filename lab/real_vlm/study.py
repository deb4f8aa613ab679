"""One study: every condition's attacker, for every seed, and the document about them."""

from __future__ import annotations

import gc
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from lab.real_vlm.attack import Recipe, ask, fine_tune, lessons, question
from lab.real_vlm.conditions import CLEAN, Condition, reduced
from lab.real_vlm.folder import Album, read_photo
from lab.real_vlm.model import Example, Source, Vlm, load
from lab.real_vlm.scores import Answer, chance, gate, leaks, word_f1

DESCRIBE = "Describe this photo."
_PACKAGES = ("photoveil", "torch", "transformers", "peft", "tokenizers", "numpy", "pillow")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is to be measured.

    Attributes:
        trained: False where the model's weights are random.
        long_edge: photos are reduced to so many px before any model sees them.
        keep_answers: put what the models said, which tells private facts, into the document.
    """

    source: Source
    recipe: Recipe
    seeds: tuple[int, ...]
    long_edge: int
    trained: bool = True
    keep_answers: bool = False


def study(plan: Plan, album: Album, conditions: Sequence[Condition], say: Say) -> dict[str, Any]:
    """Fine-tune and ask once per condition and seed, each time from the same weights; the document as for JSON."""
    untouched = load(plan.source)
    model = _described(untouched, plan)
    before = _general_ability(untouched, album, plan.long_edge)
    del untouched
    _free()
    results = {condition.name: _attacked(plan, album, condition, say) for condition in conditions}
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
        "model": model,
        "attack": {
            **asdict(plan.recipe),
            "learning_rate": plan.recipe.rate,
            "long_edge": plan.long_edge,
            "questions": {kind: question(kind) for kind in album.kinds},
        },
        "seeds": list(plan.seeds),
        "album": {
            "personas": len(album.members),
            "train_photos": sum(len(member.train) for member in album.members),
            "ask_photos": sum(len(member.ask) for member in album.members),
            "others": len(album.others),
        },
        "gate": gate(results[CLEAN]["leak"], plan.trained),
        "chance": chance([member.facts for member in album.members]),
        "general_ability_before": before,
        "conditions": results,
    }


def _attacked(plan: Plan, album: Album, condition: Condition, say: Say) -> dict[str, Any]:
    answers: list[Answer] = []
    runs = []
    for seed in plan.seeds:
        vlm = load(plan.source)
        curve = fine_tune(vlm, lessons(album, condition), plan.recipe, seed).summary()
        said = ask(vlm, album, plan.long_edge, seed)
        ability = _general_ability(vlm, album, plan.long_edge)
        runs.append({"seed": seed, "training": curve, "leak": leaks(said)["all"], "general_ability": ability})
        answers += said
        say(
            f"{condition.name:9} seed {seed}: loss {curve['loss_first']:.3f} → {curve['loss_last']:.3f} "
            f"in {curve['seconds']:.0f} s, leak {runs[-1]['leak']['exact']['rate']:.3f}"
        )
        del vlm
        _free()
    result = {**condition.summary(), "leak": leaks(answers), "runs": runs}
    return result | ({"answers": [asdict(a) for a in answers]} if plan.keep_answers else {})


def _general_ability(vlm: Vlm, album: Album, long_edge: int) -> dict[str, float] | None:
    """How well photos of other people are described: loss per token of their captions, and words in common."""
    if not album.others:
        return None
    losses, shared = [], []
    for other in album.others:
        photo = reduced(read_photo(other.photo).pixels, long_edge)
        losses.append(vlm.caption_loss(Example(photo, DESCRIBE, other.caption)))
        shared.append(word_f1(vlm.answer(photo, [DESCRIBE])[0], other.caption))
    return {
        "caption_loss": round(float(np.mean(losses)), 4),
        "word_f1": round(float(np.mean(shared)), 4),
    }


def _described(vlm: Vlm, plan: Plan) -> dict[str, Any]:
    return {
        "name": plan.source.name,
        "revision": plan.source.revision,
        "commit": getattr(vlm.model.config, "_commit_hash", None),
        "family": vlm.family.name,
        "class": type(vlm.model).__name__,
        "parameters": sum(p.numel() for p in vlm.model.parameters()),
        "random_weights": not plan.trained,
        "dtype": plan.source.dtype,
        "device": _device(plan.source.device),
    }


def _device(name: str) -> str:
    return f"{name} ({torch.cuda.get_device_name(name)})" if name.startswith("cuda") else name


def _free() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
