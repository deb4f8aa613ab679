"""What there is to choose from: strengths, methods and model sets. Imports neither torch nor Pillow."""

from __future__ import annotations

from dataclasses import dataclass

from photoveil.protection.model_sets import (
    CatalogueError,
    EncoderEntry,
    ModelSet,
    Role,
    choose,
    model_set,
    model_sets,
)

__all__ = [
    "METHODS",
    "STRENGTHS",
    "CatalogueError",
    "EncoderEntry",
    "ModelSet",
    "Role",
    "Strength",
    "check_method",
    "model_set",
    "model_sets",
    "strength",
]


@dataclass(frozen=True)
class Strength:
    """A perceptual budget.

    Attributes:
        tone_db: what of the PSNR the persona's look may take (`grade`); None for no look at all.
        flat: largest change on smooth areas such as skin and sky, in 8-bit levels.
        texture: largest change where texture hides it, in 8-bit levels.
        chroma: share of these that changes between red and green may take; changes of brightness take all of it, those
            between blue and yellow `budget.BLUE` times this share.
        psnr_floor: dB, at full resolution on the delivered bytes; never undercut.
        ssim_floor: structural similarity (Wang et al. 2004) on the same; never undercut.
        steps: steps of the optimiser.
    """

    name: str
    description: str
    tone_db: float | None
    flat: float
    texture: float
    chroma: float
    psnr_floor: float
    ssim_floor: float
    steps: int


STRENGTHS: dict[str, Strength] = {
    s.name: s
    for s in (
        Strength(
            "subtle",
            "for the pictures you care about most; the weakest protection",
            tone_db=40.5,
            flat=1.0,
            texture=10.0,
            chroma=0.5,
            psnr_floor=38.0,
            ssim_floor=0.96,
            steps=20,
        ),
        Strength(
            "balanced",
            "the default; beside the original, a faint tint on plain areas",
            tone_db=35.5,
            flat=1.5,
            texture=14.0,
            chroma=0.5,
            psnr_floor=34.0,
            ssim_floor=0.93,
            steps=20,
        ),
        Strength(
            "strong",
            "a slight tint, and visible to a trained eye on smooth areas",
            tone_db=32.5,
            flat=3.0,
            texture=15.0,
            chroma=0.5,
            psnr_floor=31.0,
            ssim_floor=0.89,
            steps=10,
        ),
        Strength(
            "film",
            "a look of its own, like grain and toning of film: meant to be seen; the strongest protection",
            tone_db=25.0,
            flat=4.0,
            texture=18.0,
            chroma=0.3,
            psnr_floor=23.0,
            ssim_floor=0.8,
            steps=10,
        ),
    )
}

METHODS: dict[str, str] = {
    "antithetical": "moves every photo of a persona away from where clean photos of that persona lie (DP2-VL)",
}


def strength(name: str) -> Strength:
    """The strength called ``name``; raises CatalogueError."""
    return choose("strength", name, STRENGTHS)


def check_method(name: str) -> str:
    """``name`` if there is such a method; raises CatalogueError."""
    choose("method", name, METHODS)
    return name
