"""From rows to figures: hypervolume against queries, and what judged copies give away and keep."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.assistant.drawing import plot
from lab.assistant.rivals import SEARCHES
from lab.assistant.study import OURS, Preset
from photoveil import __version__
from photoveil.assistant.front import hypervolume
from photoveil.assistant.search import AT_FIRST, ENOUGH

Row = dict[str, Any]
Array = NDArray[np.float64]

NAME = "assistant"
MARKS = (1, 2, 3, 5, 10, 20, 30, 50, 75, 100)
"""Numbers of queries that tables tell about."""

PLACES = {
    "original": "the photo as it is",
    "most useful": "slider at “useful”",
    "early knee": f"default, after {ENOUGH} queries",
    "knee": "default, after all queries",
    "most private": "slider at “private”",
}
BARS = {"recognised": 0.10, "kept": 0.85}
"""Above chance, and at least."""

_DRAWS = 2000


def write(rows: Sequence[Row], preset: Preset, name: str, folder: Path) -> str:
    """Write NAME.json, .md and .png; returns the Markdown."""
    folder.mkdir(parents=True, exist_ok=True)
    document = digest(rows, preset, name)
    text = as_markdown(document)
    plot(document["curves"], folder / f"{NAME}.png")
    for suffix, content in (("json", as_json(document)), ("md", text)):
        draft = folder / f"{NAME}.{suffix}.part"
        draft.write_text(content, encoding="utf-8")
        draft.replace(folder / f"{NAME}.{suffix}")
    return text


def as_json(document: dict[str, Any]) -> str:
    """The document, each of its rows on a line of its own."""
    plain = {name: value for name, value in document.items() if name != "rows"}
    rows = ",\n  ".join(json.dumps(row, separators=(",", ":")) for row in document["rows"])
    return json.dumps(plain, indent=1).removesuffix("\n}") + f',\n "rows": [\n  {rows}\n ]\n}}\n'


def digest(rows: Sequence[Row], preset: Preset, name: str) -> dict[str, Any]:
    """All figures, with what is needed to measure them again."""
    found = [row for row in rows if row["what"] == "search"]
    curves = {search: _curves(found, search) for search in SEARCHES}
    marks = [mark for mark in MARKS if mark <= preset.queries]
    return {
        "command": command(preset, name),
        "version": __version__,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "photos": preset.photos,
        "seeds": preset.seeds,
        "queries": preset.queries,
        "first_persona": preset.first,
        "warm_up_photos": preset.warm,
        "hypervolume": {search: _at(curves[search], marks) for search in SEARCHES},
        "ahead": [_ahead(curves, other, marks) for other in SEARCHES if other != OURS],
        "copies": [_copies(rows, place, preset.photos) for place in PLACES],
        "parrot": _parrot(rows),
        "heads_found": _found(rows),
        "cost": _cost(found),
        "curves": {search: _band(curve) for search, curve in curves.items()},
        "rows": [{k: v for k, v in row.items() if k != "vectors"} for row in rows],
    }


def command(preset: Preset, name: str) -> str:
    """How to measure it again."""
    more = f" --photos {preset.photos} --seeds {preset.seeds} --queries {preset.queries}"
    return f"python -m lab.assistant --preset {name}{more}"


def _curves(rows: Sequence[Row], search: str) -> Array:
    """Hypervolume of each photo after each query: photos × seeds × queries."""
    own = [row for row in rows if row["search"] == search]
    photos = sorted({row["photo"] for row in own})
    seeds = sorted({row["seed"] for row in own})
    grown = {(row["photo"], row["seed"]): _grown(row["values"]) for row in own}
    return np.array([[grown[photo, seed] for seed in seeds] for photo in photos])


def _grown(values: Sequence[Sequence[float]]) -> list[float]:
    every = np.array(values, np.float64)
    return [hypervolume(every[: i + 1]) for i in range(len(every))]


def interval(by_photo: Array, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of the mean over photos, whose values come one to a row."""
    rng = np.random.default_rng(seed)
    means = by_photo.reshape(len(by_photo), -1).mean(axis=1)
    drawn = means[rng.integers(0, len(means), (_DRAWS, len(means)))].mean(axis=1)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return float(low), float(high)


