"""Where the keys of paired clients are kept: the system's keyring, else a file that only this user can read.

The keyring is asked in a thread of its own and given up after a few seconds, because a locked keyring may wait for a
dialog that nobody sees. It is never touched at import.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import secrets
import threading
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from photoveil.errors import PhotoveilError

log = logging.getLogger(__name__)
T = TypeVar("T")
_PROBE = "probe"


class Rung(StrEnum):
    """Which store is in use; the user is told."""

    KEYRING = "keyring"
    FILE = "file"


class KeyStoreError(PhotoveilError):
    """A secret that could be neither kept nor read."""

    code = "keys"


class KeyStore:
    """Keys by name, in the best store this machine offers.

    Args:
        service: the name under which the system's keyring shows the entries.
        file: the file of the last rung.
        timeout: seconds after which a silent keyring counts as absent.
    """

    def __init__(self, *, service: str, file: Path, timeout: float = 3.0) -> None:
        self._service = service
        self._file = file
        self._timeout = timeout
        self._rung: asyncio.Task[Rung] | None = None
        self._lock = asyncio.Lock()

    async def rung(self) -> Rung:
        """The store in use; found out once, by writing, reading and deleting a probe."""
        if self._rung is None:
            self._rung = asyncio.create_task(self._climb())
        return await asyncio.shield(self._rung)

    async def put(self, name: str, key: bytes) -> Rung:
        """Keep ``key``; answers where."""
        text = base64.b64encode(key).decode()
        if await self.rung() is Rung.KEYRING:
            if await self._ask(lambda: _write_verified(self._service, name, text), default=False):
                return Rung.KEYRING
            log.warning("the keyring did not keep a key; it is kept in a file")
        async with self._lock:
            await asyncio.to_thread(self._change_file, name, text)
        return Rung.FILE

    async def get(self, name: str) -> bytes | None:
        """The key kept under ``name``, from whichever store has it."""
        text = (await asyncio.to_thread(self._read_file)).get(name)
        if text is None and await self.rung() is Rung.KEYRING:
            text = await self._ask(lambda: _read(self._service, name), default=None)
        return base64.b64decode(text) if text else None

    async def delete(self, name: str) -> None:
        """Forget the key under ``name`` in every store."""
        async with self._lock:
            await asyncio.to_thread(self._change_file, name, None)
        if await self.rung() is Rung.KEYRING:
            await self._ask(lambda: _delete(self._service, name), default=None)

    async def _climb(self) -> Rung:
        token = secrets.token_hex(8)
        works = await self._ask(lambda: _probe(self._service, token), default=False)
        rung = Rung.KEYRING if works else Rung.FILE
        log.info("keys of clients are kept in: %s", rung)
        return rung

    async def _ask(self, call: Callable[[], T], *, default: T) -> T:
        """Run ``call`` in a thread that may hang for ever without holding up anything."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def deliver(value: T) -> None:
            if not answer.done():
                answer.set_result(value)

        def ask() -> None:
            try:
                value = call()
            except Exception as error:  # noqa: BLE001 - every keyring backend has errors of its own
                log.info("the keyring is not usable: %s", type(error).__name__)
                value = default
            try:
                loop.call_soon_threadsafe(deliver, value)
            except RuntimeError:  # the loop has ended meanwhile
                return

        threading.Thread(target=ask, name="keyring", daemon=True).start()
        try:
            return await asyncio.wait_for(answer, self._timeout)
        except TimeoutError:
            log.warning("the keyring did not answer within %.0f seconds", self._timeout)
            return default

    def _read_file(self) -> dict[str, str]:
        try:
            found = json.loads(self._file.read_text(encoding="ascii"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise KeyStoreError(
                "The keys of the paired browsers cannot be read",
                f"{self._file} is damaged or not readable.",
                "Remove that file and pair the browsers again.",
            ) from error
        return found if isinstance(found, dict) else {}

    def _change_file(self, name: str, text: str | None) -> None:
        found = self._read_file()
        if text is None and name not in found:
            return
        if text is None:
            del found[name]
        else:
            found[name] = text
        write_private(self._file, json.dumps(found))


def write_private(path: Path, text: str) -> None:
    """Replace ``path`` atomically by ``text`` in a file that was never readable by anyone else."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _probe(service: str, token: str) -> bool:
    import keyring  # slow, and may talk to the desktop

    if keyring.get_keyring().priority < 1:  # null, fail and plain-text backends
        return False
    works = _write_verified(service, _PROBE, token)
    _delete(service, _PROBE)
    return works


def _write_verified(service: str, name: str, text: str) -> bool:
    import keyring

    keyring.set_password(service, name, text)
    return keyring.get_password(service, name) == text


def _read(service: str, name: str) -> str | None:
    import keyring

    return keyring.get_password(service, name)


def _delete(service: str, name: str) -> None:
    import keyring
    from keyring.errors import PasswordDeleteError

    try:
        keyring.delete_password(service, name)
    except PasswordDeleteError:
        return
