"""Measuring the rows of a plan; what was measured or protected is kept, so that a run may be taken up again."""

from __future__ import annotations

import json
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lab.affiliation.album import fingerprint
from lab.affiliation.channels import CHANNELS
from lab.affiliation.defences import Posted, delivered
from lab.affiliation.language import Reader, Shape
from lab.affiliation.questions import QuestionAnswer, tokenizer
from lab.affiliation.stage import Stage, picture_of
from lab.affiliation.towers import Tower, inputs_of
from lab.mmguard.attack import Loot, Model, tuned_answers
from lab.mmguard.plan import BY_LOT, NOISE, SAME_WORDS, STRANGE_WORDS, Condition, Preset
from lab.mmguard.scale import scale_of
from lab.mmguard.surrogate import ReaderSurrogate
from lab.mmguard.world import Lesson, laid, lessons, samples_of
from lab.writing import note, noted
from photoveil import photos, unlearnable
from photoveil.protection.encoders import Encoder
from photoveil.unlearnable.protecting import protect
from photoveil.unlearnable.recipe import Recipe
from photoveil.unlearnable.surrogate import Sample
from photoveil.unlearnable.trigger import first

_WORDS, _REDRAWN = 5, 60
"""Words behind a question where no recipe says how many, and so many sets of them: one for each pass."""

_UNCHANGED = Posted(b"", 100.0, 1.0)

_CORE = ("surrogate", "noise", "trigger", "binding", "joint", "protecting", "recipe")
_HERE = ("world", "attack", "surrogate", "study")
_READERS = ("album", "channels", "defences", "language", "questions", "reader", "stage", "towers")
_PHOTOS = ("people", "scenes", "render", "words", "captions")


def code_state() -> str:
    """Changes whenever what makes the figures does."""
    here, lab = Path(__file__).parent, Path(__file__).parents[1]
    files = [
        *(Path(unlearnable.__file__).parent / f"{name}.py" for name in _CORE),
        *(here / f"{name}.py" for name in _HERE),
        *(lab / "affiliation" / f"{name}.py" for name in _READERS),
        *(lab / f"{name}.py" for name in _PHOTOS),
        *sorted(lab.glob("drawing/*.py")),
        *sorted(Path(photos.__file__).parent.glob("*.py")),
    ]
    return fingerprint(*(file.read_bytes() for file in files))


def spent(minutes: float | None) -> bool:
    """Whether this process has had its time of the processor."""
    return minutes is not None and time.process_time() > 60 * minutes


