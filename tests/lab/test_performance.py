"""The performance bench: what it notes, what it compares, and what it keeps; with tiny encoders and photos."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lab.affiliation import outside
from lab.performance import rivals, rows, towers
from lab.performance.__main__ import main
from lab.performance.bench import Bench
from lab.performance.passes import Marks, Pass, Watch, bare, run, under_way
from lab.performance.probes import memory, race
from lab.performance.rivals import ALONE, RIVALS, Choir, attack
from lab.performance.rows import Goal, Row
from lab.performance.timing import Spent, by_turns, quartiles, ratios
from photoveil.protection import Persona
from photoveil.protection.encoders import Encoder
from photoveil.protection.lanes import Lanes
from tests.models import tiny_hub
from tests.tiny_models import tiny_models

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def bench(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("bench"), CPU, models=models, rounds=2, quick=True)


def _row(name: str, value: float = 1.0, device: str = "cpu", **more: Any) -> Row:
    row = Row(name, value, "s", "", None, 1, None, None, "here", device, 0, "command", "1", "2026-01-01")
    return replace(row, **more)


_ORDER = ["starter/files", "starter/overhead", "standard/files"]


def test_what_is_measured_again_replaces_all_rows_of_its_probe_on_its_device() -> None:
    before = [
        _row("starter/files/a"),
        _row("starter/files/gone"),
        _row("starter/overhead/a"),
        _row("starter/files/a", device="cuda"),
        _row("standard/files/a"),
    ]
    after = rows.merged(before, [_row("starter/files/a", 2.0), _row("starter/files/new")], _ORDER)
    assert [(row.name, row.device, row.value) for row in after] == [
        ("starter/files/a", "cpu", 2.0),
        ("starter/files/new", "cpu", 1.0),
        ("starter/overhead/a", "cpu", 1.0),
        ("standard/files/a", "cpu", 1.0),
        ("starter/files/a", "cuda", 1.0),
    ]


_figures = st.floats(1e-6, 1e9)


@given(st.lists(st.tuples(_figures, st.none() | st.tuples(_figures, _figures)), min_size=1, max_size=6))
def test_rows_survive_being_written_and_read(
    tmp_path_factory: pytest.TempPathFactory, found: Sequence[tuple[float, tuple[float, float] | None]]
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    written = [_row(f"starter/files/{n}", value, spread=spread) for n, (value, spread) in enumerate(found)]
    rows.write(folder, written)
    read = rows.read(folder)
    assert [row.value for row in read] == pytest.approx([row.value for row in written], rel=1e-3)
    first = (folder / "performance.json").read_bytes()
    rows.write(folder, read)
    assert (folder / "performance.json").read_bytes() == first


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    rows.write(tmp_path, [_row("starter/files/a")])
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(UnicodeEncodeError):
        rows.write(tmp_path, [_row("starter/files/a", note="\ud800")])
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_the_table_tells_what_was_promised_and_what_came_of_it() -> None:
    text = rows.as_markdown(
        [
            _row("starter/a/kept", 1.0, goal="≤ 1.1", met=True, note="Why."),
            _row("starter/a/broken", 1.23456, goal="≤ 1.1", met=False, spread=(1.2, 1.3), count=5),
        ]
    )
    assert "| starter/a/kept | **1** | s | ≤ 1.1, met |  | A | 1 |" in text
    assert "| starter/a/broken | **1.235** (1.2 to 1.3, 5) | s | ≤ 1.1, **missed** |  | A |  |" in text
    assert "1. Why." in text


@pytest.mark.parametrize(
    ("goal", "told", "kept", "broken"),
    [(Goal(1.1), "≤ 1.1", 1.1, 1.2), (Goal(10, at_least=True), "≥ 10", 10, 9.9)],
    ids=["at most", "at least"],
)
def test_goals(goal: Goal, told: str, kept: float, broken: float) -> None:
    assert (str(goal), goal.met(kept), goal.met(broken)) == (told, True, False)


def test_works_take_turns_after_one_run_that_does_not_count() -> None:
    done: list[str] = []
    spent = by_turns({"a": lambda: done.append("a"), "b": lambda: done.append("b")}, 3, CPU)
    assert "".join(done) == "abababab"
    assert [len(found) for found in spent.values()] == [3, 3]


def test_ratios_are_taken_round_by_round() -> None:
    pairs = ratios([Spent(2, 9), Spent(6, 4)], [Spent(1, 3), Spent(2, 0)])
    assert pairs == [Spent(2, 3), Spent(3, 0)]
    assert quartiles([1, 2, 3, 4, 5]) == (2, 4)
    assert quartiles([1]) is None


def _passes(watch: Watch) -> list[tuple[str, int, bool, bool]]:
    return [(one.encoder.name, one.batch, one.gradient, one.rough) for one in watch.passes]


def test_bare_passes_are_those_that_the_engine_made(bench: Bench) -> None:
    encoders, marks = bench.engine.encoders, Marks(CPU)
    persona = Persona("me")
    with Watch(encoders) as engine:
        bench.engine.protect(bench.photo(1.2), persona=persona, progress=marks)
    steps = engine.within(marks.steps[0].wall, marks.steps[-1].wall)
    surrogates = {encoder.name for encoder in bench.engine.surrogates}
    assert {one.encoder.name for one in steps} == surrogates
    assert all(one.rough for one in steps)
    for name in surrogates:
        ways_back = [one for one in steps if one.gradient and one.encoder.name == name]
        assert len(ways_back) == len(marks.steps) - 1
    with Watch(encoders) as again:
        bare(steps, CPU, Lanes())
    assert _passes(again) == [(s.encoder.name, s.batch, s.gradient, s.rough) for s in steps]
    assert not any(encoder._forward_hooks or encoder._forward_pre_hooks for encoder in encoders)


def test_time_in_which_several_passes_were_under_way_counts_once(bench: Bench) -> None:
    def one(start: float, seconds: float) -> Pass:
        return Pass(
            bench.engine.encoders[0], 1, False, False, Spent(start, 2 * start), Spent(seconds, 2 * seconds)
        )

    assert under_way([]) == Spent(0, 0)
    assert under_way([one(5, 1), one(1, 2), one(0, 2), one(0, 1), one(5, 1)]) == Spent(4, 8)


def test_passes_side_by_side_are_told_apart(bench: Bench) -> None:
    encoders = bench.engine.encoders
    pictures = torch.rand(1, 3, encoders[0].size, encoders[0].size)
    meeting = threading.Barrier(len(encoders), timeout=60)

    def look(encoder: Encoder) -> None:
        meeting.wait()
        encoder(pictures)

    with Watch(encoders) as watch:
        Lanes(len(encoders)).run([partial(look, encoder) for encoder in encoders])
    assert sorted(one.encoder.name for one in watch.passes) == sorted(encoder.name for encoder in encoders)
    assert all(one.spent.wall > 0 for one in watch.passes)


def test_marks_are_those_of_the_steps() -> None:
    marks = Marks(CPU)
    marks("prepare", 1.0)
    marks("protect", 0.0)
    for step in range(1, 21):
        marks("protect", step / 20)
    marks("protect", 1.0)
    marks("write", 0.0)
    assert len(marks.steps) == 20
    assert marks.whole.wall >= marks.span.wall


@pytest.fixture(scope="module")
def duel(bench: Bench) -> tuple[outside.Opposites, torch.Tensor]:
    """All surrogates against the opposite of where a photo lies, and the photo's central square."""
    engine, persona = bench.engine, Persona("me")
    engine.learn(persona, [bench.photo(1.2, number) for number in range(3)])
    anchors = [persona.anchor(encoder, CPU).pooled.clone() for encoder in engine.surrogates]
    model = outside.Opposites(Choir(engine.surrogates), Choir.joined(anchors)).eval()
    return model, outside.central(bench.photo(1.2), engine.surrogates[0])


