"""A study's rows as a table people can read, and as a plot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.affiliation.metrics import GATE, interval
from lab.affiliation.plan import BOXES, CLEAN

_SAME = ("looks", "defence", "channel", "victim", "attacker", "share", "mixed", "counter")


def summary(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One line per condition over all its seeds, with a 95 % interval over people, and whether its clean
    attacker passed the gate."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in _SAME)].append(row)
    lines = [_line(key, group) for key, group in groups.items()]
    gates = {_world(line): line["leak"] for line in lines if line["defence"] == CLEAN and line["share"] == 1}
    return [line | {"counts": gates.get(_world(line), 0.0) >= GATE} for line in lines]


def _world(line: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(line[name] for name in ("looks", "channel", "victim", "attacker", "mixed", "counter"))


def _line(key: tuple[Any, ...], group: list[dict[str, Any]]) -> dict[str, Any]:
    people = np.concatenate([_over_tuning(rows) for rows in _by_album(group)])
    measured = {
        name: [row[name] for row in group if row[name] is not None]
        for name in ("psnr_db", "ssim", "general", "general_before", "strangers", "chance")
    }
    return {
        **dict(zip(_SAME, key, strict=True)),
        "box": BOXES[group[0]["victim"]],
        "leak": float(people.mean()),
        "interval": interval(people),
        "runs": len(group),
        **{name: float(np.mean(values)) if values else None for name, values in measured.items()},
    }


def _by_album(group: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    albums: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in group:
        albums[row["album_seed"]].append(row)
    return list(albums.values())


def _over_tuning(rows: list[dict[str, Any]]) -> NDArray[np.float64]:
    people: NDArray[np.float64] = np.array([row["by_person"] for row in rows], np.float64)
    return np.asarray(people.mean(axis=0))


def as_markdown(lines: Sequence[dict[str, Any]], command: str, version: str) -> str:
    """The table; rows whose clean attacker failed the gate are in brackets."""
    head = (
        "people | photos | then | attacker | tower | PSNR dB | leak % | 95 % interval | chance % "
        "| strangers % | general ability % (before) | runs"
    )
    table = [f"| {head} |", "|" + " --- |" * (head.count("|") + 1)]
    table += [f"| {' | '.join(_cells(line))} |" for line in lines]
    return (
        f"# Identity-affiliation leak\n\nPhotoveil {version}, `{command}`.\n\n" + "\n".join(table) + "\n\n"
        "Leak: share of questions about the seven kinds of facts answered word for word from clean portraits that "
        "show none of them. Interval: bootstrap over people. Chance: the commonest answer to each question. Strangers: "
        "the same questions about look-alikes who posted nothing. General ability: questions about what is to be seen "
        f"on photos of others. Rows in brackets do not count: their clean attacker stays below {GATE:.0%}.\n"
    )


def _cells(line: dict[str, Any]) -> list[str]:
    leak = f"{100 * line['leak']:.1f}"
    share = "" if line["share"] == 1 else f" on {line['share']:.0%} of the photos"
    general = (
        "–"
        if line["general"] is None
        else f"{_percent(line['general'])} ({_percent(line['general_before'])})"
    )
    return [
        line["looks"],
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
