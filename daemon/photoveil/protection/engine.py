"""The engine's front door: a photo and a persona in, delivered bytes and their report out."""

from __future__ import annotations

import hashlib
import io
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from photoveil import __version__
from photoveil.photos import Encoded, MetadataPolicy, Photo, decode, encode
from photoveil.protection import catalogue, devices
from photoveil.protection.canvas import apply_full_size, working_size
from photoveil.protection.catalogue import Role, Strength
from photoveil.protection.compare import comparison
from photoveil.protection.encoders import Encoder, Features, load_encoders
from photoveil.protection.grade import Grade
from photoveil.protection.looks import fit_look
from photoveil.protection.methods import antithetical
from photoveil.protection.personas import Persona
from photoveil.protection.report import FileFacts, Report, likeness, movements, picture
from photoveil.protection.solver import Solution, Target, solve
from photoveil.protection.wearing import Worn, wear

Progress = Callable[[str, float], None]
"""Called with a stage (``prepare``, ``protect``, ``write``, ``measure``) and the share done, 0…1."""


@dataclass(frozen=True)
class Protected:
    """A protected photo: delivered ``pixels`` (decoded again), the ``encoded`` file and its ``report``."""

    pixels: NDArray[np.uint8]
    encoded: Encoded
    report: Report


class Engine:
    """A model set on a device, ready to protect photos one after the other.

    Attributes:
        sparing: with one encoder and one view in memory at a time, which takes longer.
    """

    def __init__(self, model_set: str, encoders: list[Encoder], device: torch.device) -> None:
        self.model_set = model_set
        self.encoders = encoders
        self.sparing = False
        self._device = device

    @classmethod
    def load(
        cls, model_set: str = "starter", *, device: str | None = None, models_dir: Path | None = None
    ) -> Engine:
        """Load a model set's encoders; raises CatalogueError when it is unknown, incomplete or changed.

        Args:
            model_set: its name.
            device: a torch device, or what else `devices.choose` takes; by default the best there is.
            models_dir: where model sets lie, instead of the package.
        """
        chosen = devices.choose(device or devices.AUTO).device
        return cls(model_set, load_encoders(catalogue.model_set(model_set, models_dir), chosen), chosen)

    @property
    def device(self) -> str:
        """The torch device in use, such as ``cpu`` or ``cuda``."""
        return str(self._device)

    @property
    def surrogates(self) -> list[Encoder]:
        """The encoders optimised against."""
        return [e for e in self.encoders if e.role is Role.SURROGATE]

    def learn(self, persona: Persona, photos: Sequence[Photo]) -> None:
        """Teach a persona where its clean photos lie; photos beyond the first few change nothing."""
        for photo in photos:
            if any(persona.wants(encoder, photo.source.sha256) for encoder in self.encoders):
                self._learn(persona, photo, self._clean_features(photo))

    def protect(
        self,
        photo: Photo,
        *,
        persona: Persona,
        method: str = "antithetical",
        strength: str = "balanced",
        metadata: MetadataPolicy = MetadataPolicy.STRIP_LOCATION,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Protected:
        """Protect one photo and measure the result on the delivered bytes.

        The persona learns from the photo first, unless it already knows enough (`Persona.knows`).

        Raises:
            CatalogueError: unknown method or strength.
            PhotoveilError: the photo's format cannot be written.
        """
        budget = catalogue.strength(strength)
        catalogue.check_method(method)
        clock = _Clock(progress or (lambda _stage, _share: None))
        with clock.stage("prepare"):
            clean = self._clean_features(photo)
            self._learn(persona, photo, clean)
            anchors = {e.name: persona.anchor(e, self._device) for e in self.encoders}
        with clock.stage("protect") as tick:
            losses = self._losses(anchors)
            look = self._worn(photo, persona, losses, budget)
            solution = self._solve(photo, look, losses, budget, seed, tick)
        with clock.stage("write"):
            encoded, pixels, psnr_db, ssim = _deliver(photo, look, solution, budget, metadata)
        with clock.stage("measure"):
            homes = {e.name: persona.home(e, self._device) for e in self.encoders}
            moved = movements(self.encoders, clean, anchors, homes, pixels)
        report = Report(
            original=_facts(photo.source.sha256, photo.source.size, photo.format, photo.pixels),
            delivered=_facts(
                hashlib.sha256(encoded.data).hexdigest(), len(encoded.data), encoded.format, pixels
            ),
            psnr_db=psnr_db,
            ssim=ssim,
            encoders=moved,
            timings_ms=clock.milliseconds(),
            model_set=self.model_set,
            method=method,
            strength=strength,
            persona=persona.name,
            version=__version__,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            seed=seed,
            device=self.device,
            notes=[*photo.notes, *encoded.notes],
        )
        return Protected(pixels, encoded, report)

    def compare(self, photo: Photo, protected: Protected) -> bytes:
        """A PNG with the photo before, after and the amplified difference."""
        report = protected.report
        caption = (
            f"{report.strength}, PSNR {report.psnr_db:.1f} dB, SSIM {report.ssim:.3f}, {report.model_set}"
        )
        return comparison(photo.pixels, protected.pixels, caption)

    def _clean_features(self, photo: Photo) -> dict[str, Features]:
        seen = [picture(photo.pixels)]
        return {encoder.name: encoder.encode(seen) for encoder in self.encoders}

    def _learn(self, persona: Persona, photo: Photo, clean: dict[str, Features]) -> None:
        persona.sketch(photo.source.sha256, picture(photo.pixels))
        for encoder in self.encoders:
            persona.learn(encoder, clean[encoder.name], photo.source.sha256)

    def _losses(self, anchors: dict[str, Features]) -> list[Target]:
        # Inference tensors cannot take part in autograd, hence the copies.
        return [
            Target(
                e.size,
                partial(_loss, e, Features(anchors[e.name].pooled.clone(), anchors[e.name].tokens.clone())),
            )
            for e in self.surrogates
        ]

    def _worn(
        self, photo: Photo, persona: Persona, losses: Sequence[Target], budget: Strength
    ) -> Worn | None:
        """The persona's look, as this photo wears it."""
        if budget.tone_db is None:
            return None
        grade = self._look(persona, losses, budget.name, budget.tone_db)
        return wear(grade, photo.pixels, tone_db=budget.tone_db, ssim_floor=budget.ssim_floor)

    def _look(self, persona: Persona, losses: Sequence[Target], strength: str, tone_db: float) -> Grade:
        """The persona's look, fitted anew as long as more of its photos become known."""
        look = persona.look(strength, self.surrogates)
        if look and look.fitted >= len(persona.sketches):
            return look.grade
        start = look.grade if look else None
        sketches = [Image.open(io.BytesIO(data)) for _, data in sorted(persona.sketches.items())]
        grade = fit_look(sketches, losses, tone_db, start, self._device, sparing=self.sparing)
        persona.wear(strength, self.surrogates, grade)
        return grade

    def _solve(
        self,
        photo: Photo,
        look: Worn | None,
        losses: Sequence[Target],
        budget: Strength,
        seed: int,
        tick: Callable[[float], None],
    ) -> Solution:
        pixels, allowed = _working_copy(photo.pixels), None
        if look:
            allowed = look.leaves(pixels)
            pixels, budget = look.put_on(pixels), _beside(budget, allowed)
        return solve(
            pixels,
            losses,
            budget,
            allowed=allowed,
            device=self._device,
            seed=seed,
            sparing=self.sparing,
            progress=tick,
        )


def protect(
    photo: Photo,
    *,
    persona: Persona,
    method: str = "antithetical",
    strength: str = "balanced",
    model_set: str = "starter",
) -> Protected:
    """Protect a single photo, loading the model set for it; for many photos keep an `Engine`."""
    return Engine.load(model_set).protect(photo, persona=persona, method=method, strength=strength)


def _loss(encoder: Encoder, anchor: Features, view: torch.Tensor) -> torch.Tensor:
    return antithetical.loss(encoder.roughly(view), anchor)


def _working_copy(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The photo reduced so that its long edge is at most the working edge."""
    height, width = pixels.shape[:2]
    size = working_size(width, height)
    return np.asarray(picture(pixels).resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0))


def _beside(budget: Strength, allowed: NDArray[np.float32] | None) -> Strength:
    """What a look leaves of the budget to the canvas: the errors of both add up."""
    if budget.tone_db is None:
        return budget
    left = 10 ** (-budget.psnr_floor / 10) - 10 ** (-budget.tone_db / 10)
    if allowed is not None:
        left *= max(1e-6, float(allowed.mean()))  # what shadows save is not heaped on the rest
    return replace(budget, psnr_floor=-10 * math.log10(left))


_ATTEMPTS = 8
_LEAST_LOOK = 0.3
"""Below this share of the look, the rest has to give way as well."""


def _deliver(
    photo: Photo, look: Worn | None, solution: Solution, budget: Strength, metadata: MetadataPolicy
) -> tuple[Encoded, NDArray[np.uint8], float, float]:
    """Encode the perturbed photo, weaker if need be, until the delivered bytes keep the strength's floors.

    Where SSIM falls short, the look gives way first: it lifts deep shadows, where SSIM is strict and eyes are not.
    """
    scale, worn = 1.0, 1.0
    for attempt in range(1, _ATTEMPTS + 1):
        change = solution.change * scale
        if look:
            moved = look.scaled(scale * worn).put_on(photo.pixels, change)
        else:
            moved = apply_full_size(photo.pixels, change)
        encoded = encode(photo, moved, metadata=metadata)
        pixels = decode(encoded.data, name=encoded.name).pixels
        psnr_db, ssim = likeness(photo.pixels, pixels)
        if (psnr_db >= budget.psnr_floor and ssim >= budget.ssim_floor) or attempt == _ATTEMPTS:
            break
        # Error energy grows with the square of the scale; 1 − SSIM does so in texture, but in proportion to it where
        # a tint lifts shadows. Aim a little below the floor.
        room = 10 ** ((psnr_db - budget.psnr_floor) / 20)
        similar = (1 - budget.ssim_floor) / max(1e-6, 1 - ssim)
        if look and room >= 1 and worn > _LEAST_LOOK:
            worn *= similar * 0.97
        else:
            scale *= min(room, similar, 1.0) * 0.97
    return encoded, pixels, psnr_db, ssim


def _facts(sha256: str, size: int, format_name: str, pixels: NDArray[np.uint8]) -> FileFacts:
    height, width = pixels.shape[:2]
    return FileFacts(sha256, size, str(format_name), width, height)


class _Clock:
    """Times the stages of a job and passes their progress on."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._spent: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[[float], None]]:
        self._progress(name, 0.0)
        start = time.perf_counter()
        yield partial(self._progress, name)
        self._spent[name] = (time.perf_counter() - start) * 1000
        self._progress(name, 1.0)

    def milliseconds(self) -> dict[str, float]:
        return self._spent | {"total": sum(self._spent.values())}
