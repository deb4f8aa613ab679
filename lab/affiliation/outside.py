"""Somebody else's attacks as a defence: PGD and MI-FGSM of the package torchattacks, against one encoder.

torchattacks attacks classifiers, so the encoder becomes one of two classes: "where this persona lies" and "the
opposite", which the attack is told to reach. It works at 224 px, as people use it; what it found is enlarged to the
photo's size and scaled until the delivered PSNR is the one asked for.

    pip install --no-deps 'torchattacks>=3.5.1,<4'    # its pin of requests is outdated, and it never imports it
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.util import find_spec

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from lab.affiliation.album import Member
from lab.affiliation.defences import Defence, Posted, delivered, photos_of
from photoveil.photos import Photo
from photoveil.protection import Engine, Persona
from photoveil.protection.channel import centre_view
from photoveil.protection.encoders import Encoder
from photoveil.protection.report import picture

ATTACKS = ("torchattacks-pgd", "torchattacks-mi")
INSTALL = "pip install --no-deps 'torchattacks>=3.5.1,<4'"

_EPS, _ALPHA, _STEPS = 8 / 255, 2 / 255, 40
_LOGIT_SCALE = 20.0
_NEAR_DB = 0.1
_ROUNDS = 8


def installed() -> bool:
    """Whether torchattacks is there."""
    return find_spec("torchattacks") is not None


class Opposites(nn.Module):
    """An encoder as a classifier of two classes: the persona's ``anchor`` (D, unit length) is the second."""

    def __init__(self, encoder: nn.Module, anchor: Tensor) -> None:
        super().__init__()
        self.encoder = encoder
        self.anchor = anchor

    def forward(self, images: Tensor) -> Tensor:
        """Logits B×2 of ``images`` B×3×S×S in 0…1."""
        near = F.cosine_similarity(self.encoder(images).pooled, self.anchor, dim=-1)
        return _LOGIT_SCALE * torch.stack([-near, near], dim=1)


def outside(engine: Engine, encoder_name: str, attack: str, like: Defence) -> Defence:
    """One of `ATTACKS` against one encoder, at the PSNR that ``like`` had on each photo."""
    encoder = next(e for e in engine.encoders if e.name == encoder_name)
    device = torch.device(engine.device)

    def defend(member: Member) -> list[Posted]:
        persona, result = Persona("member"), []
        for index, (photo, other) in enumerate(zip(photos_of(member.posted), like(member), strict=True)):
            engine.learn(persona, [photo])
            anchor = persona.anchor(encoder, device).pooled.clone()
            change = perturbation(encoder, anchor, photo, attack, member.persona.seed * 100 + index)
            result.append(at_psnr(photo, change, other.psnr_db))
        return result

    return defend


def perturbation(
    encoder: Encoder, anchor: Tensor, photo: Photo, attack: str, seed: int
) -> NDArray[np.float32]:
    """What the attack adds to the photo, H×W×3 in 8-bit levels; beyond the central square it is mirrored.

    The square is what every tower is shown. Mirroring keeps the strength the same all over the photo, so that PSNR
    means the same as for defences that treat the whole photo.
    """
    shown = central(photo, encoder)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        moved = made(attack, Opposites(encoder, anchor).eval())(shown, torch.ones(1, dtype=torch.long))
    return enlarged(moved - shown, photo)


def central(photo: Photo, encoder: Encoder) -> Tensor:
    """The photo's central square as the encoder is shown it, 1×3×S×S in 0…1."""
    return centre_view(*_size(photo)).show(picture(photo.pixels), encoder.size).to(encoder.mean.device)


def enlarged(moved: Tensor, photo: Photo) -> NDArray[np.float32]:
    """A change of the central square, 1×3×S×S in shares of 255, at the photo's size, as `perturbation` returns it."""
    change = (moved[0].permute(1, 2, 0) * 255).cpu().numpy().astype(np.float32)
    width, height = _size(photo)
    side = min(width, height)
    top, left = (height - side) // 2, (width - side) // 2
    square = cv2.resize(change, (side, side), interpolation=cv2.INTER_CUBIC)
    whole = cv2.copyMakeBorder(
        square, top, height - side - top, left, width - side - left, cv2.BORDER_REFLECT
    )
    return np.asarray(whole, np.float32)


def made(name: str, model: nn.Module, steps: int = _STEPS) -> Callable[[Tensor, Tensor], Tensor]:
    """One of `ATTACKS` on a classifier: to be called with images in 0…1 and the classes to reach."""
    package = importlib.import_module("torchattacks")
    makers = {"torchattacks-pgd": package.PGD, "torchattacks-mi": package.MIFGSM}
    attack = makers[name](model, eps=_EPS, alpha=_ALPHA, steps=steps)
    attack.set_mode_targeted_by_label(quiet=True)
    ready: Callable[[Tensor, Tensor], Tensor] = attack
    return ready


def at_psnr(photo: Photo, change: NDArray[np.float32], psnr_db: float) -> Posted:
    """The photo plus so much of ``change`` that the delivered file has the PSNR asked for."""
    pixels, scale = photo.pixels.astype(np.float32), 1.0
    for _ in range(_ROUNDS):
        moved = (pixels + scale * change).round().clip(0, 255).astype(np.uint8)
        posted = delivered(photo, moved)
        if abs(posted.psnr_db - psnr_db) <= _NEAR_DB:
            break
        scale *= 10 ** ((posted.psnr_db - psnr_db) / 20)
    return posted


def _size(photo: Photo) -> tuple[int, int]:
    height, width = photo.pixels.shape[:2]
    return width, height
