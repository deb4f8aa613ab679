"""The optimisation loop: from working copies of photos to changes on small canvases, each within its budget.

A platform's processing has no useful gradient, so the loop linearises around it: now and then the perturbed
picture is rounded to 8 bits and sent through a real, randomly drawn platform; until the next time, a model's view of
the perturbed photo is its view of that picture plus the view of what the canvas has changed since. The forward
value is exact at each refresh, the gradient is that of the identity (a straight-through estimator), and a step costs
little more than the encoders' own forward and backward pass, whatever the photo's size. That pass several photos share.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photoveil.protection import devices
from photoveil.protection.catalogue import Strength
from photoveil.protection.lanes import Lanes
from photoveil.protection.scene import Look, Scene, Sight

_REFRESH_EVERY = 3
_STEP_SIZE = 0.6
"""Of the first step, root mean square, as a share of that of the budget."""
_DECAY = 0.7
"""Of the momentum."""

Losses = Callable[[Tensor, Sequence[int]], Tensor]
"""B×3×S×S views in 0…1, and of which photo (by its place) each is → B losses, to be made small."""


@dataclass(frozen=True)
class Target:
    """One surrogate's part in the optimisation: its input side, and how far views of photos are from their aims."""

    size: int
    losses: Losses


@dataclass(frozen=True)
class Case:
    """One photo's part.

    Attributes:
        pixels: working copy, H×W×3 or H×W.
        strength: budget and number of steps.
        allowed: H×W, the share of its budget that each pixel may use; by default all.
        seed: of the channel draws; equal seeds give equal results on one machine.
        progress: called with the share done, 0…1; what it raises ends this photo's optimisation and no other's.
    """

    pixels: NDArray[np.uint8]
    strength: Strength
    allowed: NDArray[np.float32] | None = None
    seed: int = 0
    progress: Callable[[float], None] | None = None


@dataclass(frozen=True)
class Solution:
    """What was found.

    Attributes:
        change: 1×C×h×w on the canvas in 8-bit levels.
        seconds: the photo's share of the time.
    """

    change: Tensor
    seconds: float


def solve(case: Case, targets: Sequence[Target], *, device: torch.device | None = None) -> Solution:
    """`solve_many` for one photo; raises what its own part raised, too."""
    ((_, found),) = solve_many([case], targets, device=device)
    if isinstance(found, Exception):
        raise found
    return found


def solve_many(
    cases: Sequence[Case],
    targets: Sequence[Target],
    *,
    device: torch.device | None = None,
    at_once: int | None = None,
    lanes: Lanes | None = None,
) -> Iterator[tuple[int, Solution | Exception]]:
    """Find for each photo a change that makes the targets' losses small after random upload channels.

    Momentum steps (Dong et al. 2018) whose size falls along a cosine, each projected on the budget. They follow the
    gradient itself, not its sign: what binds is the squared error, and sign steps spend as much of it where it
    achieves nothing. As the steps become small, the last canvas is the best: none is looked at on the way. A photo that
    is done leaves its place to the next. Companions change nothing but the rounding of an encoder's sums.

    Args:
        cases: the photos.
        targets: the surrogates; they know each photo by its place among the cases.
        device: where the encoders are.
        at_once: how many photos share a pass at most; by default all.
        lanes: for the surrogates; by default they take turns.

    Yields:
        a photo's place and its solution, or what its own part raised, as soon as there is one.

    Raises:
        Exception: what an encoder raised, and lack of memory: these concern all photos under way.
    """
    company = _Company(targets, device or torch.device("cpu"), lanes or Lanes())
    waiting = deque(enumerate(cases))
    while waiting or company.walks:
        free = (at_once or len(cases)) - len(company.walks)
        company.admit([waiting.popleft() for _ in range(min(free, len(waiting)))])
        company.step()
        yield from company.leave()


def _slope(target: Target, views: Tensor, whose: Sequence[int]) -> Tensor:
    """The gradient of a target's losses at these views."""
    views = views.detach().requires_grad_()
    return torch.autograd.grad(target.losses(views, whose).sum(), views)[0]


class _Walk:
    """One photo on its way: its canvas, and what is remembered from step to step."""

    def __init__(self, place: int, case: Case, sight: Sight) -> None:
        self.place = place
        self._case = case
        self._scene = Scene(sight, case.strength, case.seed)
        self._canvas = self._scene.start(case.seed)
        self._momentum = torch.zeros_like(self._canvas)
        self._step = 0
        self.looks: dict[int, Look] = {}
        self.seconds = 0.0

    def look(self, sizes: Sequence[int]) -> None:
        """Show one random view at each input side."""
        if self._step == 0:
            self._scene.refresh(self._canvas)
        self.looks = self._scene.look(self._canvas, sizes)

    def look_ahead(self, sizes: Sequence[int]) -> None:
        """Begin the next step's look, as far as it does not depend on where this step leads.

        A platform, too, is shown the canvas that this step starts from: what a step changes comes on top, as that of
        the others until the next platform does.
        """
        coming = self._step + 1
        if coming == self._case.strength.steps:
            return
        if coming % _REFRESH_EVERY == 0:
            self._scene.refresh(self._canvas)
        self._scene.turn(sizes)

    def move(self, gradients: dict[int, list[Tensor]]) -> None:
        """Take a step, given each target's gradient at the views (3×S×S by size)."""
        slope = self._scene.slope(
            (self.looks[size], torch.stack(several).sum(0)) for size, several in gradients.items()
        )
        self._momentum = _DECAY * self._momentum + _unit(slope)
        steps = self._case.strength.steps
        self._step += 1
        size = _STEP_SIZE * _cosine(self._step, steps)
        self._canvas = self._scene.within(self._canvas - size * self._scene.downhill(self._momentum))

    def tell(self) -> None:
        """Say how far it is."""
        if self._case.progress:
            self._case.progress(self._step / self._case.strength.steps)

    @property
    def done(self) -> bool:
        """Whether no step is left."""
        return self._step == self._case.strength.steps

    def solution(self) -> Solution:
        """What was found."""
        return Solution(self._scene.change(self._canvas)[None].cpu(), self.seconds)


