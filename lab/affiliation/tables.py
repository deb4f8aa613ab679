"""A study's rows as lines over all seeds, and these as tables people can read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.affiliation.album import Looks, make_album
from lab.affiliation.channels import UPLOAD
from lab.affiliation.metrics import GATE, chance, interval
from lab.affiliation.plan import BOXES, CLEAN, gate_counter
from lab.people import KINDS

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
    """One line per condition over all its seeds, with 95 % intervals over them and people, and whether it ``counts``.

    It does if its clean attacker passes the gate and random noise, where it was measured beside it, changes nothing.
    """
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in SAME)].append(row)
    lines = [_line(key, group) for key, group in groups.items()]
    gates = {_world(line): line for line in lines if line["defence"] == CLEAN and line["share"] == 1}
    noise: dict[tuple[Any, ...], float] = {}
    for line in lines:
        if line["defence"] in NOISE and line["share"] == 1:
            noise[_world(line)] = min(line["leak"], noise.get(_world(line), 1.0))
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
    rates = _rates(group, [row["by_person"] for row in group])
    measured = {
        name: [row[name] for row in group if row[name] is not None]
        for name in ("psnr_db", "ssim", "general", "general_before", "strangers", "chance")
    }
    return {
        **dict(zip(SAME, key, strict=True)),
        "box": BOXES[group[0]["victim"]],
        "leak": _mean(rates),
        "interval": interval(rates),
        "by_kind": {kind: _kind(group, kind) for kind in group[0]["by_kind_and_person"]},
        "runs": len(group),
        "album_seeds": sorted({row["album_seed"] for row in group}),
        "tune_seeds": sorted({row["tune_seed"] for row in group}),
        "seconds": round(sum(row.get("seconds", 0.0) for row in group), 1),
        **{name: float(np.mean(values)) if values else None for name, values in measured.items()},
    }


def _kind(group: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    rates = _rates(group, [row["by_kind_and_person"][kind] for row in group])
    known = [_chance_of(Looks(row["looks"]), row["people"], row["album_seed"], kind) for row in group]
    return {"leak": _mean(rates), "interval": interval(rates), "chance": float(np.mean(known))}


@cache
def _chance_of(looks: Looks, people: int, album_seed: int, kind: str) -> float:
    """How often an album's commonest answer to one question is right."""
    album = make_album(looks, people, 0, 0, album_seed)
    return chance([member.persona.facts for member in album.members], (kind,))


def _rates(group: list[dict[str, Any]], rates: list[list[float]]) -> list[NDArray[np.float64]]:
    """For each album everybody's rate, tuning seeds × people."""
    albums: dict[int, list[list[float]]] = defaultdict(list)
    for row, people in zip(group, rates, strict=True):
        albums[row["album_seed"]].append(people)
    return [np.array(runs, np.float64) for runs in albums.values()]


def _mean(albums: Sequence[NDArray[np.float64]]) -> float:
    """Over people, each of whom counts once however many tuning seeds there are."""
    return float(np.concatenate([rates.mean(axis=0) for rates in albums]).mean())


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
    "albums × tunings",
)

EXPLAINED = (
    "Leak: share of questions about the seven kinds of facts answered word for word from clean portraits that "
    "show none of them. Interval: bootstrap over albums, their people and tuning seeds. Chance: the commonest answer "
    "to each question; for a single person, how often the attacker tells this person's facts of strangers. "
    "Strangers: the same questions about people who posted nothing. General ability: questions about what is to be "
    f"seen on photos of others. Rows in brackets do not count: their clean attacker stays below {GATE:.0%}, or random "
    f"noise changes it by more than {_NOISE_MAY_CHANGE:.0%}."
)


def table(lines: Sequence[Line]) -> str:
    """The lines as a Markdown table; leaks that do not count are in brackets."""
    rows = [f"| {' | '.join(_HEAD)} |", "|" + " --- |" * len(_HEAD)]
    rows += [f"| {' | '.join(_cells(line))} |" for line in lines]
    return "\n".join(rows) + "\n"


def kinds_table(lines: Sequence[Line]) -> str:
    """The same leaks by the kind of fact, each with its interval, below what can be known without looking."""
    head = ("posted", "attacker", "tower", *KINDS)
    rows = [f"| {' | '.join(head)} |", "|" + " --- |" * len(head)]
    worlds = {
        (line["people"], *line["album_seeds"]): line
        for line in lines
        if len(line["by_kind"]) == len(KINDS) and line["people"] > 1
    }
    for (people, *seeds), line in worlds.items():
        known = (_whole(line["by_kind"][kind]["chance"]) for kind in KINDS)
        albums = ", ".join(map(str, seeds))
        rows.append(f"| {' | '.join((f'chance, {people} people, albums {albums}', '–', '–', *known))} |")
    for line in lines:
        cells = (_kind_cell(line["by_kind"].get(kind), line["counts"]) for kind in KINDS)
        rows.append(f"| {' | '.join((line['defence'], line['attacker'], line['victim'], *cells))} |")
    return "\n".join(rows) + "\n"


def is_usual(line: Line) -> bool:
    """Whether a line is about files as they were uploaded, all of them treated, and nobody who fights back."""
    return line["channel"] == UPLOAD and not line["counter"] and not line["mixed"] and line["share"] == 1


def as_markdown(lines: Sequence[Line], command: str, version: str) -> str:
    """All lines in one table, and the usual ones by kind of fact."""
    return (
        f"# Identity-affiliation leak\n\nPhotoveil {version}, `{command}`.\n\n{table(lines)}\n{EXPLAINED}\n\n"
        f"## By kind of fact\n\nLeak in %, with the same intervals.\n\n"
        f"{kinds_table([line for line in lines if is_usual(line)])}"
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
        f"{len(line['album_seeds'])} × {len(line['tune_seeds'])}",
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _kind_cell(kind: dict[str, Any] | None, counts: bool) -> str:
    if kind is None:
        return "–"
    leak = f"{_whole(kind['leak'])} ({' to '.join(map(_whole, kind['interval']))})"
    return leak if counts else f"({leak})"


def _whole(share: float) -> str:
    return f"{100 * share:.0f}"
