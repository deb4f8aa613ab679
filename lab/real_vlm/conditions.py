"""The three attackers' photos: clean, protected, and with white noise of the same PSNR as the protected ones."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lab.real_vlm.errors import StudyError
from lab.real_vlm.folder import Album, Member, counterparts, read_photo
from lab.shift import white_noise
from photoveil.photos import Photo, decode, encode
from photoveil.protection import Engine, Persona
from photoveil.protection.budget import psnr

CLEAN, PROTECTED, NOISE = "clean", "protected", "noise"
_UNTOUCHED_DB = 100.0  # what `psnr` says of equal pictures
_AIMS, _NEAR_DB = 6, 0.05

Defence = Callable[[Member], list[Photo]]
"""A persona's training photos as they are posted."""


@dataclass
class Condition:
    """What one attacker trains on: photos by persona, RGB, and the PSNR in dB of each against the clean one."""

    name: str
    photos: dict[str, list[Image.Image]] = field(default_factory=dict)
    psnr_db: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, float | int]:
        """How many photos, how many of them changed, and least and median PSNR of those."""
        changed = [db for db in self.psnr_db if db < _UNTOUCHED_DB]
        facts: dict[str, float | int] = {"photos": len(self.psnr_db), "photos_changed": len(changed)}
        if changed:
            facts |= {
                "psnr_db_min": round(min(changed), 2),
                "psnr_db_median": round(statistics.median(changed), 2),
            }
        return facts


def reduced(pixels: NDArray[np.uint8], long_edge: int) -> Image.Image:
    """The photo in RGB, no longer than `long_edge` px: platforms do so, and it bounds what a model must read."""
    photo = Image.fromarray(pixels).convert("RGB")
    photo.thumbnail((long_edge, long_edge), Image.Resampling.LANCZOS)
    return photo


def from_folder(protected: Path) -> Defence:
    """Photos somebody protected before, in a folder laid out like the album."""
    return lambda member: [read_photo(file) for file in counterparts(member, protected)]


def from_engine(engine: Engine, strength: str) -> Defence:
    """Photos protected here and now, each persona learnt from all its training photos first."""

    def protect(member: Member) -> list[Photo]:
        persona = Persona("study")
        photos = [read_photo(file) for file in member.train]
        engine.learn(persona, photos)
        done = (engine.protect(photo, persona=persona, strength=strength) for photo in photos)
        return [decode(protected.encoded.data, name=protected.encoded.name) for protected in done]

    return protect


def make_conditions(album: Album, defence: Defence | None, long_edge: int, seed: int) -> list[Condition]:
    """Clean photos alone without a defence, all three conditions with one."""
    clean, protected, noise = (Condition(name) for name in (CLEAN, PROTECTED, NOISE))
    for member in album.members:
        before = [read_photo(file) for file in member.train]
        _add(clean, member, ((p.pixels, _UNTOUCHED_DB) for p in before), long_edge)
        if defence is None:
            continue
        after = [(a.pixels, _likeness(b, a)) for b, a in zip(before, defence(member), strict=True)]
        _add(protected, member, after, long_edge)
        first = seed * 1_000_000 + len(noise.psnr_db)  # no two photos share their noise
        pairs = enumerate(zip(before, after, strict=True), start=first)
        _add(noise, member, (_noisy(b, db, number) for number, (b, (_, db)) in pairs), long_edge)
    return [clean] if defence is None else [clean, protected, noise]


def _add(
    condition: Condition,
    member: Member,
    photos: Iterable[tuple[NDArray[np.uint8], float]],
    long_edge: int,
) -> None:
    kept = condition.photos.setdefault(member.name, [])
    for pixels, psnr_db in photos:
        kept.append(reduced(pixels, long_edge))
        condition.psnr_db.append(psnr_db)


def _likeness(before: Photo, after: Photo) -> float:
    if before.pixels.shape != after.pixels.shape:
        sizes = (f"{p.pixels.shape[1]}×{p.pixels.shape[0]}" for p in (before, after))
        raise StudyError(
            "Protected photo of another size",
            f"{before.name} has {' px, its protected copy '.join(sizes)} px.",
            "Compare photos before a platform resizes them.",
        )
    return psnr(before.pixels, after.pixels)


def _noisy(photo: Photo, psnr_db: float, seed: int) -> tuple[NDArray[np.uint8], float]:
    """A photo with noise, delivered as a file like the protected one, and the PSNR it came out with.

    The file's own loss adds its power to the noise's, so the noise is aimed anew until their sum is right.
    """
    if psnr_db >= _UNTOUCHED_DB:
        return photo.pixels, psnr_db
    noise = wanted = 10 ** (-psnr_db / 10)
    for _ in range(_AIMS):
        shaken = white_noise(photo.pixels, -10 * math.log10(noise), seed)
        delivered = decode(encode(photo, shaken).data, name=photo.name).pixels
        reached = psnr(photo.pixels, delivered)
        if abs(reached - psnr_db) < _NEAR_DB:
            break
        noise = max(noise + wanted - 10 ** (-reached / 10), wanted / 1000)
    return delivered, reached