def _at(curves: Array, marks: Sequence[int]) -> list[dict[str, Any]]:
    return [
        {
            "queries": mark,
            "mean": round(float(curves[..., mark - 1].mean()), 4),
            "interval": _rounded(interval(curves[..., mark - 1])),
        }
        for mark in marks
    ]


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, 4) for value in values]


def _ahead(curves: dict[str, Array], other: str, marks: Sequence[int]) -> dict[str, Any]:
    """How far ours is ahead of another, photo by photo and seed by seed."""
    gain = curves[OURS] - curves[other]
    level = curves[other][..., -1].mean()
    reached = np.flatnonzero(curves[OURS].mean(axis=(0, 1)) >= level)
    return {
        "of": other,
        "queries": [
            {
                "queries": mark,
                "gain": round(float(gain[..., mark - 1].mean()), 4),
                "interval": _rounded(interval(gain[..., mark - 1])),
                "share_ahead": round(float((gain[..., mark - 1] > 0).mean()), 4),
            }
            for mark in marks
        ],
        "area": round(float(gain.mean()), 4),
        "area_interval": _rounded(interval(gain)),
        "reached_its_last_after": int(reached[0]) + 1 if len(reached) else None,
    }


def _band(curves: Array) -> dict[str, list[float]]:
    ends = [interval(curves[..., i]) for i in range(curves.shape[-1])]
    return {
        "mean": _rounded(curves.mean(axis=(0, 1)).tolist()),
        "low": _rounded([low for low, _ in ends]),
        "high": _rounded([high for _, high in ends]),
    }


def _copies(rows: Sequence[Row], place: str, people: int) -> dict[str, Any]:
    """Who was recognised on the copies of one kind, and how many answers were kept."""
    own = [row for row in rows if row["what"] == "copy" and row["search"] == place]
    views = list(own[0]["recognised"]) if own else []
    photos = sorted({row["photo"] for row in own})

    def by_photo(value: str, view: str | None = None) -> Array:
        picked = [
            [float(row[value][view] if view else row[value]) for row in own if row["photo"] == photo]
            for photo in photos
        ]
        return np.array(picked, np.float64)

    recognised = {
        view: {
            "rate": round(float(by_photo("recognised", view).mean()), 4),
            "interval": _rounded(interval(by_photo("recognised", view))),
        }
        for view in views
    }
    kept = by_photo("kept") if own else np.zeros((1, 1))
    return {
        "place": place,
        "copies": len(own),
        "chance": round(1 / people, 4),
        "recognised": recognised,
        "kept": round(float(kept.mean()), 4),
        "kept_interval": _rounded(interval(kept)),
    }


def _parrot(rows: Sequence[Row]) -> dict[str, Any]:
    told = [bool(row["parrot"]) for row in rows if "parrot" in row]
    return {"copies": len(told), "rate": round(float(np.mean(told)), 4) if told else None}


def _cost(rows: Sequence[Row]) -> dict[str, float]:
    """What the searches took: queries, processor seconds of one core, and the first by the second."""
    told = [(row["queries"], row["cpu_seconds"]) for row in rows if "cpu_seconds" in row]
    queries, seconds = (float(sum(column)) for column in zip(*told, strict=True)) if told else (0.0, 0.0)
    rate = round(queries / seconds, 1) if seconds else 0.0
    return {"queries": queries, "cpu_seconds": round(seconds, 1), "queries_per_second": rate}


def _found(rows: Sequence[Row]) -> dict[str, int]:
    told = [row for row in rows if row["what"] == "finder"]
    return {
        "photos": len(told),
        "heads": sum(bool(row["head"]) for row in told),
        "elsewhere": sum(row["elsewhere"] for row in told),
    }


