"""From a measurement to the model set in force."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoveil.fitting import machine
from photoveil.fitting.machine import STARTER, Measurement
from photoveil.protection import model_sets
from photoveil.protection.model_sets import ModelSet
from tests.fitting.house import install

TOLD = {"pass_rate": 100.0, "look_rate": 200.0, "device": "cpu", "device_name": "x", "precision": "float32"}


def measured(rate: float = 100.0) -> Measurement:
    return machine.taken({**TOLD, "pass_rate": rate, "look_rate": 2 * rate}, "auto")


def sets(folder: Path, *here: str) -> list[ModelSet]:
    for name in here:
        install(folder, name)
    return model_sets.model_sets(folder)


def named(found: list[ModelSet], name: str) -> ModelSet:
    return next(one for one in found if one.name == name)


def test_a_measurement_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "machine.json"
    assert machine.read(file) is None
    written = measured()
    machine.write(file, written)
    found = machine.read(file)
    assert found == written
    assert found is not None
    assert found.holds("auto")


@pytest.mark.parametrize("text", ["", "[]", "{}", "nonsense", '{"pass_rate": 1}'])
def test_a_damaged_file_is_no_measurement(tmp_path: Path, text: str) -> None:
    file = tmp_path / "machine.json"
    file.write_text(text)
    assert machine.read(file) is None


@pytest.mark.parametrize("rate", [0.0, -1.0, "fast"])
def test_a_rate_that_cannot_be_is_no_measurement(tmp_path: Path, rate: object) -> None:
    file = tmp_path / "machine.json"
    machine.write(file, replace(measured(), pass_rate=rate))  # type: ignore[arg-type]
    assert machine.read(file) is None


@pytest.mark.parametrize("change", [{"machine": "another"}, {"torch": "0.1"}, {"wanted": "cuda"}])
def test_a_measurement_holds_for_what_was_measured(change: dict[str, str]) -> None:
    assert measured().holds("auto")
    assert not replace(measured(), **change).holds("auto")  # type: ignore[arg-type]


def test_bigger_sets_take_longer_and_faster_machines_less_time(tmp_path: Path) -> None:
    found = sets(tmp_path)
    assert machine.seconds(named(found, STARTER), measured()) is None
    standard, strong = (machine.seconds(named(found, name), measured()) for name in ("standard", "strong"))
    assert standard is not None
    assert strong is not None
    assert 5 < standard < strong
    quicker = machine.seconds(named(found, "standard"), measured(1000.0))
    assert quicker is not None
    assert 1 < quicker < standard / 4


def report(seconds: float, name: str = "standard", strength: str = "subtle") -> dict[str, Any]:
    return {"model_set": name, "strength": strength, "timings_ms": {"protect": 1.0, "total": seconds * 1000}}


def test_what_photos_really_took_goes_before_what_is_reckoned(tmp_path: Path) -> None:
    watch, held, found = machine.Stopwatch(), measured(), sets(tmp_path)
    for seconds in (40.0, 4.0, 4.2):
        assert watch.note(report(seconds), held) is None, "a few photos say little"
    better = watch.note(report(4.4), held)
    assert better is not None
    assert machine.seconds(named(found, "standard"), better) == 4.2
    assert machine.seconds(named(found, "strong"), better) == machine.seconds(named(found, "strong"), held)
    assert watch.note(report(4.3), better) is None, "hardly another figure"
    machine.write(tmp_path / "machine.json", better)
    assert machine.read(tmp_path / "machine.json") == better


@pytest.mark.parametrize("told", [{}, {"strength": "subtle"}, report(1, strength="no such"), report(0)])
def test_a_report_that_does_not_tell_changes_nothing(told: dict[str, Any]) -> None:
    watch = machine.Stopwatch()
    assert [watch.note(told, measured()) for _ in range(6)] == [None] * 6


def test_a_set_that_is_here_is_kept_a_little_longer(tmp_path: Path) -> None:
    held = measured()
    away = named(sets(tmp_path), "standard")
    expected = machine.seconds(away, held) or 0
    assert not machine.quick_enough(away, held, expected / 1.2)
    here = named(sets(tmp_path, "standard"), "standard")
    assert machine.quick_enough(here, held, expected / 1.2)
    assert not machine.quick_enough(here, held, expected / 1.8)


def test_the_one_that_was_named_is_in_force_as_soon_as_it_is_here(tmp_path: Path) -> None:
    slow = measured(1.0)
    assert machine.choose("strong", sets(tmp_path), slow, 1) == STARTER
    assert machine.choose("strong", sets(tmp_path, "strong"), slow, 1) == "strong"
    assert machine.choose(STARTER, sets(tmp_path, "standard"), slow, 1) == STARTER


def test_by_itself_the_best_that_is_quick_enough_is_in_force(tmp_path: Path) -> None:
    assert machine.choose("auto", sets(tmp_path), measured(1e6), 10) == STARTER
    both = sets(tmp_path, "standard", "strong")
    assert machine.choose("auto", both, measured(1e6), 10) == "strong"
    standard, strong = (
        machine.seconds(named(both, name), measured()) or 0 for name in ("standard", "strong")
    )
    assert machine.choose("auto", both, measured(), strong + 1) == "strong"
    assert machine.choose("auto", both, measured(), (standard + strong) / 3) == "standard"
    assert machine.choose("auto", both, measured(), standard / 2) == STARTER
    assert machine.choose("auto", both, None, 10) == "standard", "nobody has measured: the smallest real one"


def test_what_is_offered_need_not_be_here(tmp_path: Path) -> None:
    found = sets(tmp_path)
    best = machine.best(found, measured(1e6), 10)
    assert best is not None
    assert best.name == "strong"
    assert not best.installed
    assert machine.best(found, measured(1.0), 10) is None


@given(
    wanted=st.sampled_from(["auto", "starter", "standard", "strong", "nobody's"]),
    here=st.sets(st.sampled_from(["standard", "strong"])),
    rate=st.none() | st.floats(1e-3, 1e9),
    patience=st.integers(1, 600),
)
def test_whatever_is_wished_a_set_that_is_here_is_in_force(
    tmp_path_factory: pytest.TempPathFactory, wanted: str, here: set[str], rate: float | None, patience: int
) -> None:
    found = sets(tmp_path_factory.mktemp("models"), *here)
    held = measured(rate) if rate else None
    assert machine.choose(wanted, found, held, patience) in {STARTER, *here}


def test_choosing_needs_no_torch() -> None:
    check = "import sys, photoveil.fitting.desk; sys.exit('torch' in sys.modules or 'huggingface_hub' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
