"""Training one starter: CLIP's contrast over captions, plus the zero-shot question itself as a loss."""

import json
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from lab.captions import TRAIN_PROMPTS, prompts, tokenizer
from lab.people import ATTRIBUTES
from lab.starters.data import Batch, PhotoSet, batches
from lab.starters.evaluate import mean, zero_shot
from lab.starters.models import EMBED_DIM, Phase, Recipe, build, carry_over, encode_text, normalised

_EMA = 0.99
_MAX_SCALE = 60.0


QUICK = (Phase(64, 8, 0.4), Phase(64, 8))


@dataclass(frozen=True, slots=True)
class Plan:
    """How one training run goes; with ``weather`` its photos look as those of the web do."""

    phases: tuple[Phase, ...]
    batch: int
    seed: int
    device: torch.device
    folder: Path
    text_steps: int = 150
    weather: bool = False

    @property
    def steps(self) -> int:
        """Steps of all phases together."""
        return sum(phase.steps for phase in self.phases)


class Questions:
    """Every value of every attribute as prompts, and the right answers of a batch of photos."""

    def __init__(self, photos: PhotoSet) -> None:
        self.words = tokenizer()
        self._spans: list[tuple[int, int]] = []
        start = 0
        for values in ATTRIBUTES.values():
            self._spans.append((start, start + len(values)))
            start += len(values)
        self._rows = [
            np.concatenate([self.words.encode(prompts(name, t)) for name in ATTRIBUTES])
            for t in TRAIN_PROMPTS
        ]
        self.captions = self.words.encode(photos.captions)
        self.codes = _codes(start)
        self.answers, self.face_answers = _answers(photos.attributes), _answers(photos.faces)

    def truth(self, batch: Batch) -> NDArray[np.int64]:
        """The right answers of a batch, -1 where there is nothing to be seen."""
        return np.where(batch.zoomed[:, None], self.face_answers[batch.rows], self.answers[batch.rows])

    def ask(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """All prompts, each in a template of its own choice."""
        picks = rng.integers(0, len(self._rows), len(self._rows[0]))
        return np.stack([self._rows[pick][i] for i, pick in enumerate(picks)])

    def loss(self, logits: Tensor, answers: NDArray[np.int64]) -> Tensor:
        """Cross-entropy averaged over every visible attribute of every photo."""
        total, count = logits.new_zeros(()), 0
        for column, (start, end) in enumerate(self._spans):
            rows = np.nonzero(answers[:, column] >= 0)[0]
            if len(rows):
                truth = torch.from_numpy(answers[rows, column]).to(logits.device)
                picked = logits[torch.from_numpy(rows).to(logits.device), start:end]
                total = total + functional.cross_entropy(picked, truth, reduction="sum")
                count += len(rows)
        return total / max(count, 1)


def _codes(count: int) -> Tensor:
    """One direction per attribute value, all at right angles."""
    generator = torch.Generator().manual_seed(0)
    square = torch.randn(EMBED_DIM, EMBED_DIM, generator=generator)
    turned: Tensor = torch.linalg.qr(square).Q
    return turned[:count].contiguous()


def spread_loss(words: Tensor, codes: Tensor) -> Tensor:
    """How far prompts are from their own directions.

    Without it the prompts of a hard attribute fall together before the photos can tell its values apart, and with
    nothing left to tell apart neither tower ever learns them.
    """
    return 1 - (words * codes.to(words.device)).sum(dim=-1).mean()


def _answers(attributes: list[dict[str, str]]) -> NDArray[np.int64]:
    columns = ATTRIBUTES.items()
    return np.array([[v.index(seen[n]) if n in seen else -1 for n, v in columns] for seen in attributes])


def step_loss(
    model: open_clip.CLIP, questions: Questions, batch: Batch, device: torch.device, rng: np.random.Generator
) -> tuple[Tensor, float]:
    """The loss of one batch, and its zero-shot part for the log. Captions are for whole photos only."""
    whole = np.nonzero(~batch.zoomed)[0]
    texts = np.concatenate([questions.captions[batch.rows[whole]], questions.ask(rng)])
    with torch.autocast(device.type, torch.bfloat16):
        image = model.encode_image(normalised(batch.pixels, device))
        words = encode_text(model, texts, device)
    image = functional.normalize(image.float(), dim=-1)
    scale = model.logit_scale.exp().clamp(max=_MAX_SCALE)
    asked = questions.loss(scale * image @ words[len(whole) :].T, questions.truth(batch))
    total = asked + spread_loss(words[len(whole) :], questions.codes)
    if not len(whole):
        return total, float(asked.detach())
    matched = scale * image[torch.from_numpy(whole).to(device)] @ words[: len(whole)].T
    truth = torch.arange(len(whole), device=device)
    contrast = (functional.cross_entropy(matched, truth) + functional.cross_entropy(matched.T, truth)) / 2
    return total + 0.15 * contrast, float(asked.detach())


def _groups(model: nn.Module) -> list[dict[str, Any]]:
    decayed = [p for p in model.parameters() if p.ndim >= 2]
    plain = [p for p in model.parameters() if p.ndim < 2]
    return [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}]


