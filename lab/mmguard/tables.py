"""The study's figures in docs/results: mmguard.json, .md and .png, each written whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lab.writing import replace_file
from photoveil import __version__

_INK, _SOFT, _GREY = "#5a45e0", "#b9b0f3", "#8a8a93"


def write(document: dict[str, Any], folder: Path) -> str:
    """Write the three files; returns the text."""
    folder.mkdir(parents=True, exist_ok=True)
    document |= {"version": __version__, "date": datetime.now(UTC).isoformat(timespec="seconds")}
    replace_file(folder / "mmguard.json", json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    text = markdown(document)
    replace_file(folder / "mmguard.md", text)
    draft = folder / "mmguard.part.png"
    plot(document, draft)
    draft.replace(folder / "mmguard.png")
    return text


def markdown(document: dict[str, Any]) -> str:
    """All figures as text."""
    lines = [
        "# Unlearnable photos (MMGuard)",
        "",
        f"Photoveil {document['version']}, `{document['command']}`, {document['date'][:10]}, "
        f"{document['machine']}. A small VLM is tuned on {document['photos']} posted photos of as many drawn people, "
        "each with one question and its answer, and asked the same kind of question about "
        f"{document['tests']} **clean** photos of people it has never seen; up to {document['seeds']} seeds, "
        "as the table says, each with people, tuning and an aligned reader of its own. "
        f"Somebody who always gives the commonest answer is right in {_percent(document['floor'])} %. "
        "Delivered JPEG files, measured as delivered unless the row says else; ε 8/255 unless the row says else.",
        "",
        "![accuracy on clean photos, and what is told of people](mmguard.png)",
        "",
    ]
    for table in document["tables"]:
        lines += [f"## {table['title']}", "", *_table(table["rows"]), ""]
    lines += ["## The same run's affiliation leak", "", *_leaks(document), ""]
    lines += [*(f"- {note}" for note in document["notes"]), ""]
    return "\n".join(lines)


def _table(rows: Sequence[dict[str, Any]]) -> list[str]:
    head = (
        "| | accuracy on clean photos, % | drop, points | asked with words, % | drop, asked both ways | PSNR, dB "
        "| SSIM | seeds |"
    )
    return [head, "|" + " --- |" * 8, *(_line(row) for row in rows)]


def _line(row: dict[str, Any]) -> str:
    if not row["seeds"]:
        return f"| {row['name']} | not measured in this run | | | | | | |"
    clean = row["psnr_db"] > 99
    cost = "– | –" if clean else f"{row['psnr_db']:.1f} | {row['ssim']:.3f}"
    bare = row["drop"] == 0 and clean
    drop, best = (
        "–" if bare else _ranged(row[what], row[f"{what}_interval"]) for what in ("drop", "best_drop")
    )
    seeds = f"{row['seeds']}, on {row['earlier']}" if "earlier" in row else f"{row['seeds']}"
    accuracy = _ranged(row["accuracy"], row["accuracy_interval"])
    cells = (row["name"], accuracy, drop, _percent(row["with_words"]), best, cost, seeds)
    return f"| {' | '.join(cells)} |"


def _leaks(document: dict[str, Any]) -> list[str]:
    leak = document["leak"]
    if not leak:
        return ["Not measured in this run."]
    size = document["leak_size"]
    lines = [
        f"{size['people']} look-alikes post {size['photos']} photos each, after a platform (1080 px, JPEG 75); the "
        f"attacker is asked all seven facts about {size['asked']} new clean portraits of each. Facts told rightly, in "
        f"per cent, 95 % interval over people; guessing is right in {_percent(leak[0]['chance'])} %."
        + (f" Measured on {document['leak_on']}." if "leak_on" in document else ""),
        "",
        "| posted photos | tuned reader | linear probe | nearest mean photo | PSNR, dB |",
        "| --- | --- | --- | --- | --- |",
    ]
    return lines + [_leak_line(row) for row in leak]


def _leak_line(row: dict[str, Any]) -> str:
    cells = [
        _ranged(one["leak"], (one["low"], one["high"]))
        for one in (row["attackers"][name] for name in ("reader", "probe", "prototype"))
    ]
    cost = "–" if row["psnr_db"] > 99 else f"{row['psnr_db']:.1f}"
    return f"| {row['defence']} | " + " | ".join(cells) + f" | {cost} |"


def _ranged(value: float, ends: Sequence[float]) -> str:
    low, high = (_percent(end) for end in ends)
    return f"{_percent(value)} ({low} to {high})"


def _percent(value: float) -> str:
    return f"{100 * value:.0f}"


def plot(document: dict[str, Any], file: Path) -> None:
    """The ablation's bars and, where measured, the leak's."""
    ablation = [row for row in document["tables"][0]["rows"] if row["seeds"]]
    leak = document["leak"]
    heights = [len(ablation), len(leak)] if leak else [len(ablation)]
    figure = Figure(figsize=(7.2, 0.42 * sum(heights) + 1.2 * len(heights)), layout="constrained")
    axes = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    _bars(
        axes[0],
        [(row["name"], row["accuracy"], *row["accuracy_interval"]) for row in ablation],
        "accuracy on clean photos of others, %",
        document["floor"],
    )
    if leak:
        told = [(row["defence"], row["attackers"]["reader"]) for row in leak]
        _bars(
            axes[1],
            [(name, one["leak"], one["low"], one["high"]) for name, one in told],
            "facts told of new portraits, %",
            leak[0]["chance"],
        )
    figure.savefig(file, dpi=120)


def _bars(axis: Axes, rows: Sequence[tuple[str, float, float, float]], label: str, guess: float) -> None:
    rows = rows[::-1]
    values = [100 * value for _, value, _, _ in rows]
    ends = [
        [max(0.0, 100 * (value - low)) for _, value, low, _ in rows],
        [max(0.0, 100 * (high - value)) for _, value, _, high in rows],
    ]
    colours = [
        _GREY if n == len(rows) - 1 else _INK if "full" in row[0] else _SOFT for n, row in enumerate(rows)
    ]
    axis.barh(range(len(rows)), values, xerr=ends, color=colours, ecolor="#444444", capsize=3, height=0.66)
    axis.axvline(100 * guess, color="#444444", linewidth=1, linestyle=":")
    axis.set_yticks(range(len(rows)), [name for name, *_ in rows])
    axis.set_xlim(0, 100)
    axis.set_xlabel(f"{label} (dotted: guessing)")
    axis.spines[["top", "right"]].set_visible(False)
