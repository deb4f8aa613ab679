"""Results on disk: every preset's run in files of its own, and a digest of the one that says most."""

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
from lab.affiliation.tables import EXPLAINED, Line, as_markdown, summary, table
from photoveil import __version__

_SHORTEST = "ci"
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
    """Write affiliation.json, .md and .png from the newest run in the folder that is not the shortest."""
    found = newest(folder)
    if found is None:
        return
    preset, document = found
    lines = document["summary"]
    kept = {
        name: document[name]
        for name in ("command", "version", "device", "date", "people", "photos", "summary")
    }
    _write_json(folder / "affiliation.json", {"digest_of": f"affiliation-{preset}.json", **kept})
    (folder / "affiliation.md").write_text(_readable(preset, document), encoding="utf-8")
    for looks in dict.fromkeys(line["looks"] for line in lines):
        name = "affiliation.png" if looks == Looks.LOOKALIKE else f"affiliation-{looks}.png"
        plot([line for line in lines if _is_main(line, document)], looks, folder / name)


def newest(folder: Path) -> tuple[str, dict[str, Any]] | None:
    """The preset and document that the digest is made of."""
    files = {name: folder / f"affiliation-{name}.json" for name in PRESETS}
    runs = {name: json.loads(f.read_text("utf-8")) for name, f in files.items() if f.exists()}
    telling = {name: run for name, run in runs.items() if name != _SHORTEST} or runs
    return max(telling.items(), key=lambda item: item[1]["date"]) if telling else None


def _readable(preset: str, document: dict[str, Any]) -> str:
    people, photos = document["people"], document["photos"]
    parts = [
        "# Identity-affiliation leak",
        f"Photoveil {document['version']}, `{document['command']}`, {document['date'][:10]}: {people} people, {photos} "
        f"photos of each unless the first column says else. [All rows](affiliation-{preset}.md), "
        f"[with their seeds](affiliation-{preset}.json).",
        "![leak by tower, defence and attacker](affiliation.png)",
    ]
    for title, belongs in _sections(document).items():
        lines = [line for line in document["summary"] if belongs(line)]
        if any(line["defence"] != CLEAN for line in lines):
            parts += [f"## {title}", table(lines).rstrip()]
    return "\n\n".join([*parts, EXPLAINED]) + "\n"


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
        and line["channel"] == UPLOAD
        and not line["counter"]
        and not line["mixed"]
        and line["share"] == 1
        and (line["people"], line["photos"]) == (document["people"], document["photos"])
    )


def _write_json(file: Path, document: dict[str, Any]) -> None:
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
