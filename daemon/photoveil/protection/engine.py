"""The engine's front door: a photo and a persona in, delivered bytes and their report out."""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from photoveil import __version__
from photoveil.photos import MetadataPolicy, Photo
from photoveil.protection import catalogue, devices
from photoveil.protection.canvas import working_size
from photoveil.protection.catalogue import Role, Strength
from photoveil.protection.compare import comparison
from photoveil.protection.delivery import deliver
from photoveil.protection.encoders import Encoder, Features, encode_all, load_encoders
from photoveil.protection.grade import Grade
from photoveil.protection.jobs import Clock, Job, Progress, Protected
from photoveil.protection.lanes import Lanes
from photoveil.protection.looks import fit_look
from photoveil.protection.methods import antithetical
from photoveil.protection.personas import Persona
from photoveil.protection.reduced import reduced
from photoveil.protection.report import FileFacts, Report, movements, picture
from photoveil.protection.solver import Case, Solution, Target, solve_many
from photoveil.protection.wearing import Worn, wear

__all__ = ["Engine", "Job", "Protected", "protect"]


@dataclass
class _Work:
    """A job on its way through the engine.

    Attributes:
        index: among the jobs.
        small: the photo as `reduced` makes it; dropped once its working copy is made.
        clean: the features of the clean photo by encoder name.
        anchors: the persona's by encoder name, once all photos of a batch are learnt.
        look: as this photo wears it, if its strength has one.
    """

    index: int
    job: Job
    budget: Strength
    clock: Clock
    small: Image.Image
    clean: dict[str, Features]
    anchors: dict[str, Features] = field(default_factory=dict)
    look: Worn | None = None


