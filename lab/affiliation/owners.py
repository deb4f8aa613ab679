"""Every defence by its name, with the shelf of delivered files in front of it."""

from __future__ import annotations

from collections.abc import Callable

from lab.affiliation import defences, outside
from lab.affiliation.defences import Defence
from lab.affiliation.shelf import Shelf
from photoveil.protection import Engine
from photoveil.protection.catalogue import STRENGTHS

CLEAN = "clean"
NOISE_LIKE = "strong"
"""Noise and outside attacks have the PSNR that this strength had on the same photo."""
NEED_NO_ENGINE = (CLEAN, "face-blur")
BASELINES = (
    "canvas-noise",
    "white-noise",
    "face-blur",
    "one-encoder",
    "per-photo",
    "shared-decoy",
    "untaught",
    *outside.ATTACKS,
)

_ALONE = "starter-resnet"  # the encoder of defences that know only one


def defence(name: str, engine: Engine, shelf: Shelf) -> Defence:
    """The defence called ``name``: a strength of Photoveil, one of `BASELINES`, or `CLEAN`."""

    def strength(chosen: str) -> Defence:
        return shelf.through(chosen, defences.photoveil(engine, chosen))

    if name in STRENGTHS:
        return strength(name)
    makers: dict[str, Callable[[], Defence]] = {
        CLEAN: lambda: defences.clean,
        "canvas-noise": lambda: defences.noise(strength(NOISE_LIKE), NOISE_LIKE, canvas=True),
        "white-noise": lambda: defences.noise(strength(NOISE_LIKE), NOISE_LIKE, canvas=False),
        "face-blur": lambda: defences.face_blur,
        "one-encoder": lambda: defences.one_encoder(engine, _ALONE, NOISE_LIKE),
        "per-photo": lambda: defences.per_photo(engine, NOISE_LIKE),
        "shared-decoy": lambda: defences.shared_decoy(engine, NOISE_LIKE),
        "untaught": lambda: defences.photoveil(engine, NOISE_LIKE, taught=False),
        **{
            attack: lambda attack=attack: outside.outside(engine, _ALONE, attack, strength(NOISE_LIKE))  # type: ignore[misc]
            for attack in outside.ATTACKS
        },
    }
    return shelf.through(name, makers[name]())
