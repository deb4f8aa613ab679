"""Which key the vault uses: found, made once, checked against what was encrypted with it, carried over."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from photoveil.keys import KeyringAwayError, KeyStore, KeyStoreError, Rung
from photoveil.ledger import vault_errors as errors
from photoveil.ledger import vault_rows as rows
from photoveil.ledger.database import Database
from photoveil.ledger.vault_folder import VaultFolder
from photoveil.ledger.vault_key import KEY_BYTES, VaultKey

_NAME = "vault"


class KeyKeeper:
    """The vault's key in the ladder of key stores.

    It lies under ``vault``, or under ``vault/<id>`` where another home of the same user already has a vault of its
    own in the same keyring. Never is a key replaced by another, and none is made while there are originals.
    """

    def __init__(self, database: Database, folder: VaultFolder, keys: KeyStore) -> None:
        self._database = database
        self._folder = folder
        self._keys = keys
        self._name = _NAME
        self._key: VaultKey | None = None
        self._finding = asyncio.Lock()

    async def key(self, *, make: bool = False, ask: bool = False) -> VaultKey:
        """The key of what is in the vault.

        Args:
            make: whether to make one if the vault has never been used.
            ask: whether the user waits for it, so that a locked keyring may show its dialog.

        Raises:
            VaultKeyError: it is away, gone or another one.
        """
        async with self._finding:
            if self._key is None:
                if ask:
                    await self._unlocked()
                self._key = await self._found() or (await self._made() if make else None)
            if self._key is None:
                raise errors.key_gone()
            return self._key

    async def rung(self) -> Rung | None:
        """The store that holds the key, as far as is known."""
        return await self._keys.where(self._name)

    async def take(self, key: VaultKey) -> None:
        """Use an imported key from now on.

        Raises:
            VaultKeyError: it could not be kept.
        """
        name = _NAME if await self._get(_NAME) in (None, key.secret) else f"{_NAME}/{key.id.hex()}"
        await self._keep(name, key)

    async def _found(self) -> VaultKey | None:
        """The key that fits; None if there is neither a key nor anything to open."""
        made_with = await self._in_use()
        seen = False
        for name in (_NAME, *(f"{_NAME}/{one}" for one in made_with)):
            secret = await self._get(name)
            if secret is None:
                continue
            key, seen = VaultKey(secret), True
            if not made_with or key.id.hex() in made_with:
                await self._settle(name, key)
                return key
        if made_with:
            raise errors.key_wrong() if seen else errors.key_gone()
        return None

    async def _in_use(self) -> list[str]:
        """The keys of the containers, or of what the rows say was there; the one last used comes first."""
        found = await asyncio.to_thread(self._folder.key_ids)
        last = await self._database.run(rows.key_id)
        if last is not None and not found and (await self._database.run(rows.totals))[1]:
            return [last]
        return sorted((one.hex() for one in found), key=lambda one: one != last)

    async def _unlocked(self) -> None:
        """Look for a keyring that is away: it shows its dialog only where a key of ours lies in it."""
        with suppress(KeyStoreError):
            lies_there = await self._keys.where(self._name) is Rung.KEYRING
            if lies_there and await self._keys.rung() is not Rung.KEYRING:
                await self._keys.look_again()

    async def _get(self, name: str) -> bytes | None:
        try:
            secret = await self._keys.get(name)
        except KeyringAwayError as error:
            raise errors.key_away() from error
        except KeyStoreError as error:
            raise errors.VaultKeyError(error.title, error.reason, error.remedy) from error
        return secret if secret is not None and len(secret) == KEY_BYTES else None

    async def _made(self) -> VaultKey:
        key = VaultKey.new()
        await self._keep(_NAME, key)
        return key

    async def _keep(self, name: str, key: VaultKey) -> None:
        try:
            await self._keys.put(name, key.secret)
        except (KeyStoreError, OSError) as error:
            raise errors.key_unkept() from error
        if await self._get(name) != key.secret:
            raise errors.key_unkept()
        await self._settle(name, key)

    async def _settle(self, name: str, key: VaultKey) -> None:
        self._name, self._key = name, key
        await self._database.run(rows.set_key_id, key.id.hex())
