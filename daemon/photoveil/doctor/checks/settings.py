"""Can the settings be read, and does everybody know what stands in them?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from photoveil.doctor import aside
from photoveil.doctor.model import Finding, Weight
from photoveil.doctor.patient import Patient

if TYPE_CHECKING:
    from photoveil.settings import SettingsFile


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
            mend=partial(_begin_anew, file) if file.path.is_file() else None,
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


def _begin_anew(file: SettingsFile) -> str:
    from photoveil.settings import SettingsError, write_template

    with contextlib.suppress(SettingsError):
        file.read()
        return f"{file.path} can be read again."  # other checks may have taken minutes
    kept = aside.put(file.path)
    write_template(file.path)
    return f"The settings are the defaults again; what you had is in {kept}."
