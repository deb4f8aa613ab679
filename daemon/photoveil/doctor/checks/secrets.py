"""Can the file of keys be read, by this user alone, and has every connected browser its key?"""

from __future__ import annotations

import contextlib
import json
import stat
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from photoveil.doctor import aside, remedies
from photoveil.doctor.model import Finding, NotNow
from photoveil.doctor.patient import Patient


def look(patient: Patient) -> Iterator[Finding]:
    """Look at the file's rights and at the names in it; keys themselves are not looked at."""
    file = patient.paths.secrets_file
    if file.exists() and sys.platform != "win32" and (mode := stat.S_IMODE(file.stat().st_mode)) & 0o077:
        yield Finding(
            "secrets_open",
            "Others can read Photoveil's keys",
            f"{file} has the rights {mode:o}, where 600 lets in you alone.",
            f"Run `{remedies.command('chmod', '600', file)}`.",
            mend=partial(_close, file),
        )
    try:
        names = kept(file)
    except ValueError:
        yield Finding(
            "secrets_broken",
            "The file of keys cannot be read",
            f"{file} is damaged.",
            f"Run {patient.command('doctor', '--fix', '--only', 'secrets')}, which puts it aside, connect your "
            f"browsers again, and bring the vault's key back with {patient.command('vault', 'import-key')}.",
            mend=partial(_put_aside, file),
        )
        return
    yield from _keyless(patient, names)


def kept(file: Path) -> dict[str, bool]:
    """The names of all keys, and whether the system's keyring has them; ValueError for a damaged file."""
    try:
        found = json.loads(file.read_text("ascii"))
    except FileNotFoundError:
        return {}
    if not isinstance(found, dict) or not all(isinstance(value, str | None) for value in found.values()):
        raise ValueError("no file of keys")
    return {str(name): value is None for name, value in found.items()}


def _keyless(patient: Patient, names: dict[str, bool]) -> Iterator[Finding]:
    """Browsers that the ledger knows and the keys do not."""
    try:
        with patient.ledger() as ledger:
            clients = [str(row[0]) for row in ledger.execute("SELECT client FROM clients ORDER BY created")]
    except NotNow:
        return
    for client in clients:
        if client not in names:
            yield Finding(
                "browser_keyless",
                "A connected browser cannot be recognised any more",
                f"The key of the browser {client} is gone.",
                f"Run {patient.command('clients', '--revoke', client)}, then connect it again with "
                f"{patient.command('pair')}.",
            )


def _close(file: Path) -> str:
    file.chmod(0o600)
    return f"{file} is yours alone now."


def _put_aside(file: Path) -> str:
    with contextlib.suppress(ValueError):
        kept(file)
        return f"{file} can be read again."  # other checks may have taken minutes
    return f"The damaged file is {aside.put(file)}; connect your browsers again with `photoveil pair`."