def as_markdown(document: dict[str, Any]) -> str:
    """The figures for people."""
    return "\n".join(
        [
            "# Assistant mode",
            "",
            f"Photoveil {document['version']}, `{document['command']}`, {document['date']}: "
            f"{document['photos']} drawn photos of as many people × {document['seeds']} seeds, one private region each "
            "(the head, its box given), questions about what else is to be seen. The assistant is the lab's small VLM, "
            "asked as a black box; a query is one copy with all its questions. Encoder of the search: starter-dla. "
            f"Nothing was tuned on these photos. All rows are in [{NAME}.json]({NAME}.json). "
            + _cost_in_words(document["cost"]),
            "",
            "## Goals",
            "",
            *_table_of_goals(document),
            "",
            "## Hypervolume against queries",
            "",
            f"![hypervolume against queries]({NAME}.png)",
            "",
            "Area of (leak, loss) that is beaten, 1 is perfect; mean over photos and seeds, with the 95 % bootstrap "
            "interval over photos. “critical history” is the product's search, its history filled by "
            f"{document['warm_up_photos']} photos of other people (other ones for each seed) with at most {AT_FIRST} "
            "queries each, as in the product; “no history” is the same search without any earlier photo; NSGA-II is "
            "pymoo's with a population of 10.",
            "",
            *_table_of_volumes(document),
            "",
            *_table_of_gains(document),
            "",
            "## What the copies give away and keep",
            "",
            *_table_of_copies(document),
            "",
            *_remarks(document),
            "",
        ]
    )


def _cost_in_words(cost: dict[str, float]) -> str:
    minutes, rate = cost["cpu_seconds"] / 60, cost["queries_per_second"]
    took = f"{cost['queries']:,.0f} queries took {minutes:.0f} minutes of one core"
    return f"{took}, {rate:.0f} a second, proposals included."


def _table_of_goals(document: dict[str, Any]) -> list[str]:
    early, late = (
        next(e for e in document["copies"] if e["place"] == place) for place in ("early knee", "knee")
    )
    lines = ["| goal | reached | |", "|---|---|---|"]
    for entry in document["ahead"]:
        told = f"{_gain(entry['area'], entry['area_interval'])}; of the numbers of queries below, {_leads(entry)}"
        lines.append(
            f"| more hypervolume than {entry['of']}, mean over 1 to {document['queries']} queries | {told} "
            f"| {_met(entry['area_interval'][0] > 0)} |"
        )
    for entry, when in ((early, f"after {ENOUGH} queries"), (late, f"after {document['queries']}")):
        worst, limit = _worst(entry), entry["chance"] + BARS["recognised"]
        kept = {"rate": entry["kept"], "interval": entry["kept_interval"]}
        lines += [
            f"| default {when}: recognised at most {_percent(limit)} (chance + 10 points) | at most {_among(worst)} by "
            f"any witness and view | {_met(worst['rate'] <= limit, certain=worst['interval'][1] <= limit)} |",
            f"| default {when}: at least 85 % of the answers kept | {_among(kept)} "
            f"| {_met(kept['rate'] >= BARS['kept'], certain=kept['interval'][0] >= BARS['kept'])} |",
        ]
    return lines


def _leads(entry: dict[str, Any]) -> str:
    """At which numbers of queries the whole interval of the gain lies above zero, and where below."""
    ahead = [q["queries"] for q in entry["queries"] if q["interval"][0] > 0]
    behind = [q["queries"] for q in entry["queries"] if q["interval"][1] < 0]
    words = f"the whole interval is above 0 at {len(ahead)} of {len(entry['queries'])}"
    return words + (f", below 0 at {', '.join(map(str, behind))}" if behind else ", below 0 at none")


def _worst(copies: dict[str, Any]) -> dict[str, Any]:
    nobody = {"rate": 0.0, "interval": [0.0, 0.0]}
    return max(copies["recognised"].values(), key=lambda r: float(r["rate"]), default=nobody)


def _among(found: dict[str, Any]) -> str:
    low, high = found["interval"]
    return f"{_percent(found['rate'])} ({100 * low:.0f}–{100 * high:.0f})"


