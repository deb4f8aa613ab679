"""What photo owners do before they post: nothing, Photoveil, or what else has been proposed.

A defence turns a member's photos into the files they post. Photoveil's go through the engine that users run, several
at once as when many are dropped together; where the persona was not taught, one by one in the order of posting, so that
it learns as it would from the first uploads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from lab.affiliation.album import Member, as_taken
from lab.people import sample_persona
from lab.scenes import PhotoSpec, sample_photo
from lab.shift import canvas_noise, white_noise
from lab.starters.data import head_of
from photoveil.photos import Photo, decode, encode
from photoveil.protection import Engine, Job, Persona
from photoveil.protection.budget import psnr, ssim
from photoveil.protection.encoders import Encoder, Features

_DECOY_SEED = 849_000_000
_DECOY_PHOTOS = 8


@dataclass(frozen=True)
class Posted:
    """One delivered file and what it cost to look at: PSNR in dB and SSIM at full size."""

    data: bytes
    psnr_db: float
    ssim: float


Defence = Callable[[Member], list[Posted]]


class _Decoy(Persona):
    """A persona whose photos go where somebody else's clean photos lie, not away from its own."""

    def anchor(self, encoder: Encoder, device: torch.device) -> Features:
        away = super().anchor(encoder, device)
        return Features(-away.pooled, -away.tokens)


def photos_of(specs: Sequence[PhotoSpec]) -> list[Photo]:
    """The photos as taken."""
    return [decode(as_taken(spec), name=f"{spec.persona.seed}-{spec.seed}.jpg") for spec in specs]


def clean(member: Member) -> list[Posted]:
    """Nothing at all."""
    return [Posted(as_taken(spec), 100.0, 1.0) for spec in member.posted]


def photoveil(engine: Engine, strength: str, method: str = "antithetical", *, taught: bool = True) -> Defence:
    """Photoveil at a strength; the persona is taught beforehand, or learns from one upload after the other."""

    def defend(member: Member) -> list[Posted]:
        persona, photos = Persona("member"), photos_of(member.posted)
        if taught:
            engine.learn(persona, photos)
        jobs = [Job(photo, persona, method, strength) for photo in photos]
        return _protected(engine, jobs) if taught else [_protected(engine, [job])[0] for job in jobs]

    return defend


def one_encoder(engine: Engine, name: str, strength: str) -> Defence:
    """Photoveil optimising against a single encoder."""
    alone = [encoder for encoder in engine.encoders if encoder.name == name]
    return photoveil(Engine(engine.model_set, alone, torch.device(engine.device)), strength)


def per_photo(engine: Engine, strength: str) -> Defence:
    """Every photo away from itself instead of away from the persona's mean."""

    def defend(member: Member) -> list[Posted]:
        photos = photos_of(member.posted)
        return _protected(engine, [Job(photo, Persona("photo"), strength=strength) for photo in photos])

    return defend


def shared_decoy(engine: Engine, strength: str) -> Defence:
    """Everybody's photos to where the photos of one stranger lie."""
    stranger = sample_persona(_DECOY_SEED)
    decoy = _Decoy("decoy")
    engine.learn(decoy, photos_of([sample_photo(stranger, i) for i in range(_DECOY_PHOTOS)]))

    def defend(member: Member) -> list[Posted]:
        photos = photos_of(member.posted)
        return _protected(engine, [Job(photo, decoy, strength=strength) for photo in photos])

    return defend


def noise(like: Defence, strength: str, canvas: bool) -> Defence:
    """Random noise of the PSNR that another defence had on each photo; on the engine's canvas, or white."""

    def defend(member: Member) -> list[Posted]:
        result = []
        for index, (photo, other) in enumerate(zip(photos_of(member.posted), like(member), strict=True)):
            seed = member.persona.seed * 100 + index
            noisy = (
                canvas_noise(photo.pixels, other.psnr_db, seed, strength)
                if canvas
                else white_noise(photo.pixels, other.psnr_db, seed)
            )
            result.append(delivered(photo, noisy))
        return result

    return defend


def face_blur(member: Member) -> list[Posted]:
    """The face blurred beyond recognition, by somebody who always finds it (The Phantom Menace: not enough)."""
    return [
        delivered(photo, _blurred(photo.pixels, spec))
        for photo, spec in zip(photos_of(member.posted), member.posted, strict=True)
    ]


def _blurred(pixels: NDArray[np.uint8], spec: PhotoSpec) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    unit = min(height, width)
    x, y, half = head_of(spec)
    centre = (round(x * unit + (width - unit) / 2), round(y * unit + (height - unit) / 2))
    mask = np.zeros((height, width), np.uint8)
    cv2.ellipse(mask, centre, (round(half * unit), round(1.25 * half * unit)), 0, 0, 360, 255, -1)
    # What is farther from the face than the blur reaches need not be blurred.
    reach = round(2.25 * half * unit) + 2
    near = tuple(slice(max(0, at - reach), at + reach) for at in centre[::-1])
    soft = pixels.copy()
    soft[near] = cv2.GaussianBlur(pixels[near], (0, 0), half * unit / 3)
    return np.where(mask[..., None] > 0, soft, pixels).astype(np.uint8)


def _protected(engine: Engine, jobs: Sequence[Job]) -> list[Posted]:
    posted: dict[int, Posted] = {}
    for place, done in engine.protect_many(jobs):
        if isinstance(done, Exception):
            raise done
        posted[place] = Posted(done.encoded.data, done.report.psnr_db, done.report.ssim)
    return [posted[place] for place in range(len(jobs))]


def delivered(photo: Photo, pixels: NDArray[np.uint8]) -> Posted:
    """The file of changed pixels, and what it cost, measured on that file."""
    data = encode(photo, pixels).data
    seen = decode(data).pixels
    return Posted(data, psnr(photo.pixels, seen), ssim(photo.pixels, seen))
