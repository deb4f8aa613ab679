"""A small VLM with planted leaks, and one that knows nothing, each taught once for all tests of a process."""

from __future__ import annotations

from functools import lru_cache

import torch

from lab.affiliation.towers import Tower
from lab.leakage.world import QUICK, TOWER, Model, Person, people, plant
from photoveil.protection import catalogue
from photoveil.protection.encoders import load_encoders

SEED = 0


@lru_cache(maxsize=1)
def tower() -> Tower:
    encoders = load_encoders(catalogue.model_set("starter"), torch.device("cpu"))
    return Tower(next(encoder for encoder in encoders if encoder.name == TOWER)).eval()


@lru_cache(maxsize=1)
def known() -> list[Person]:
    return people(QUICK, SEED)


@lru_cache(maxsize=1)
def planted() -> Model:
    return plant(tower(), known(), QUICK, SEED)


@lru_cache(maxsize=1)
def empty() -> Model:
    return plant(tower(), known(), QUICK, SEED, knowing=False)
