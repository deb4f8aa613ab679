"""Are the watched folders there, and can copies be written where they belong?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from photoveil.doctor import remedies
from photoveil.doctor.model import Finding
from photoveil.doctor.patient import Patient, is_folder

if TYPE_CHECKING:
    from photoveil.settings import FolderRule


def look(patient: Patient) -> Iterator[Finding]:
    """Look at each folder and at where its copies go."""
    for rule in patient.folders:
        stop = patient.command("folders", "remove", rule.path)
        if not is_folder(rule.path):
            yield Finding(
                "folder_missing",
                "A watched folder is not there",
                f"{rule.path} was moved or renamed, or it is on a drive that is not connected or lets nobody in.",
                f"Put it back or connect its drive; or stop watching it with {stop}.",
            )
        elif not os.access(rule.path, os.R_OK | os.X_OK):
            yield Finding(
                "folder_unreadable",
                "A watched folder cannot be read",
                f"{rule.path} does not let this user in.",
                f"Run `{remedies.command('chmod', 'u+rwx', rule.path)}`, or stop watching it with {stop}.",
            )
        else:
            yield from _target(patient, rule)


def _target(patient: Patient, rule: FolderRule) -> Iterator[Finding]:
    from photoveil.watching.names import OUTPUT_FOLDER

    target = rule.mirror if rule.output == "mirror" and rule.mirror else rule.path
    if rule.output == "beside" and is_folder(beside := rule.path / OUTPUT_FOLDER):
        target = beside
    if target is rule.mirror and not is_folder(target):
        yield Finding(
            "copies_missing",
            "The place for protected copies is not there",
            f"{target}, where copies of the photos in {rule.path} go, is not there.",
            f"Connect its drive, or make it again: `{remedies.command('mkdir', '-p', target)}`.",
        )
    elif not _writable(target):
        place = Path.home() / "Protected"
        elsewhere = patient.command("folders", "change", rule.path, "--mirror-to", place)
        yield Finding(
            "copies_refused",
            "Protected copies cannot be written",
            f"{target} does not let this user write.",
            f"Change its rights, or let copies go elsewhere: {elsewhere}.",
        )


def _writable(folder: Path) -> bool:
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    # The administrator may write everywhere but on drives that nobody can write on.
    return not (hasattr(os, "statvfs") and os.statvfs(folder).f_flag & os.ST_RDONLY)
