"""Small worlds for the benchmark's tests: people as points in feature space, and a study of tiny encoders."""

from __future__ import annotations

from pathlib import Path

import torch

from lab.affiliation.album import Looks
from lab.affiliation.attackers import Loot
from lab.affiliation.language import Shape
from lab.affiliation.plan import BLACK, SECOND, WHITE, Block, Preset
from lab.affiliation.questions import fact_pairs, visible_pairs
from lab.affiliation.reader import Schedule
from lab.affiliation.stage import Scale
from lab.affiliation.study import Study
from lab.affiliation.towers import Seen
from lab.people import sample_persona
from lab.starters.data import draw
from photoveil.protection import Engine
from tests.tiny_models import tiny_models

TINY_SCALE = Scale(
    12,
    Shape(width=32, layers=1, heads=2),
    Schedule(4, 4, 1e-3),
    Schedule(4, 4, 1e-3),
    Schedule(4, 4, 1e-3),
    Schedule(2, 4, 1e-3),
    Schedule(2, 4, 1e-3),
    views=3,
)


def people_in_space(noise: float = 0.1, people: int = 4, photos: int = 6) -> Loot:
    """People as points in feature space, photos scattered around them; strangers somewhere else."""
    generator = torch.Generator().manual_seed(1)
    places = torch.randn(2 * people, 4, 8, generator=generator)

    def seen(who: list[int]) -> Seen:
        tokens = places[who] + noise * torch.randn(len(who), 4, 8, generator=generator)
        return Seen(tokens.half(), torch.nn.functional.normalize(tokens.mean(1), dim=-1))

    facts = [sample_persona(seed).facts for seed in range(2 * people)]
    owners = [who for who in range(people) for _ in range(photos)]
    askers = [who for who in range(people) for _ in range(3)]
    strange = [people + who for who in askers]
    general = draw(range(12))
    said = [visible_pairs(seen) for seen in general.attributes]
    return Loot(
        seen(owners),
        torch.tensor(owners),
        [fact_pairs(facts[who]) for who in owners],
        facts[:people],
        seen(askers),
        torch.tensor(askers),
        seen(strange),
        [facts[who] for who in strange],
        seen([0] * 12),
        said,
        seen([0] * 12),
        said,
    )


def tiny_engine(folder: Path) -> Engine:
    """Tiny encoders under the names of the starters."""
    engine = Engine.load("starter", device="cpu", models_dir=tiny_models(folder))
    for encoder, name in zip(engine.encoders, (WHITE, SECOND, BLACK), strict=True):
        encoder.name = name
    return engine


def tiny_study(folder: Path, *blocks: Block, name: str = "ci") -> Study:
    """Four people with two photos of each, one question photo, and whatever is to be measured."""
    preset = Preset(4, 2, 1, (2, 2), TINY_SCALE, (Looks.LOOKALIKE,), (0,), (0,), blocks)
    return Study(name, folder, 1, engine=tiny_engine(folder), preset=preset, grey=[])
