"""Making the checks: each by itself, so that one that fails or hangs hides no other."""

from __future__ import annotations

import importlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from photoveil.doctor import remedies
from photoveil.doctor.model import CHECKS, Check, Finding, NotNow, Weight
from photoveil.doctor.patient import Patient


class State(StrEnum):
    """What came of a check."""

    GOOD = "good"
    ADVICE = "advice"
    PROBLEM = "problem"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Result:
    """A check that was made.

    Attributes:
        skipped: why it could not be made now; empty if it was.
    """

    check: Check
    findings: tuple[Finding, ...]
    seconds: float
    skipped: str = ""

    @property
    def state(self) -> State:
        """The worst of what was found; notes are good news."""
        weights = {finding.weight for finding in self.findings}
        if Weight.PROBLEM in weights:
            return State.PROBLEM
        if Weight.ADVICE in weights:
            return State.ADVICE
        return State.SKIPPED if self.skipped else State.GOOD

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "check": self.check.name,
            "title": self.check.title,
            "state": str(self.state),
            "skipped": self.skipped,
            "seconds": round(self.seconds, 2),
            "findings": [finding.as_dict() for finding in self.findings],
        }


def examine(
    patient: Patient,
    checks: Sequence[Check] = CHECKS,
    begins: Callable[[Check], None] = lambda _check: None,
) -> list[Result]:
    """Make the checks one after another; ``begins`` hears of each before it is made."""
    results = []
    for check in checks:
        begins(check)
        results.append(_made(check, patient))
    return results


def _made(check: Check, patient: Patient) -> Result:
    """One check, in a thread that is left behind if it does not come back."""
    found: list[Result] = []
    start = time.monotonic()
    thread = threading.Thread(
        target=lambda: found.append(_looked(check, patient, start)), name=check.name, daemon=True
    )
    thread.start()
    thread.join(check.seconds)
    return found[0] if found else Result(check, (_silent(check),), time.monotonic() - start)


def _looked(check: Check, patient: Patient, start: float) -> Result:
    findings: tuple[Finding, ...] = ()
    skipped = ""
    try:
        findings = tuple(importlib.import_module(check.module).look(patient))
    except NotNow as reason:
        skipped = str(reason)
    except Exception as error:  # noqa: BLE001 - whatever is broken, the other checks are made
        if _is_shut_out(error, patient):
            skipped = "Photoveil's own folder lets nobody in"
        else:
            findings = (_failed(check, error, patient),)
    return Result(check, findings, time.monotonic() - start, skipped)


def _is_shut_out(error: Exception, patient: Patient) -> bool:
    """Whether a folder of ours lets this user not in, which the check of folders tells."""
    if not isinstance(error, PermissionError) or not error.filename:
        return False
    folder = Path(os.fsdecode(error.filename)).parent
    return any(folder.is_relative_to(own) for own in patient.own) and not os.access(folder, os.R_OK | os.X_OK)


def _failed(check: Check, error: Exception, patient: Patient) -> Finding:
    missing = isinstance(error, ImportError)
    report = patient.command("doctor", "--report", "report.zip")
    return Finding(
        "unchecked",
        f"“{check.title}” could not be checked",
        f"{type(error).__name__}: {error}".split("\n")[0][:300],
        remedies.reinstall() if missing else f"Send a report of it: {report}.",
    )


def _silent(check: Check) -> Finding:
    return Finding(
        "no_answer",
        f"“{check.title}” could not be checked",
        f"There was no answer within {check.seconds:.0f} seconds, as from a network drive or a service that hangs.",
        "Disconnect drives that do not answer, log out and in again, then run `photoveil doctor` again.",
    )
