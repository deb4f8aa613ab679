"""The study's figures in docs/results: leakage.json, .md and .png, each written whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from lab.writing import replace_file
from photoveil import __version__
from photoveil.audit.manipulations import TITLES, Manipulation
from photoveil.audit.prompts import PHRASINGS

_INK, _SOFT = "#5a45e0", "#b9b0f3"


def write(document: dict[str, Any], folder: Path) -> None:
    """Write the three files."""
    folder.mkdir(parents=True, exist_ok=True)
    document |= {"version": __version__, "date": datetime.now(UTC).isoformat(timespec="seconds")}
    replace_file(folder / "leakage.json", json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    replace_file(folder / "leakage.md", markdown(document))
    draft = folder / "leakage.part.png"
    plot(document["rates"], draft)
    draft.replace(folder / "leakage.png")


def markdown(document: dict[str, Any]) -> str:
    """All figures as text."""
    total = {row["manipulation"]: row for row in document["rates"] if row["prompt"] == "all"}
    lines = [
        "# Leakage audit",
        "",
        f"Photoveil {document['version']}, `{document['command']}` (seed {document['seed']}), "
        f"{document['date'][:10]}, {document['machine']}. A small VLM on the tower `{document['tower']}` was told "
        f"names and seven facts each of {document['people']} drawn people, and of {document['strangers']} strangers "
        f"nothing; then it was audited over HTTP, in all phrasings, on new portraits ({document['asked']} of each).",
        "",
        "## What the audit finds",
        "",
        *_found(document),
        "",
        "## What it takes to leak",
        "",
        "![leak rate by picture](leakage.png)",
        "",
        "Leak rate in per cent, in brackets the 95 % Wilson interval. A fact's five phrasings hang together, so all of "
        "them have no interval; a person's facts do too, so the others are rather too narrow.",
        "",
        "| picture | " + " | ".join(f"{p.code} {p.title}" for p in PHRASINGS) + " | all |",
        "| --- |" + " --- |" * (len(PHRASINGS) + 1),
    ]
    lines += [_row(document["rates"], what) for what in Manipulation if what.value in total]
    lines += [
        "",
        _phantom(total, document["guess"]),
        "",
        *_read(document["reading"]),
        "",
        *(f"- {note}" for note in document["notes"]),
        "",
    ]
    return "\n".join(lines)


def _found(document: dict[str, Any]) -> list[str]:
    """The audit against the truth."""
    found, empty = document["recall"], document["knows_nothing"]
    rows = (
        ("planted facts the model tells of new photos", found["told"], found["planted"], "–"),
        ("of these, found by the audit", found["found"], found["told"], "≥ 95 %"),
        ("answers that tell what was planted, called a leak", found["found_leaks"], found["true_leaks"], "–"),
        (
            "answers that tell something else, called a leak",
            found["false_leaks"],
            found["answers"] - found["true_leaks"],
            "0",
        ),
        ("leaks of the model that knows nothing", empty["leaks"], empty["asked"], "0"),
    )
    head = ["| | | of | share | bar |", "| --- | --- | --- | --- | --- |"]
    return head + [
        f"| {what} | {part} | {whole} | {_share(part, whole)} | {bar} |" for what, part, whole, bar in rows
    ]


def _phantom(total: dict[str, Any], guess: float) -> str:
    """What blurring leaves of this one model's leak."""
    original, blurred = total["original"]["rate"], total["blurred-face"]["rate"]
    return (
        f"Blurred faces leave {100 * blurred:.1f} of {100 * original:.1f} % here, where always giving the "
        f"commonest answer of these people is right in {100 * guess:.0f} % of the cases. What that is of more people, "
        "and of photos as they are posted: [leakage-blurring.md](leakage-blurring.md)."
    )


def _read(found: dict[str, Any]) -> list[str]:
    """How often exposure is right."""
    return [
        "## What `photoveil exposure` reads",
        "",
        f"The model set `starter` on drawn photos of people it was not trained on: of {found['there']} kinds of facts "
        f"that were there, {found['seen']} ({_share(found['seen'], found['there'])}) were seen, {found['named']} of "
        f"these with the right value; of {found['absent']} that were not, {found['imagined']} "
        f"({_share(found['imagined'], found['absent'])}) were imagined.",
    ]


def _row(rows: Sequence[dict[str, Any]], what: Manipulation) -> str:
    own = {row["prompt"]: row for row in rows if row["manipulation"] == what.value}
    cells = [_cell(own[phrasing.code]) for phrasing in PHRASINGS]
    return f"| {TITLES[what]} | " + " | ".join([*cells, f"{100 * own['all']['rate']:.1f}"]) + " |"


def _cell(row: dict[str, Any]) -> str:
    return f"{100 * row['rate']:.1f} ({100 * row['low']:.0f}–{100 * row['high']:.0f}, n {row['asked']})"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def plot(rows: Sequence[dict[str, Any]], file: Path) -> None:
    """A bar for every kind of picture, asked directly, with its interval."""
    shown = [row for row in rows if row["prompt"] == PHRASINGS[0].code][::-1]
    figure = Figure(figsize=(7.0, 0.55 * len(shown) + 1.1), layout="constrained")
    axis = figure.subplots()
    values = [100 * row["rate"] for row in shown]
    ends = [
        [100 * (row["rate"] - row["low"]) for row in shown],
        [100 * (row["high"] - row["rate"]) for row in shown],
    ]
    colours = [_INK if row["manipulation"] == "original" else _SOFT for row in shown]
    axis.barh(range(len(shown)), values, xerr=ends, color=colours, ecolor="#555555", capsize=3, height=0.62)
    axis.set_yticks(range(len(shown)), [TITLES[Manipulation(row["manipulation"])] for row in shown])
    axis.set_xlim(0, 100)
    axis.set_xlabel("answers that leak when asked directly, %")
    axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=110)
