"""The table's main rows as one picture: what each attacker still learns under each defence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from lab.affiliation.metrics import GATE

_COLOURS = ("#5a45e0", "#e08a45", "#2f9e8f", "#b23a6f", "#6b7280")


def plot(lines: Sequence[dict[str, Any]], looks: str, file: Path) -> None:
    """Bars by tower and defence, one for each attacker that passed the gate, with their intervals.

    Args:
        lines: of the main table.
        looks: whose people to show.
        file: the PNG to write.
    """
    main = [line for line in lines if line["looks"] == looks]
    towers = list(dict.fromkeys(line["victim"] for line in main))
    defences = list(dict.fromkeys(line["defence"] for line in main))
    attackers = list(dict.fromkeys(line["attacker"] for line in main))
    figure = Figure(figsize=(4.2 * len(towers), 3.8), layout="constrained")
    axes = figure.subplots(1, len(towers), sharey=True, squeeze=False)
    for axis, tower in zip(axes[0], towers, strict=True):
        own = [line for line in main if line["victim"] == tower]
        for place, attacker in enumerate(attackers):
            _bars(
                axis,
                own,
                attacker,
                defences,
                (place - (len(attackers) - 1) / 2) / (len(attackers) + 1),
                place,
            )
        axis.axhline(100 * own[0]["chance"], color="#444444", linestyle=":", linewidth=1, label="chance")
        axis.axhline(100 * GATE, color="#bbbbbb", linestyle="--", linewidth=0.8)
        axis.set_title(f"{tower} ({own[0]['box']})", fontsize=10)
        axis.set_xticks(range(len(defences)), defences, rotation=35, ha="right", fontsize=8)
        axis.set_ylim(0, 105)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0][0].set_ylabel("leak on clean photos, %")
    handles = axes[0][0].get_legend_handles_labels()
    figure.legend(*handles, fontsize=8, frameon=False, loc="outside lower center", ncols=len(handles[0]))
    figure.savefig(file, dpi=110)


def _bars(
    axis: Any, lines: Sequence[dict[str, Any]], attacker: str, defences: list[str], offset: float, place: int
) -> None:
    own = [line for line in lines if line["attacker"] == attacker and line["counts"]]
    leak = [100 * line["leak"] for line in own]
    ends = [[100 * (line["leak"] - line["interval"][0]) for line in own]]
    ends.append([100 * (line["interval"][1] - line["leak"]) for line in own])
    axis.bar(
        [defences.index(line["defence"]) + offset for line in own],
        leak,
        width=0.9 / 4,
        yerr=ends if own else None,
        capsize=2,
        error_kw={"linewidth": 0.8},
        color=_COLOURS[place % len(_COLOURS)],
        label=attacker,
    )
