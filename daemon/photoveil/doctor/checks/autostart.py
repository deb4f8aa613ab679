"""Does Photoveil start when the user logs in?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from photoveil.doctor.model import Finding, Weight
from photoveil.doctor.patient import Patient


def look(patient: Patient) -> Iterator[Finding]:
    """Ask who knows the desktop's entry."""
    from photoveil import autostart

    found = autostart.status(patient.profile)
    remedy = f"Run {patient.command('autostart', 'on')}."
    if found.state is autostart.State.BROKEN:
        yield Finding(
            "autostart_broken",
            "Photoveil cannot start when you log in",
            f"{found.where}: {found.problem or 'the program it names is not there.'}",
            remedy,
            mend=partial(_switch_on, patient.profile),
        )
    elif found.state is autostart.State.OFF:
        yield Finding(
            "autostart_off",
            "Photoveil does not start when you log in",
            "Until you start it yourself, uploads are not protected and folders are not watched.",
            remedy,
            Weight.ADVICE,
        )


def _switch_on(profile: str) -> str:
    from photoveil import autostart

    return f"Photoveil starts when you log in: {autostart.switch_on(profile).where}."
