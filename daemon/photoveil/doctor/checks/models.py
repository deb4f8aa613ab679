"""Are the encoders here that photos are protected against, and are they what was recorded?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from photoveil.doctor import remedies
from photoveil.doctor.model import Finding, NotNow, Weight
from photoveil.doctor.patient import Patient

if TYPE_CHECKING:
    from photoveil.models import Finding as Damage
    from photoveil.protection.model_sets import ModelSet


def look(patient: Patient) -> Iterator[Finding]:
    """Read every file of the sets that are here, which takes a while for the large ones."""
    from photoveil import models
    from photoveil.protection import model_sets

    try:
        sets = model_sets.model_sets(patient.models)
    except model_sets.CatalogueError as error:
        yield Finding("models_damaged", error.title, error.reason, remedies.reinstall())
        return
    yield from _wanted(patient, sets)
    for found in sets:
        if any(encoder.weights.is_file() for encoder in found.encoders):
            damages = models.verify(found.name, patient.models)
            yield from _damaged(
                patient, found, [d for d in damages if d.problem is not models.Problem.UNFINISHED]
            )


def _wanted(patient: Patient, sets: list[ModelSet]) -> Iterator[Finding]:
    """The set that the settings name."""
    try:
        wanted = patient.settings.model_set
    except NotNow:
        return
    names = {found.name: found for found in sets}
    if wanted in ("auto", *(name for name, found in names.items() if found.installed)):
        return
    to_fetch = wanted in names and names[wanted].from_hub
    get = f"{patient.command('models', 'pull', wanted)}, or " if to_fetch else ""
    yield Finding(
        "models_not_here",
        "The model set you chose is not here",
        f"The settings name “{wanted}”; until it is here, the starters serve, which are for trying only.",
        f"Run {get}{patient.command('settings', 'set', 'model_set', 'auto')}.",
    )


def _damaged(patient: Patient, found: ModelSet, damages: list[Damage]) -> Iterator[Finding]:
    if not damages:
        return
    from photoveil.protection.model_sets import MODELS_DIR

    folder = found.encoders[0].weights.parent
    what = ", ".join(f"{damage.file} ({damage.problem})" for damage in damages[:3])
    if found.from_hub:
        remedy = f"Run {patient.command('models', 'pull', found.name)}: it fetches again what is missing or damaged."
    elif folder.is_relative_to(MODELS_DIR):
        remedy = remedies.reinstall()
    else:
        remedy = f"Copy the set to {folder} again from where you have it."
    yield Finding(
        "models_damaged",
        "A model set is damaged",
        f"Of “{found.name}”, this is not as it was recorded: {what}. Photos are not protected with damaged encoders.",
        remedy,
        Weight.PROBLEM if _complete_once(folder) else Weight.ADVICE,
    )


def _complete_once(folder: Path) -> bool:
    """Whether this is damage, and not a download that has only come half the way."""
    return not any(folder.glob(".*.part"))
