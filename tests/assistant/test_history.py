"""What is remembered of earlier photos."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from photoveil.assistant.history import KEPT, PHOTOS, History, Subject, Trial, critical
from photoveil.assistant.kinds import KINDS
from photoveil.assistant.parameters import FULL, Space

SHARES = st.floats(0, 1)
TRIALS = st.lists(
    st.builds(Trial, st.tuples(*[SHARES] * FULL), SHARES, SHARES, SHARES), min_size=1, max_size=40
)


def trial(leak: float, loss: float, place: float = 0.5, surprise: float = 0.0) -> Trial:
    return Trial((place, *[0.5] * (FULL - 1)), leak, loss, surprise)


def subject(light: float = 0.0, *kinds: str) -> Subject:
    return Subject(kinds or ("face",), (light, 1.0))


@given(TRIALS)
def test_few_are_kept_and_both_ends_of_the_front_among_them(trials: list[Trial]) -> None:
    kept = critical(trials)

    assert len(kept) <= KEPT
    assert set(kept) <= set(trials)
    assert min(t.leak for t in kept) == min(t.leak for t in trials)
    assert min(t.loss for t in kept) == min(t.loss for t in trials)


def test_cliffs_and_surprises_are_kept_before_what_is_dull() -> None:
    front = [trial(0.1, 0.1, 0.9)]
    cliff = [trial(0.3, 0.2, 0.50), trial(0.3, 0.9, 0.51)]
    surprise = [trial(0.6, 0.6, 0.2, surprise=0.8)]
    dull = [trial(0.5, 0.5, place) for place in np.linspace(0.0, 0.05, 30)]

    kept = critical([*dull, *front, *cliff, *surprise], most=6)

    assert set(front + cliff + surprise) <= set(kept)


def test_a_file_keeps_what_another_run_learns_from(tmp_path: Path) -> None:
    file = tmp_path / "new" / "history.jsonl"
    History.load(file).learn(subject(0.3), [trial(0.2, 0.3), trial(0.1, 0.9)])
    History.load(file).learn(subject(0.9, "face", "chosen"), [Trial((None,) * 3 + (0.5,) * 9, 0.4, 0.4)])

    again = History.load(file)

    assert again.records[0] == (subject(0.3), (trial(0.2, 0.3), trial(0.1, 0.9)))
    assert again.records[1][0].kinds == ("face", "chosen")
    assert again.nearest(subject(0.8, "face", "chosen"), 1) == [again.records[1]]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not list(file.parent.glob("*.part"))


def test_lines_that_are_no_records_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    History.load(file).learn(subject(), [trial(0.2, 0.3)])
    good = json.loads(file.read_text())
    bad = [
        "not json",
        "[" * 20_000,
        "null",
        "{}",
        json.dumps(good | {"version": 2}),
        json.dumps(good | {"kinds": ["soul"]}),
        json.dumps(good | {"trials": [[0.5]]}),
        json.dumps(good | {"trials": [[0.5] * FULL + [float("nan"), 0.1, 0.1]]}),
        json.dumps(good | {"context": ["bright"]}),
    ]
    file.write_text("\n".join([*bad, json.dumps(good)]) + "\n\n")

    found = History.load(file)

    assert len(found.records) == 1
    assert found.skipped == len(bad)


def test_a_file_that_cannot_be_had_costs_no_photo_its_copy(tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "file").touch()
    for place in (tmp_path / "folder.jsonl", tmp_path / "file" / "history.jsonl"):
        history = History.load(place)
        history.learn(Subject(("face",), (0.5,)), [Trial((None,) * FULL, 0.1, 0.2)])
        assert len(history.records) == 1
    assert History.load(tmp_path / "folder.jsonl").skipped == 1


def test_only_the_latest_photos_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    history = History.load(file)
    for number in range(PHOTOS + 5):
        history.learn(subject(float(number)), [trial(0.5, 0.5)])

    for found in (history, History.load(file)):
        assert [s.context[0] for s, _ in found.records] == [float(n) for n in range(5, PHOTOS + 5)]


def test_runs_side_by_side_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"

    def run(number: int) -> None:
        History.load(file).learn(subject(float(number)), [trial(0.5, 0.5)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(12)))

    assert sorted(s.context[0] for s, _ in History.load(file).records) == [float(n) for n in range(12)]


@given(st.sets(st.sampled_from(KINDS)), st.lists(SHARES, min_size=12, max_size=12))
def test_a_vector_survives_its_full_form(kinds: set[str], values: list[float]) -> None:
    space = Space(tuple(kind for kind in KINDS if kind in kinds))
    vector = np.array(values[: space.size])

    assert (space.of_full(space.full(vector)) == vector).all()
    assert len(space.full(vector)) == FULL