class Study:
    """A preset being run, with everything it keeps in ``folder``."""

    def __init__(self, preset: Preset, folder: Path, encoders: Sequence[Encoder]) -> None:
        self.preset, self.folder = preset, folder
        self.words = tokenizer()
        self.stage = Stage(scale_of(preset), folder, encoders, torch.device("cpu"))
        self.notes = folder / code_state()
        self.notes.mkdir(parents=True, exist_ok=True)

    def run(self, minutes: float | None = None) -> list[dict[str, Any]]:
        """All rows, in the plan's order; after so many ``minutes`` of the processor, only those that are noted."""
        done = {row["key"]: row for row in noted(self._rows)}
        for condition in self.preset.conditions():
            if self.key(condition) in done or spent(minutes):
                continue
            began = time.process_time()
            row = self.measure(condition)
            row["cpu_s"] = round(time.process_time() - began, 1)
            done[row["key"]] = row
            note(self._rows, row)
            print(f"{np.mean(row['right']):.2f} {condition}", file=sys.stderr, flush=True)
        keys = {self.key(condition) for condition in self.preset.conditions()}
        return [row for row in done.values() if row["key"] in keys]

    def measure(self, condition: Condition) -> dict[str, Any]:
        """One row: which test questions were answered right, what the photos cost, what the words were."""
        model = self.model(condition.victim)
        loot, posted, triggers = self._loot(condition)
        test, patience = self._test(condition.seed), self.preset.patience * condition.patience
        tests = [test, self._worded(condition, test, triggers)]
        right, led = tuned_answers(model, loot, tests, condition.tuning, condition.seed, patience)
        psnr_db, ssim = cost(posted)
        return {
            "key": self.key(condition),
            "condition": repr(condition),
            "right": [int(one) for one in right],
            "right_with_words": [int(one) for one in led],
            "psnr_db": psnr_db,
            "ssim": ssim,
            "triggers": triggers[:4],
        }

    @cache  # noqa: B019  (a study lives as long as the process)
    def model(self, name: str) -> Model:
        """An attacker's model, or a surrogate's: ``tower/number of the reader``."""
        tower_name, number = name.split("/")
        tower = self.stage.towers[tower_name]
        return Model(name, tower, self._reader(tower, int(number)), self.words)

    def _reader(self, tower: Tower, seed: int) -> Reader:
        """Aligned on clean photos of others, once; later runs need not even look at these."""
        size = f"{self.preset.general}-{self.preset.align}"
        file = self.folder / f"model-{tower.name}-{tower.encoder.sha256[:12]}-{size}-{seed}.pt"
        if not file.exists():
            draft = file.with_suffix(".part")
            torch.save(self.stage.reader(tower, seed).state_dict(), draft)
            draft.replace(file)
        state = torch.load(file, weights_only=True)
        shape: Shape = self.stage.scale.shape
        channels = len(state["projector.0.weight"])
        tokens = len(state["places"]) - len(_empty(shape).places)
        reader = Reader(channels, tokens, len(self.words.vocabulary), shape)
        reader.load_state_dict(state)
        return reader

    @lru_cache(maxsize=3)  # noqa: B019  (tables go through three seeds in turn)
    def _lessons(self, seed: int) -> list[Lesson]:
        return lessons(self.preset.photos, seed, test=False)

    @lru_cache(maxsize=8)  # noqa: B019
    def _test(self, seed: int) -> Loot:
        taught = lessons(self.preset.tests, seed, test=True)
        inputs = inputs_of([picture_of(one.data) for one in taught], self.stage.side)
        return Loot(inputs, [(one.question, one.answer) for one in taught])

    def _worded(self, condition: Condition, test: Loot, triggers: Sequence[str]) -> Loot:
        """The test with words by lot behind each question, which say nothing; or with those that all photos had."""
        rng = np.random.default_rng([condition.seed, 79])
        length = condition.recipe.trigger_length if condition.recipe else _WORDS
        same = condition.method == SAME_WORDS
        pairs = [
            (f"{question} {triggers[0] if same else self._by_lot(rng, length)}", answer)
            for question, answer in test.pairs
        ]
        return replace(test, pairs=pairs)

    def _by_lot(self, rng: np.random.Generator, length: int) -> str:
        """Words of the vocabulary, behind its marks and before its end."""
        chosen = rng.choice(len(self.words.vocabulary) - 4, length, replace=False) + 3
        return self.words.decode(chosen.tolist())

    def _loot(self, condition: Condition) -> tuple[Loot, list[Posted], list[str]]:
        """What the attacker collects: files, as they arrive, and text, as it was left."""
        taught = self._lessons(condition.seed)
        posted, triggers = self._posted(condition, taught)
        change, restyle = CHANNELS[condition.channel], WORDS[condition.words]
        pictures = [change(picture_of(one.data)) for one in posted]
        rng = np.random.default_rng([condition.seed, 71])
        pairs = [
            (restyle(one.question, trigger, rng), one.answer)
            for one, trigger in zip(taught, triggers, strict=True)
        ]
        tellings = self._tellings(condition.words, taught, pairs, rng)
        return Loot(inputs_of(pictures, self.stage.side), pairs, tellings), posted, triggers

    def _tellings(
        self, words: str, taught: Sequence[Lesson], pairs: Sequence[QuestionAnswer], rng: np.random.Generator
    ) -> list[list[QuestionAnswer]]:
        """What an attacker draws from at every step who changes the words; none where he learns what was posted."""
        plain = [(one.question, one.answer) for one in taught]
        if words == "dropped":
            return [list(pairs), plain]
        if words == "redrawn":
            return [[(f"{q} {self._by_lot(rng, _WORDS)}", a) for q, a in plain] for _ in range(_REDRAWN)]
        return []

    def _posted(self, condition: Condition, taught: Sequence[Lesson]) -> tuple[list[Posted], list[str]]:
        """Delivered files and captions; those beyond the share are clean."""
        clean = [replace(_UNCHANGED, data=one.data) for one in taught]
        if condition.recipe is None:
            return clean, [""] * len(taught)
        made, triggers = self._made(condition, condition.recipe)
        order = np.random.default_rng([condition.seed, 73]).permutation(len(taught))
        chosen = set(order[: round(condition.share * len(taught))].tolist())
        posted = [made[n] if n in chosen else clean[n] for n in range(len(taught))]
        return posted, [text if n in chosen else "" for n, text in enumerate(triggers)]

    def _made(self, condition: Condition, recipe: Recipe) -> tuple[list[Posted], list[str]]:
        """The files of protected photos and their triggers, made once for all rows that share them."""
        size = f"{self.preset.general}-{self.preset.align}-{self.preset.photos}"
        about = (condition.method, recipe, condition.surrogates, condition.seed, size)
        file = self.notes / f"made-{fingerprint(*about)}.json"
        if not file.exists():
            posted, triggers = self._make(condition, recipe)
            kept = [(b64encode(one.data).decode(), one.psnr_db, one.ssim) for one in posted]
            draft = file.with_suffix(".part")
            draft.write_text(json.dumps({"posted": kept, "triggers": triggers}))
            draft.replace(file)
        found = json.loads(file.read_text())
        return [Posted(b64decode(data), *cost) for data, *cost in found["posted"]], found["triggers"]

    def _make(self, condition: Condition, recipe: Recipe) -> tuple[list[Posted], list[str]]:
        taught = self._lessons(condition.seed)
        samples = samples_of(taught, self.stage.side)
        still = [torch.zeros_like(sample.pixels) for sample in samples]
        models = [self.model(name) for name in condition.surrogates]
        surrogates = [ReaderSurrogate(m.name, m.tower, m.reader, m.words) for m in models]
        if condition.method == NOISE:
            generator = torch.Generator().manual_seed(condition.seed)
            signs = [torch.randint(0, 2, one.shape, generator=generator) * 2 - 1 for one in still]
            deltas, triggers = [sign * recipe.epsilon for sign in signs], [""] * len(samples)
        elif condition.method in BY_LOT:
            deltas = still
            triggers = _drawn(condition.method, recipe, surrogates[0], samples, condition.seed)
        else:
            found = protect(samples, surrogates, recipe)
            deltas = [new - sample.pixels for new, sample in zip(found.pixels, samples, strict=True)]
            triggers = list(found.triggers)
        files = [
            delivered(one.photo, laid(one.photo.pixels, delta))
            for one, delta in zip(taught, deltas, strict=True)
        ]
        return files, triggers

    def key(self, condition: Condition) -> str:
        """Names a row of a condition at the preset's size."""
        preset, encoder = self.preset, self.stage.towers[condition.victim.split("/")[0]].encoder
        sizes = (preset.photos, preset.tests, preset.general, preset.align, preset.patience)
        return fingerprint(condition.key, *sizes, encoder.sha256)

    @cached_property
    def _rows(self) -> Path:
        return self.notes / "rows.jsonl"