def test_a_choir_hears_the_mean_of_its_voices(
    bench: Bench, duel: tuple[outside.Opposites, torch.Tensor]
) -> None:
    model, shown = duel
    assert isinstance(model.encoder, Choir)
    voices = [voice for voice in model.encoder.voices if isinstance(voice, Encoder)]
    with torch.no_grad():
        together = model(shown)[:, 1]
        parts = model.anchor.split([voice(shown).pooled.shape[1] for voice in voices], dim=-1)
        alone = [outside.Opposites(v, part)(shown)[:, 1] for v, part in zip(voices, parts, strict=True)]
    torch.testing.assert_close(together, torch.stack(alone).mean(0))
    assert len(voices) == len(bench.engine.surrogates) > 1


@pytest.mark.skipif(not outside.installed(), reason=f"needs `{outside.INSTALL}`")
@pytest.mark.parametrize("name", outside.ATTACKS)
def test_what_an_attack_has_after_some_steps_is_what_fewer_steps_end_with(
    name: str, duel: tuple[outside.Opposites, torch.Tensor]
) -> None:
    model, shown = duel
    found = attack(name, model, shown, (2, 5), seed=3)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        ended = outside.made(name, model, 2)(shown, torch.ones(1, dtype=torch.long))
    torch.testing.assert_close(found[2][0], ended)
    assert 0 < found[2][1].wall < found[5][1].wall


@pytest.mark.parametrize("name", [name for name in RIVALS if name in ALONE or outside.installed()])
def test_an_attack_ends_when_its_time_is_up(name: str, duel: tuple[outside.Opposites, torch.Tensor]) -> None:
    model, shown = duel
    found = attack(name, model, shown, (1, 10**6), seed=0, seconds=0.0)
    assert list(found) == [1]
    assert (found[1][0] - shown).abs().max() > 0


