"""What the user is told of the vault, for as long as it is so."""

from __future__ import annotations

from photoveil.ledger import vault_errors as errors
from photoveil.ledger.vault_errors import VaultDamagedError, VaultFullError, VaultKeyError
from photoveil.ledger.vault_files import ContainerError
from photoveil.notices import Notices

_FULL, _KEY, _DAMAGED, _LOCKED = "vault/full", "vault/key", "vault/damaged", "vault/locked"
_KEY_IN_FILE = "keys"


class VaultTold:
    """The notices of one vault.

    Args:
        notices: hear ``vault/full``, ``vault/key``, ``vault/locked``, ``vault/damaged``, and ``keys`` while the key
            lies in a file.
    """

    def __init__(self, notices: Notices) -> None:
        self._notices = notices

    def full(self, error: VaultFullError | None) -> None:
        """An original found no room; None: one did, or some was made."""
        self._tell(_FULL, error)

    def key(self, error: VaultKeyError | None) -> None:
        """The key cannot be had; None: here it is."""
        self._tell(_KEY, error)

    @property
    def key_is_away(self) -> bool:
        """Whether the user was last told that the key cannot be had."""
        return any(notice.key == _KEY for notice in self._notices.all())

    def locked(self, count: int) -> None:
        """How many originals were encrypted with another key."""
        self._tell(_LOCKED, errors.key_partly(count) if count else None)

    def missing(self, count: int) -> None:
        """How many originals do not open."""
        self._tell(_DAMAGED, errors.missing(count) if count else None)

    def damage(self, error: ContainerError) -> VaultDamagedError:
        """One original that does not open, as the user reads it."""
        told = errors.damaged(str(error))
        self._tell(_DAMAGED, told)
        return told

    def key_in_file(self, *, is_so: bool) -> None:
        """Whether the key lies in a file, for want of a keyring; others have a notice of the same name."""
        if is_so:
            self._tell(_KEY_IN_FILE, errors.KeyInFileError())
        elif any(notice.code == errors.KeyInFileError.code for notice in self._notices.all()):
            self._tell(_KEY_IN_FILE, None)

    def _tell(self, key: str, error: errors.VaultError | errors.KeyInFileError | None) -> None:
        if error is None:
            self._notices.clear(key)
        else:
            self._notices.set(key, error)