class _Company:
    """The photos that go in step.

    Attributes:
        walks: those under way.
    """

    def __init__(self, targets: Sequence[Target], device: torch.device, lanes: Lanes) -> None:
        self.walks: list[_Walk] = []
        self._targets = targets
        self._device = device
        self._lanes = lanes
        self._sizes = sorted({target.size for target in targets})
        self._lost: list[tuple[int, Exception]] = []

    def admit(self, cases: Sequence[tuple[int, Case]]) -> None:
        """Take photos along, each with its place."""
        for place, case in cases:
            walk = devices.attempt(partial(self._begin, place, case))
            if isinstance(walk, Exception):
                self._lost.append((place, walk))
            else:
                self.walks.append(walk)

    def step(self) -> None:
        """One step of every photo."""
        began, share = time.perf_counter(), len(self.walks)
        self._each(self.walks, lambda walk: walk.look(self._sizes))
        if self.walks:
            gradients = self._gradients()
            self._each(self.walks, lambda walk: walk.move(gradients[walk.place]))
            self._note(self.walks, [devices.attempt(walk.tell) for walk in self.walks])
        for walk in self.walks:
            walk.seconds += (time.perf_counter() - began) / share

    def _begin(self, place: int, case: Case) -> _Walk:
        began = time.perf_counter()
        sight = Sight.of(case.pixels, case.strength, case.allowed, self._device, self._lanes)
        (walk,) = self._lanes.run([partial(_Walk, place, case, sight)])
        walk.seconds = time.perf_counter() - began
        return walk

    def leave(self) -> Iterator[tuple[int, Solution | Exception]]:
        """Those that are done, or lost."""
        outcomes: list[tuple[int, Solution | Exception]] = list(self._lost)
        outcomes += [(walk.place, walk.solution()) for walk in self.walks if walk.done]
        self._lost, self.walks = [], [walk for walk in self.walks if not walk.done]
        return iter(outcomes)

    def _gradients(self) -> dict[int, dict[int, list[Tensor]]]:
        """Of each target's losses at each photo's views, by the photo's place and the input side."""
        whose = [walk.place for walk in self.walks]
        views = {size: torch.cat([walk.looks[size].shown for walk in self.walks]) for size in self._sizes}
        slopes = [partial(_slope, target, views[target.size], whose) for target in self._targets]
        found: dict[int, list[Tensor]] = {size: [] for size in self._sizes}
        for target, gradient in zip(self._targets, self._while_looking_ahead(slopes), strict=True):
            found[target.size].append(gradient)
        return {
            place: {size: [each[row] for each in several] for size, several in found.items()}
            for row, place in enumerate(whose)
        }

    def _while_looking_ahead(self, slopes: Sequence[Callable[[], Tensor]]) -> list[Tensor]:
        """What these answer; a lane that is through with its own begins the next step's looks."""
        walks = self.walks
        ahead = [partial(devices.attempt, partial(walk.look_ahead, self._sizes)) for walk in walks]
        pieces: list[Callable[[], Tensor | Exception | None]] = [*slopes, *ahead]
        answers = self._lanes.run(pieces)
        self._note(walks, [answer for answer in answers[len(slopes) :] if not isinstance(answer, Tensor)])
        return [answer for answer in answers[: len(slopes)] if isinstance(answer, Tensor)]

    def _each(self, walks: Sequence[_Walk], act: Callable[[_Walk], None]) -> None:
        self._note(walks, self._lanes.run([partial(devices.attempt, partial(act, walk)) for walk in walks]))

    def _note(self, walks: Sequence[_Walk], outcomes: Sequence[Exception | None]) -> None:
        """Photos that something went wrong with leave."""
        lost = [(walk, error) for walk, error in zip(walks, outcomes, strict=True) if error is not None]
        self._lost += [(walk.place, error) for walk, error in lost]
        self.walks = [walk for walk in self.walks if all(walk is not gone for gone, _ in lost)]


def _unit(gradient: Tensor) -> Tensor:
    return gradient / gradient.abs().mean().clamp_min(1e-12)


def _cosine(step: int, steps: int) -> float:
    return 0.1 + 0.45 * (1 + math.cos(math.pi * (step - 1) / max(1, steps)))
