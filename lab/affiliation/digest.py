"""Results on disk: every preset's run in files of its own, and a digest of those that say most."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.affiliation.album import Looks
from lab.affiliation.channels import UPLOAD
from lab.affiliation.owners import BASELINES, CLEAN
from lab.affiliation.plan import PRESETS, STRENGTHS
from lab.affiliation.plot import plot
from lab.affiliation.tables import EXPLAINED, Line, as_markdown, is_usual, kinds_table, summary, table
from photoveil import __version__

_SHORTEST, _SEEDS, _AXES = "ci", "seeds", "axes"
_IN_MAIN = (CLEAN, "canvas-noise", "face-blur", *STRENGTHS)


def write_run(preset: str, rows: Sequence[dict[str, Any]], folder: Path, device: str = "cpu") -> str:
    """Write a run's figures and the digest again; returns the run's table."""
    command = f"python -m lab.affiliation --preset {preset}"
    lines = [line | {"command": command} for line in summary(rows)]
    document = {
        "command": command,
        "version": __version__,
        "device": device,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "people": PRESETS[preset].personas,
        "photos": PRESETS[preset].photos,
        "summary": lines,
        "rows": [row | {"command": command} for row in rows],
    }
    folder.mkdir(parents=True, exist_ok=True)
    _write_json(folder / f"affiliation-{preset}.json", document)
    text = as_markdown(lines, command, __version__)
    (folder / f"affiliation-{preset}.md").write_text(text, encoding="utf-8")
    write_digest(folder)
    return text


def write_digest(folder: Path) -> None:
    """Write affiliation.json, .md and .png: the newest run that walks all axes, and what holds over seeds."""
    found = newest(folder)
    if found is None:
        return
    preset, document = found
    over_seeds = _runs(folder).get(_SEEDS) if preset != _SEEDS else None
    digest = {"digest_of": f"affiliation-{preset}.json", **_kept(document)}
    if over_seeds:
        digest["over_seeds"] = {"digest_of": f"affiliation-{_SEEDS}.json", **_kept(over_seeds)}
        plot(
            [line for line in over_seeds["summary"] if _is_main(line, over_seeds)],
            Looks.LOOKALIKE,
            _plot(folder),
        )
    _write_json(folder / "affiliation.json", digest)
    text = _readable(preset, document, over_seeds, _runs(folder).get(_AXES))
    (folder / "affiliation.md").write_text(text, encoding="utf-8")
    for looks in dict.fromkeys(line["looks"] for line in document["summary"]):
        name = "affiliation.png" if looks == Looks.LOOKALIKE else f"affiliation-{looks}.png"
        plot([line for line in document["summary"] if _is_main(line, document)], looks, folder / name)


def newest(folder: Path) -> tuple[str, dict[str, Any]] | None:
    """The preset and document that the digest is made of: the newest one that walks all axes, if there is one."""
    runs = _runs(folder)
    telling = {name: run for name, run in runs.items() if name not in (_SHORTEST, _SEEDS, _AXES)}
    for less in ((_SHORTEST, _SEEDS), (_SHORTEST,), ()):
        telling = telling or {name: run for name, run in runs.items() if name not in less}
    return max(telling.items(), key=lambda item: item[1]["date"]) if telling else None


def _runs(folder: Path) -> dict[str, dict[str, Any]]:
    """The documents of all presets that have been run."""
    files = {name: folder / f"affiliation-{name}.json" for name in PRESETS}
    return {name: json.loads(f.read_text("utf-8")) for name, f in files.items() if f.exists()}


def _kept(document: dict[str, Any]) -> dict[str, Any]:
    names = ("command", "version", "device", "date", "people", "photos", "summary")
    return {name: document[name] for name in names}


def _plot(folder: Path) -> Path:
    return folder / f"affiliation-{_SEEDS}.png"


def _readable(
    preset: str, document: dict[str, Any], over_seeds: dict[str, Any] | None, axes: dict[str, Any] | None
) -> str:
    parts = ["# Identity-affiliation leak"]
    if over_seeds:
        parts += _over_seeds(over_seeds)
    parts += [f"## {'One album' if over_seeds else 'The run'}", _made(preset, document)]
    parts += ["![leak by tower, defence and attacker](affiliation.png)", *_by_section(document)]
    if axes and preset != _AXES:
        parts += ["## Every axis, on one smaller album", _made(_AXES, axes), *_by_section(axes)]
    return "\n\n".join([*parts, EXPLAINED]) + "\n"


def _by_section(document: dict[str, Any]) -> list[str]:
    parts = []
    for title, belongs in _sections(document).items():
        lines = [line for line in document["summary"] if belongs(line)]
        if any(line["defence"] != CLEAN for line in lines):
            parts += [f"### {title}", table(lines).rstrip()]
    return parts


def _made(preset: str, document: dict[str, Any]) -> str:
    """By which command, when, of how many people, and where all rows are."""
    people, photos = document["people"], document["photos"]
    return (
        f"Photoveil {document['version']}, `{document['command']}`, {document['date'][:10]}: {people} people, {photos} "
        f"photos of each unless the first column says else. [All rows](affiliation-{preset}.md), "
        f"[with their seeds](affiliation-{preset}.json)."
    )


def _over_seeds(document: dict[str, Any]) -> list[str]:
    """What is known of several albums and tuning seeds: the figures to quote."""
    lines = [line for line in document["summary"] if is_usual(line)]
    others = [line for line in document["summary"] if not is_usual(line)]
    albums = len({seed for line in lines for seed in line["album_seeds"]})
    tunings = len({seed for line in lines for seed in line["tune_seeds"]})
    return [
        f"## {albums} albums, {tunings} tuning seeds",
        _made(_SEEDS, document) + " Lines of one album only are trials.",
        f"![leak over {albums} albums](affiliation-{_SEEDS}.png)",
        table(lines).rstrip(),
        "### By kind of fact",
        "Leak in %, with 95 % intervals.",
        kinds_table([line for line in lines if len(line["album_seeds"]) > 1]).rstrip(),
        *(["### Facts in protected photos only", table(others).rstrip()] if others else []),
    ]


def _sections(document: dict[str, Any]) -> dict[str, Callable[[Line], bool]]:
    """What belongs under each title. Clean rows of the axes are there as well: they are the gate."""

    def usual(line: Line) -> bool:
        return (line["people"], line["photos"]) == (document["people"], document["photos"])

    return {
        "Strengths": lambda line: _is_main(line, document),
        "After other channels": lambda line: line["channel"] != UPLOAD,
        "Attackers who fight back": lambda line: bool(line["counter"]),
        "Only some photos protected": lambda line: line["share"] < 1 or line["mixed"],
        "Numbers of people and photos": lambda line: not usual(line),
        "Other defences": lambda line: line["defence"] in BASELINES and line["defence"] not in _IN_MAIN,
    }


def _is_main(line: Line, document: dict[str, Any]) -> bool:
    """Whether a line is about strengths and nothing else."""
    return (
        line["defence"] in _IN_MAIN
        and is_usual(line)
        and (line["people"], line["photos"]) == (document["people"], document["photos"])
    )


def _write_json(file: Path, document: dict[str, Any]) -> None:
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