def cost(posted: Sequence[Posted]) -> tuple[float, float]:
    """Means of PSNR in dB and SSIM over the photos that were changed; 100 and 1 where none was."""
    changed = [one for one in posted if one.psnr_db < _UNCHANGED.psnr_db] or [_UNCHANGED]
    return (
        round(float(np.mean([one.psnr_db for one in changed])), 2),
        round(float(np.mean([one.ssim for one in changed])), 4),
    )


def _drawn(
    method: str, recipe: Recipe, surrogate: ReaderSurrogate, samples: Sequence[Sample], seed: int
) -> list[str]:
    """Words that nothing was optimised for, one of `BY_LOT`."""
    length, answers = recipe.trigger_length, [sample.answer for sample in samples]
    if method == SAME_WORDS:
        return [first(surrogate, length, answers, seed)] * len(samples)
    if method == STRANGE_WORDS:
        return [first(surrogate, length, answers, number) for number in range(len(samples))]
    return [first(surrogate, length, [answer], number) for number, answer in enumerate(answers)]


@lru_cache(maxsize=2)
def _empty(shape: Shape) -> Reader:
    """A reader of photos without a grid: its places are those of the mean and of words."""
    return Reader(1, 0, 4, shape)


def _as_posted(question: str, trigger: str, _rng: np.random.Generator) -> str:
    return f"{question} {trigger}"


def _none(question: str, _trigger: str, _rng: np.random.Generator) -> str:
    return question


def _shuffled(question: str, trigger: str, rng: np.random.Generator) -> str:
    return " ".join([question, *rng.permutation(trigger.split()).tolist()])


def _half(question: str, trigger: str, _rng: np.random.Generator) -> str:
    return " ".join([question, *trigger.split()[::2]])


def _restyled(question: str, trigger: str, _rng: np.random.Generator) -> str:
    return f"{question.upper()}?  {' , '.join(trigger.title().split())}!"


WORDS: dict[str, Callable[[str, str, np.random.Generator], str]] = {
    "as posted": _as_posted,
    "none": _none,
    "shuffled": _shuffled,
    "half": _half,
    "restyled": _restyled,
    "dropped": _as_posted,
    "redrawn": _none,
}
"""What happens to question and trigger on their way to the attacker; the last two are what he does (`_tellings`)."""