class Engine:
    """A model set on a device, ready to protect photos, several at once where that pays.

    Attributes:
        sparing: with one view in memory at a time, which takes longer.
    """

    def __init__(self, model_set: str, encoders: list[Encoder], device: torch.device) -> None:
        self.model_set = model_set
        self.encoders = encoders
        self.sparing = False
        self._device = device
        self._beside = Lanes.over(device, [_weights(encoder) for encoder in self.surrogates])

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

    @property
    def batch(self) -> int:
        """How many photos at once pay on this device."""
        if self.sparing:
            return 1
        return devices.photos_at_once(self._device, max(map(_weights, self.surrogates)))

    @property
    def _lanes(self) -> Lanes:
        return Lanes() if self.sparing else self._beside

    def learn(self, persona: Persona, photos: Sequence[Photo]) -> None:
        """Teach a persona where its clean photos lie; photos beyond the first few change nothing."""
        for photo in photos:
            if any(persona.wants(encoder, photo.source.sha256) for encoder in self.encoders):
                small = reduced(picture(photo.pixels))
                self._learn(persona, photo, small, self._clean_features(small))

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
        job = Job(photo, persona, method, strength, metadata, seed, progress)
        ((_, outcome),) = self.protect_many([job])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def protect_many(self, jobs: Sequence[Job]) -> Iterator[tuple[int, Protected | Exception]]:
        """Protect several photos, up to `batch` of them sharing each pass through an encoder.

        Personas learn from all photos first, in order. What then becomes of a photo does not depend on its companions,
        but for the rounding of sums.

        Yields:
            a job's place among the jobs and what became of it, or the exception that ended it, as soon as it is ready.

        Raises:
            Exception: lack of memory, and failures of an encoder, which concern all jobs not yet ready.
        """
        prepared = []
        for index, job in enumerate(jobs):
            work = devices.attempt(partial(self._prepare, index, job))
            if isinstance(work, Exception):
                yield index, work
            else:
                prepared.append(work)
        ready, cases = [], []
        for work in prepared:
            case = devices.attempt(partial(self._dress, work))
            if isinstance(case, Exception):
                yield work.index, case
            else:
                ready.append(work)
                cases.append(case)
        targets = self._targets([work.anchors for work in ready])
        going = solve_many(cases, targets, device=self._device, at_once=self.batch, lanes=self._lanes)
        for place, found in going:
            work = ready[place]
            finished = partial(self._finish, work)
            outcome = found if isinstance(found, Exception) else devices.attempt(partial(finished, found))
            yield work.index, outcome

    def _prepare(self, index: int, job: Job) -> _Work:
        """Look at the clean photo, and let the persona learn from it."""
        budget = catalogue.strength(job.strength)
        catalogue.check_method(job.method)
        clock = Clock(job.progress)
        with clock.stage("prepare"):
            small = reduced(picture(job.photo.pixels))
            clean = self._clean_features(small)
            self._learn(job.persona, job.photo, small, clean)
        return _Work(index, job, budget, clock, small, clean)

    def _dress(self, work: _Work) -> Case:
        """The working copy in the persona's look: what the solver starts from."""
        job, small = work.job, work.small
        tick = work.clock.tick("protect")
        tick(0.0)
        with work.clock.within("protect"):
            work.anchors = {e.name: job.persona.anchor(e, self._device) for e in self.encoders}
            with ThreadPoolExecutor(1) as beside:
                copy = beside.submit(_working_copy, small, job.photo)
                work.look = self._worn(small, job.persona, self._targets([work.anchors]), work.budget)
            pixels, budget, allowed = copy.result(), work.budget, None
            if work.look:
                allowed = work.look.leaves(pixels)
                pixels, budget = work.look.put_on(pixels, lanes=self._lanes), _beside(budget, allowed)
        del work.small
        return Case(pixels, budget, allowed, job.seed, tick)

    def _finish(self, work: _Work, solution: Solution) -> Protected:
        """Write the photo with the change that was found, and measure what it does."""
        job, clock = work.job, work.clock
        clock.add("protect", solution.seconds)
        clock.tick("protect")(1.0)
        with clock.stage("write"):
            done = deliver(job.photo, work.look, solution.change, work.budget, job.metadata, self._lanes)
        with clock.stage("measure"):
            homes = {e.name: job.persona.home(e, self._device) for e in self.encoders}
            moved = movements(self.encoders, work.clean, work.anchors, homes, done.pixels, self._lanes)
        report = Report(
            original=_facts(
                job.photo.source.sha256, job.photo.source.size, job.photo.format, job.photo.pixels
            ),
            delivered=_facts(
                hashlib.sha256(done.encoded.data).hexdigest(),
                len(done.encoded.data),
                done.encoded.format,
                done.pixels,
            ),
            psnr_db=done.psnr_db,
            ssim=done.ssim,
            encoders=moved,
            timings_ms=clock.milliseconds(),
            model_set=self.model_set,
            method=job.method,
            strength=job.strength,
            persona=job.persona.name,
            version=__version__,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            seed=job.seed,
            device=self.device,
            notes=[*job.photo.notes, *done.encoded.notes],
        )
        return Protected(done.pixels, done.encoded, report)

    def compare(self, photo: Photo, protected: Protected) -> bytes:
        """A PNG with the photo before, after and the amplified difference."""
        report = protected.report
        caption = (
            f"{report.strength}, PSNR {report.psnr_db:.1f} dB, SSIM {report.ssim:.3f}, {report.model_set}"
        )
        return comparison(photo.pixels, protected.pixels, caption)

    def _clean_features(self, small: Image.Image) -> dict[str, Features]:
        return encode_all(self.encoders, [small], self._lanes)

    def _learn(self, persona: Persona, photo: Photo, small: Image.Image, clean: dict[str, Features]) -> None:
        persona.sketch(photo.source.sha256, small)
        for encoder in self.encoders:
            persona.learn(encoder, clean[encoder.name], photo.source.sha256)

    def _targets(self, anchors: Sequence[dict[str, Features]]) -> list[Target]:
        """The surrogates, and for each photo the persona's anchors (by encoder name) as its aim."""
        if not anchors:
            return []
        return [
            Target(
                encoder.size,
                partial(
                    _losses,
                    encoder,
                    # New tensors: inference tensors cannot take part in autograd.
                    torch.stack([by_name[encoder.name].pooled for by_name in anchors]).clone(),
                    torch.stack([by_name[encoder.name].tokens for by_name in anchors]).clone(),
                ),
            )
            for encoder in self.surrogates
        ]

    def _worn(
        self, small: Image.Image, persona: Persona, losses: Sequence[Target], budget: Strength
    ) -> Worn | None:
        """The persona's look, as this photo wears it."""
        if budget.tone_db is None:
            return None
        grade = self._look(persona, losses, budget.name, budget.tone_db)
        return wear(
            grade, np.asarray(small), tone_db=budget.tone_db, ssim_floor=budget.ssim_floor, lanes=self._lanes
        )

    def _look(self, persona: Persona, losses: Sequence[Target], strength: str, tone_db: float) -> Grade:
        """The persona's look, fitted anew as long as more of its photos become known."""
        look = persona.look(strength, self.surrogates)
        if look and look.fitted >= len(persona.sketches):
            return look.grade
        start = look.grade if look else None
        sketches = [Image.open(io.BytesIO(data)) for _, data in sorted(persona.sketches.items())]
        grade = fit_look(
            sketches, losses, tone_db, start, self._device, sparing=self.sparing, lanes=self._lanes
        )
        persona.wear(strength, self.surrogates, grade)
        return grade


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


def _weights(encoder: Encoder) -> int:
    """Bytes of an encoder's weights."""
    return sum(parameter.nbytes for parameter in encoder.parameters())


def _losses(
    encoder: Encoder, pooled: torch.Tensor, tokens: torch.Tensor, views: torch.Tensor, whose: Sequence[int]
) -> torch.Tensor:
    places = list(whose)
    return antithetical.losses(encoder.roughly(views), Features(pooled[places], tokens[places]))


def _working_copy(small: Image.Image, photo: Photo) -> NDArray[np.uint8]:
    """The photo, from its smaller copy, reduced so that its long edge is at most the working edge."""
    size = working_size(photo.width, photo.height)
    return np.asarray(small.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0))


def _beside(budget: Strength, allowed: NDArray[np.float32] | None) -> Strength:
    """What a look leaves of the budget to the canvas: the errors of both add up."""
    if budget.tone_db is None:
        return budget
    left = 10 ** (-budget.psnr_floor / 10) - 10 ** (-budget.tone_db / 10)
    if allowed is not None:
        left *= max(1e-6, float(allowed.mean()))  # what shadows save is not heaped on the rest
    return replace(budget, psnr_floor=-10 * math.log10(left))


def _facts(sha256: str, size: int, format_name: str, pixels: NDArray[np.uint8]) -> FileFacts:
    height, width = pixels.shape[:2]
    return FileFacts(sha256, size, str(format_name), width, height)
