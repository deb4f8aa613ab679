"""An attacker who fine-tunes CLIP: the image tower moves photos of a person to an embedding of the person's name."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lab.affiliation.attackers import Loot, Outcome, prototypes, recognised
from lab.affiliation.reader import Schedule, learn
from lab.affiliation.towers import Tower, as_floats
from lab.affiliation.unfrozen import Inputs, mirrored

_LOGIT_SCALE = 30.0
_TOWER_SHARE = 0.02


@dataclass(frozen=True)
class ClipAttack:
    """Contrastive fine-tuning of the whole tower, batch statistics as they were trained; then the nearest name.

    Names begin at the mean of the person's posted photos. Clean photos of other people take part in every batch: each
    has its own embedding in the tower as it was for a name, so that the tower keeps telling people apart.

    Attributes:
        schedule: its rate is that of the names; the tower learns at a fiftieth.
    """

    tower: Tower
    schedule: Schedule
    inputs: Inputs

    def __call__(self, loot: Loot, seed: int) -> Outcome:
        """Tune a copy of the tower, then recognise people on clean photos."""
        tower = copy.deepcopy(self.tower).eval()
        tower.encoder.visual.requires_grad_(True)
        names = nn.Parameter(prototypes(loot))
        rng = np.random.default_rng([seed, 59])

        def loss(_step: int) -> Tensor:
            return self._loss(tower, names, loot.owners, rng)

        trained = [p for p in tower.encoder.visual.parameters() if p.requires_grad]
        learn([names], self.schedule, loss, slower=trained, share=_TOWER_SHARE)
        asked, strange = (tower.look(inputs).pooled for inputs in (self.inputs.asked, self.inputs.strange))
        return recognised(loot, *((seen @ names.detach().T).argmax(1) for seen in (asked, strange)))

    def _loss(self, tower: Tower, names: Tensor, owners: Tensor, rng: np.random.Generator) -> Tensor:
        size = self.schedule.batch
        mine = rng.choice(len(owners), min(size, len(owners)), replace=False)
        theirs = rng.choice(len(self.inputs.others), max(1, size // 2), replace=False)
        others = self.inputs.others[theirs]
        seen = tower(as_floats(mirrored(torch.cat([self.inputs.posted[mine], others]), rng))).pooled
        with torch.no_grad():
            kept = self.tower(as_floats(others)).pooled
        classes = torch.cat([F.normalize(names, dim=-1), kept])
        own = torch.arange(len(names), len(classes), device=owners.device)
        return F.cross_entropy(_LOGIT_SCALE * seen @ classes.T, torch.cat([owners[mine], own]))
