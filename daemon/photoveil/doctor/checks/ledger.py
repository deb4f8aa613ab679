"""Is the database of protected photos whole?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial

from photoveil.doctor.model import Finding
from photoveil.doctor.patient import Patient, open_ledger

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def look(patient: Patient) -> Iterator[Finding]:
    """Have SQLite look through all of it."""
    file = patient.paths.ledger_file
    if not file.exists():
        return
    try:
        with closing(open_ledger(file)) as connection:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            complaints = [str(row[0]) for row in connection.execute("PRAGMA quick_check(1)")]
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) in _BUSY:
            raise
        version, complaints = 0, [str(error)]
    if complaints != ["ok"]:
        yield _damaged(patient, complaints[0])
        return
    from photoveil.ledger.database import MIGRATIONS

    if version > len(MIGRATIONS):
        yield Finding(
            "ledger_newer",
            "The ledger is newer than this Photoveil",
            f"It has version {version}; this program knows up to {len(MIGRATIONS)}.",
            "Install the newer version of Photoveil again.",
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
