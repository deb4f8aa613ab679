"""Can the settings be read, and does everybody know what stands in them?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from photoveil.doctor import aside
from photoveil.doctor.model import Finding, Weight
from photoveil.doctor.patient import Patient


def look(patient: Patient) -> Iterator[Finding]:
    """Read them as every start does."""
    from photoveil.settings import SettingsError, SettingsFile

    file = SettingsFile(patient.paths.settings_file, patient.own)
    try:
        _, unknown = file.read()
    except SettingsError as error:
        yield Finding(
            "settings_broken",
            error.title,
            error.reason,
            error.remedy,
            mend=partial(_begin_anew, file.path) if file.path.is_file() else None,
        )
        return
    for name in unknown:
        yield Finding(
            "settings_unknown",
            "A setting is ignored",
            f"Nobody knows the setting “{name}”; perhaps it is misspelt, or of another version.",
            f"Correct or delete its line in {file.path}.",
            Weight.ADVICE,
        )


def _begin_anew(file: Path) -> str:
    from photoveil.settings import write_template

    kept = aside.put(file)
    write_template(file)
    return f"The settings are the defaults again; what you had is in {kept}."
