"""The rows of docs/results/performance.json and .md: kept from run to run, replaced by whoever measures them again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path

from lab.writing import replace_file

NAME = "performance"


@dataclass(frozen=True)
class Goal:
    """A bound on a row's value."""

    bound: float
    at_least: bool = False

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}"

    def met(self, value: float) -> bool:
        """Whether a value keeps it."""
        return value >= self.bound if self.at_least else value <= self.bound


@dataclass(frozen=True)
class Row:
    """One figure and all that is needed to measure it again.

    Attributes:
        name: model set, probe and what of it, such as ``starter/overhead/batch-1``.
        value: the median of ``count`` measurements, whose quartiles are ``spread``.
        goal: such as ``≤ 1.5``; empty where nothing was promised. ``met`` tells whether the value keeps it.
        in_cpu_time: the value taken in processor time of this process, which other programs hardly change; None
            where that says nothing.
        machine, device: what it was measured on; ``device`` is torch's kind of it.
        note: what has to be known beside the figure.
    """

    name: str
    value: float
    unit: str
    goal: str
    met: bool | None
    count: int
    spread: tuple[float, float] | None
    in_cpu_time: float | None
    machine: str
    device: str
    seed: int
    command: str
    version: str
    date: str
    note: str = ""

    @property
    def probe(self) -> tuple[str, str]:
        """The model set with the probe, and the device: rows that are measured together."""
        return self.name.rpartition("/")[0], self.device


def read(folder: Path) -> list[Row]:
    """The rows written there before; none where there is no file yet."""
    try:
        document = json.loads((folder / f"{NAME}.json").read_text("utf-8"))
    except FileNotFoundError:
        return []
    return [Row(**{**row, "spread": row["spread"] and tuple(row["spread"])}) for row in document["rows"]]


def merged(before: Sequence[Row], new: Sequence[Row], order: Sequence[str]) -> list[Row]:
    """What was there, the rows of every probe among ``new`` replaced by these, by device and then in ``order``."""
    fresh = {row.probe for row in new}
    rows = [*(row for row in before if row.probe not in fresh), *new]
    places = {name: place for place, name in enumerate(order)}
    return sorted(rows, key=lambda row: (row.device, places.get(row.probe[0], len(places))))


def write(folder: Path, rows: Sequence[Row], remark: str = "") -> None:
    """Write both files, each in one step; ``remark`` stands above the table."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {"remark": remark, "rows": [asdict(_short(row)) for row in rows]}
    replace_file(folder / f"{NAME}.json", json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    replace_file(folder / f"{NAME}.md", as_markdown(rows, remark))


def as_markdown(rows: Sequence[Row], remark: str = "") -> str:
    """The rows as a table for each device, with what has to be known of them below."""
    parts = [
        "# Performance",
        "`python -m lab.performance` writes this file; `--only NAME` measures some rows again. Values are medians, "
        "in brackets the quartiles and the number of measurements. Ratios travel from machine to machine, "
        "milliseconds do not. “In processor time” is the same figure without the time that was spent waiting, among "
        "others for other programs.",
        *([remark] if remark else []),
    ]
    for device, chosen in groupby(sorted(rows, key=lambda row: row.device), key=lambda row: row.device):
        parts.append(_section(device, list(chosen)))
    return "\n\n".join(parts) + "\n"


def _section(device: str, rows: list[Row]) -> str:
    machines = list(dict.fromkeys(row.machine for row in rows))
    notes = list(dict.fromkeys(row.note for row in rows if row.note))
    lines = [
        f"## {device}",
        "",
        *(f"Machine {_letter(n)}: {machine}." for n, machine in enumerate(machines)),
        "",
        "| name | value | unit | goal | in processor time | machine | notes |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in map(_short, rows):
        lines.append(
            f"| {row.name} | {_value(row)} | {row.unit} | {_goal(row)} | {_plain(row.in_cpu_time)} | "
            f"{_letter(machines.index(row.machine))} | {notes.index(row.note) + 1 if row.note else ''} |"
        )
    lines += ["", *(f"{number}. {note}" for number, note in enumerate(notes, 1)), ""]
    commands = dict.fromkeys((row.command, row.seed, row.version, row.date[:10]) for row in rows)
    lines += [f"- `{c}`, seed {seed}, Photoveil {version}, {date}" for c, seed, version, date in commands]
    return "\n".join(lines)


def _letter(number: int) -> str:
    return chr(ord("A") + number % 26)


def _value(row: Row) -> str:
    if row.spread is None:
        return f"**{_plain(row.value)}**"
    return f"**{_plain(row.value)}** ({_plain(row.spread[0])} to {_plain(row.spread[1])}, {row.count})"


def _goal(row: Row) -> str:
    return f"{row.goal}, {'met' if row.met else '**missed**'}" if row.goal else ""


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _short(row: Row) -> Row:
    """With no more digits than a measurement can bear."""
    spread = None if row.spread is None else (_rounded(row.spread[0]), _rounded(row.spread[1]))
    in_cpu_time = None if row.in_cpu_time is None else _rounded(row.in_cpu_time)
    return replace(row, value=_rounded(row.value), spread=spread, in_cpu_time=in_cpu_time)


def _rounded(value: float) -> float:
    return float(f"{value:.4g}") if abs(value) < 1000 else float(round(value))


def missed(rows: Iterable[Row]) -> list[Row]:
    """Those whose goal is not kept."""
    return [row for row in rows if row.met is False]
