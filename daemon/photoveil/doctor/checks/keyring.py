"""Is there a system keyring, and does it open?"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from photoveil.doctor import probes
from photoveil.doctor.checks.secrets import kept
from photoveil.doctor.model import Finding, Weight
from photoveil.doctor.patient import Patient

_SECONDS = 20.0
_TITLES = {
    "absent": ("There is no system keyring", "No program on this computer offers to keep passwords."),
    "locked": ("The system keyring is locked", "It is there but must be unlocked before it gives out a key."),
    "silent": ("The system keyring does not answer", "It was asked, and said nothing for a long while."),
}


def look(patient: Patient) -> Iterator[Finding]:
    """Ask it, without showing its dialog; it matters more where it holds keys of ours."""
    told = probes.ask("keyring", f"photoveil/{patient.profile}", seconds=_SECONDS)
    state = "silent" if told is None else str(told["state"])
    if state == "usable":
        return
    try:
        needed = any(kept(patient.paths.secrets_file).values())
    except (OSError, ValueError):
        needed = False
    title, reason = _TITLES[state]
    means = (
        "Photoveil's keys lie in it: connected browsers and the vault wait for it."
        if needed
        else "Photoveil keeps its keys in a file that only you can read; who copies your whole disk has them, too."
    )
    yield Finding(
        f"keyring_{state}",
        title,
        f"{reason} {means}",
        _remedy(state),
        Weight.PROBLEM if needed else Weight.ADVICE,
    )


def _remedy(state: str) -> str:
    if not sys.platform.startswith("linux"):
        return "Log out of this computer and in again: that unlocks it."
    if state == "absent" and not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return (
            "Start Photoveil from your desktop, not over the network or with sudo: the keyring belongs to it."
        )
    if state == "absent":
        return "Install one with `sudo apt install gnome-keyring` (KDE: `kwalletmanager`), then log out and in again."
    if state == "locked":
        return (
            "Log out and in with your password, or open “Passwords and Keys” (seahorse) and unlock “Login”."
        )
    return "Log out and in again, which restarts it."