def _met(is_met: bool, *, certain: bool = True) -> str:
    if not is_met:
        return "**missed**"
    return "met" if certain else "met by the mean, not by the whole interval"


def _table_of_volumes(document: dict[str, Any]) -> list[str]:
    marks = [entry["queries"] for entry in document["hypervolume"][OURS]]
    return [
        "| search | " + " | ".join(f"{mark}" for mark in marks) + " |",
        "|---" * (len(marks) + 1) + "|",
        *(
            f"| {search} | "
            + " | ".join(f"{e['mean']:.3f} ({e['interval'][0]:.3f}–{e['interval'][1]:.3f})" for e in entries)
            + " |"
            for search, entries in document["hypervolume"].items()
        ),
    ]


def _table_of_gains(document: dict[str, Any]) -> list[str]:
    lines = [
        "| critical history ahead of | mean gain over all queries | gain after 10 | gain at the end "
        "| runs ahead, 10 / end | reaches its last level after |",
        "|---|---|---|---|---|---|",
    ]
    for entry in document["ahead"]:
        ten = next((q for q in entry["queries"] if q["queries"] == ENOUGH), entry["queries"][-1])
        last = entry["queries"][-1]
        after = entry["reached_its_last_after"]
        lines.append(
            f"| {entry['of']} | {_gain(entry['area'], entry['area_interval'])} | {_gain(ten['gain'], ten['interval'])} "
            f"| {_gain(last['gain'], last['interval'])} | {_percent(ten['share_ahead'])} / "
            f"{_percent(last['share_ahead'])} | {f'{after} queries' if after else 'never'} |"
        )
    return lines


def _table_of_copies(document: dict[str, Any]) -> list[str]:
    views = list(document["copies"][0]["recognised"])
    lines = [
        "| copy | copies | "
        + " | ".join(f"recognised by {view}, %" for view in views)
        + " | answers kept, % |",
        "|---" * (len(views) + 3) + "|",
    ]
    for entry in document["copies"]:
        cells = [_rate(r["rate"], r["interval"]) for r in entry["recognised"].values()]
        lines.append(
            f"| {PLACES[entry['place']]} | {entry['copies']} | "
            + " | ".join(cells)
            + f" | {_rate(entry['kept'], entry['kept_interval'])} |"
        )
    return lines


def _remarks(document: dict[str, Any]) -> list[str]:
    chance = document["copies"][0]["chance"]
    parrot, found = document["parrot"], document["heads_found"]
    return [
        "Copies are made at 1024 × 768, sent through JPEG 75 and shown to encoders that no search ever saw, which "
        f"know everybody from four clean portraits and pick the nearest of {document['photos']} people: chance is "
        f"{_percent(chance)}. Answers are kept where the assistant says the same words as about the original.",
        "",
        f"- An attacker who knows the parameters and hides his own portraits alike recognises "
        f"{_percent(parrot['rate'] or 0.0)} of {parrot['copies']} heads{_no_encryption(parrot, chance)}.",
        *(
            [
                f"- The face finder that needs no weights, OpenCV's frontal-face cascade, finds {found['heads']} of "
                f"{found['photos']} drawn heads and {found['elsewhere']} other places: it was made for photographs. "
                "Hence the boxes are given here, as a user gives them."
            ]
            if found["photos"]
            else []
        ),
    ]


def _no_encryption(parrot: dict[str, Any], chance: float) -> str:
    if (parrot["rate"] or 0.0) > chance + BARS["recognised"]:
        return ": hiding is no encryption"
    return ", no more than who does not know them; so few heads would not show a little more"


def _gain(value: float, ends: Sequence[float]) -> str:
    return f"{value:+.3f} ({ends[0]:+.3f} to {ends[1]:+.3f})"


def _rate(value: float, ends: Sequence[float]) -> str:
    return f"{100 * value:.1f} ({100 * ends[0]:.0f}–{100 * ends[1]:.0f})"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"
