"""Where keys are kept, of paired clients and of the vault: a ladder of two rungs.

The upper rung is the system's keyring, the lower one a file that only this user can read. The keyring is asked in
threads of its own and given up after a few seconds, because a locked keyring may wait for a dialog that nobody sees.
A keyring that is away is looked for again now and then, without showing dialogs; once it is usable, the keys of the
file move up into it. It is never touched at import.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import json
import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from photoveil import system_keyring
from photoveil.errors import PhotoveilError

log = logging.getLogger(__name__)
T = TypeVar("T")

_LONGEST_PAUSE = 600.0
_MOST_HANGING = 3
_LOCK_SECONDS = 10.0
_LOCK_POLL_SECONDS = 0.01


class Rung(StrEnum):
    """Which store is in use; the user is told."""

    KEYRING = "keyring"
    FILE = "file"


class KeyStoreError(PhotoveilError):
    """A secret that could be neither kept nor read."""

    code = "keys"


class KeyringAwayError(KeyStoreError):
    """The keyring holds the key but cannot be asked now."""

    code = "keyring_away"

    def __init__(self) -> None:
        super().__init__(
            "A key cannot be read now",
            "It lies in the system's keyring, which is locked or not running.",
            "Unlock your keyring (usually by logging in to your desktop) and try again.",
        )


class KeyStore:
    """Keys by name, in the best store this machine offers.

    The file also lists, without its value, every key that the keyring holds. So a keyring that is away is told
    from a key that is gone. The daemon and commands beside it change the file in turn.

    Args:
        service: the name under which the system's keyring shows the entries.
        file: the file of the last rung.
        timeout: seconds after which a silent keyring counts as absent.
        again: seconds after which an absent keyring is looked for again; twice as many after every vain look.
    """

    def __init__(
        self,
        *,
        service: str,
        file: Path,
        timeout: float = 3.0,
        again: float = 30.0,
    ) -> None:
        self._service = service
        self._file = file
        self._timeout = timeout
        self._again = self._pause = again
        self._known: Rung | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._look: asyncio.Task[None] | None = None
        self._move: asyncio.Task[None] | None = None
        self._hanging = 0
        self._closed = False
        self._asking = asyncio.Lock()
        self._changing = asyncio.Lock()
        self._listeners: list[Callable[[], None]] = []

    async def rung(self) -> Rung:
        """The store in use.

        The first call looks for the keyring, which may show its dialog only if it holds a key of ours. Later ones
        answer at once: a keyring that was away is looked for again behind the scenes.
        """
        if self._known is None:
            await asyncio.shield(self._looked(may_ask=await asyncio.to_thread(self._is_needed)))
        return self._known or Rung.FILE

    async def look_again(self) -> Rung:
        """Look for the keyring now, because the user wishes it: it may show its dialog."""
        if self._look is not None:
            await asyncio.shield(self._look)
        await asyncio.shield(self._looked(may_ask=True))
        return await self.rung()

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` whenever the rung has changed or keys have moved up."""
        self._listeners.append(changed)

    async def close(self) -> None:
        """Look no more; a keyring that hangs is left behind."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        tasks = [task for task in (self._look, self._move) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def put(self, name: str, key: bytes) -> Rung:
        """Keep ``key``; answers where."""
        text = base64.b64encode(key).decode()
        if await self.rung() is Rung.KEYRING:
            try:
                kept = await self._ask(lambda: system_keyring.write_verified(self._service, name, text))
            except KeyringAwayError:
                kept = False
            if kept:
                await self._change(name, None)
                return Rung.KEYRING
            log.warning("the keyring did not keep a key; it is kept in a file")
            self._settle(Rung.FILE)
        await self._change(name, text)
        return Rung.FILE

    async def get(self, name: str) -> bytes | None:
        """The key kept under ``name``, from whichever store has it; None if there is none.

        Raises:
            KeyringAwayError: the keyring has it but cannot be asked.
        """
        found = await asyncio.to_thread(self._read_file)
        text, listed = found.get(name), name in found
        if text is None and await self.rung() is Rung.KEYRING:
            try:
                text = await self._ask(lambda: system_keyring.read(self._service, name))
            except KeyringAwayError:
                self._settle(Rung.FILE)
                if listed:
                    raise
        elif text is None and listed:
            text = await self._found_again(name)
        return self._decoded(text) if text else None

    async def _found_again(self, name: str) -> str | None:
        """The entry of a keyring that was away, should it be back: who was told to unlock it tries again at once."""
        if not self._hanging:
            await asyncio.shield(self._looked(may_ask=False))
        return await self._ask(lambda: system_keyring.read(self._service, name))

    async def where(self, name: str) -> Rung | None:
        """The store that holds the key, as far as the file knows."""
        found = await asyncio.to_thread(self._read_file)
        if name not in found:
            return None
        return Rung.KEYRING if found[name] is None else Rung.FILE

    async def delete(self, name: str) -> None:
        """Forget the key under ``name`` in every store that can be reached."""
        async with self._changing:
            await asyncio.to_thread(self._change_file, name, None, forget=True)
        if await self.rung() is Rung.KEYRING:
            with contextlib.suppress(KeyringAwayError):
                await self._ask(lambda: system_keyring.delete(self._service, name))

    def _looked(self, *, may_ask: bool) -> asyncio.Task[None]:
        """The look that is under way, else a new one."""
        if self._look is None:
            self._look = asyncio.create_task(self._climb(may_ask=may_ask))
        return self._look

    def _look_quietly(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._closed:
            self._looked(may_ask=False)

    async def _climb(self, *, may_ask: bool) -> None:
        try:
            works = await self._ask(
                lambda: system_keyring.usable(self._service, may_ask=may_ask), climbing=True
            )
        except KeyringAwayError:
            works = False
        finally:
            self._look = None
        if works:
            self._pause = self._again
        self._settle(Rung.KEYRING if works else Rung.FILE)

    def _settle(self, rung: Rung) -> None:
        if rung is Rung.FILE:
            self._look_later()
        if rung is self._known:
            return
        self._known = rung
        log.info("keys are kept in: %s", rung)
        self._tell()
        if rung is Rung.KEYRING:
            self._move = asyncio.create_task(self._move_up())

    def _look_later(self) -> None:
        # Looks in between neither hasten nor put off the next one.
        if self._closed or self._timer is not None:
            return
        self._timer = asyncio.get_running_loop().call_later(self._pause, self._look_quietly)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _tell(self) -> None:
        for changed in self._listeners:
            changed()

    async def _move_up(self) -> None:
        """Bring the keys of the file into the keyring; each leaves the file only when it reads back from there."""
        moved = 0
        try:
            for name in await asyncio.to_thread(self._read_file):
                moved += await self._move_key(name)
        except KeyringAwayError:
            self._settle(Rung.FILE)
        except (KeyStoreError, OSError) as error:
            log.warning("keys stay in the file: %s", type(error).__name__)
        if moved:
            log.info("%d keys moved from the file into the keyring", moved)
            self._tell()

    async def _move_key(self, name: str) -> bool:
        async with self._changing:
            text = (await asyncio.to_thread(self._read_file)).get(name)
            if text is None:
                return False
            # Another home of the same user may keep another key under this name: that must not be lost.
            if not await self._ask(lambda: system_keyring.write_where_free(self._service, name, text)):
                log.warning("the keyring did not take a key; it stays in the file")
                return False
            await asyncio.to_thread(self._change_file, name, None)
            return True

    async def _ask(self, call: Callable[[], T], *, climbing: bool = False) -> T:
        """Run ``call`` in a thread that may hang for ever without holding up anything.

        Raises:
            KeyringAwayError: it failed, or did not answer in time.
        """
        async with self._asking:
            if self._hanging >= _MOST_HANGING or not (climbing or self._known is Rung.KEYRING):
                raise KeyringAwayError
            answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
            self._start(call, answer)
            try:
                return await asyncio.wait_for(asyncio.shield(answer), self._timeout)
            except TimeoutError:
                log.warning("the keyring did not answer within %.1f seconds", self._timeout)
                self._hanging += 1
                answer.add_done_callback(self._came_late)
                raise KeyringAwayError from None

    def _start(self, call: Callable[[], T], answer: asyncio.Future[T]) -> None:
        loop = asyncio.get_running_loop()

        def deliver(value: T) -> None:
            if not answer.done():
                answer.set_result(value)

        def fail() -> None:
            if not answer.done():
                answer.set_exception(KeyringAwayError())
                answer.exception()  # nobody may be waiting any more

        def ask() -> None:
            try:
                tell = _later(deliver, call())
            except Exception as error:  # noqa: BLE001 - every keyring backend has errors of its own
                log.info("the keyring is not usable: %s", type(error).__name__)
                tell = fail
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(tell)

        threading.Thread(target=ask, name="keyring", daemon=True).start()

    def _came_late(self, answer: asyncio.Future[T]) -> None:
        """A keyring that answers after all, perhaps because its dialog was served, is looked at again at once."""
        self._hanging -= 1
        if not answer.cancelled() and answer.exception() is None and self._known is Rung.FILE:
            self._look_quietly()

    def _decoded(self, text: str) -> bytes:
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise self._unreadable() from error

    async def _change(self, name: str, text: str | None) -> None:
        async with self._changing:
            await asyncio.to_thread(self._change_file, name, text)

    def _read_file(self) -> dict[str, str | None]:
        try:
            found = json.loads(self._file.read_text(encoding="ascii"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            raise self._unreadable() from error
        if not isinstance(found, dict) or not all(isinstance(v, str | None) for v in found.values()):
            raise self._unreadable()
        return found

    def _is_needed(self) -> bool:
        """Whether the keyring holds a key of ours."""
        try:
            return None in self._read_file().values()
        except KeyStoreError:
            return False

    def _change_file(self, name: str, text: str | None, *, forget: bool = False) -> None:
        """Write a key into the file; None says "the keyring has it"."""
        # What another process writes between our reading and our writing would be lost: perhaps the vault's key.
        with self._file_locked():
            found = self._read_file()
            before = dict(found)
            if forget:
                found.pop(name, None)
            else:
                found[name] = text
            if found != before:
                write_private(self._file, json.dumps(found))

    @contextlib.contextmanager
    def _file_locked(self) -> Iterator[None]:
        from filelock import FileLock, Timeout  # only who changes something needs it

        lock = FileLock(
            self._file.with_name(f".{self._file.name}.lock"),
            timeout=_LOCK_SECONDS,
            poll_interval=_LOCK_POLL_SECONDS,
            mode=0o600,
        )
        try:
            lock.acquire()
        except Timeout as error:
            raise KeyStoreError(
                "A key could not be kept",
                f"Another program keeps {self._file} to itself.",
                "Wait a moment and try again.",
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _unreadable(self) -> KeyStoreError:
        return KeyStoreError(
            "The file of keys cannot be read",
            f"{self._file} is damaged or not readable.",
            "Move that file away (do not delete it), pair the browsers again and import the vault's key "
            "from your backup.",
        )


def _later(call: Callable[[T], None], value: T) -> Callable[[], None]:
    return lambda: call(value)


def write_private(path: Path, text: str, *, new: bool = False) -> None:
    """Replace ``path`` atomically by ``text`` in a file that was never readable by anyone else.

    Args:
        new: nothing is replaced.

    Raises:
        FileExistsError: ``new``, and there is such a file.
        OSError: it cannot be written; what was there is unchanged.
    """
    from photoveil.photos.writing import publish, sync_folder  # late: Pillow and numpy stand behind that door

    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if new:
            publish(part, path)
        else:
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)
