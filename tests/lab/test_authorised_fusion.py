"""Authorised fusion: metrics against known values, attacks that work where they can, and a small study."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from lab.authorised_fusion import attacks, tables
from lab.authorised_fusion.__main__ import main
from lab.authorised_fusion.baselines import BASELINES
from lab.authorised_fusion.marks import mark
from lab.authorised_fusion.metrics import mutual_information, psnr, q_abf, shares, ssim
from lab.authorised_fusion.network import BITS, KEY_BYTES, Fusion, code
from lab.authorised_fusion.phantoms import draw, pairs
from lab.authorised_fusion.study import as_tensor, planes
from lab.authorised_fusion.training import WITHHELD, Schedule

_BEST_STRENGTH = 0.9994 / (1 + math.exp(-15 * (1 - 0.5)))
_BEST_ANGLE = 0.9879 / (1 + math.exp(-22 * (1 - 0.8)))

_seeds = st.integers(0, 2**31)
_keys = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)


def _noise(seed: int, side: int = 24) -> NDArray[np.float32]:
    return np.random.default_rng(seed).random((side, side)).astype(np.float32)


def _ramp(steepness: float, side: int = 16) -> NDArray[np.float32]:
    return np.tile(np.arange(side, dtype=np.float32) * steepness, (side, 1))


def _flat(side: int = 16) -> NDArray[np.float32]:
    return np.full((side, side), 0.5, np.float32)


def test_edges_kept_as_they_are_reach_the_known_best_of_q_abf() -> None:
    picture = _noise(1)
    assert q_abf(picture, picture, picture) == pytest.approx(_BEST_STRENGTH * _BEST_ANGLE)
    assert q_abf(picture, picture, picture) == pytest.approx(0.9748, abs=1e-4)


def test_edges_half_as_steep_reach_half_the_strength() -> None:
    found = q_abf(_ramp(0.04), _flat(), _ramp(0.02))
    assert found == pytest.approx(0.9994 / 2 * _BEST_ANGLE, rel=1e-5)


def test_edges_turned_by_a_right_angle_are_lost() -> None:
    found = q_abf(_ramp(0.04), _flat(), _ramp(0.04).T.copy())
    assert found == pytest.approx(_BEST_STRENGTH * 0.9879 / (1 + math.exp(22 * 0.8)), rel=1e-5)


def test_steep_edges_weigh_more_than_faint_ones() -> None:
    kept_steep = q_abf(_ramp(0.04), _ramp(0.01).T.copy(), _ramp(0.04))
    kept_faint = q_abf(_ramp(0.04), _ramp(0.01).T.copy(), _ramp(0.01).T.copy())
    assert kept_steep == pytest.approx(4 * kept_faint, rel=1e-4)


def test_pictures_without_edges_have_no_q_abf() -> None:
    assert math.isnan(q_abf(_flat(), _flat(), _flat()))


@given(_seeds, _seeds, _seeds)
def test_q_abf_does_not_care_which_source_is_which_and_stays_in_its_range(a: int, b: int, f: int) -> None:
    one, other, fused = _noise(a), _noise(b), _noise(f)
    found = q_abf(one, other, fused)
    assert found == pytest.approx(q_abf(other, one, fused))
    assert 0 <= found <= _BEST_STRENGTH * _BEST_ANGLE + 1e-9


def test_mutual_information_of_equal_pictures_is_twice_their_entropy() -> None:
    four_greys = np.repeat(np.array([0.1, 0.3, 0.6, 0.9], np.float32), 64).reshape(16, 16)
    assert mutual_information(four_greys, four_greys, four_greys) == pytest.approx(2 * 2)


def test_mutual_information_of_independent_pictures_is_nothing() -> None:
    columns = np.tile(np.array([0.1, 0.9], np.float32), (16, 8))
    assert mutual_information(columns, columns, columns.T.copy()) == pytest.approx(0, abs=1e-12)


@given(_seeds, _seeds, st.floats(0, 1))
def test_structural_similarity_is_that_of_scikit_image(a: int, b: int, share: float) -> None:
    one = _noise(a)
    other = (share * one + (1 - share) * _noise(b)).astype(np.float32)
    theirs = structural_similarity(
        one, other, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1.0
    )
    assert ssim(one, other) == pytest.approx(float(theirs), abs=1e-5)


def test_a_tenth_off_is_twenty_decibels_and_counts_only_where_asked() -> None:
    off = _flat()
    off[:, 8:] += 0.1
    right_half = np.zeros((16, 16), np.bool_)
    right_half[:, 8:] = True
    assert psnr(off, _flat(), right_half) == pytest.approx(20, abs=1e-4)
    assert psnr(off, _flat(), ~right_half) == 99.0


@given(_seeds, st.floats(-1, 2), st.floats(-1, 2))
def test_shares_of_detail_and_mark_are_found_again(seed: int, detail: float, ink: float) -> None:
    preview, finer, mark_on = _noise(seed), _noise(seed + 1) - 0.5, _noise(seed + 2) - 0.5
    picture = preview + np.float32(detail) * finer + np.float32(ink) * mark_on
    assert shares(picture, preview, finer, mark_on) == pytest.approx((detail, ink), abs=1e-3)


@given(_keys, st.integers(0, 8 * KEY_BYTES - 1))
def test_keys_that_differ_in_one_bit_have_unrelated_codes(key: bytes, bit: int) -> None:
    other = bytearray(key)
    other[bit // 8] ^= 1 << bit % 8
    turned = int((code(key) != code(bytes(other))).sum())
    assert turned >= 8  # of 64, 32 expected; fewer than 8 happens once in 10^10
    assert set(code(key).tolist()) <= {-1.0, 1.0}


def test_slices_follow_from_their_seeds_and_differ_otherwise() -> None:
    first, again, other = draw(7, 48), draw(7, 48), draw(8, 48)
    assert np.array_equal(first.ct, again.ct)
    assert np.array_equal(first.mri, again.mri)
    assert psnr(first.ct, other.ct) < 30


def test_each_modality_shows_what_the_other_does_not() -> None:
    for pair in pairs(0, 6, 64):
        bone = pair.ct > 0.8
        fluid = pair.head & (pair.mri > 0.8) & ~bone
        assert bone.mean() > 0.03
        assert fluid.mean() > 0.01
        assert pair.mri[bone].mean() < 0.5 * pair.ct[bone].mean()
        assert pair.ct[fluid].mean() < 0.7 * pair.mri[fluid].mean()
        assert pair.ct[~pair.head].mean() < 0.05


@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
def test_the_mark_shows_on_dark_and_on_bright(grey: float) -> None:
    printed = mark(96)
    page = np.full((96, 96), grey, np.float32)
    assert psnr(printed.on(page), page, printed.ink) < 17
    assert np.array_equal(printed.on(page)[~_near(printed.ink)], page[~_near(printed.ink)])
    assert 0.1 < printed.ink.mean() < 0.4


def _near(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    grown = cv2.dilate(np.pad(ink.astype(np.uint8), 3, mode="wrap"), np.ones((5, 5), np.uint8))
    return np.asarray(grown[3:-3, 3:-3] > 0)


@pytest.mark.parametrize("name", BASELINES)
def test_fusing_a_picture_with_itself_changes_nothing(name: str) -> None:
    slice_ = draw(3, 48).mri
    assert np.allclose(BASELINES[name](slice_, slice_), slice_, atol=1e-5)


def test_the_network_answers_a_crop_as_it_answers_the_whole() -> None:
    torch.manual_seed(0)
    network, whole = Fusion(depth=2, size=32), torch.rand(1, 2, 32, 32)
    signs = code(b"k")[None]
    with torch.no_grad():
        large = network(whole, signs)
        crop = network(whole[..., 8:32, 4:28], signs, at=(8, 4))
    inner = slice(8, 16)  # convolutions see the border of the crop no further than this
    assert torch.allclose(crop[..., inner, inner], large[..., 16:24, 12:20], atol=1e-5)


def test_inpainting_changes_nothing_beside_the_mark() -> None:
    printed, picture = mark(48), as_tensor(pairs(0, 1, 48))[:, :1]
    filled = attacks.inpainted(picture, printed.ink, cv2.INPAINT_TELEA)[0, 0].numpy()
    assert np.abs(filled - picture[0, 0].numpy())[~printed.ink].max() <= 0.5 / 255 + 1e-6


class _Printer:
    """A model that does exactly what ``kind`` promises to those without a key, and pretends to be no network."""

    def __init__(self, size: int) -> None:
        self.mark = mark(size)

    def __call__(self, sources: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(self.mark.on(sources.mean(1, keepdim=True).numpy()))


def test_a_mark_that_never_moves_can_be_estimated_and_taken_out() -> None:
    model, asked = _Printer(48), as_tensor(pairs(100, 2, 48))
    found = attacks.unmixed(model, as_tensor(pairs(0, 40, 48)), asked)
    for got, wanted in zip(planes(found), planes(asked.mean(1, keepdim=True)), strict=True):
        assert psnr(got, wanted) > 30


def test_moving_the_slice_under_the_mark_averages_it_out() -> None:
    model, asked = _Printer(48), as_tensor(pairs(100, 2, 48))
    found = attacks.shifted(model, asked, 9)
    for got, marked, wanted in zip(
        planes(found), planes(model(asked)), planes(asked.mean(1, keepdim=True)), strict=True
    ):
        assert psnr(got, wanted, model.mark.ink) > psnr(marked, wanted, model.mark.ink) + 6


def test_searching_for_a_code_comes_nearer_to_what_leaked() -> None:
    torch.manual_seed(0)
    network, own = Fusion(width=8, depth=2, size=32), as_tensor(pairs(0, 2, 32))
    clean = attacks.answer(network, own, code(b"key"))
    at_first = (attacks.answer(network, own, torch.randn(BITS)) - clean).abs().mean()
    signs = attacks.searched_code(network, own, clean, Schedule(40, 2, 32))
    assert (attacks.answer(network, own, signs) - clean).abs().mean() < 0.7 * at_first


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fusion")
    assert main(["--preset", "ci", "--kinds", WITHHELD, "--out", str(folder)]) == 0
    return folder


def _rows(folder: Path) -> dict[str, dict[str, Any]]:
    rows = json.loads((folder / "authorised_fusion.json").read_text("utf-8"))["rows"]
    return {row["condition"] or row["group"]: row for row in rows}


def test_the_mark_is_there_without_the_key_and_gone_with_it(results: Path) -> None:
    rows = _rows(results)
    assert rows["no key"]["mark"] > 0.5
    assert rows["a wrong key"]["mark"] > 0.5
    assert abs(rows["right key"]["mark"]) < 0.1
    assert rows["right key"]["detail"] == pytest.approx(1, abs=0.05)
    assert rows["right key"]["q_abf"] > rows["average"]["q_abf"]


def test_no_wrong_key_opens_the_model_not_even_one_bit_off(results: Path) -> None:
    keys = _rows(results)["keys"]
    assert (keys["wrong_keys"], keys["wrong_keys_opened"]) == (100, 0)
    assert (keys["flipped_bits"], keys["flipped_bits_opened"]) == (128, 0)


def test_what_is_withheld_cannot_be_learnt_from_the_answers(results: Path) -> None:
    rows = _rows(results)
    for attack in ("inpainting (Telea)", "median of moved slices", "distilled", "distilled, by crops"):
        assert rows[attack]["detail"] < 0.5


def test_every_row_says_how_to_measure_it_again(results: Path) -> None:
    for row in _rows(results).values():
        assert row["command"].startswith("python -m lab.authorised_fusion --preset ci")
        assert row["seed"] == 0
    text = (results / "authorised_fusion.md").read_text("utf-8")
    assert "0 opened it" in text
    picture = (results / tables.picture_name(WITHHELD)).read_bytes()
    assert picture.startswith(b"\x89PNG")


def test_a_mean_over_seeds_is_rounded_once() -> None:
    rows = [{"detail": 0.9951}, {"detail": 0.9929}]
    assert tables._cell(rows, "detail", 0) == "99 (99 to 100)"
    assert tables._cell([{"mark": -0.001}], "mark", 0) == "0"


def test_rows_of_other_kinds_and_seeds_stay() -> None:
    before = [{"kind": "marked", "seed": 0}, {"kind": "withheld", "seed": 0}, {"kind": "withheld", "seed": 1}]
    new = [{"kind": "withheld", "seed": 0, "fresh": True}]
    after = tables.merged(before, new)
    assert sorted((row["kind"], row["seed"], "fresh" in row) for row in after) == [
        ("marked", 0, False),
        ("withheld", 0, True),
        ("withheld", 1, False),
    ]
