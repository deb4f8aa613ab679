"""The lab's study of assistant mode, in its smallest size, and its figures on made-up rows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lab.assistant.__main__ import main
from lab.assistant.rivals import SEARCHES, Nsga2
from lab.assistant.study import OURS, PRESETS
from lab.assistant.tables import digest, interval
from lab.assistant.world import SIZE, TRIED, head_box, shots
from photoveil.assistant.front import Measured, hypervolume
from photoveil.assistant.history import History, Subject
from photoveil.assistant.parameters import Space


def test_the_smallest_study_runs_and_is_taken_up_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--preset", "ci", "--out", str(tmp_path), "--cache", str(tmp_path / "cache")]
    main(arguments)
    first = json.loads((tmp_path / "assistant.json").read_text())
    capsys.readouterr()

    main(arguments)

    told = capsys.readouterr().out
    assert "seed 0" not in told  # nothing was measured again
    assert first["rows"] == json.loads((tmp_path / "assistant.json").read_text())["rows"]
    preset = PRESETS["ci"]
    searched = [row for row in first["rows"] if row["what"] == "search"]
    assert len(searched) == preset.photos * preset.seeds * len(SEARCHES)
    assert {row["queries"] for row in searched} == {preset.queries}
    places = {row["search"] for row in first["rows"] if row["what"] == "copy"}
    assert places == {"original", "early knee", "knee", "most useful", "most private"}
    assert set(first["hypervolume"]) == set(SEARCHES)
    assert "chance" in (tmp_path / "assistant.md").read_text()
    for picture in ("assistant.png", "assistant-examples.png"):
        assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG")


def test_figures_are_those_of_the_rows() -> None:
    def search(name: str, photo: int, *values: tuple[float, float]) -> dict[str, object]:
        return {"what": "search", "search": name, "photo": photo, "seed": 0, "queries": 2, "values": values}

    def copy(place: str, photo: int, right: bool, kept: float) -> dict[str, object]:
        told = {"what": "copy", "search": place, "photo": photo, "seed": 0}
        return {**told, "recognised": {"witness, head": right}, "kept": kept}

    rows = [
        *(
            search(name, photo, (0.5, 0.5), (0.5, 0.5))
            for name in SEARCHES
            if name != OURS
            for photo in (0, 1)
        ),
        *(search(OURS, photo, (0.5, 0.5), (0.0, 0.0)) for photo in (0, 1)),
        *(copy("early knee", photo, photo == 0, 1.0 - photo / 2) for photo in (0, 1)),
    ]

    found = digest(rows, replace(PRESETS["ci"], queries=2), "ci")

    assert [e["mean"] for e in found["hypervolume"][OURS]] == [0.25, 1.0]
    assert [e["gain"] for e in found["ahead"][0]["queries"]] == [0.0, 0.75]
    assert found["ahead"][0]["reached_its_last_after"] == 1
    early = found["copies"][2]
    assert early["recognised"]["witness, head"]["rate"] == 0.5
    assert early["kept"] == 0.75


def test_an_interval_is_over_photos() -> None:
    assert interval(np.full((5, 3), 0.4)) == pytest.approx((0.4, 0.4))
    low, high = interval(np.arange(100, dtype=np.float64)[:, None])
    assert 40 < low < 49.5 < high < 59


def test_heads_are_where_the_boxes_say() -> None:
    from lab.render import render

    for shot in shots(TRIED + 50, 3):
        left, top, right, bottom = shot.region.pixels(*SIZE)
        bare, dyed = shot.pixels(), _with_other_skin(shot)
        changed = np.argwhere((bare.astype(int) - dyed).any(axis=2))
        inside = changed[
            (changed[:, 0] >= top)
            & (changed[:, 0] < bottom)
            & (changed[:, 1] >= left)
            & (changed[:, 1] < right)
        ]
        assert len(inside) > 0.2 * (right - left) * (bottom - top)
        assert render(shot.spec, 480, 480).shape == (480, 480, 3)
        assert head_box(shot.spec, 480, 480).box != shot.region.box


def _with_other_skin(shot: object) -> np.ndarray:
    from lab.assistant.world import Shot
    from lab.render import render

    assert isinstance(shot, Shot)
    persona = shot.spec.persona
    other = "dark" if persona.look.skin in ("light", "tan") else "light"
    spec = replace(shot.spec, persona=replace(persona, look=replace(persona.look, skin=other)))
    return render(spec, *SIZE)


def test_nsga_2_gets_better_than_its_first_generation() -> None:
    searcher = Nsga2(3, seed=1)
    values = []
    for _ in range(80):
        vector = searcher.propose()
        value = (float(np.abs(vector - 0.2).mean()), float(np.abs(vector - 0.3).mean()))
        searcher.tell(vector, Measured(*value))
        values.append(value)

    assert hypervolume(np.array(values[:10])) < hypervolume(np.array(values)) - 0.02


def test_every_search_proposes_what_the_space_has() -> None:
    subject = Subject(("face",), (0.1, 0.2))
    for make in SEARCHES.values():
        vector = make(subject, 0, History()).propose()
        assert vector.shape == (Space(("face",)).size,)
        assert ((vector >= 0) & (vector <= 1)).all()
