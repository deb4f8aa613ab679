"""The ladder of secret stores, with keyrings of all kinds."""

from __future__ import annotations

import json
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as FailingKeyring
from keyring.backends.null import Keyring as NullKeyring
from keyring.errors import KeyringLocked, PasswordDeleteError

from photoveil.keys import KeyStore, KeyStoreError, Rung


class Memory(KeyringBackend):
    """A keyring that works."""

    priority: ClassVar[float] = 5

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError


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
        self.released.wait(20)


@pytest.fixture
def use() -> Iterator[object]:
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)
    Waiting.released.set()


def names(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


def store(folder: Path) -> KeyStore:
    return KeyStore(service="photoveil/test", file=folder / "secrets.json", timeout=0.3)


async def test_a_working_keyring_is_used(tmp_path: Path, use: object) -> None:
    memory = Memory()
    keyring.set_keyring(memory)
    keys = store(tmp_path)
    assert await keys.put("client", b"\x00key") is Rung.KEYRING
    assert await keys.rung() is Rung.KEYRING
    assert await keys.get("client") == b"\x00key"
    assert await store(tmp_path).get("client") == b"\x00key"
    assert list(memory.entries) == [("photoveil/test", "client")]
    assert not (tmp_path / "secrets.json").exists()
    await keys.delete("client")
    await keys.delete("client")
    assert await keys.get("client") is None
    assert not memory.entries


@pytest.mark.parametrize("backend", [FailingKeyring, NullKeyring, Locked, Forgetful, Waiting])
async def test_else_a_private_file_is(tmp_path: Path, use: object, backend: type[KeyringBackend]) -> None:
    keyring.set_keyring(backend())
    keys = store(tmp_path)
    started = time.monotonic()
    assert await keys.put("client", b"key") is Rung.FILE
    assert time.monotonic() - started < 5
    assert await keys.rung() is Rung.FILE
    assert await keys.get("client") == b"key"
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    await keys.put("other", b"second")
    await keys.delete("client")
    assert list(json.loads((tmp_path / "secrets.json").read_text())) == ["other"]
    assert await keys.get("client") is None
    assert names(tmp_path) == ["secrets.json"]


async def test_a_key_in_the_file_is_found_when_the_keyring_comes_back(tmp_path: Path, use: object) -> None:
    keyring.set_keyring(FailingKeyring())
    await store(tmp_path).put("client", b"key")
    keyring.set_keyring(Memory())
    assert await store(tmp_path).get("client") == b"key"


async def test_a_damaged_file_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{")
    with pytest.raises(KeyStoreError, match="pair the browsers again"):
        await store(tmp_path).get("client")
