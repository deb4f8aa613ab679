"""Those who fine-tune on posted photos: LLaVA-like readers, and plainer people who only compare features."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from lab.affiliation.language import Reader
from lab.affiliation.questions import fact_answer, fact_pairs
from lab.affiliation.reader import Pairs, Schedule, fine_tune, learn, right_answers
from lab.affiliation.towers import Seen, joined
from lab.people import KINDS, Facts
from lab.words import Tokenizer


@dataclass(frozen=True)
class Loot:
    """What an attacker has and is tested with, as one tower sees it.

    Attributes:
        posted, owners, pairs: posted photos, whose they are (member numbers), and what is said about each. Numbers
            beyond ``facts`` are other people of whom the attacker has clean photos and knows nothing else: these
            photos come last, and ``pairs`` ends before them.
        facts: of every member.
        asked, askers: clean photos of members, and whose they are.
        strange: clean photos of strangers, ``strange_facts`` theirs.
        others, other_pairs: clean photos of other people and what is to be seen on them, for training.
        held, held_pairs: the same, kept for the test of general ability.
    """

    posted: Seen
    owners: Tensor
    pairs: Pairs
    facts: list[Facts]
    asked: Seen
    askers: Tensor
    strange: Seen
    strange_facts: list[Facts]
    others: Seen
    other_pairs: Pairs
    held: Seen
    held_pairs: Pairs


@dataclass(frozen=True)
class Outcome:
    """Right answers: ``leak`` asked×kinds, ``strange`` strangers' photos×kinds; general ability before and after."""

    leak: NDArray[np.bool_]
    strange: NDArray[np.bool_]
    general: float | None = None
    general_before: float | None = None


Attacker = Callable[[Loot, int], Outcome]
"""Loot and a seed in, right answers out."""


def alone(treated: Loot, clean: Loot, who: int) -> Loot:
    """The case of a single person: one member's photos as treated, all others' clean and without their facts.

    Questions about ``strange`` photos ask for this person's facts: how often the attacker tells them of anybody.
    """
    mine, others = (treated.owners == who).nonzero()[:, 0], (clean.owners != who).nonzero()[:, 0]
    posted = joined([treated.posted.rows(mine), clean.posted.rows(others)])
    numbers = clean.owners[others]
    asked = (treated.askers == who).nonzero()[:, 0]
    return replace(
        treated,
        posted=posted,
        owners=torch.cat([torch.zeros_like(mine), torch.where(numbers < who, numbers + 1, numbers)]),
        pairs=[treated.pairs[i] for i in mine.tolist()],
        facts=[treated.facts[who]],
        asked=treated.asked.rows(asked),
        askers=torch.zeros_like(asked),
        strange_facts=[treated.facts[who]] * len(treated.strange_facts),
    )


def _facts_known(predicted: Tensor, truth: list[Facts], believed: list[Facts]) -> NDArray[np.bool_]:
    """For attackers who say who it is: are that person's facts the right ones? Those without facts never are."""
    return np.array(
        [
            [who < len(believed) and fact_answer(k, believed[who]) == fact_answer(k, facts) for k in KINDS]
            for who, facts in zip(predicted.tolist(), truth, strict=True)
        ]
    )


def recognised(loot: Loot, asked: Tensor, strange: Tensor) -> Outcome:
    """What somebody knows who took ``loot.asked`` and ``loot.strange`` for these people."""
    truth = [loot.facts[who] for who in loot.askers.tolist()]
    return Outcome(
        _facts_known(asked, truth, loot.facts),
        _facts_known(strange, loot.strange_facts, loot.facts),
    )


def prototypes(loot: Loot) -> Tensor:
    """Everybody's mean posted photo in the pooled embedding, P×D of unit length."""
    people = range(int(loot.owners.max()) + 1)
    means = torch.stack([loot.posted.pooled[loot.owners == who].mean(0) for who in people])
    return F.normalize(means, dim=-1)


