"""What can go wrong with the vault, as the user reads it."""

from __future__ import annotations

from pathlib import Path

from photoveil.errors import PhotoveilError
from photoveil.ledger.troubles import TryLater
from photoveil.worker.tasks import SourceChanged


class VaultError(PhotoveilError):
    """An original that could be neither kept nor given back."""

    code = "vault"


class VaultFullError(VaultError, TryLater):
    """No room for another original."""

    code = "vault_full"


class VaultKeyError(VaultError, TryLater):
    """The key of the vault cannot be had, or is not the right one."""

    code = "vault_key"


class VaultChangedError(VaultError, SourceChanged):
    """The photo changed while it was being kept."""

    code = "vault_changed"


class VaultUnknownError(VaultError):
    """No such item."""

    code = "vault_unknown"


class VaultDamagedError(VaultError):
    """A kept original cannot be read any more."""

    code = "vault_damaged"


class VaultPlaceError(VaultError):
    """The place where an original was to be restored does not take it."""

    code = "vault_place"


class KeyInFileError(PhotoveilError):
    """Not a failure but worth knowing: the vault's key lies in a file."""

    code = "vault_key_in_file"

    def __init__(self) -> None:
        super().__init__(
            "The vault's key lies in a file",
            "This computer has no system keyring that can be used now, so the key lies in a file that only you can "
            "read. Who copies your whole disk can open the vault.",
            "Unlock or install a system keyring (GNOME Keyring, KWallet): the key moves there by itself. "
            "Full-disk encryption protects it as well.",
        )


def size(count: int) -> str:
    """Bytes in words: ``4.2 MB``."""
    value = float(count)
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def vault_full(need: int, used: int, limit: int) -> VaultFullError:
    """The limit that the user set is reached."""
    return VaultFullError(
        "The vault is full",
        f"The original needs {size(need)}, and {size(used)} of {size(limit)} are taken. Nothing was changed.",
        "Raise the size of the vault in the settings (vault_mb), or remove originals that you no longer need.",
    )


def disk_full(need: int, free: int, folder: Path) -> VaultFullError:
    """The disk has less room than the original needs."""
    return VaultFullError(
        "The disk is too full to keep the original",
        f"It needs {size(need)} and {folder} has {size(free)} left. Nothing was changed.",
        "Free some space on that disk; the photo is then taken up again.",
    )


def key_away() -> VaultKeyError:
    """The keyring holds the key but cannot be asked."""
    return VaultKeyError(
        "The vault is locked",
        "Its key lies in the system's keyring, which is locked or not running. Your originals are safe.",
        "Unlock your keyring (usually by logging in to your desktop) and try again.",
    )


def key_gone() -> VaultKeyError:
    """There are originals but no key anywhere."""
    return VaultKeyError(
        "The vault's key cannot be found",
        "There are originals in the vault, but neither the system's keyring nor Photoveil's own file gives a key. "
        "They are safe, and no new key is made.",
        "Unlock your keyring, or import the key from your backup (photoveil vault import-key).",
    )


def key_wrong() -> VaultKeyError:
    """The key found is not the one the originals were encrypted with."""
    return VaultKeyError(
        "The vault's key is another one",
        "The key found does not open the originals in the vault. They are safe, and nothing was changed.",
        "Import the key from your backup (photoveil vault import-key).",
    )


def key_partly(count: int) -> VaultKeyError:
    """Some of the originals were encrypted with another key."""
    return VaultKeyError(
        "Some originals need another key",
        f"{count} of the vault's files were encrypted with a key that is not here. They are left as they are.",
        "Import that key from its backup (photoveil vault import-key).",
    )


def key_unfit() -> VaultKeyError:
    """An imported key that opens nothing here."""
    return VaultKeyError(
        "This key does not belong to the vault",
        "No original in the vault was encrypted with it.",
        "Look for the key that was exported from this vault.",
    )


def key_mistyped() -> VaultKeyError:
    """The text is not an exported key."""
    return VaultKeyError(
        "This is not a vault key",
        "A key has 14 groups of four letters and digits, and the last ones prove the others; these do not.",
        "Check it for typing errors.",
    )


def key_unkept() -> VaultKeyError:
    """The key could not be put away safely."""
    return VaultKeyError(
        "The vault's key could not be kept",
        "What was written did not read back the same. Nothing was encrypted with it.",
        "Check the rights and free space of your home folder, then try again.",
    )


def changed() -> VaultChangedError:
    """The bytes are no longer those that were announced."""
    return VaultChangedError(
        "The photo has changed meanwhile",
        "Its bytes are not the ones that were to be kept, so it was left alone.",
        "It is taken up again when it is finished.",
    )


def unreadable(error: OSError) -> VaultError:
    """The photo, or the vault, failed to read or write."""
    return VaultError(
        "The original could not be kept",
        f"The system says: {error.strerror or type(error).__name__}. Nothing was changed.",
        "Check that the photo is still there and that Photoveil's own folder can be written to.",
    )


def unknown() -> VaultUnknownError:
    """No such item."""
    return VaultUnknownError(
        "This original is not in the vault",
        "It was removed, or the name is not right.",
        "Look at the list of kept originals again.",
    )


def damaged(detail: str) -> VaultDamagedError:
    """A container that does not open."""
    return VaultDamagedError(
        "A kept original is damaged",
        f"Its file in the vault {detail}. It was left as it is.",
        "Bring Photoveil's vault folder back from a backup, and check the disk.",
    )


def missing(count: int) -> VaultDamagedError:
    """Originals that ought to be there."""
    return VaultDamagedError(
        "Kept originals are missing or damaged",
        f"{count} of the vault's files cannot be read. None was removed by Photoveil.",
        "Bring Photoveil's vault folder back from a backup, and check the disk.",
    )


def no_place() -> VaultPlaceError:
    """Nobody knows where the original was."""
    return VaultPlaceError(
        "The original has no old place",
        "It did not come from a folder of this computer.",
        "Choose a folder to restore it to.",
    )


def not_whole_path() -> VaultPlaceError:
    """A path that depends on where one stands."""
    return VaultPlaceError(
        "The original was not restored",
        "The place to restore it to must be given from the root on.",
        "Choose a folder by its whole path.",
    )


def place_refused(folder: Path, error: OSError) -> VaultPlaceError:
    """The folder does not take the file."""
    return VaultPlaceError(
        "The original could not be written there",
        f"{folder}: {error.strerror or type(error).__name__}. It is still in the vault.",
        "Restore it to another folder, or make room and allow writing there.",
    )
