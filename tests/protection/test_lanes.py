"""Small pieces of work side by side."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from photoveil.protection import Engine
from photoveil.protection.catalogue import STRENGTHS
from photoveil.protection.channel import centre_view
from photoveil.protection.encoders import Encoder, encode_all
from photoveil.protection.grade import Grade, plain
from photoveil.protection.lanes import Lanes
from photoveil.protection.looks import fit_look
from photoveil.protection.solver import Case, Target, solve_many

TWO = 2


@contextmanager
def threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def test_two_pieces_are_under_way_at_once_and_answer_in_order() -> None:
    meeting = threading.Barrier(TWO, timeout=30)

    def piece(number: int) -> int:
        meeting.wait()  # alone it would never come back
        return number

    assert Lanes(TWO).run([partial(piece, number) for number in range(TWO)]) == [0, 1]


def test_whoever_is_told_of_a_failure_finds_nothing_going_on() -> None:
    failed, done = threading.Event(), threading.Event()

    def fail() -> None:
        failed.set()
        raise ValueError("lane 1")

    def go_on() -> None:
        assert failed.wait(30)
        done.set()

    with pytest.raises(ValueError, match="lane 1"):
        Lanes(TWO).run([fail, go_on])
    assert done.is_set()


def test_lanes_leave_the_number_of_threads_as_it_was() -> None:
    with threads(4):
        lanes = Lanes(TWO)
        assert torch.get_num_threads() == 4
        assert lanes.run([torch.get_num_threads] * 3) == [2] * 3
        seen: list[int] = []
        later = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
        later.start()
        later.join()
    assert seen == [4]


@pytest.mark.parametrize(
    ("weights", "side_by_side"), [([20 << 20, 10 << 20], True), ([400 << 20, 10 << 20], False), ([], False)]
)
def test_only_small_encoders_go_side_by_side(weights: list[int], side_by_side: bool) -> None:
    with threads(4):
        lanes = Lanes.over(torch.device("cpu"), weights)
    assert lanes.count == (TWO if side_by_side else 1)
    lock, meeting, seen = threading.Lock(), threading.Barrier(TWO, timeout=30), []

    def piece() -> None:
        alone = lock.acquire(blocking=False)
        seen.append(alone)
        if side_by_side:
            meeting.wait()
        if alone:
            lock.release()

    lanes.run([piece] * TWO)
    assert all(seen) is not side_by_side


@pytest.mark.parametrize("weights", [[20 << 20, 10 << 20], [400 << 20]], ids=["small", "large"])
def test_encoders_on_a_processor_never_see_numbers_that_make_it_slow(weights: list[int]) -> None:
    def least() -> float:
        return float(torch.full((64,), 1e-40).mul(0.5).max())

    assert least() > 0
    assert Lanes.over(torch.device("cpu"), weights).run([least] * TWO) == [0.0] * TWO
    assert least() > 0  # only there


def _targets(engine: Engine, pixels: NDArray[np.uint8]) -> list[Target]:
    picture = Image.fromarray(pixels)

    def away(encoder: Encoder, views: Tensor, _whose: Sequence[int]) -> Tensor:
        clean = encoder(centre_view(*picture.size).show(picture, encoder.size)).pooled
        alike: Tensor = (encoder.roughly(views).pooled * clean).sum(1)
        return alike

    return [Target(encoder.size, partial(away, encoder)) for encoder in engine.surrogates]


def test_the_same_comes_out_with_lanes_and_without(starters: Engine) -> None:
    pixels = [
        np.asarray(Image.effect_noise((160, 120), 60).convert("RGB")),
        np.asarray(Image.linear_gradient("L").resize((120, 160)).convert("RGB")),
    ]
    targets = _targets(starters, pixels[0])
    cases = [Case(one, replace(STRENGTHS["balanced"], steps=6)) for one in pixels]
    views = [Image.fromarray(one) for one in pixels]
    found: list[tuple[list[Tensor], Grade, dict[str, Tensor]]] = []
    with threads(1):  # more add up in another order
        for lanes in (None, Lanes(TWO)):
            solved = dict(solve_many(cases, targets, lanes=lanes))
            changes = [one.change for one in solved.values() if not isinstance(one, Exception)]
            look = fit_look(views, targets, 34.0, plain(), torch.device("cpu"), lanes=lanes)
            seen = encode_all(starters.encoders, views, lanes)
            found.append((changes, look, {name: features.pooled for name, features in seen.items()}))
    (changes, look, pooled), (changes_too, look_too, pooled_too) = found
    assert len(changes) == len(changes_too) == len(cases)
    assert all(torch.equal(one, two) for one, two in zip(changes, changes_too, strict=True))
    assert torch.equal(look.table, look_too.table)
    assert all(torch.equal(pooled[name], pooled_too[name]) for name in pooled)
