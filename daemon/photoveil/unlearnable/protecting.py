"""MMGuard's algorithm (§5.6): adapt the surrogates a little, change the pictures, change the words, and again.

Samples whose ``pixels`` are one and the same tensor are questions about one photo: they share its noise and its
trigger, since a photo is posted once, with one caption.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch import Tensor

from photoveil.unlearnable import joint, noise, trigger
from photoveil.unlearnable.joint import Clean
from photoveil.unlearnable.recipe import Recipe
from photoveil.unlearnable.surrogate import Run, Sample, Surrogate

Progress = Callable[[int, int], None]
"""Steps done, steps in all. What it raises ends the work."""


@dataclass(frozen=True)
class Round:
    """Where a round ended, over all samples and surrogates, on surrogates adapted to what the round began with.

    Attributes:
        answers: mean loss of answers.
        binding: mean ℓ_bind, 0 without binding.
    """

    answers: float
    binding: float


@dataclass(frozen=True)
class Protected:
    """What to hand out, in the order of the samples.

    Attributes:
        pixels: 3×H×W each, in 0…1 on the grid of 8 bits; samples of one photo have one tensor.
        triggers: text to stand behind each sample's prompt; empty without the text part.
        history: one entry per round.
    """

    pixels: tuple[Tensor, ...]
    triggers: tuple[str, ...]
    history: tuple[Round, ...]


@dataclass
class _Photo:
    """One photo at work: its samples' numbers, its noise and its trigger."""

    pixels: Tensor
    delta: Tensor
    text: str
    samples: list[int] = field(default_factory=list)


def protect(
    samples: Sequence[Sample],
    surrogates: Sequence[Surrogate],
    recipe: Recipe,
    progress: Progress | None = None,
) -> Protected:
    """Make samples unlearnable; raises ValueError without samples or surrogates."""
    if not samples or not surrogates:
        raise ValueError("there must be something to protect, and something to protect it from")
    return _Work(samples, surrogates, recipe, progress).done()


