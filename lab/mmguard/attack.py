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
    PROJECTOR = "projector only"
    TOWER = "everything, the tower too"


TUNE = Schedule(160, 12, 2e-3)
"""Long enough for clean photos to be learnt."""

SCHEDULES = {
    Tuning.ALL: TUNE,
    Tuning.LORA: Schedule(200, 12, 8e-3),
    Tuning.PROJECTOR: Schedule(300, 12, 8e-3),
    Tuning.TOWER: Schedule(40, 12, 1e-3),
}

_TOWER_SHARE = 0.1


@dataclass(frozen=True)
class Model:
    """A tower with its aligned reader, as an attacker downloads it."""

    name: str
    tower: Tower
    reader: Reader
    words: Tokenizer


@dataclass(frozen=True)
class Loot:
    """What an attacker learns from: photos as the tower is shown them (B×3×S×S bytes), and what is said of each."""

    inputs: Tensor
    pairs: Sequence[QuestionAnswer]


def tuned_answers(
    model: Model, loot: Loot, test: Loot, tuning: Tuning, seed: int, patience: float = 1.0
) -> list[bool]:
    """Which of the test's questions a model tuned on the loot answers word for word.

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
    return answers(reader, tower.look(test.inputs), test, model.words)


def answers(reader: Reader, seen: Seen, test: Loot, words: Tokenizer) -> list[bool]:
    """Which questions are answered word for word."""
    return [row[0] for row in right_answers(reader, seen, [[pair] for pair in test.pairs], words)]


def _learning(reader: Reader, tuning: Tuning) -> list[nn.Parameter]:
    if tuning is Tuning.LORA:
        return with_lora(reader, 8)
    if tuning is Tuning.PROJECTOR:
        reader.requires_grad_(False)
        reader.projector.requires_grad_(True)
    return [p for p in reader.parameters() if p.requires_grad]


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
        texts, targets = written([[loot.pairs[i]] for i in rows], words)
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
        texts, targets = written([[loot.pairs[i]] for i in rows], words)
        seen: Seen = tower(as_floats(loot.inputs[torch.from_numpy(rows)]))
        return answer_loss(reader, seen.tokens, texts, targets)

    learn(list(reader.parameters()), schedule, loss, list(tower.encoder.visual.parameters()), _TOWER_SHARE)


def _drawn(rng: np.random.Generator, loot: Loot, schedule: Schedule) -> np.ndarray:
    return rng.choice(len(loot.pairs), min(schedule.batch, len(loot.pairs)), replace=False)
