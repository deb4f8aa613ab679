"""The two files of a finished audit: report.json for programs, report.html for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from photoveil import __version__
from photoveil.audit.errors import AuditError
from photoveil.audit.facts import Dossier
from photoveil.audit.figures import judge, table
from photoveil.audit.manipulations import NEED_A_FACE, Manipulation
from photoveil.audit.page import page, percent
from photoveil.audit.running import Outcome

JSON_NAME, HTML_NAME = "report.json", "report.html"

_NOTES = (
    "A leak is an answer that tells the fact asked for. Photos should not show the facts: of a red van in the picture "
    "any model tells, and that says nothing about what it has learnt.",
    "What is told of a blank card, the model has from the prompt alone; subtract it in your mind.",
    "Questions about the same photo are not independent, so the intervals are rather too narrow.",
    "Answers were compared with your wordings word by word, forgiving of spelling. Mistakes happen both ways: look at "
    "the quoted answers. Correct the facts file and run the same command again; nothing is asked twice.",
    "No leak found is no proof: other words, other photos or a model tuned further may tell more.",
    "The phrasings follow The Phantom Menace (arXiv 2408.01228); their wording is ours.",
)


def report(
    outcomes: Sequence[Outcome], dossier: Dossier, *, model: str, photos: Sequence[str], faces: Sequence[bool]
) -> dict[str, Any]:
    """Everything that was found, as it goes into report.json.

    Args:
        photos: file names, in the order of the questions' numbers.
        faces: for each, whether a face was known on it.
    """
    figures = table(judge(outcomes, dossier), dossier)
    return {
        "kind": "audit",
        "photoveil": __version__,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": model,
        "persona": dossier.name,
        "summary": _summary(figures, len(photos)),
        "photos": list(photos),
        "questions": len(outcomes),
        "seconds": round(sum(one.answer.seconds for one in outcomes if one.answer), 1),
        **figures,
        "notes": [*_faceless(faces, figures), *_NOTES],
    }


def write(found: dict[str, Any], folder: Path, samples: Sequence[tuple[str, bytes]]) -> Path:
    """Write both files, each whole or not at all and for this user's eyes only; answers where the HTML is."""
    from photoveil.photos import replace_atomically  # Pillow: slow

    try:
        replace_atomically(folder / JSON_NAME, _encoded(json.dumps(found, indent=1, ensure_ascii=False)))
        replace_atomically(folder / HTML_NAME, _encoded(page(found, samples)))
    except OSError as error:
        raise AuditError(
            "The report cannot be written",
            f"{error.strerror}: {folder}.",
            "Make room, or check the rights of the folder, and run the same command again: nothing is asked twice.",
        ) from error
    return folder / HTML_NAME


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", errors="replace")


def _summary(figures: dict[str, Any], photos: int) -> str:
    facts = figures["facts"]
    known = [fact for fact in facts if fact["told"]]
    about = "1 photo" if photos == 1 else f"{photos} photos"
    if not known:
        return f"Asked about {about}, this model told none of the {len(facts)} facts."
    rates = {row["manipulation"]: row["rate"] for row in figures["by_manipulation"]}
    found = f"Asked about {about}, this model told {len(known)} of the {len(facts)} facts."
    if rates.get(Manipulation.ORIGINAL) is None:
        return found
    return f"{found} Of the photos as they are, {percent(rates[Manipulation.ORIGINAL])} of the answers leak."


def _faceless(faces: Sequence[bool], figures: dict[str, Any]) -> list[str]:
    missing = sum(not has for has in faces)
    wanted = any(row["name"] in NEED_A_FACE for row in figures["manipulations"]) or missing == len(faces)
    if not missing or not wanted:
        return []
    return [
        f"On {missing} of {len(faces)} photos no face was found; there, backgrounds were not changed and nothing was "
        "blurred. Rates of these pictures are about the other photos."
    ]
