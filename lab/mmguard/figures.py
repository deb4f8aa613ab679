"""From right answers to accuracy, drop and their intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.mmguard.plan import Condition, Preset, Table
from lab.mmguard.study import Study
from lab.mmguard.world import said

_DRAWS = 4000
_SIZES = ("photos", "tests")


def tables(study: Study, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every table with every row's figures; rows that were not measured have none."""
    known = {row["key"]: row for row in rows}
    return [
        {"title": table.title, "rows": [_row(study, known, table, *row) for row in table.rows]}
        for table in study.preset.tables
    ]


def when(document: Mapping[str, Any]) -> str:
    """On which day, and on which machine, figures were taken."""
    return ", ".join(
        str(part) for part in (str(document.get("date", ""))[:10], document.get("machine")) if part
    )


def with_earlier(document: dict[str, Any], earlier: Mapping[str, Any]) -> dict[str, Any]:
    """A run's document with rows and leak that it has not measured taken from an earlier one, with date and machine.

    An earlier run of another size has nothing to give: its rows cannot be laid beside these.
    """
    if any(document.get(size) != earlier.get(size) for size in _SIZES):
        return document
    day = when(earlier)
    known = {
        (table["title"], row["name"]): {"earlier": day} | row
        for table in earlier.get("tables", ())
        for row in table["rows"]
        if row["seeds"]
    }
    tables = [
        table
        | {
            "rows": [
                row if row["seeds"] else known.get((table["title"], row["name"]), row)
                for row in table["rows"]
            ]
        }
        for table in document["tables"]
    ]
    leak = {"leak": earlier["leak"], "leak_on": day} if not document["leak"] and earlier["leak"] else {}
    return document | {"tables": tables} | leak


def _row(
    study: Study, known: Mapping[str, Mapping[str, Any]], table: Table, name: str, condition: Condition
) -> dict[str, Any]:
    seeded = [condition.at(seed) for seed in study.preset.seeds[: table.seeds]]
    pairs = [(known.get(study.key(one)), known.get(study.key(one.gate))) for one in seeded]
    there = [(row, gate) for row, gate in pairs if row is not None and gate is not None]
    if not there:
        return {"name": name, "seeds": 0}
    right, clean = ([np.array(pair[side]["right"], float) for pair in there] for side in (0, 1))
    best, best_clean = (np.array([_both_ways(pair[side]) for pair in there]) for side in (0, 1))
    return {
        "name": name,
        "seeds": len(there),
        "accuracy": _mean(right),
        "accuracy_interval": interval(right),
        "by_seed": [round(float(part.mean()), 4) for part in right],
        "with_words": _mean([np.array(row["right_with_words"], float) for row, _ in there]),
        "clean": _mean(clean),
        "best": round(float(_better(best).mean()), 4),
        "best_drop": round(float((_better(best_clean) - _better(best)).mean()), 4),
        "best_drop_interval": best_interval(best_clean, best),
        "drop_by_seed": [round(float((c - r).mean()), 4) for c, r in zip(clean, right, strict=True)],
        "drop": _mean([c - r for c, r in zip(clean, right, strict=True)]),
        "drop_interval": interval([c - r for c, r in zip(clean, right, strict=True)]),
        "psnr_db": round(float(np.mean([row["psnr_db"] for row, _ in there])), 1),
        "ssim": round(float(np.mean([row["ssim"] for row, _ in there])), 3),
        "triggers": there[0][0]["triggers"],
        "cpu_s": round(sum(row["cpu_s"] for row, _ in there), 1),
    }


def _both_ways(row: Mapping[str, Any]) -> NDArray[np.float64]:
    """The same questions asked plainly and with words behind them: 2×questions."""
    return np.array([row["right"], row["right_with_words"]], float)


def _better(answers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Accuracy of somebody who asks both ways and keeps what works better: of …×2×questions, …."""
    best: NDArray[np.float64] = answers.mean(-1).max(-1)
    return best


def _mean(values: Sequence[NDArray[np.float64]]) -> float:
    return round(float(np.mean([part.mean() for part in values])), 4)


def interval(values: Sequence[NDArray[np.float64]]) -> list[float]:
    """95 % bootstrap interval of the mean: seeds (and so readers) are drawn, then the questions of each.

    Drops are of one question each, the clean model's answer minus the other's, and so paired.
    """
    table = np.stack(values)
    seeds, questions = _drawn(*table.shape)
    return _middle(table[seeds, questions].mean((1, 2)))


def best_interval(clean: NDArray[np.float64], answers: NDArray[np.float64]) -> list[float]:
    """The same of the drop for those who ask both ways; both are seeds×2×questions."""
    seeds, questions = _drawn(len(clean), clean.shape[2])
    ways = np.arange(2)[:, None]
    best_clean, best = (
        _better(part[seeds[..., None], ways, questions[:, :, None]]) for part in (clean, answers)
    )
    return _middle((best_clean - best).mean(1))


def _drawn(seeds: int, questions: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which seeds (draws×seeds×1) and which questions of each (draws×seeds×questions)."""
    rng = np.random.default_rng(0)
    return rng.integers(0, seeds, (_DRAWS, seeds, 1)), rng.integers(0, questions, (_DRAWS, seeds, questions))


def _middle(means: NDArray[np.float64]) -> list[float]:
    low, high = np.percentile(means, (2.5, 97.5))
    return [round(float(low), 4), round(float(high), 4)]


def floor(preset: Preset) -> float:
    """How often somebody is right who always gives the commonest answer to a question: what needs no photo."""
    rates = []
    for seed in preset.seeds:
        answers: dict[str, Counter[str]] = {}
        for question, answer in said(preset.photos, seed, test=False):
            answers.setdefault(question, Counter())[answer] += 1
        usual = {question: counts.most_common(1)[0][0] for question, counts in answers.items()}
        asked = said(preset.tests, seed, test=True)
        rates.append(np.mean([usual[question] == answer for question, answer in asked]))
    return round(float(np.mean(rates)), 4)