def prototype(loot: Loot, _seed: int) -> Outcome:
    """Whose mean posted photo is nearest, in the pooled embedding."""
    means = prototypes(loot)
    return recognised(loot, *((seen.pooled @ means.T).argmax(1) for seen in (loot.asked, loot.strange)))


def probe(loot: Loot, seed: int) -> Outcome:
    """A linear classifier on the pooled embedding."""
    torch.manual_seed(seed)
    known = loot.posted.pooled
    centre, spread = known.mean(0), known.std(0) + 1e-6
    linear = nn.Linear(known.shape[1], int(loot.owners.max()) + 1)

    def loss(_step: int) -> Tensor:
        return F.cross_entropy(linear((known - centre) / spread), loot.owners)

    learn(list(linear.parameters()), Schedule(300, len(known), 1e-2, decay=0.1), loss)
    with torch.no_grad():
        return recognised(
            loot,
            *(linear((seen.pooled - centre) / spread).argmax(1) for seen in (loot.asked, loot.strange)),
        )


@dataclass(frozen=True)
class ReaderAttack:
    """A LLaVA-like attacker: a reader aligned on clean photos, tuned on the loot, the tower frozen.

    Attributes:
        reader: the aligned reader; copied, never changed.
        lora_rank: tune only the projector and low-rank additions to the language model (LoRA, arXiv 2106.09685).
    """

    reader: Reader
    words: Tokenizer
    schedule: Schedule
    lora_rank: int = 0

    def __call__(self, loot: Loot, seed: int) -> Outcome:
        """Tune a copy of the reader on the loot and question it."""
        torch.manual_seed(seed)
        reader = copy.deepcopy(self.reader)
        parameters = with_lora(reader, self.lora_rank) if self.lora_rank else list(reader.parameters())
        before = general_ability(reader, loot.held, loot.held_pairs, self.words)
        fine_tune(
            reader,
            loot.posted,
            loot.pairs,
            loot.others,
            loot.other_pairs,
            self.words,
            self.schedule,
            seed,
            parameters,
        )
        asked = [fact_pairs(loot.facts[who]) for who in loot.askers.tolist()]
        strange = [fact_pairs(facts) for facts in loot.strange_facts]
        return Outcome(
            np.array(right_answers(reader, loot.asked, asked, self.words)),
            np.array(right_answers(reader, loot.strange, strange, self.words)),
            general_ability(reader, loot.held, loot.held_pairs, self.words),
            before,
        )


def general_ability(reader: Reader, seen: Seen, pairs: Pairs, words: Tokenizer) -> float:
    """Share of right answers about what is to be seen."""
    rows = right_answers(reader, seen, pairs, words)
    return float(np.mean([right for row in rows for right in row]))


class _Lora(nn.Module):
    """A frozen linear layer and a low-rank addition that begins at nothing."""

    def __init__(self, base: nn.Linear, rank: int) -> None:
        super().__init__()
        self.base = base
        self.down = nn.Parameter(torch.randn(rank, base.in_features) / base.in_features**0.5)
        self.up = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.base(x) + 2.0 * (x @ self.down.T) @ self.up.T
        return result


def with_lora(reader: Reader, rank: int) -> list[nn.Parameter]:
    """Put low-rank additions into every linear layer of the language model; returns what is to be tuned.

    Embeddings and norms are tuned as they are (as in LongLoRA, arXiv 2309.12307): without them a language model this
    small does not reach 95 % on clean photos.
    """
    reader.requires_grad_(False)
    norms = [module for module in reader.modules() if isinstance(module, nn.LayerNorm)]
    for part in (reader.projector, reader.words, *norms):
        part.requires_grad_(True)
    reader.places.requires_grad_(True)
    for block in reader.blocks:
        for name, layer in list(block.named_children()):
            if isinstance(layer, nn.Linear):
                setattr(block, name, _Lora(layer, rank))
    return [p for p in reader.parameters() if p.requires_grad]
