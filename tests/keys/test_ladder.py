"""The ladder of secret stores, with keyrings of all kinds."""

from __future__ import annotations

import asyncio
import base64
import json
import stat
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import ClassVar

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as FailingKeyring
from keyring.backends.null import Keyring as NullKeyring
from keyring.errors import KeyringLocked

from photoveil.keys import KeyringAwayError, KeyStore, KeyStoreError, Rung
from tests.keys.keyrings import Memory, restored


class Locked(Memory):
    """A keyring that nobody has unlocked."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked


class Forgetful(Memory):
    """A keyring that says yes and keeps nothing."""

    def set_password(self, service: str, username: str, password: str) -> None:
        return


class Waiting(Memory):
    """A keyring that waits for a dialog nobody sees."""

    released: ClassVar[threading.Event] = threading.Event()

    def set_password(self, service: str, username: str, password: str) -> None:
        self.released.wait(200)


@pytest.fixture
def use() -> Iterator[object]:
    Waiting.released.clear()
    with restored():
        yield keyring.set_keyring
    Waiting.released.set()


def names(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


@pytest.fixture(autouse=True)
async def closing() -> AsyncIterator[None]:
    """Let no store look on when its test is over."""
    yield
    while opened:
        await opened.pop().close()


opened: list[KeyStore] = []


def store(folder: Path, again: float = 600, timeout: float = 60) -> KeyStore:
    opened.append(
        KeyStore(service="photoveil/test", file=folder / "secrets.json", timeout=timeout, again=again)
    )
    return opened[-1]


async def test_a_working_keyring_is_used(tmp_path: Path, use: object) -> None:
    memory = Memory()
    keyring.set_keyring(memory)
    keys = store(tmp_path)
    assert await keys.put("client", b"\x00key") is Rung.KEYRING
    assert await keys.rung() is Rung.KEYRING
    assert await keys.get("client") == b"\x00key"
    assert await store(tmp_path).get("client") == b"\x00key"
    assert list(memory.entries) == [("photoveil/test", "client")]
    assert json.loads((tmp_path / "secrets.json").read_text()) == {"client": None}
    assert await keys.where("client") is Rung.KEYRING
    await keys.delete("client")
    await keys.delete("client")
    assert await keys.where("client") is None
    assert await keys.get("client") is None
    assert not memory.entries


@pytest.mark.parametrize("backend", [FailingKeyring, NullKeyring, Locked, Forgetful, Waiting])
async def test_else_a_private_file_is(tmp_path: Path, use: object, backend: type[KeyringBackend]) -> None:
    keyring.set_keyring(backend())
    keys = store(tmp_path, timeout=0.3 if backend is Waiting else 60)
    async with asyncio.timeout(100):
        assert await keys.put("client", b"key") is Rung.FILE
    assert await keys.rung() is Rung.FILE
    assert await keys.get("client") == b"key"
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    await keys.put("other", b"second")
    await keys.delete("client")
    assert list(json.loads((tmp_path / "secrets.json").read_text())) == ["other"]
    assert await keys.get("client") is None
    assert [name for name in names(tmp_path) if not name.endswith(".lock")] == ["secrets.json"]


async def test_a_key_in_the_file_is_found_when_the_keyring_comes_back(tmp_path: Path, use: object) -> None:
    keyring.set_keyring(FailingKeyring())
    await store(tmp_path).put("client", b"key")
    keyring.set_keyring(Memory())
    assert await store(tmp_path).get("client") == b"key"


async def test_a_damaged_file_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{")
    with pytest.raises(KeyStoreError, match="pair the browsers again"):
        await store(tmp_path).get("client")
    with pytest.raises(KeyStoreError):
        await store(tmp_path).put("client", b"key")
    assert await store(tmp_path).rung() is Rung.FILE
    assert (tmp_path / "secrets.json").read_text() == "{"


async def eventually(ask: Callable[[], Awaitable[object]], wanted: object) -> None:
    async with asyncio.timeout(60):
        while await ask() != wanted:  # noqa: ASYNC110 - of anything
            await asyncio.sleep(0.01)


class Desk:
    """A ladder that tells of its changes."""

    def __init__(self, folder: Path, again: float = 600, timeout: float = 60) -> None:
        self.changes = 0
        self.keys = store(folder, again, timeout)
        self.keys.subscribe(self.changed)

    def changed(self) -> None:
        self.changes += 1

    async def until(self, rung: Rung) -> None:
        await eventually(self.keys.rung, rung)

    async def until_in(self, name: str, rung: Rung) -> None:
        await eventually(lambda: self.keys.where(name), rung)


@pytest.mark.parametrize("wish", [True, False], ids=["wish", "after-a-while"])
async def test_a_keyring_that_appears_takes_the_keys_over(tmp_path: Path, use: object, wish: bool) -> None:
    keyring.set_keyring(Locked())
    desk = Desk(tmp_path, again=600 if wish else 0.2)
    await desk.keys.put("one", b"1")
    await desk.keys.put("two", b"2")
    memory = Memory()
    keyring.set_keyring(memory)
    assert await desk.keys.rung() is Rung.FILE
    if wish:
        assert await desk.keys.look_again() is Rung.KEYRING
    else:
        await desk.until(Rung.KEYRING)
    for name in ("one", "two"):
        await desk.until_in(name, Rung.KEYRING)
    assert json.loads((tmp_path / "secrets.json").read_text()) == {"one": None, "two": None}
    assert {name: base64.b64decode(text) for (_, name), text in memory.entries.items()} == {
        "one": b"1",
        "two": b"2",
    }
    assert await desk.keys.get("one") == b"1"
    assert desk.changes >= 2


async def test_moving_up_takes_no_key_of_others_away(tmp_path: Path, use: object) -> None:
    keyring.set_keyring(Locked())
    desk = Desk(tmp_path)
    await desk.keys.put("vault", b"mine")
    await desk.keys.put("other", b"other")
    memory = Memory()
    memory.set_password("photoveil/test", "vault", "theirs")
    keyring.set_keyring(memory)
    await desk.keys.look_again()
    await desk.until_in("other", Rung.KEYRING)
    assert await desk.keys.where("vault") is Rung.FILE
    assert await desk.keys.get("vault") == b"mine"
    assert memory.entries["photoveil/test", "vault"] == "theirs"


async def test_a_keyring_that_is_away_is_told_from_a_key_that_is_gone(tmp_path: Path, use: object) -> None:
    memory = Memory()
    keyring.set_keyring(memory)
    await Desk(tmp_path).keys.put("client", b"key")
    keyring.set_keyring(FailingKeyring())
    with pytest.raises(KeyringAwayError, match="Unlock"):
        await Desk(tmp_path).keys.get("client")
    assert await Desk(tmp_path).keys.get("nobody") is None
    keyring.set_keyring(memory)
    assert await Desk(tmp_path).keys.get("client") == b"key"
    memory.entries.clear()
    assert await Desk(tmp_path).keys.get("client") is None


async def test_who_was_told_to_unlock_the_keyring_need_not_wait(tmp_path: Path, use: object) -> None:
    memory = Memory()
    keyring.set_keyring(memory)
    await Desk(tmp_path).keys.put("client", b"key")
    keyring.set_keyring(FailingKeyring())
    desk = Desk(tmp_path, again=600)
    with pytest.raises(KeyringAwayError, match="try again"):
        await desk.keys.get("client")
    keyring.set_keyring(memory)
    assert await desk.keys.get("client") == b"key"
    assert await desk.keys.rung() is Rung.KEYRING


async def test_two_processes_lose_no_key_of_each_other(tmp_path: Path, use: object) -> None:
    keyring.set_keyring(NullKeyring())
    daemon, command = store(tmp_path), store(tmp_path)
    numbers = range(25)
    await asyncio.gather(
        *(daemon.put(f"daemon {n}", b"%d" % n) for n in numbers),
        *(command.put(f"command {n}", b"%d" % n) for n in numbers),
    )
    assert len(json.loads((tmp_path / "secrets.json").read_text())) == 2 * len(numbers)


async def test_a_keyring_that_fails_in_between_is_left(tmp_path: Path, use: object) -> None:
    keyring.set_keyring(Memory())
    desk = Desk(tmp_path)
    await desk.keys.put("client", b"key")
    keyring.set_keyring(Broken())
    with pytest.raises(KeyringAwayError):
        await desk.keys.get("client")
    assert await desk.keys.rung() is Rung.FILE
    assert await desk.keys.put("other", b"second") is Rung.FILE
    assert await desk.keys.get("other") == b"second"


class Broken(Memory):
    """A keyring that has gone."""

    def get_password(self, service: str, username: str) -> str | None:
        raise OSError("gone")


class Slow(Memory):
    """A keyring whose dialog is served late."""

    def __init__(self) -> None:
        super().__init__()
        self.served = threading.Event()
        self.asked = 0

    def set_password(self, service: str, username: str, password: str) -> None:
        self.asked += 1
        self.served.wait(200)
        super().set_password(service, username, password)


async def test_a_dialog_served_late_counts(tmp_path: Path, use: object) -> None:
    slow = Slow()
    keyring.set_keyring(slow)
    desk = Desk(tmp_path, timeout=0.3)
    assert await desk.keys.put("client", b"key") is Rung.FILE
    desk.keys._timeout = 60
    slow.served.set()
    await desk.until_in("client", Rung.KEYRING)
    assert await desk.keys.get("client") == b"key"


async def test_a_keyring_that_hangs_is_not_asked_for_ever(tmp_path: Path, use: object) -> None:
    slow = Slow()
    keyring.set_keyring(slow)
    desk = Desk(tmp_path, timeout=0.3)
    for _ in range(6):
        await desk.keys.look_again()
    desk.keys._timeout = 600
    async with asyncio.timeout(60):
        assert await desk.keys.look_again() is Rung.FILE
    async with asyncio.timeout(60):
        while slow.asked < 3:  # noqa: ASYNC110 - in threads that may not even have begun
            await asyncio.sleep(0.01)
    assert slow.asked == 3
    slow.served.set()


async def test_vain_looks_become_rarer(tmp_path: Path, use: object) -> None:
    locked = Counting()
    keyring.set_keyring(locked)
    desk = Desk(tmp_path, again=0.02)
    started = time.monotonic()
    assert await desk.keys.rung() is Rung.FILE
    async with asyncio.timeout(60):
        while locked.asked < 6:  # noqa: ASYNC110 - it looks by itself
            await asyncio.sleep(0.01)
    assert time.monotonic() - started > 0.02 * (1 + 2 + 4 + 8 + 16)


class Counting(Locked):
    asked = 0

    def set_password(self, service: str, username: str, password: str) -> None:
        self.asked += 1
        super().set_password(service, username, password)


async def test_many_at_once(tmp_path: Path, use: object) -> None:
    keyring.set_keyring(Memory())
    desk = Desk(tmp_path)
    await asyncio.gather(*(desk.keys.put(f"{n}", b"%d" % n) for n in range(20)))
    assert await asyncio.gather(*(desk.keys.get(f"{n}") for n in range(20))) == [b"%d" % n for n in range(20)]
    await asyncio.gather(*(desk.keys.delete(f"{n}") for n in range(20)))
    assert json.loads((tmp_path / "secrets.json").read_text()) == {}
