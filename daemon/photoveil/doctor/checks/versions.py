"""Is the running daemon of the version that is installed?"""

from __future__ import annotations

from collections.abc import Iterator

from photoveil import __version__
from photoveil.doctor.model import Finding
from photoveil.doctor.patient import Patient


def look(patient: Patient) -> Iterator[Finding]:
    """Compare what it tells with what this program is."""
    told = str(patient.overview["version"])
    if told == __version__:
        return
    yield Finding(
        "version_mismatch",
        "An older or newer Photoveil is running",
        f"The daemon that runs is version {told}; installed is {__version__}, as after an upgrade.",
        f"Restart it: {patient.command('stop')}, then {patient.command('run')}.",
    )
