"""Has the vault room for further originals, and is its key there?"""

from __future__ import annotations

from collections.abc import Iterator

from photoveil.doctor.checks.secrets import kept
from photoveil.doctor.model import Finding, NotNow, Weight
from photoveil.doctor.patient import Patient

_KEY = "vault"
_NEARLY = 0.95


def look(patient: Patient) -> Iterator[Finding]:
    """Ask the ledger how much there is, and the names of keys."""
    if not patient.paths.ledger_file.exists():
        return
    with patient.ledger() as ledger:
        used, count = ledger.execute("SELECT coalesce(sum(stored), 0), count(*) FROM vault_blobs").fetchone()
    yield from _room(patient, int(used))
    if count:
        yield from _key(patient, int(count))


def _room(patient: Patient, used: int) -> Iterator[Finding]:
    limit_mb = patient.settings.vault_mb
    share = used / (limit_mb << 20)
    if share < _NEARLY:
        return
    yield Finding(
        "vault_full",
        "The vault is full" if share >= 1 else "The vault is nearly full",
        f"{used / 2**20:.1f} of {limit_mb} MB are taken. Photos whose originals it should keep wait for room; "
        "nothing is dropped.",
        f"Run {patient.command('settings', 'set', 'vault_mb', max(2 * limit_mb, (used >> 19) + 1))}.",
        Weight.PROBLEM if share >= 1 else Weight.ADVICE,
    )


def _key(patient: Patient, count: int) -> Iterator[Finding]:
    try:
        names = kept(patient.paths.secrets_file)
    except ValueError as error:
        raise NotNow("the file of keys cannot be read") from error
    if _KEY not in names:
        yield Finding(
            "vault_key_gone",
            "The vault's key cannot be found",
            f"There are {count} originals in the vault and no key for them. They are safe, and no new key is made.",
            f"Bring the key back from your backup: {patient.command('vault', 'import-key')}.",
        )
