"""One network of one kind: trained, judged, asked with wrong keys, and attacked."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lab.authorised_fusion import attacks
from lab.authorised_fusion.baselines import BASELINES, average
from lab.authorised_fusion.marks import Mark, mark
from lab.authorised_fusion.metrics import fusion_ssim, mutual_information, psnr, q_abf, shares
from lab.authorised_fusion.network import BITS, KEY_BYTES, Fusion, code
from lab.authorised_fusion.phantoms import Pair, pairs
from lab.authorised_fusion.training import MARKED, Schedule, train

Plane = NDArray[np.float32]
Row = dict[str, Any]

OPENED_DB = 30.0
"""A wrong key has opened the model when its answer comes as near as this to the right one, within the head."""

BASELINE, ANSWERS, CODES, BLACK_BOX, WHITE_BOX = "baseline", "answers", "codes", "black box", "white box"
_TURNED = (1, 2, 4, 8, 16, 32)
_TRAINED_FROM, _ATTACKED_FROM, _TESTED_FROM = 0, 1_000_000, 2_000_000
_SEED_APART = 10_000_000
_AT_A_TIME = 50


@dataclass(frozen=True)
class Preset:
    """How big the study is.

    Attributes:
        size: of slices, in pixels.
        trained, attacked, tested: slices to train on, of the attackers' own, and to test on; none is in two of them.
        training, student, stolen: schedules of the model, of distillation, and of attacks with the weights.
        leaked: clean answers that an attacker with the weights has got.
        shifts: of one slice, by the attacker who takes the median of them.
        wrong_keys: tried, beside all that differ from the right one in one bit.
    """

    size: int
    trained: int
    attacked: int
    tested: int
    training: Schedule
    student: Schedule
    stolen: Schedule
    leaked: int
    shifts: int
    wrong_keys: int


PRESETS = {
    "ci": Preset(48, 24, 16, 3, Schedule(350, 8, 48), Schedule(40, 8, 32), Schedule(10, 4, 32), 2, 5, 100),
    "full": Preset(
        96, 160, 80, 16, Schedule(900, 8, 64), Schedule(220, 8, 64), Schedule(100, 4, 64), 4, 9, 1000
    ),
}


@dataclass(frozen=True)
class Picture:
    """A fused slice to be shown."""

    title: str
    plane: Plane


@dataclass(frozen=True)
class Judge:
    """Measures fused pictures of the tested slices.

    Attributes:
        tested: the slices.
        printed: the mark.
        clean: what the model answers to the right key; none while baselines are judged.
        marked: whether the mark lies on the clean fusion, not on the average.
    """

    tested: Sequence[Pair]
    printed: Mark
    clean: Sequence[Plane] | None = None
    marked: bool = False

    def row(self, group: str, condition: str, pictures: Sequence[Plane]) -> Row:
        """Means over the slices; PSNR and shares compare with the clean answers."""
        figures: list[Row] = []
        for number, (pair, picture) in enumerate(zip(self.tested, pictures, strict=True)):
            saved = np.asarray(np.round(np.clip(picture, 0, 1) * 255) / 255, np.float32)
            figures.append(
                {
                    "q_abf": q_abf(pair.ct, pair.mri, saved),
                    "mi": mutual_information(pair.ct, pair.mri, saved),
                    "ssim": fusion_ssim(pair.ct, pair.mri, saved),
                }
            )
            if self.clean is not None:
                figures[-1] |= self._compared(pair, saved, self.clean[number])
        means = {name: float(np.mean([one[name] for one in figures])) for name in figures[0]}
        return {"group": group, "condition": condition, **means}

    def _compared(self, pair: Pair, picture: Plane, clean: Plane) -> Row:
        preview = average(pair.ct, pair.mri)
        base = clean if self.marked else preview
        detail, ink = shares(picture, preview, clean - preview, self.printed.on(base) - base)
        return {
            "psnr_mark": psnr(picture, clean, self.printed.ink & pair.head),
            "psnr_head": psnr(picture, clean, pair.head),
            "detail": detail,
            "mark": ink,
        }


class Study:
    """A model of one kind and seed, and everything that is asked of it."""

    def __init__(self, kind: str, seed: int, preset: Preset) -> None:
        self.kind, self.seed, self.preset = kind, seed, preset
        first = seed * _SEED_APART
        self.mark = mark(preset.size)
        self.tested = pairs(first + _TESTED_FROM, preset.tested, preset.size)
        self.sources = as_tensor(self.tested)
        self.own = as_tensor(pairs(first + _ATTACKED_FROM, preset.attacked, preset.size))
        self.key = np.random.default_rng([2603, seed]).bytes(KEY_BYTES)
        trained = as_tensor(pairs(first + _TRAINED_FROM, preset.trained, preset.size))
        self.network = train(kind, trained, self.mark, self.key, preset.training, seed)
        self.clean = self._ask(self.network, code(self.key))
        self.judge = Judge(self.tested, self.mark, planes(self.clean), kind == MARKED)

    def rows(self) -> Iterator[tuple[Row, Picture]]:
        """One row and one picture per condition, as they are measured."""
        for group, conditions in (
            (ANSWERS, self._answers()),
            (CODES, self._codes()),
            (BLACK_BOX, self._black_box()),
            (WHITE_BOX, self._white_box()),
        ):
            for condition, make in conditions.items():
                torch.manual_seed(self.seed)
                found = planes(make())
                row = {"kind": self.kind, "seed": self.seed, **self.judge.row(group, condition, found)}
                yield row, Picture(condition, found[0])

    def keys(self) -> Row:
        """How many wrong keys open the model, and how near the best of them comes to the clean answer, in dB."""
        random = np.random.default_rng([1000, self.seed])
        flipped = [_flipped(self.key, bit) for bit in range(8 * KEY_BYTES)]
        made_up = [random.bytes(KEY_BYTES) for _ in range(self.preset.wrong_keys)]
        near = [self._nearness(keys) for keys in (made_up, flipped)]
        return {
            "kind": self.kind,
            "seed": self.seed,
            "wrong_keys": len(made_up),
            "wrong_keys_opened": sum(value >= OPENED_DB for value in near[0]),
            "wrong_keys_best_db": max(near[0]),
            "flipped_bits": len(flipped),
            "flipped_bits_opened": sum(value >= OPENED_DB for value in near[1]),
            "flipped_bits_best_db": max(near[1]),
        }

    def _nearness(self, keys: Sequence[bytes]) -> list[float]:
        pair, clean = self.tested[0], planes(self.clean)[0]
        found: list[float] = []
        for start in range(0, len(keys), _AT_A_TIME):
            codes = torch.stack([code(key) for key in keys[start : start + _AT_A_TIME]])
            with torch.no_grad():
                answers = self.network(self.sources[:1].expand(len(codes), -1, -1, -1), codes)
            found += [psnr(answer, clean, pair.head) for answer in planes(answers)]
        return found

    def _ask(self, network: Fusion, signs: Tensor) -> Tensor:
        return attacks.answer(network, self.sources, signs)

    def _closed(self, sources: Tensor) -> Tensor:
        """The model as those without a key meet it."""
        return attacks.answer(self.network, sources, code(None))

    def _answers(self) -> dict[str, Callable[[], Tensor]]:
        return {
            "right key": lambda: self.clean,
            "no key": lambda: self._closed(self.sources),
            "a wrong key": lambda: self._ask(self.network, code(b"a wrong key")),
            "the key with one bit flipped": lambda: self._ask(self.network, code(_flipped(self.key, 0))),
        }

    def _codes(self) -> dict[str, Callable[[], Tensor]]:
        return {f"{count} of {BITS} signs turned": partial(self._turned, count) for count in _TURNED}

    def _turned(self, count: int) -> Tensor:
        signs = code(self.key).clone()
        signs[torch.randperm(BITS)[:count]] *= -1
        return self._ask(self.network, signs)

    def _black_box(self) -> dict[str, Callable[[], Tensor]]:
        preset, closed, own, asked = self.preset, self._closed, self.own, self.sources
        return {
            "inpainting (Telea)": lambda: attacks.inpainted(closed(asked), self.mark.ink, cv2.INPAINT_TELEA),
            "inpainting (Navier-Stokes)": lambda: attacks.inpainted(
                closed(asked), self.mark.ink, cv2.INPAINT_NS
            ),
            "median of many wrong keys": lambda: attacks.many_keys(self.network, asked, preset.shifts),
            "mark estimated from many answers": lambda: attacks.unmixed(closed, own, asked),
            "median of moved slices": lambda: attacks.shifted(closed, asked, preset.shifts),
            "distilled": lambda: self._student(by_crops=False),
            "distilled, by crops": lambda: self._student(by_crops=True),
        }

    def _student(self, by_crops: bool) -> Tensor:
        pupil = attacks.student(self._closed, self.own, self.preset.student, by_crops)
        return self._ask(pupil, code(None))

    def _white_box(self) -> dict[str, Callable[[], Tensor]]:
        leaked = self.own[: self.preset.leaked]
        clean = attacks.answer(self.network, leaked, code(self.key))
        return {
            "code searched": lambda: self._ask(
                self.network, attacks.searched_code(self.network, leaked, clean, self.preset.stolen)
            ),
            "scales searched": lambda: self._forced(leaked, clean),
            "fine-tuned on leaked answers": lambda: self._tuned(self.network, leaked, clean),
            "fresh network on leaked answers": lambda: self._tuned(None, leaked, clean),
            "fine-tuned without answers": lambda: self._tuned(self.network, self.own, None),
            "fresh network without answers": lambda: self._tuned(None, self.own, None),
        }

    def _forced(self, leaked: Tensor, clean: Tensor) -> Tensor:
        scales = attacks.forced_scales(self.network, leaked, clean, self.preset.stolen)
        with torch.no_grad():
            return self.network.with_scales(self.sources, scales.expand(len(self.sources), -1))

    def _tuned(self, stolen: Fusion | None, own: Tensor, clean: Tensor | None) -> Tensor:
        network = copy.deepcopy(stolen) if stolen else Fusion(size=self.preset.size)
        attacks.tuned(network, own, clean, self.preset.stolen)
        return self._ask(network, code(None))


def baselines(seed: int, preset: Preset) -> Iterator[tuple[Row, Picture]]:
    """What needs no model, on the same slices."""
    tested = pairs(seed * _SEED_APART + _TESTED_FROM, preset.tested, preset.size)
    judge = Judge(tested, mark(preset.size))
    for name, fuse in BASELINES.items():
        fused = [fuse(pair.ct, pair.mri) for pair in tested]
        yield {"kind": "", "seed": seed, **judge.row(BASELINE, name, fused)}, Picture(name, fused[0])


def as_tensor(slices: Sequence[Pair]) -> Tensor:
    """Pairs as (n, 2, size, size)."""
    return torch.from_numpy(np.stack([np.stack([pair.ct, pair.mri]) for pair in slices]))


def planes(pictures: Tensor) -> list[Plane]:
    """(n, 1, h, w) as planes."""
    return [np.asarray(picture[0].numpy(), np.float32) for picture in pictures]


def _flipped(key: bytes, bit: int) -> bytes:
    changed = bytearray(key)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