class _Work:
    def __init__(
        self,
        samples: Sequence[Sample],
        surrogates: Sequence[Surrogate],
        recipe: Recipe,
        progress: Progress | None,
    ) -> None:
        self.samples, self.surrogates, self.recipe = samples, surrogates, recipe
        self.photos = _photos(samples, surrogates[0], recipe)
        # Clean samples carry no trigger: a photo's clean attention is the same in every round.
        self.clean = [joint.clean_attention(surrogate, samples, recipe) for surrogate in surrogates]
        self._progress, self._steps = progress, 0
        self._total = recipe.rounds * (
            recipe.image * recipe.iterations * len(list(self._batches())) + recipe.text * len(self.photos)
        )

    def done(self) -> Protected:
        """Every round, and what came of it."""
        history = []
        for number in range(self.recipe.rounds):
            with ExitStack() as adapted:
                now, texts = self._current()
                for surrogate in self.surrogates:
                    triggers = [surrogate.encode(text) if text else [] for text in texts]
                    adapted.enter_context(surrogate.adapt(now, triggers, self.recipe.adapt_steps))
                if self.recipe.image:
                    self._paint()
                if self.recipe.text:
                    self._write(self.surrogates[number % len(self.surrogates)])
                history.append(self._standing())
        pixels = [noise.delivered(p.pixels, p.delta, self.recipe.epsilon) for p in self.photos]
        owner = self._owners()
        return Protected(
            tuple(pixels[owner[n]] for n in range(len(self.samples))),
            tuple(self.photos[owner[n]].text for n in range(len(self.samples))),
            tuple(history),
        )

    def _paint(self) -> None:
        """PGD on the noise of every photo."""
        recipe = self.recipe
        for batch in self._batches():
            for _ in range(recipe.iterations):
                for photo, gradient in zip(batch, self._gradients(batch), strict=True):
                    photo.delta = noise.stepped(
                        photo.delta, gradient, photo.pixels, recipe.step, recipe.epsilon
                    )
                self._tick()

    def _gradients(self, batch: Sequence[_Photo]) -> list[Tensor]:
        """∂ℓ/∂δ of each photo, the mean over surrogates and the photo's samples."""
        deltas = [photo.delta.clone().requires_grad_(True) for photo in batch]
        totals = [torch.zeros_like(delta) for delta in deltas]
        shown = [noise.shown(photo.pixels, delta) for photo, delta in zip(batch, deltas, strict=True)]
        for which in range(len(self.surrogates)):
            # One photo's loss does not depend on another's noise: one backward pass serves all.
            loss = torch.stack([one.mean() for one in self._losses(which, batch, shown)]).sum()
            for total, found in zip(
                totals, torch.autograd.grad(loss, deltas, retain_graph=True), strict=True
            ):
                total += found
        return totals

    def _write(self, proposer: Surrogate) -> None:
        """One pass of screening and verifying on the trigger of every photo."""
        for photo in self.photos:
            still = noise.shown(photo.pixels, photo.delta)
            photo.text = trigger.improved(
                proposer,
                photo.text,
                self._scores(proposer, photo, still),
                partial(self._true_losses, photo, still),
                length=self.recipe.trigger_length,
                count=self.recipe.shortlist,
                forbidden=_forbidden(self.samples, photo, self.recipe),
            )
            self._tick()

    def _scores(self, proposer: Surrogate, photo: _Photo, still: Tensor) -> Tensor:
        """What each word at each place of the trigger promises, the mean over the photo's samples."""
        which = list(self.surrogates).index(proposer)
        now = proposer.encode(photo.text)

        def loss_of(clean: Sequence[Clean], run: Run) -> Tensor:
            return joint.losses(run, [photo.delta], clean, self.recipe).sum()

        found = [
            proposer.trigger_gradient(
                replace(self.samples[n], pixels=still), now, partial(loss_of, self._clean_of(which, [n]))
            )
            for n in photo.samples
        ]
        return torch.stack(found).mean(0)

    @torch.no_grad()
    def _true_losses(self, photo: _Photo, still: Tensor, texts: Sequence[str]) -> Tensor:
        """The joint loss with each of the triggers, the mean over surrogates and the photo's samples."""
        tried = [replace(photo, text=text) for text in texts]
        found = [
            torch.stack([one.mean() for one in self._losses(which, tried, [still] * len(tried))])
            for which in range(len(self.surrogates))
        ]
        return torch.stack(found).mean(0)

    def _losses(self, which: int, photos: Sequence[_Photo], shown: Sequence[Tensor]) -> list[Tensor]:
        """The joint losses of each photo's samples, by one surrogate in one run."""
        run, deltas, clean = self._run(which, photos, shown)
        found = joint.losses(run, deltas, clean, self.recipe)
        return list(torch.split(found, [len(photo.samples) for photo in photos]))

    def _run(
        self, which: int, photos: Sequence[_Photo], shown: Sequence[Tensor]
    ) -> tuple[Run, list[Tensor], list[Clean]]:
        surrogate = self.surrogates[which]
        pairs = [
            (photo, pixels, n) for photo, pixels in zip(photos, shown, strict=True) for n in photo.samples
        ]
        run = surrogate.run(
            [replace(self.samples[n], pixels=pixels) for _, pixels, n in pairs],
            [surrogate.encode(photo.text) if photo.text else [] for photo, _, _ in pairs],
            attention=joint.needs_attention(self.recipe),
        )
        return run, [photo.delta for photo, _, _ in pairs], self._clean_of(which, [n for _, _, n in pairs])

    def _clean_of(self, which: int, samples: Sequence[int]) -> list[Clean]:
        return [self.clean[which][n] for n in samples if self.clean[which]]

    @torch.no_grad()
    def _standing(self) -> Round:
        """Where every sample stands with every surrogate."""
        answers, bound = [], []
        for which in range(len(self.surrogates)):
            for batch in self._batches():
                shown = [noise.shown(photo.pixels, photo.delta) for photo in batch]
                run, deltas, clean = self._run(which, batch, shown)
                answers.append(run.losses)
                if joint.needs_attention(self.recipe):
                    bound.append(joint.bindings(run, deltas, clean, self.recipe))
        binding = float(torch.cat(bound).mean()) if bound else 0.0
        return Round(float(torch.cat(answers).mean()), binding)

    def _current(self) -> tuple[list[Sample], list[str]]:
        """The samples as protected so far, and their triggers."""
        shown = [noise.delivered(photo.pixels, photo.delta, self.recipe.epsilon) for photo in self.photos]
        owner = self._owners()
        return (
            [replace(sample, pixels=shown[owner[n]]) for n, sample in enumerate(self.samples)],
            [self.photos[owner[n]].text for n in range(len(self.samples))],
        )

    def _owners(self) -> dict[int, int]:
        """Which photo each sample is about."""
        return {n: place for place, photo in enumerate(self.photos) for n in photo.samples}

    def _batches(self) -> Iterator[list[_Photo]]:
        for start in range(0, len(self.photos), self.recipe.batch):
            yield self.photos[start : start + self.recipe.batch]

    def _tick(self) -> None:
        self._steps += 1
        if self._progress:
            self._progress(self._steps, self._total)


def _photos(samples: Sequence[Sample], surrogate: Surrogate, recipe: Recipe) -> list[_Photo]:
    """The photos that the samples are about, each with its first noise and first words."""
    found: dict[int, _Photo] = {}
    for number, sample in enumerate(samples):
        known = found.get(id(sample.pixels))
        if known is None:
            still = sample.pixels.detach()
            seed = recipe.seed * 1_000_003 + len(found)
            begun = noise.begun(still, recipe.epsilon, seed) if recipe.image else torch.zeros_like(still)
            known = found[id(sample.pixels)] = _Photo(still, begun, "")
        known.samples.append(number)
    for place, photo in enumerate(found.values()):
        if recipe.text:
            seed = recipe.seed * 1_000_003 + place
            forbidden = _forbidden(samples, photo, recipe)
            photo.text = trigger.first(surrogate, recipe.trigger_length, forbidden, seed)
    return list(found.values())


def _forbidden(samples: Sequence[Sample], photo: _Photo, recipe: Recipe) -> list[str]:
    """Answers that the photo's trigger must not tell."""
    return [samples[n].answer for n in photo.samples] if recipe.secret else []
