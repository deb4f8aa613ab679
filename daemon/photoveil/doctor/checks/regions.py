"""Can all be read of what the user has chosen to hide on photos for AI assistants?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from photoveil.doctor import aside
from photoveil.doctor.model import Finding
from photoveil.doctor.patient import Patient


def look(patient: Patient) -> Iterator[Finding]:
    """Read it as everybody does who makes copies."""
    from photoveil.assistant.choices import Read

    file = patient.paths.assistant_choices
    if not Read.of(file).whole:
        mend = patient.command("doctor", "--fix", "--only", "regions")
        yield Finding(
            "regions_unreadable",
            "What you chose to hide on photos cannot be read",
            f"{file} is damaged or not readable. Photos for AI assistants are held back, but for those whose places "
            "could be read.",
            f"Run {mend}: what can be read is kept, and the damaged file is put aside.",
            mend=partial(_put_aside, file),
        )


def _put_aside(file: Path) -> str:
    from photoveil.assistant.choices import Read, write

    if file.is_file():
        file.chmod(0o600)  # perhaps it is only this
    now = Read.of(file)
    if now.whole:
        return f"{file} can be read again."
    # Where there is no file nothing was chosen: there is one at every moment, but where a folder has its name.
    kept = aside.keep(file) if file.is_file() else aside.put(file)
    write(file, now.known.values())
    count = len(now.known)
    places = "The places on one photo" if count == 1 else f"The places on {count} photos"
    return (
        f"{places} could be read and are kept; the damaged file is {kept}. Draw those of other photos again."
    )
