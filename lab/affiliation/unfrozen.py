"""The attacker who does not leave the tower as it is: tower, projector and language model learn together.

The reader learns first, on the features of the frozen tower: that costs little, and the tower is then tuned by
gradients of a reader that knows what it is looking for.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lab.affiliation.attackers import Loot, Outcome, general_ability
from lab.affiliation.language import Reader, written
from lab.affiliation.questions import fact_pairs
from lab.affiliation.reader import (
    OF_OTHERS,
    Schedule,
    answer_loss,
    fine_tune,
    learn,
    right_answers,
    some,
)
from lab.affiliation.towers import Tower, as_floats
from lab.words import Tokenizer

TOWER_SHARE = 0.1
"""The tower's learning rate as a share of the reader's."""

FIRST = Schedule(200, 24, 2e-3)
"""What the reader learns before the tower does."""


@dataclass(frozen=True)
class Inputs:
    """The photos themselves, B×3×S×S bytes, in the order of the loot's features."""

    posted: Tensor
    asked: Tensor
    strange: Tensor
    others: Tensor
    held: Tensor


@dataclass(frozen=True)
class UnfrozenAttack:
    """Everything is tuned, mirrored photos among the rest; batch statistics stay as they were trained.

    Attributes:
        schedule: of tower and reader together.
        first: of the reader alone, before.
    """

    tower: Tower
    reader: Reader
    words: Tokenizer
    schedule: Schedule
    inputs: Inputs
    first: Schedule = FIRST

    def __call__(self, loot: Loot, seed: int) -> Outcome:
        """Tune copies of tower and reader, then look at the clean photos through the tuned tower."""
        torch.manual_seed(seed)
        tower, reader = copy.deepcopy(self.tower), copy.deepcopy(self.reader)
        tower.encoder.visual.requires_grad_(True)
        tower.eval()
        before = general_ability(reader, loot.held, loot.held_pairs, self.words)
        fine_tune(
            reader, loot.posted, loot.pairs, loot.others, loot.other_pairs, self.words, self.first, seed
        )
        batches = self._batches(loot, np.random.default_rng([seed, 47]))

        def loss(_step: int) -> Tensor:
            images, texts, targets = next(batches)
            return answer_loss(reader, tower(images).tokens, texts, targets)

        trained = [p for p in tower.encoder.visual.parameters() if p.requires_grad]
        learn(list(reader.parameters()), self.schedule, loss, slower=trained, share=TOWER_SHARE)
        asked = [fact_pairs(loot.facts[who]) for who in loot.askers.tolist()]
        strange = [fact_pairs(facts) for facts in loot.strange_facts]
        return Outcome(
            np.array(right_answers(reader, tower.look(self.inputs.asked), asked, self.words)),
            np.array(right_answers(reader, tower.look(self.inputs.strange), strange, self.words)),
            general_ability(reader, tower.look(self.inputs.held), loot.held_pairs, self.words),
            before,
        )

    def _batches(self, loot: Loot, rng: np.random.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        size = self.schedule.batch
        while True:
            mine = rng.choice(len(loot.pairs), min(size, len(loot.pairs)), replace=False)
            theirs = rng.choice(len(loot.other_pairs), max(1, size // 2), replace=False)
            photos = mirrored(torch.cat([self.inputs.posted[mine], self.inputs.others[theirs]]), rng)
            chosen = [loot.pairs[i] for i in mine] + [
                some(loot.other_pairs[i], OF_OTHERS, rng) for i in theirs
            ]
            yield as_floats(photos), *written(chosen, self.words)


def mirrored(photos: Tensor, rng: np.random.Generator) -> Tensor:
    """Every second photo of a batch (B×3×H×W), drawn by lot, as in a mirror."""
    chosen = torch.from_numpy(rng.random(len(photos)) < 0.5)
    return torch.where(chosen[:, None, None, None], photos.flip(3), photos)