def _reached(*runs: tuple[int, float, float]) -> list[race.Reached]:
    return [race.Reached(steps, shift, 34.0, Spent(wall, wall)) for steps, shift, wall in runs]


_OWN = _reached((1, 0.2, 1.0), (20, 0.4, 2.0))


@pytest.mark.parametrize(
    ("rival", "equal", "until_equal", "at_its_best"),
    [
        (_reached((5, 0.3, 4.0), (10, 0.5, 8.0)), True, 4.0, 4.0),
        (_reached((5, 0.15, 4.0), (10, 0.1, 30.0)), False, 15.0, 4.0),
        (_reached((5, 0.3, 4.0), (10, 0.1, 30.0)), False, 15.0, 2.0),
    ],
    ids=["comes as far", "never beyond our first step", "never as far"],
)
def test_who_never_comes_as_far_is_compared_by_the_time_given_and_at_its_best(
    rival: list[race.Reached], equal: bool, until_equal: float, at_its_best: float
) -> None:
    duel = race.Duel(_OWN, rival)
    assert duel.equal is equal
    assert duel.until_equal.wall == until_equal
    assert duel.at_its_best.wall == at_its_best


@pytest.mark.parametrize("name", RIVALS)
def test_rivals_reach_for_the_anchor(name: str, duel: tuple[outside.Opposites, torch.Tensor]) -> None:
    if name not in ALONE and not outside.installed():
        pytest.skip(f"needs `{outside.INSTALL}`")
    model, shown = duel
    moved = attack(name, model, shown, (20,), seed=0)[20][0]
    with torch.no_grad():
        assert model(moved)[0, 1] > model(shown)[0, 1] + 0.05
    assert 0 <= float(moved.min()) <= float(moved.max()) <= 1
    if name == rivals.PHOTOGUARD:
        assert float((moved - shown).abs().max()) <= 0.03 + 1e-6


_IN_PROCESS = ("files", "overhead", "peak", "photos", "race")


def test_every_probe_in_this_process_finds_figures(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["starter/peak/gemm-float32" if probe == "peak" else probe for probe in _IN_PROCESS]
    assert main(["--quick", "--models", str(models), "--out", str(tmp_path), "--only", *names]) == 0
    found = rows.read(tmp_path)
    assert {row.name.split("/")[1] for row in found} == set(_IN_PROCESS)
    assert all(row.value > 0 for row in found)
    assert {row.command for row in found} == {
        f"python -m lab.performance --only {probe}" for probe in _IN_PROCESS
    }
    assert "starter/overhead/batch-4" in capsys.readouterr().out
    assert "no figure means anything" in (tmp_path / "performance.md").read_text("utf-8")


def test_a_probe_that_fails_leaves_its_rows_and_tells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows.write(tmp_path, [_row("starter/peak/a")])
    (tmp_path / "starter").mkdir()
    (tmp_path / "starter" / "broken.json").write_text("{")
    (tmp_path / "starter" / "broken.safetensors").touch()
    asked = ["--quick", "--models", str(tmp_path), "--out", str(tmp_path), "--only", "peak"]
    assert main(asked) == 1
    assert "starter/peak could not be measured" in capsys.readouterr().err
    assert [row.name for row in rows.read(tmp_path)] == ["starter/peak/a"]


def test_a_name_that_nothing_has_is_told_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"nonsense.*starter/overhead"):
        main(["--out", str(tmp_path), "--only", "nonsense"])
    assert not list(tmp_path.iterdir())


def test_random_weights_serve_a_set_that_nobody_fetched(tmp_path: Path) -> None:
    described = tmp_path / "described"
    tiny_hub.know_architectures(tmp_path / "architectures")
    tiny_hub.describe(described, "quartet", tiny_hub.QUARTET)
    bench = Bench(tmp_path, CPU, "quartet", described, quick=True)
    assert not towers.has("quartet", described)
    engine = bench.engine
    assert towers.has("quartet", bench.models_dir)
    for encoder in engine.encoders:
        images = torch.rand(2, 3, encoder.size, encoder.size)
        found = encoder.roughly(images)
        assert torch.isfinite(found.pooled).all()
        assert torch.isfinite(found.tokens).all()
        # Different pictures look different: the weights are no zeros.
        assert (found.pooled[0] - found.pooled[1]).abs().max() > 0
        run(encoder, images, gradient=True, rough=True)
    assert not list(tmp_path.rglob("random/*"))


def test_memory_is_that_of_a_process_of_its_own(bench: Bench) -> None:
    found = memory._footprint(bench, 1.2)
    assert 50 < found["loaded"] < found["peak"] < 5000
    assert found["device_peak"] == 0
