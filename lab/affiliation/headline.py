"""What to show the user: which measurement on delivered bytes predicts the leak best?

Every candidate of `measures` is taken on every photo of a run, in the victim's own tower, in the surrogates and in the
witness, and averaged over the photos of a condition; then its rank correlation with the leak of that run's rows is
written down. The run's delivered files are used again.

    python -m lab.affiliation.headline --preset small
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lab.affiliation.__main__ import RESULTS, default_device
from lab.affiliation.measures import MEASURES, Sight, measure, spearman
from lab.affiliation.plan import CLEAN, PRESETS, Condition
from lab.affiliation.study import Study
from lab.affiliation.tables import SAME, Line, summary
from lab.affiliation.towers import Seen, general_features
from lab.starters.data import PhotoSet, draw
from lab.writing import note, noted
from photoveil import __version__
from photoveil.protection.catalogue import Role

_BANK_FROM, _BANK = 846_000_000, 300
_CELL = ("looks", "album_seed", "defence", "channel", "people", "photos")
_WHERE = ("victim", "surrogates", "witness")
_AT_LEAST = 4

Values = dict[str, dict[str, float]]
"""Mean of every measure, by tower."""


class Headline:
    """A run's conditions, measured. What was measured is kept beside the run's rows."""

    def __init__(self, preset: str, study: Study) -> None:
        self.study, self.stage = study, study.stage
        self.roles = {encoder.name: encoder.role for encoder in study.engine.encoders}
        self._file = study.known / f"headline-{preset}.jsonl"

    def cells(self, rows: Iterable[dict[str, Any]]) -> dict[tuple[Any, ...], Values]:
        """The measures of every condition of the rows that can be seen on photos alone."""
        done = {tuple(entry["cell"]): entry["values"] for entry in noted(self._file)}
        for cell, row in {_cell(row): row for row in rows}.items():
            if cell not in done:
                done[cell] = self._measured(row)
                note(self._file, {"cell": cell, "values": done[cell]})
        return done

    def _measured(self, row: dict[str, Any]) -> Values:
        condition = Condition.of(row)
        members = self.study.album(condition).members
        clean = self.stage.shown(self.study.posted(members, CLEAN), "none")
        delivered = self.stage.shown(self.study.posted(members, condition.defence), condition.channel)
        result: Values = {}
        for name, tower in self.stage.towers.items():
            sights = _by_person(tower.look(clean), tower.look(delivered), len(members))
            found = [measure(sight, self._banks[name]) for sight in sights]
            result[name] = {m: float(np.mean([person[m] for person in found])) for m in MEASURES}
        return result

    @cached_property
    def _strangers(self) -> PhotoSet:
        return draw(range(_BANK_FROM, _BANK_FROM + _BANK), self.stage.side)

    @cached_property
    def _banks(self) -> dict[str, Tensor]:
        """Strangers' clean photos in every tower."""
        return {
            name: general_features(tower, self._strangers, self.stage.folder, f"bank-{_BANK}").pooled
            for name, tower in self.stage.towers.items()
        }


def _cell(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in _CELL)


def _by_person(clean: Seen, delivered: Seen, people: int) -> list[Sight]:
    rows = torch.arange(len(clean.tokens)).view(people, -1)
    return [Sight(clean.rows(own), delivered.rows(own)) for own in rows]


