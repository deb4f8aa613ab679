"""The system's keyring, as plain blocking calls for threads of their own; it is not imported before they run."""

from __future__ import annotations

import secrets
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_PROBE = "probe"
_PASSING = "/org/freedesktop/secrets/collection/session"


def usable(service: str, *, may_ask: bool) -> bool:
    """Whether the keyring keeps what it is given: a probe is written, read and deleted.

    Args:
        service: the name under which entries are shown.
        may_ask: whether the keyring may show its dialog; otherwise a locked one counts as unusable.
    """
    backend = _backend()
    if backend.priority < 1:  # null, fail and plain-text backends
        return False
    if not may_ask and _would_ask(backend):
        return False
    token = secrets.token_hex(8)
    works = write_verified(service, _PROBE, token)
    delete(service, _PROBE)
    return works


def write_verified(service: str, name: str, text: str) -> bool:
    """Write an entry; False if it does not read back the same."""
    import keyring

    keyring.set_password(service, name, text)
    return keyring.get_password(service, name) == text


def write_where_free(service: str, name: str, text: str) -> bool:
    """Write an entry unless another one stands there; False if the keyring does not hold ``text`` afterwards."""
    found = read(service, name)
    return found == text if found is not None else write_verified(service, name, text)


def read(service: str, name: str) -> str | None:
    """The entry, or None where there is none."""
    import keyring

    return keyring.get_password(service, name)


def delete(service: str, name: str) -> None:
    """Delete the entry, if there is one."""
    import keyring
    from keyring.errors import PasswordDeleteError

    try:
        keyring.delete_password(service, name)
    except PasswordDeleteError:
        return


def _backend() -> KeyringBackend:
    """The backend in use; one that has appeared since the last look is found."""
    import keyring
    from keyring import backend, core
    from keyring.backends import fail

    found = keyring.get_keyring()
    if isinstance(found, fail.Keyring):
        # The library looks for backends once and remembers; a session bus may start later than we do.
        backend.get_all_keyring.reset()
        core.init_backend()
        found = keyring.get_keyring()
    return found


def _would_ask(backend: KeyringBackend) -> bool:
    """Whether using the backend would show a dialog, or keep entries for this session only.

    Known for the Secret Service, which most Linux desktops have. Others are trusted: macOS and Windows unlock
    theirs at login.
    """
    from keyring.backends import SecretService, chainer

    if isinstance(backend, chainer.ChainerBackend):
        return any(_would_ask(one) for one in backend.backends[:1])
    return isinstance(backend, SecretService.Keyring) and _service_would_ask()


def _service_would_ask() -> bool:
    import secretstorage

    with closing(secretstorage.dbus_init()) as connection:
        try:
            default = secretstorage.get_collection_by_alias(connection, "default")
        except secretstorage.ItemNotFoundException:
            return True  # it would ask for the password of a new collection
        return bool(default.collection_path == _PASSING or default.is_locked())
