"""Can the files be read in which personas are kept?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from photoveil.doctor import aside
from photoveil.doctor.model import Finding
from photoveil.doctor.patient import Patient


def look(patient: Patient) -> Iterator[Finding]:
    """Read the header of each."""
    from photoveil.protection import roster

    mend = patient.command("doctor", "--fix", "--only", "personas")
    for entry in roster.personas(patient.paths.personas, []):
        if entry.error is not None:
            yield Finding(
                "persona_damaged",
                "What is known of a persona cannot be read",
                f"{entry.error.reason} Photos of “{entry.name}” cannot be protected.",
                f"Run {mend}: the file is put aside, and the persona learnt anew from the next photos.",
                mend=partial(_put_aside, patient.paths.personas, entry.name),
            )


def _put_aside(folder: Path, name: str) -> str:
    from photoveil.protection import roster

    with roster.locked(folder):
        file = roster.file_of(folder, name)
        file.open("rb").close()  # one that this user may not read is perhaps whole
        now = roster.find(folder, name, [])
        if now is not None and now.error is None:
            return f"What is known of “{name}” can be read again."
        kept = aside.put(file)
    return f"The persona is learnt anew from the next photos; the damaged file is {kept}."