def _rate(step: int, total: int) -> float:
    warm = min(100, total // 10 + 1)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(total - warm, 1))) + 1e-3


class Run:
    """One encoder on its way through the phases; everything it needs to go on is in its checkpoint."""

    def __init__(self, recipe: Recipe, plan: Plan, photos: PhotoSet, held_out: PhotoSet) -> None:
        self.recipe, self.plan = recipe, plan
        self.photos, self.held_out = photos, held_out
        self.questions = Questions(photos)
        self.done = 0
        self.seconds = 0.0
        self.curve: list[dict[str, float]] = []
        torch.manual_seed(plan.seed)
        self.model = self._fresh(plan.phases[0].size)
        self.average = {k: v.clone() for k, v in self.model.state_dict().items()}
        self._moments: dict[str, Any] | None = None
        self.begun_from = ""
        if self.checkpoint.exists():
            self._load()
        if not self.done:
            self._teach_text()

    @property
    def checkpoint(self) -> Path:
        """Where the run can be taken up again."""
        weather = "-weather" if self.plan.weather else ""
        return self.plan.folder / f"{self.recipe.name}-s{self.plan.seed}{weather}.pt"

    def _fresh(self, size: int) -> open_clip.CLIP:
        model = build(self.recipe, self.questions.words, size)
        return model.to(self.plan.device, memory_format=torch.channels_last)

    def _load(self) -> None:
        saved = torch.load(self.checkpoint, weights_only=True, map_location=self.plan.device)
        self.done, self.seconds, self.curve = saved["done"], saved["seconds"], saved["curve"]
        if self.done:
            self.model = self._fresh(self.plan.phases[self.done - 1].size)
        self.model.load_state_dict(saved["model"])
        self.average, self._moments = saved["average"], saved["moments"]
        self.begun_from = saved["begun_from"]

    def _save(self) -> None:
        self.plan.folder.mkdir(parents=True, exist_ok=True)
        draft = self.checkpoint.with_suffix(".part")
        torch.save(
            {
                "done": self.done,
                "seconds": self.seconds,
                "curve": self.curve,
                "model": self.model.state_dict(),
                "average": self.average,
                "moments": self._moments,
                "begun_from": self.begun_from,
            },
            draft,
        )
        draft.replace(self.checkpoint)

    def _teach_text(self) -> None:
        """Before the first photo: every value's prompts to a direction of their own, in whatever template."""
        words = [p for n, p in self.model.named_parameters() if not n.startswith(("visual.", "logit_"))]
        optimizer = torch.optim.AdamW(words, lr=2e-3)
        rng = np.random.default_rng([self.plan.seed, 99])
        for _ in range(self.plan.text_steps):
            loss = spread_loss(
                encode_text(self.model, self.questions.ask(rng), self.plan.device), self.questions.codes
            )
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimizer.step()
        print(f"{self.recipe.name} prompts are {float(loss.detach()):.3f} from their directions", flush=True)
        self.average = {k: v.clone() for k, v in self.model.state_dict().items()}

    def _grow(self, size: int) -> None:
        """Go on at another photo size."""
        larger, smoothed = self._fresh(size), self._fresh(size)
        carry_over(self.model.state_dict(), larger)
        carry_over(self.average, smoothed)
        if _shapes(larger) != _shapes(self.model):
            self._moments = None
        self.model, self.average = larger, {k: v.clone() for k, v in smoothed.state_dict().items()}

    def advance(self, index: int) -> None:
        """Run one phase, unless the checkpoint says it is behind us."""
        if index < self.done:
            return
        phase, plan = self.plan.phases[index], self.plan
        began = time.monotonic()
        self._grow(phase.size)
        optimizer = torch.optim.AdamW(_groups(self.model), lr=self.recipe.learning_rate, betas=(0.9, 0.98))
        if self._moments is not None:
            optimizer.load_state_dict(self._moments)
        offset = sum(p.steps for p in plan.phases[:index])
        rng = np.random.default_rng([plan.seed, index])
        self.model.train()
        feed = batches(self.photos, phase.size, plan.batch, phase.steps, rng, phase.zoom, plan.weather)
        for step, batch in enumerate(feed, start=offset):
            for group in optimizer.param_groups:
                group["lr"] = self.recipe.learning_rate * _rate(step, plan.steps)
            loss, asked = step_loss(self.model, self.questions, batch, plan.device, rng)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            optimizer.step()
            self._smooth()
            if step % 50 == 0 or step == plan.steps - 1:
                self._note(step, float(loss.detach()), asked, self.seconds + time.monotonic() - began)
        self._moments = optimizer.state_dict()
        self.done, self.seconds = index + 1, self.seconds + time.monotonic() - began
        self._save()

    @torch.no_grad()
    def _smooth(self) -> None:
        for name, value in self.model.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - _EMA)
            else:
                self.average[name].copy_(value)

    def _note(self, step: int, loss: float, asked: float, seconds: float) -> None:
        self.curve.append(
            {
                "step": step,
                "loss": round(loss, 4),
                "zero_shot_loss": round(asked, 4),
                "seconds": round(seconds, 1),
            }
        )
        print(
            f"{self.recipe.name} step {step}/{self.plan.steps} loss {loss:.3f} zero-shot {asked:.3f} "
            f"{seconds:.0f} s",
            flush=True,
        )

    def finished(self) -> open_clip.CLIP:
        """The averaged model for full-size photos, ready for use."""
        model = self._fresh(224)
        carry_over(self.average, model)
        return model.eval()

    def accuracy(self) -> dict[str, float]:
        """Zero-shot accuracy on the watched photos, noted in the curve."""
        found = zero_shot(self.finished(), self.questions.words, self.held_out, self.plan.device)
        self.curve.append(
            {"step": sum(p.steps for p in self.plan.phases[: self.done]), "held_out": mean(found)}
        )
        print(f"{self.recipe.name} held out {mean(found):.3f} {json.dumps(found)}", flush=True)
        return found


def _shapes(model: nn.Module) -> list[torch.Size]:
    return [p.shape for p in model.parameters()]


def curves(runs: Iterable[Run]) -> dict[str, list[dict[str, float]]]:
    """Loss and held-out accuracy over the steps, per encoder."""
    return {run.recipe.name: run.curve for run in runs}