def usable(rows: Sequence[dict[str, Any]], lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Rows that count, all photos of which were treated, and whose attacker did nothing that photos do not show."""
    counting = {tuple(line[name] for name in SAME) for line in lines if line["counts"]}
    return [
        row
        for row in rows
        if tuple(row[name] for name in SAME) in counting
        and row["share"] == 1
        and not row["mixed"]
        and not row["counter"]
        and row["people"] > 1
    ]


def seen_in(where: str, victim: str, values: Values, roles: dict[str, Role]) -> dict[str, float] | None:
    """The measures in the victim's tower, or the mean over the surrogates or witnesses that users have."""
    role = {"surrogates": Role.SURROGATE, "witness": Role.WITNESS}.get(where)
    names = [victim] if role is None else [name for name in roles if roles[name] is role]
    if not names or any(name not in values for name in names):
        return None
    return {m: float(np.mean([values[name][m] for name in names])) for m in MEASURES}


def correlations(
    rows: Sequence[dict[str, Any]], cells: dict[tuple[Any, ...], Values], roles: dict[str, Role]
) -> list[dict[str, Any]]:
    """Rank correlation of every measure with the leak: over all rows, by attacker and by victim.

    The most telling comes first; a correlation over fewer than four rows is none.
    """
    result = []
    for where in _WHERE:
        seen = [(row, seen_in(where, row["victim"], cells[_cell(row)], roles)) for row in rows]
        for name in MEASURES:
            pairs = [(row, values[name]) for row, values in seen if values is not None]
            groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
            for row, value in pairs:
                for group in ("all", row["attacker"], row["victim"]):
                    groups[group].append((value, row["leak"]))
            found = {group: _correlation(both) for group, both in groups.items()}
            result.append({"measure": name, "where": where, "rows": len(pairs), "spearman": found})
    return sorted(result, key=lambda line: -abs(line["spearman"].get("all") or 0.0))


def _correlation(both: Sequence[tuple[float, float]]) -> float | None:
    return spearman(*zip(*both, strict=True)) if len(both) >= _AT_LEAST else None


def as_markdown(lines: Sequence[dict[str, Any]], command: str, sets: int) -> str:
    """The correlations as a table; rows are of so many ``sets`` of photos."""
    groups = list(dict.fromkeys(group for line in lines for group in line["spearman"]))
    table = [f"| measure | measured in | rows | {' | '.join(groups)} |", "|" + " --- |" * (3 + len(groups))]
    for line in lines:
        cells = [_signed(line["spearman"].get(group)) for group in groups]
        table.append(f"| {line['measure']} | {line['where']} | {line['rows']} | {' | '.join(cells)} |")
    meaning = "\n".join(f"- `{name}`: {text}." for name, text in MEASURES.items())
    return (
        f"# What predicts the leak?\n\nPhotoveil {__version__}, `{command}`. Spearman's rank correlation between the "
        "leak of a condition and the mean of a measure over its photos, over all rows that count, then by attacker "
        "and by victim. Near −1 or +1: conditions in order of the measure are in order of the leak. Rows are attackers "
        f"and victims of {sets} sets of photos (an album, what was done to it, what it went through), so they say less "
        "than as many independent ones would.\n\n" + "\n".join(table) + f"\n\n{meaning}\n"
    )


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.2f}"


def main(arguments: list[str] | None = None) -> None:
    """Measure a run's conditions and write what predicts its leaks."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.affiliation.headline",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--preset", choices=list(PRESETS), default="small")
    parser.add_argument(
        "--out", type=Path, default=RESULTS, help="folder for affiliation-headline.json and .md"
    )
    parser.add_argument("--cache", type=Path, default=Path("build/lab/affiliation"))
    parser.add_argument("--device", help="as for `python -m lab.affiliation`")
    options = parser.parse_args(arguments)
    device = options.device or default_device(options.preset)
    study = Study(options.preset, options.cache, 1, device=device)
    measured = study.noted()
    if not measured:
        raise SystemExit(
            f"Nothing measured yet: first run `python -m lab.affiliation --preset {options.preset}`."
        )
    print(write(options.preset, study, measured, options.out))


def write(preset: str, study: Study, measured: Sequence[dict[str, Any]], folder: Path) -> str:
    """Write affiliation-headline.json and .md; returns the latter."""
    headline = Headline(preset, study)
    rows = usable(measured, summary(measured))
    cells = headline.cells(rows)
    lines = correlations(rows, cells, headline.roles)
    command = f"python -m lab.affiliation.headline --preset {preset}"
    text = as_markdown(lines, command, len({_cell(row) for row in rows}))
    document = {
        "command": command,
        "version": __version__,
        "measures": MEASURES,
        "correlations": lines,
        "rows": [{"key": row["key"], "leak": row["leak"], "cell": cells[_cell(row)]} for row in rows],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "affiliation-headline.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (folder / "affiliation-headline.md").write_text(text, encoding="utf-8")
    return text


if __name__ == "__main__":
    main()
