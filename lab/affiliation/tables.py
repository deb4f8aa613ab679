"""A study's rows as lines over all seeds, and these as tables people can read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.affiliation.metrics import GATE, interval
from lab.affiliation.plan import BOXES, CLEAN, gate_counter

SAME = (
    "looks",
    "defence",
    "channel",
    "victim",
    "attacker",
    "share",
    "mixed",
    "counter",
    "people",
    "photos",
)
"""What the rows of a line have in common; they differ in their seeds."""

NOISE = ("canvas-noise", "white-noise")
_NOISE_MAY_CHANGE = 0.05
_HARDLY_TELLS_APART = 0.5

Line = dict[str, Any]


def summary(rows: Sequence[dict[str, Any]]) -> list[Line]:
    """One line per condition over all its seeds, with 95 % intervals over people, and whether it ``counts``.

    It does if its clean attacker passes the gate and random noise, where it was measured beside it, changes nothing.
    """
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in SAME)].append(row)
    lines = [_line(key, group) for key, group in groups.items()]
    gates = {_world(line): line for line in lines if line["defence"] == CLEAN and line["share"] == 1}
    noise = {_world(line): line["leak"] for line in lines if line["defence"] in NOISE and line["share"] == 1}
    return [line | {"counts": _passes(gates.get(_world(line)), noise.get(_world(line)))} for line in lines]


def _passes(clean: Line | None, noise: float | None) -> bool:
    if clean is None or clean["leak"] < GATE:
        return False
    # Who says the same of everybody has not learnt whom it is about.
    if clean["people"] == 1 and clean["chance"] > _HARDLY_TELLS_APART:
        return False
    return noise is None or noise >= clean["leak"] - _NOISE_MAY_CHANGE


def _world(line: Line) -> tuple[Any, ...]:
    """Everything but what was done to the photos."""
    same = [line[name] for name in SAME if name not in ("defence", "share", "counter")]
    return (*same, gate_counter(line["counter"]))


def _line(key: tuple[Any, ...], group: list[dict[str, Any]]) -> Line:
    people = _people(group, [row["by_person"] for row in group])
    measured = {
        name: [row[name] for row in group if row[name] is not None]
        for name in ("psnr_db", "ssim", "general", "general_before", "strangers", "chance")
    }
    return {
        **dict(zip(SAME, key, strict=True)),
        "box": BOXES[group[0]["victim"]],
        "leak": float(people.mean()),
        "interval": interval(people),
        "by_kind": {kind: _kind(group, kind) for kind in group[0]["by_kind_and_person"]},
        "runs": len(group),
        "album_seeds": sorted({row["album_seed"] for row in group}),
        "tune_seeds": sorted({row["tune_seed"] for row in group}),
        "seconds": round(sum(row.get("seconds", 0.0) for row in group), 1),
        **{name: float(np.mean(values)) if values else None for name, values in measured.items()},
    }


def _kind(group: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    people = _people(group, [row["by_kind_and_person"][kind] for row in group])
    return {"leak": float(people.mean()), "interval": interval(people)}


def _people(group: list[dict[str, Any]], rates: list[list[float]]) -> NDArray[np.float64]:
    """Everybody's rate, one number per person: over tuning seeds first, as these are about the same people."""
    albums: dict[int, list[list[float]]] = defaultdict(list)
    for row, people in zip(group, rates, strict=True):
        albums[row["album_seed"]].append(people)
    return np.concatenate([np.array(runs, np.float64).mean(axis=0) for runs in albums.values()])


_HEAD = (
    "people",
    "photos",
    "then",
    "attacker",
    "tower",
    "PSNR dB",
    "leak %",
    "95 % interval",
    "chance %",
    "strangers %",
    "general ability % (before)",
    "runs",
)

EXPLAINED = (
    "Leak: share of questions about the seven kinds of facts answered word for word from clean portraits that "
    "show none of them. Interval: bootstrap over people. Chance: the commonest answer to each question; for a single "
    "person, how often the attacker tells this person's facts of strangers. Strangers: the same questions about "
    "people who posted nothing. General ability: questions about what is to be seen on photos of others. Rows in "
    f"brackets do not count: their clean attacker stays below {GATE:.0%}, or random noise changes it by more than "
    f"{_NOISE_MAY_CHANGE:.0%}."
)


def table(lines: Sequence[Line]) -> str:
    """The lines as a Markdown table; leaks that do not count are in brackets."""
    rows = [f"| {' | '.join(_HEAD)} |", "|" + " --- |" * len(_HEAD)]
    rows += [f"| {' | '.join(_cells(line))} |" for line in lines]
    return "\n".join(rows) + "\n"


def as_markdown(lines: Sequence[Line], command: str, version: str) -> str:
    """All lines in one table."""
    return (
        f"# Identity-affiliation leak\n\nPhotoveil {version}, `{command}`.\n\n{table(lines)}\n{EXPLAINED}\n"
    )


def _cells(line: Line) -> list[str]:
    leak = f"{100 * line['leak']:.1f}"
    share = "" if line["share"] == 1 else f" on {line['share']:.0%} of the photos"
    general = (
        "–"
        if line["general"] is None
        else f"{_percent(line['general'])} ({_percent(line['general_before'])})"
    )
    return [
        f"{line['people']} × {line['photos']}, {line['looks']}",
        line["defence"] + share + (", facts in these only" if line["mixed"] else ""),
        line["channel"],
        line["attacker"] + (f", {line['counter']}" if line["counter"] else ""),
        f"{line['victim']} ({line['box']})",
        "–" if line["psnr_db"] is None else f"{line['psnr_db']:.1f}",
        leak if line["counts"] else f"({leak})",
        " to ".join(_percent(end) for end in line["interval"]),
        _percent(line["chance"]),
        _percent(line["strangers"]),
        general,
        str(line["runs"]),
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
