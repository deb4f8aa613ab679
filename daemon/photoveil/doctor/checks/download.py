"""Did a download of a model set stop half-way?"""

from __future__ import annotations

from collections.abc import Iterator

from photoveil.doctor.model import Finding, NotNow, Weight
from photoveil.doctor.patient import Patient


def look(patient: Patient) -> Iterator[Finding]:
    """Look for what is wished, what is under way, and what was left."""
    from photoveil.fitting.wishes import Wishes

    wished = Wishes.read(patient.paths.wishes_file).pull
    under_way = _under_way(patient)
    if wished and not under_way:
        yield _stopped(patient, wished)
    for name in _left(patient):
        if name not in (wished, under_way):
            yield Finding(
                "download_interrupted",
                "A download was interrupted",
                f"A part of the model set “{name}” is here; the rest never came.",
                f"Run {patient.command('models', 'pull', name)} to go on where it stopped, or "
                f"{patient.command('models', 'remove', name)}.",
                Weight.ADVICE,
            )


def _under_way(patient: Patient) -> str | None:
    """The set that the running daemon is fetching, or about to try again."""
    try:
        current = patient.overview["models"]["download"]
    except NotNow:
        return None
    return str(current["model_set"]) if current and current["state"] != "failed" else None


def _stopped(patient: Patient, name: str) -> Finding:
    if patient.settings.offline:
        return Finding(
            "download_offline",
            "A model set cannot be fetched",
            f"“{name}” is to be fetched, but the setting “Stay offline” is on.",
            f"Run {patient.command('settings', 'set', 'offline', 'off')}, or bring the files: "
            f"{patient.command('models', 'add', name, 'FOLDER')}.",
        )
    return Finding(
        "download_waiting",
        "A model set is not fetched yet",
        f"“{name}” is to be fetched, and nobody is at it.",
        f"Run {patient.command('models', 'pull', name)}, or start Photoveil, which goes on: {patient.command('run')}.",
        Weight.ADVICE,
    )


def _left(patient: Patient) -> list[str]:
    """The sets of which there is an unfinished file."""
    return sorted({part.parent.name for part in patient.models.glob("*/.*.part")})
