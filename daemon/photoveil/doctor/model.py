"""What the doctor looks at, and what it may find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Weight(StrEnum):
    """How much a finding matters."""

    PROBLEM = "problem"
    """Something does not work."""
    ADVICE = "advice"
    """Something could be better."""
    NOTE = "note"
    """Good to know; there is nothing to do."""


class NotNow(Exception):  # noqa: N818 - no error: another check tells what is wrong
    """A check cannot be made as long as something else is wrong; the text says what."""


@dataclass(frozen=True)
class Finding:
    """Something wrong.

    Attributes:
        code: for programs; stays the same over versions.
        title, reason: what it is and why.
        remedy: what to do about it, in one line; commands stand in backquotes.
        mend: does what the remedy says and answers what was done, in one sentence; None where only the user can.
            It loses nothing: what is in the way is put aside. It may raise PhotoveilError or OSError.
    """

    code: str
    title: str
    reason: str
    remedy: str
    weight: Weight = Weight.PROBLEM
    mend: Callable[[], str] | None = field(default=None, compare=False, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "code": self.code,
            "weight": str(self.weight),
            "title": self.title,
            "reason": self.reason,
            "remedy": self.remedy,
            "can_be_mended": self.mend is not None,
        }


@dataclass(frozen=True)
class Check:
    """One thing that is looked at; done by ``look(patient)`` in ``photoveil.doctor.checks.NAME``.

    Attributes:
        title: what it is called where the results are listed.
        seconds: a check that takes longer is given up.
    """

    name: str
    title: str
    seconds: float = 20.0

    @property
    def module(self) -> str:
        """Where it is done."""
        return f"photoveil.doctor.checks.{self.name}"


CHECKS = (
    Check("installation", "Installation", 60.0),
    Check("profile", "Photoveil's own folders"),
    Check("settings", "Settings"),
    Check("ledger", "Ledger", 120.0),
    Check("secrets", "Keys"),
    Check("keyring", "System keyring", 30.0),
    Check("personas", "Personas"),
    Check("regions", "Private places"),
    Check("disk", "Disk space"),
    Check("vault", "Vault"),
    Check("daemon", "Daemon"),
    Check("versions", "Versions"),
    Check("port", "Port"),
    Check("browser", "Browser extension"),
    Check("folders", "Watched folders"),
    Check("inotify", "Noticing changes", 60.0),
    Check("models", "Model sets", 600.0),
    Check("download", "Downloads of model sets"),
    Check("device", "Graphics card", 120.0),
    Check("heif", "HEIC photos"),
    Check("tray", "Tray icon", 40.0),
    Check("autostart", "Start at login"),
    Check("clock", "Clock"),
    Check("notices", "What the daemon tells"),
)
"""In the order in which they are made: what others stand on comes first."""
