"""Can Photoveil's own folders be used, and by this user alone?"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from photoveil.doctor import aside, remedies
from photoveil.doctor.model import Finding
from photoveil.doctor.patient import Patient

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def look(patient: Patient) -> Iterator[Finding]:
    """Look at each folder, and at the files in it that every start needs. One that is not there yet will be made."""
    paths = patient.paths
    for folder in patient.own:
        yield from _folder(folder)
    for file in (paths.settings_file, paths.ledger_file, paths.secrets_file, paths.log_file, paths.lock_file):
        yield from _mine(file)


def _folder(folder: Path) -> Iterator[Finding]:
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        yield Finding(
            "profile_no_folder",
            "Photoveil's own folder cannot be used",
            f"Where {folder} should be, there is something that is no folder.",
            f"Put it aside: `{remedies.command('mv', folder, aside.free_name(folder))}`.",
        )
        return
    if (foreign := next(_mine(folder), None)) is not None:
        yield foreign
        return
    if why := _refusal(folder):
        yield Finding(
            "profile_not_writable",
            "Photoveil cannot write to its own folder",
            f"{folder}: {why}.",
            f"Run `{_allowing(folder, why)}`.",
        )
    elif sys.platform != "win32" and (mode := stat.S_IMODE(folder.stat().st_mode)) & _OTHERS:
        yield Finding(
            "profile_open",
            "Others can look into Photoveil's own folder",
            f"{folder} has the rights {mode:o}, where 700 lets in you alone.",
            f"Run `{remedies.command('chmod', '700', folder)}`.",
            mend=partial(_close, folder),
        )


def _allowing(folder: Path, why: str) -> str:
    if why == os.strerror(errno.EROFS):
        return remedies.as_root(remedies.command("mount", "-o", "remount,rw", _mount(folder)))
    return remedies.command("chmod", "u+rwx", folder)


def _close(folder: Path) -> str:
    folder.chmod(0o700)
    return f"{folder} is yours alone now."


def _mine(place: Path) -> Iterator[Finding]:
    """What belongs to somebody else, as after `sudo photoveil`."""
    if not hasattr(os, "geteuid"):
        return
    try:
        owner = place.stat().st_uid
    except OSError:  # it is not there, or in a folder that is told of by itself
        return
    if owner == os.geteuid():
        return
    change = remedies.command("chown", "-R", str(os.geteuid()), place)
    yield Finding(
        "profile_foreign",
        "Something of Photoveil's belongs to another user",
        f"{place} belongs to user {owner}, as it happens when Photoveil is run with sudo.",
        f"Run `{remedies.as_root(change)}`.",
    )


def _refusal(folder: Path) -> str:
    """Why nothing can be written here; empty if something can. Found out by trying."""
    trial = folder / f".photoveil-doctor-{os.getpid()}"
    try:
        os.close(os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        trial.unlink()
    except OSError as error:
        # A full disk is another check's matter.
        return "" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror or type(error).__name__
    return ""


def _mount(folder: Path) -> Path:
    while not folder.is_mount():
        folder = folder.parent
    return folder
