"""Is the database of protected photos whole?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from photoveil.doctor.model import Finding
from photoveil.doctor.patient import Patient, is_damage, open_ledger


def look(patient: Patient) -> Iterator[Finding]:
    """Have SQLite look through all of it."""
    file = patient.paths.ledger_file
    if not file.exists():
        return
    version = 0
    try:
        with closing(open_ledger(file)) as connection:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            complaints = [str(row[0]) for row in connection.execute("PRAGMA quick_check(1)")]
    except sqlite3.Error as error:
        if not is_damage(error):
            yield _unreadable(file, str(error))
            return
        complaints = [str(error)]
    from photoveil.ledger.database import MIGRATIONS

    if version > len(MIGRATIONS):
        yield Finding(
            "ledger_newer",
            "The ledger is newer than this Photoveil",
            f"It has version {version}; this program knows up to {len(MIGRATIONS)}.",
            "Install the newer version of Photoveil again.",
        )
    elif complaints != ["ok"]:
        yield _damaged(patient, complaints[0])


def _unreadable(file: Path, error: str) -> Finding:
    return Finding(
        "ledger_unreadable",
        "Photoveil's ledger cannot be looked at",
        f"{file} is there, but SQLite says: {error}.",
        "End other programs that have it open, see that it is a file which you may read and write and that its drive "
        "works, then run `photoveil doctor` again.",
    )


def _damaged(patient: Patient, complaint: str) -> Finding:
    from photoveil.api.runtime import InstanceLock
    from photoveil.doctor import salvage

    mend = patient.command("doctor", "--fix", "--only", "ledger")
    is_held = InstanceLock(patient.paths.lock_file).is_held()
    stop = f"{patient.command('stop')}, then " if is_held else ""
    return Finding(
        "ledger_damaged",
        "Photoveil's ledger is damaged",
        f"{patient.paths.ledger_file} cannot be read as a whole ({complaint.splitlines()[0]}).",
        f"Run {stop}{mend}: what can be read is kept, the damaged file is put aside.",
        mend=partial(salvage.mend, patient.paths),
    )
