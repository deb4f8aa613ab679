"""The vault's key on the ladder: where it is, what is told, and what happens when the keyring goes and comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backends.fail import Keyring as FailingKeyring

from photoveil.ledger.vault import VaultKeyError
from tests.keys.keyrings import Memory, restored
from tests.ledger.vault_house import House, house


@pytest.fixture
def memory() -> Iterator[Memory]:
    with restored():
        found = Memory()
        keyring.set_keyring(found)
        yield found


@pytest.fixture
async def home(tmp_path: Path, memory: Memory) -> AsyncIterator[House]:
    async with house(tmp_path) as found:
        yield found


async def told(home: House, wanted: dict[str, str]) -> None:
    """Wait until these and no other notices stand: what the ladder begins comes to its end by itself."""
    async with asyncio.timeout(60):
        while home.told() != wanted:  # noqa: ASYNC110 - nobody tells when it has
            await asyncio.sleep(0.01)


async def test_in_the_keyring_nothing_is_to_be_told(home: House, memory: Memory) -> None:
    await home.keep(b"photo")
    assert [name for _, name in memory.entries] == ["vault"]
    assert home.told() == {}
    assert (await home.vault.usage()).key_rung == "keyring"


async def test_a_key_that_moves_up_takes_its_notice_along(tmp_path: Path, memory: Memory) -> None:
    keyring.set_keyring(FailingKeyring())
    async with house(tmp_path) as home:
        item = await home.keep(b"photo")
        assert home.told() == {"keys": "vault_key_in_file"}
        assert (await home.vault.usage()).key_rung == "file"
        keyring.set_keyring(memory)
        await home.keys.look_again()
        await told(home, {})
        assert (await home.vault.usage()).key_rung == "keyring"
    async with house(tmp_path) as home:
        assert await home.content(item) == b"photo"


async def test_a_keyring_away_locks_the_vault_until_it_is_back(tmp_path: Path, memory: Memory) -> None:
    async with house(tmp_path) as home:
        item = await home.keep(b"photo")
    (home.folder / f"{home.containers()[0].name}.0123abcd.part").write_bytes(b"half")
    keyring.set_keyring(FailingKeyring())
    async with house(tmp_path) as home:
        home.vault.start()
        await told(home, {"vault/key": "vault_key"})
        with pytest.raises(VaultKeyError, match="Unlock your keyring"):
            await home.keep(b"other", "b.jpg")
        with pytest.raises(VaultKeyError):
            await home.vault.restore(item)
        assert memory.entries.keys() == {("photoveil/test", "vault")}
        keyring.set_keyring(memory)
        await home.keys.look_again()
        await told(home, {})
        assert await home.content(item) == b"photo"
        assert await home.content(await home.keep(b"other", "b.jpg")) == b"other"


async def test_who_wants_an_original_back_is_asked_to_unlock_the_keyring(
    tmp_path: Path, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as home:
        item = await home.keep(b"photo")
    keyring.set_keyring(FailingKeyring())
    async with house(tmp_path) as home:
        with pytest.raises(VaultKeyError):
            await home.keep(b"other", "b.jpg")
        keyring.set_keyring(memory)
        monkeypatch.setattr("photoveil.system_keyring._would_ask", lambda _backend: True)
        # Nobody waits for what is kept: no dialog is shown for it.
        with pytest.raises(VaultKeyError):
            await home.keep(b"other", "b.jpg")
        assert (await home.vault.restore(item)).read_bytes() == b"photo"


async def test_an_emptied_keyring_does_not_lead_to_a_new_key(tmp_path: Path, memory: Memory) -> None:
    async with house(tmp_path) as home:
        item = await home.keep(b"photo")
        text = await home.vault.export_key()
    memory.entries.clear()
    async with house(tmp_path) as home:
        with pytest.raises(VaultKeyError, match="import"):
            await home.keep(b"other", "b.jpg")
        assert not memory.entries
        await home.vault.import_key(text)
        assert await home.content(item) == b"photo"
        assert [name for _, name in memory.entries] == ["vault"]


async def test_two_homes_may_share_a_keyring(tmp_path: Path, memory: Memory) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        async with house(tmp_path / name) as home:
            await home.keep(name.encode())
    for name in ("one", "two"):
        async with house(tmp_path / name) as home:
            (item,) = await home.vault.items()
            assert await home.content(item.item) == name.encode()
    assert len(memory.entries) == 1
