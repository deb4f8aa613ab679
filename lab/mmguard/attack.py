"""Those who tune a reader on what was posted, and the test on clean photos of the same task."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import torch
from torch import Tensor, nn

from lab.affiliation.attackers import with_lora
from lab.affiliation.language import Reader, written
from lab.affiliation.questions import QuestionAnswer
from lab.affiliation.reader import Schedule, answer_loss, learn, right_answers
from lab.affiliation.towers import Seen, Tower, as_floats
from lab.words import Tokenizer


class Tuning(StrEnum):
    """What of the model learns."""

    ALL = "projector and language model"
    LORA = "projector and low-rank additions"
    QLORA = "projector and low-rank additions to weights of four bits"
    PROJECTOR = "projector only"
    TOWER = "everything, the tower too"


TUNE = Schedule(160, 12, 2e-3)
"""Long enough for clean photos to be learnt."""

SCHEDULES = {
    Tuning.ALL: TUNE,
    Tuning.LORA: Schedule(200, 12, 8e-3),
    Tuning.QLORA: Schedule(200, 12, 8e-3),
    Tuning.PROJECTOR: Schedule(300, 12, 8e-3),
    Tuning.TOWER: Schedule(40, 12, 1e-3),
}

_TOWER_SHARE = 0.1

_RANK = 8
_BLOCK = 64
_BELOW = (-1.0, -0.6962, -0.5251, -0.3949, -0.2844, -0.1848, -0.0911, 0.0)
_ABOVE = (0.0796, 0.1609, 0.2461, 0.3379, 0.4407, 0.5626, 0.7230, 1.0)
_NF4 = (*_BELOW, *_ABOVE)
"""The sixteen values of a weight in QLoRA (arXiv 2305.14314, appendix E), in parts of its block's largest."""


@dataclass(frozen=True)
class Model:
    """A tower with its aligned reader, as an attacker downloads it."""

    name: str
    tower: Tower
    reader: Reader
    words: Tokenizer


@dataclass(frozen=True)
class Loot:
    """What an attacker learns from: photos as the tower is shown them (B×3×S×S bytes), and what is said of each.

    ``tellings``: other ways to say it all, of which every step draws one; ``pairs`` alone where there are none.
    """

    inputs: Tensor
    pairs: Sequence[QuestionAnswer]
    tellings: Sequence[Sequence[QuestionAnswer]] = ()


def tuned_answers(
    model: Model, loot: Loot, tests: Sequence[Loot], tuning: Tuning, seed: int, patience: float = 1.0
) -> list[list[bool]]:
    """Which questions of each test a model tuned on the loot answers word for word.

    ``patience``: so much of the steps that it takes to learn clean photos.
    """
    torch.manual_seed(seed)
    reader = copy.deepcopy(model.reader).requires_grad_(True)
    tower = model.tower
    if tuning is Tuning.TOWER:
        tower = copy.deepcopy(tower)
        _tune_all(tower, reader, model.words, loot, seed, patience)
    else:
        parameters = _learning(reader, tuning)
        schedule = _shortened(SCHEDULES[tuning], patience)
        _tune(reader, parameters, tower.look(loot.inputs).tokens, model.words, loot, schedule, seed)
    looked = {id(test.inputs): tower.look(test.inputs) for test in tests}
    return [answers(reader, looked[id(test.inputs)], test, model.words) for test in tests]


def answers(reader: Reader, seen: Seen, test: Loot, words: Tokenizer) -> list[bool]:
    """Which questions are answered word for word."""
    return [row[0] for row in right_answers(reader, seen, [[pair] for pair in test.pairs], words)]


def _learning(reader: Reader, tuning: Tuning) -> list[nn.Parameter]:
    if tuning is Tuning.QLORA:
        _coarsen(reader)
    if tuning in (Tuning.LORA, Tuning.QLORA):
        return with_lora(reader, _RANK)
    if tuning is Tuning.PROJECTOR:
        reader.requires_grad_(False)
        reader.projector.requires_grad_(True)
    return [p for p in reader.parameters() if p.requires_grad]


def _coarsen(reader: Reader) -> None:
    """Round the language model's weights to four bits, as QLoRA holds those that it does not tune."""
    levels = torch.tensor(_NF4)
    between = (levels[1:] + levels[:-1]) / 2
    for layer in (one for one in reader.blocks.modules() if isinstance(one, nn.Linear)):
        blocks = layer.weight.detach().view(-1, _BLOCK)
        most = blocks.abs().amax(1, keepdim=True).clamp_min(1e-9)
        coarse = levels[torch.bucketize(blocks / most, between)] * most
        layer.weight.data.copy_(coarse.view_as(layer.weight))


def _tune(
    reader: Reader,
    parameters: Sequence[nn.Parameter],
    tokens: Tensor,
    words: Tokenizer,
    loot: Loot,
    schedule: Schedule,
    seed: int,
) -> None:
    rng = np.random.default_rng([seed, 61])

    def loss(_step: int) -> Tensor:
        rows = _drawn(rng, loot, schedule)
        texts, targets = written([[_telling(rng, loot)[i]] for i in rows], words)
        return answer_loss(reader, tokens[torch.from_numpy(rows)], texts, targets)

    learn(list(parameters), schedule, loss)


def _shortened(schedule: Schedule, patience: float) -> Schedule:
    return replace(schedule, steps=max(1, round(schedule.steps * patience)))


def _tune_all(tower: Tower, reader: Reader, words: Tokenizer, loot: Loot, seed: int, patience: float) -> None:
    """The reader first, as on a frozen tower; then both, the tower at a tenth of the rate."""
    rng = np.random.default_rng([seed, 67])
    schedule = _shortened(SCHEDULES[Tuning.TOWER], patience)
    first = _learning(reader, Tuning.ALL)
    _tune(reader, first, tower.look(loot.inputs).tokens, words, loot, _shortened(TUNE, patience), seed)
    tower.encoder.visual.requires_grad_(True)

    def loss(_step: int) -> Tensor:
        rows = _drawn(rng, loot, schedule)
        texts, targets = written([[_telling(rng, loot)[i]] for i in rows], words)
        seen: Seen = tower(as_floats(loot.inputs[torch.from_numpy(rows)]))
        return answer_loss(reader, seen.tokens, texts, targets)

    learn(list(reader.parameters()), schedule, loss, list(tower.encoder.visual.parameters()), _TOWER_SHARE)


def _drawn(rng: np.random.Generator, loot: Loot, schedule: Schedule) -> np.ndarray:
    return rng.choice(len(loot.pairs), min(schedule.batch, len(loot.pairs)), replace=False)


def _telling(rng: np.random.Generator, loot: Loot) -> Sequence[QuestionAnswer]:
    return loot.tellings[int(rng.integers(len(loot.tellings)))] if loot.tellings else loot.pairs
