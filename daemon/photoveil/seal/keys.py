"""The keys at hand: secrets in the key store, names and dates in a file beside it."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from photoveil.keys import KeyStore, Rung
from photoveil.photos.writing import replace_atomically
from photoveil.seal import codes
from photoveil.seal.errors import KeyNameError, SealError
from photoveil.seal.model import SECRET_BYTES, SealKey

MINE = "me"
"""The key that everything is sealed with, so that its owner sees own posts clean."""

_LONGEST_NAME = 40
_MOST_KEYS = 500
_Entry = dict[str, str | bool]


class KeyRing:
    """All keys of a profile.

    Revoking a key means that no new photo is sealed for it. It cannot be taken back from who has it: photos that were
    sealed for it stay open to its holder.

    Args:
        store: where secrets go.
        file: for names, dates and what was revoked; nothing in it is secret.
    """

    def __init__(self, store: KeyStore, file: Path) -> None:
        self._store = store
        self._file = file

    async def keys(self) -> list[SealKey]:
        """Every key, own ones first.

        Raises:
            KeyringAwayError: the keyring holds one and cannot be asked now.
        """
        found = []
        for entry in sorted(await asyncio.to_thread(self._read), key=_rank):
            secret = await self._store.get(_stored_as(str(entry["id"])))
            if secret is not None and len(secret) == SECRET_BYTES:
                found.append(_key(entry, secret))
        return found

    async def names(self) -> list[SealKey]:
        """Every key as `keys`, but without its secret, which no keyring is asked for."""
        return [_key(entry, b"") for entry in await asyncio.to_thread(self._read)]

    async def get(self, name: str) -> SealKey:
        """The key of this name.

        Raises:
            KeyNameError: there is none.
        """
        for entry in await asyncio.to_thread(self._read):
            if entry["name"] == name:
                secret = await self._store.get(_stored_as(str(entry["id"])))
                if secret is not None and len(secret) == SECRET_BYTES:
                    return _key(entry, secret)
        raise _unknown(name)

    async def mine(self) -> SealKey:
        """The owner's key; made when it is first needed, and anew where the key store has lost it."""
        try:
            return await self.get(MINE)
        except KeyNameError:
            await self._set_aside_lost()
        try:
            return await self.create(MINE)
        except KeyNameError:
            return await self.get(MINE)  # another process was quicker

    async def create(self, name: str) -> SealKey:
        """A new key, for oneself or to give away.

        Raises:
            KeyNameError: the name cannot be used or is taken.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return await self._add(SealKey(name, secrets.token_bytes(SECRET_BYTES), created=now))

    async def take(self, text: str, name: str = "") -> SealKey:
        """A key that someone shared, as a code or as the text of a file; the same key twice is no error.

        Raises:
            KeyTextError: it is neither.
            KeyNameError: the name cannot be used or is taken, or it is the one that its owner's own key has; or the key
                was made to look like another one.
        """
        key = codes.read(text, name)
        for entry in await asyncio.to_thread(self._read):
            if entry["id"] == key.id:
                await self._keep_again(key, str(entry["name"]))
                return _key(entry, key.secret)
        if key.name == MINE and not name:
            # Taken under that name, it would be what all photos of this profile are sealed with from now on.
            raise KeyNameError(
                "This key needs another name",
                f"Its owner calls it “{MINE}”, which is what your own key is called here.",
                "Give it a name, such as that of whoever gave it to you.",
            )
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return await self._add(replace(key, created=now))

    async def revoke(self, name: str) -> None:
        """Seal no new photo for this key; older ones stay open to it.

        Raises:
            KeyNameError: there is none of this name, or it is the owner's.
        """
        if name == MINE:
            raise KeyNameError(
                "Your own key cannot be revoked",
                "Every photo is sealed for it, so that you see your own posts clean.",
                f"If others have it: save it with `photoveil seal-keys share {MINE} --file old.key`, forget it, and "
                "import it under another name. A new one is made with the next photo.",
            )

        def change(entries: list[_Entry]) -> None:
            for entry in entries:
                if entry["name"] == name:
                    entry["revoked"] = True
                    return
            raise _unknown(name)

        await asyncio.to_thread(self._change, change)

    async def forget(self, name: str) -> None:
        """Delete a key: what was sealed for it alone cannot be opened here any more.

        Raises:
            KeyNameError: there is none of this name.
        """
        gone: list[str] = []

        def change(entries: list[_Entry]) -> None:
            for entry in list(entries):
                if entry["name"] == name:
                    gone.append(str(entry["id"]))
                    entries.remove(entry)
            if not gone:
                raise _unknown(name)

        await asyncio.to_thread(self._change, change)
        for one in gone:
            await self._store.delete(_stored_as(one))

    async def rung(self) -> Rung:
        """Where secrets are kept now; the user is told."""
        return await self._store.rung()

    async def _set_aside_lost(self) -> None:
        """Give the owner's name free where the secret is gone; the entry stays, known again when it is imported."""
        entries = await asyncio.to_thread(self._read)
        mine = [str(entry["id"]) for entry in entries if entry["name"] == MINE]
        lost = [one for one in mine if await self._store.get(_stored_as(one)) is None]

        def change(entries: list[_Entry]) -> None:
            for entry in entries:
                if entry["id"] in lost:
                    entry["name"] = f"{MINE}, lost, {entry['id']}"

        if lost:
            await asyncio.to_thread(self._change, change)

    async def _keep_again(self, key: SealKey, known_as: str) -> None:
        """Put a key's secret back, should the key store have lost it; never in another one's place.

        An id has 32 bits: whoever has a key can find another one with its id in minutes. Taken for the same, that one
        would be what photos are sealed with from then on, and the key that opened all before would be gone.
        """
        kept = await self._store.get(_stored_as(key.id))
        if kept is None or SealKey("", kept).id != key.id:
            await self._store.put(_stored_as(key.id), key.secret)
        elif kept != key.secret:
            raise KeyNameError(
                "This key cannot be told from another one",
                f"It has the number of your key “{known_as}”, {key.id}, and is not that key, which does not happen by "
                "chance: perhaps somebody wants it to take that key's place.",
                "Ask for another key. Yours stays as it is.",
            )

    def _is_listed(self, identity: str) -> bool:
        """Whether a key with this id is in the list, or may be, where the list cannot be read."""
        try:
            return any(entry["id"] == identity for entry in self._read())
        except SealError:
            return True

    async def _add(self, key: SealKey) -> SealKey:
        _check_name(key.name)

        def change(entries: list[_Entry]) -> None:
            if any(entry["id"] == key.id for entry in entries):
                return  # the same key, taken at the same moment
            if any(entry["name"] == key.name for entry in entries):
                raise KeyNameError(
                    "There is such a key already",
                    f"A key is called “{key.name}”.",
                    "Choose another name.",
                )
            if len(entries) >= _MOST_KEYS:
                raise KeyNameError(
                    "There are too many keys",
                    f"At most {_MOST_KEYS} can be kept.",
                    "Forget those that you do not need any more.",
                )
            entries.append(
                {
                    "name": key.name,
                    "id": key.id,
                    "created": key.created,
                    "revoked": False,
                    "shared": key.shared,
                }
            )

        # The secret first: a name without a secret would be worse than a secret without a name.
        await self._store.put(_stored_as(key.id), key.secret)
        try:
            await asyncio.to_thread(self._change, change)
        except SealError:
            if not await asyncio.to_thread(self._is_listed, key.id):
                await self._store.delete(_stored_as(key.id))
            raise
        return key

    def _change(self, change: Callable[[list[_Entry]], None]) -> None:
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(self._file.with_suffix(".lock")):
                entries = self._read()
                change(entries)
                replace_atomically(
                    self._file, json.dumps({"keys": entries}, indent=1, ensure_ascii=False).encode()
                )
        except OSError as error:
            raise SealError(
                "The list of seal keys cannot be written",
                f"{self._file}: {error.strerror or type(error).__name__}.",
                "Make room on that drive, or give yourself the right to write there, and try again.",
            ) from error

    def _read(self) -> list[_Entry]:
        try:
            document = json.loads(self._file.read_bytes())
        except FileNotFoundError:
            return []
        except (OSError, ValueError, RecursionError) as error:
            raise self._unreadable() from error
        entries = document.get("keys") if isinstance(document, dict) else None
        if not isinstance(entries, list) or not all(_is_entry(one) for one in entries):
            raise self._unreadable()
        return entries

    def _unreadable(self) -> SealError:
        return SealError(
            "The list of seal keys cannot be read",
            f"{self._file} is damaged or not readable.",
            "Move that file away (do not delete it) and import your keys again.",
        )


def _is_entry(one: object) -> bool:
    return (
        isinstance(one, dict)
        and all(isinstance(one.get(field), str) for field in ("name", "id", "created"))
        and all(isinstance(one.get(field), bool) for field in ("revoked", "shared"))
    )


def _rank(entry: _Entry) -> tuple[bool, bool]:
    return entry["name"] != MINE, bool(entry["shared"])


def _key(entry: _Entry, secret: bytes) -> SealKey:
    return SealKey(
        str(entry["name"]), secret, str(entry["created"]), bool(entry["revoked"]), bool(entry["shared"])
    )


def _stored_as(identity: str) -> str:
    return f"seal/{identity}"


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise KeyNameError(
            "A key cannot be called so",
            f"A name has 1 to {_LONGEST_NAME} visible characters.",
            "Choose another name for the key, such as that of the person it is for.",
        )


def _unknown(name: str) -> KeyNameError:
    return KeyNameError(
        "There is no such key",
        f"No key is called “{name}”.",
        "See which there are with: photoveil seal-keys list.",
    )
