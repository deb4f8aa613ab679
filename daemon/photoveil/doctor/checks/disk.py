"""Is there room where Photoveil writes?"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from photoveil.doctor.model import Finding, NotNow, Weight
from photoveil.doctor.patient import Patient

LEAST = 64 << 20
"""With less, photos wait: the vault alone keeps 32 MB free."""
_COMFORT = 1 << 30


def look(patient: Patient) -> Iterator[Finding]:
    """Look at every drive once, whatever of ours is on it."""
    seen: set[int] = set()
    for place, what in _places(patient):
        there = _nearest(place)
        if there is None:  # another check tells of it
            continue
        device = there.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        yield from _drive(there, what, patient)


def _places(patient: Patient) -> Iterator[tuple[Path, str]]:
    paths = patient.paths
    yield paths.state, "Photoveil's ledger and vault"
    yield paths.vault, "the vault"
    yield paths.cache, "photos on their way"
    yield paths.config, "the settings"
    yield paths.logs, "the log"
    yield patient.models, "the model sets"
    with contextlib.suppress(NotNow):
        for rule in patient.folders:
            mirrored = rule.mirror if rule.output == "mirror" else None
            yield mirrored or rule.path, "protected copies"


def _nearest(place: Path) -> Path | None:
    """The place, or what of the way to it is there; None where its drive is not connected (Windows)."""
    for there in (place, *place.parents):
        if os.access(there, os.F_OK):  # False, too, where this user may not look
            return there
    return None


def _drive(there: Path, what: str, patient: Patient) -> Iterator[Finding]:
    usage = shutil.disk_usage(there)
    if usage.free < LEAST or not _names_left(there):
        title, weight = "The disk is full", Weight.PROBLEM
    elif usage.free < _COMFORT and usage.free < usage.total / 20:
        title, weight = "The disk is nearly full", Weight.ADVICE
    else:
        return
    left = f"{usage.free >> 20} MB are left" if _names_left(there) else "it takes no further files"
    yield Finding(
        "disk_full" if weight is Weight.PROBLEM else "disk_low",
        title,
        f"On the drive with {there}, where {what} are kept, {left}. Photos wait until there is room; nothing is lost.",
        f"Free {max(1, (_COMFORT - usage.free) >> 20)} MB there; {patient.command('vault', 'list')} and "
        f"{patient.command('settings', 'set', 'cache_mb', 64)} tell and limit what Photoveil itself takes.",
        weight,
    )


def _names_left(there: Path) -> bool:
    """Whether the drive can take one more file, however small."""
    if not hasattr(os, "statvfs"):
        return True
    found = os.statvfs(there)
    return not found.f_files or found.f_favail > 0
