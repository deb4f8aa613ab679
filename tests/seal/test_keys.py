"""The keys at hand, in a key store of its own that is only a file."""

from __future__ import annotations

import asyncio
import errno
import json
from collections.abc import AsyncIterator
from pathlib import Path

import keyring
import pytest
from keyring.backends.null import Keyring as NoKeyring

from photoveil.keys import KeyStore
from photoveil.seal import KeyRing, SealError, SealKey, codes
from photoveil.seal.errors import KeyNameError
from tests.keys.keyrings import restored


@pytest.fixture
async def ring(tmp_path: Path) -> AsyncIterator[KeyRing]:
    with restored():
        keyring.set_keyring(NoKeyring())
        store = KeyStore(service="photoveil-test", file=tmp_path / "secrets.json")
        yield KeyRing(store, tmp_path / "seal-keys.json")
        await store.close()


async def test_keys_are_made_shared_and_found(ring: KeyRing, tmp_path: Path) -> None:
    assert await ring.names() == await ring.keys() == []
    mum = await ring.create("mum")
    mine = await ring.mine()
    assert (await ring.mine()).secret == mine.secret != mum.secret
    taken = await ring.take("PV1-" + codes.code(await ring.create("x")).removeprefix("PV1-"), "again")
    assert taken.name == "x"
    assert [key.name for key in await ring.keys()] == ["me", "mum", "x"]
    assert (await ring.get("mum")).secret == mum.secret
    listed = (tmp_path / "seal-keys.json").read_bytes()
    assert mum.secret.hex().encode() not in listed
    assert all(key.secret == b"" for key in await ring.names())


async def test_a_key_of_someone_else(ring: KeyRing, tmp_path: Path) -> None:
    other = KeyRing(
        KeyStore(service="photoveil-other", file=tmp_path / "other.json"), tmp_path / "other-keys.json"
    )
    theirs = await other.create("for you")
    taken = await ring.take(codes.file_text(theirs), "anna")
    assert (taken.secret, taken.shared, taken.name) == (theirs.secret, True, "anna")
    assert (await ring.get("anna")).shared


async def test_the_own_key_is_replaced_by_way_of_another_name(ring: KeyRing) -> None:
    old = await ring.mine()
    with pytest.raises(KeyNameError, match="import it under another name"):
        await ring.revoke("me")
    text = codes.file_text(old)
    await ring.forget("me")
    await ring.take(text, "me before")
    assert (await ring.mine()).secret != old.secret
    assert (await ring.get("me before")).secret == old.secret


async def test_a_key_store_that_lost_the_own_key_blocks_nothing_and_the_key_can_come_back(
    ring: KeyRing, tmp_path: Path
) -> None:
    old = await ring.mine()
    (tmp_path / "secrets.json").unlink()
    ring = KeyRing(
        KeyStore(service="photoveil-test", file=tmp_path / "secrets.json"), tmp_path / "seal-keys.json"
    )
    new = await ring.mine()
    assert new.secret != old.secret
    assert [key.name for key in await ring.keys()] == ["me"]
    assert (await ring.take(codes.file_text(old))).name == f"me, lost, {old.id}"
    assert (await ring.mine()).secret == new.secret
    assert {key.secret for key in await ring.keys()} == {old.secret, new.secret}


async def test_a_key_that_its_owner_calls_me_does_not_become_the_own_one(
    ring: KeyRing, tmp_path: Path
) -> None:
    """Whoever sends it would open all that is sealed here from then on."""
    other = KeyRing(
        KeyStore(service="photoveil-other", file=tmp_path / "other.json"), tmp_path / "other-keys.json"
    )
    theirs = await other.mine()
    with pytest.raises(KeyNameError, match="what your own key is called"):
        await ring.take(codes.file_text(theirs))
    assert (await ring.take(codes.file_text(theirs), "anna")).name == "anna"
    assert (await ring.mine()).secret != theirs.secret
    assert (await ring.get("anna")).secret == theirs.secret


async def test_a_key_made_to_look_like_another_does_not_take_its_place(
    ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was given a key can find another one with the same number in minutes, and offer it."""
    monkeypatch.setattr(SealKey, "id", property(lambda _key: "0123abcd"))
    mine = await ring.mine()
    forged = SealKey("anna", bytes(16))
    with pytest.raises(KeyNameError, match="“me”"):
        await ring.take(codes.file_text(forged))
    assert (await ring.mine()).secret == mine.secret


async def test_a_key_that_is_taken_many_times_at_once_is_kept(ring: KeyRing) -> None:
    theirs = SealKey("anna", bytes(range(16)))
    taken = await asyncio.gather(*(ring.take(codes.file_text(theirs)) for _ in range(6)))
    assert {key.secret for key in taken} == {theirs.secret}
    assert [key.secret for key in await ring.keys()] == [theirs.secret]


async def test_a_list_that_cannot_be_written_is_told_and_leaves_no_secret(
    ring: KeyRing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: Path, _data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("photoveil.seal.keys.replace_atomically", full)
    with pytest.raises(SealError, match="No space left"):
        await ring.create("mum")
    assert json.loads((tmp_path / "secrets.json").read_text()) == {}


async def test_revoked_and_forgotten(ring: KeyRing) -> None:
    await ring.create("ben")
    await ring.revoke("ben")
    assert (await ring.get("ben")).revoked
    assert [key.revoked for key in await ring.keys()] == [True]
    await ring.forget("ben")
    assert await ring.keys() == []
    for missing in (ring.get, ring.revoke, ring.forget):
        with pytest.raises(KeyNameError, match="ben"):
            await missing("ben")


@pytest.mark.parametrize("name", ["", " x", "a\nb", "y" * 41])
async def test_names_that_cannot_be(ring: KeyRing, name: str) -> None:
    with pytest.raises(KeyNameError):
        await ring.create(name)
    assert await ring.keys() == []


async def test_a_name_is_given_once_even_by_many_at_once(ring: KeyRing) -> None:
    made = await asyncio.gather(*(ring.create("mum") for _ in range(6)), return_exceptions=True)
    winners = [one for one in made if not isinstance(one, BaseException)]
    assert len(winners) == 1
    assert (await ring.get("mum")).secret == winners[0].secret


async def test_a_damaged_list_is_not_overwritten(ring: KeyRing, tmp_path: Path) -> None:
    await ring.create("mum")
    (tmp_path / "seal-keys.json").write_text('{"keys": [{"name": 1}]}')
    with pytest.raises(SealError, match="damaged"):
        await ring.create("dad")
    assert (tmp_path / "seal-keys.json").read_text() == '{"keys": [{"name": 1}]}'
