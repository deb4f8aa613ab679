"""Containers: any byte changed, cut off, added or exchanged is found."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photoveil.ledger import vault_files
from photoveil.ledger.vault_files import ContainerError, Facts, Opened, OtherKeyError, SourceChangedError
from photoveil.ledger.vault_key import VaultKey
from tests.ledger.vault_house import sha

KEY = VaultKey(bytes(range(32)))


@pytest.fixture(scope="module", autouse=True)
def small_chunks() -> Iterator[None]:
    """Many chunks from few bytes."""
    patch = pytest.MonkeyPatch()
    patch.setattr(vault_files, "_CHUNK_SIZE", 64)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("containers")


def facts(data: bytes) -> Facts:
    return Facts(sha(data), len(data), "a.jpg", "/photos/a.jpg", None, "2026", 0o100644, 1)


def made(path: Path, data: bytes) -> bytes:
    path.unlink(missing_ok=True)
    vault_files.write(path, KEY, facts(data), [data])
    return path.read_bytes()


def read(path: Path, key: VaultKey = KEY) -> bytes:
    with closing(Opened(path, key)) as opened:
        return b"".join(opened)


@pytest.fixture(scope="module")
def container(folder: Path) -> bytes:
    return made(folder / "fixed", os.urandom(200))


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 127, 128, 129, 640])
def test_every_size_comes_back(folder: Path, size: int) -> None:
    data = os.urandom(size)
    assert len(made(folder / "sizes", data)) == vault_files.stored_size(facts(data))
    assert read(folder / "sizes") == data


@given(data=st.binary(max_size=400), cuts=st.lists(st.integers(0, 400), max_size=5))
@settings(max_examples=50, deadline=None)
def test_however_the_bytes_arrive(folder: Path, data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(data)]
    path = folder / "pieces"
    path.unlink(missing_ok=True)
    pieces = [data[a:b] for a, b in pairwise(edges)]
    vault_files.write(path, KEY, facts(data), pieces)
    assert read(path) == data


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_any_bit_flipped_is_found(folder: Path, container: bytes, draw: st.DataObject) -> None:
    changed = bytearray(container)
    changed[draw.draw(st.integers(0, len(container) - 1))] ^= 1 << draw.draw(st.integers(0, 7))
    (folder / "changed").write_bytes(changed)
    with pytest.raises(ContainerError):
        read(folder / "changed")


def test_every_length_but_the_whole_is_found(folder: Path, container: bytes) -> None:
    path = folder / "cut"
    for length in range(len(container)):
        path.write_bytes(container[:length])
        with pytest.raises(ContainerError):
            read(path)
    for more in (b"\0", container[-64:], container):
        path.write_bytes(container + more)
        with pytest.raises(ContainerError):
            read(path)


def test_chunks_exchanged_doubled_or_left_out_are_found(folder: Path, container: bytes) -> None:
    sealed = 64 + 16
    start = len(container) - (3 * sealed + (200 - 3 * 64) + 16)
    head, chunks = (
        container[:start],
        [container[at : at + sealed] for at in range(start, len(container), sealed)],
    )
    assert len(chunks) == 4
    for order in ([1, 0, 2, 3], [0, 1, 2], [0, 2, 3], [0, 1, 1, 3], [0, 1, 2, 2, 3], [3], []):
        (folder / "order").write_bytes(head + b"".join(chunks[n] for n in order))
        with pytest.raises(ContainerError):
            read(folder / "order")


def test_a_chunk_of_another_container_does_not_fit(folder: Path) -> None:
    data = bytes(200)
    one, two = made(folder / "one", data), made(folder / "two", data)
    assert len(one) == len(two)
    (folder / "mixed").write_bytes(one[:-24] + two[-24:])
    with pytest.raises(ContainerError):
        read(folder / "mixed")


def test_another_key_is_told_from_damage(folder: Path) -> None:
    made(folder / "mine", b"photo")
    with pytest.raises(OtherKeyError):
        read(folder / "mine", VaultKey.new())
    assert vault_files.key_id(folder / "mine") == KEY.id
    (folder / "no").write_bytes(b"x" * 100)
    assert vault_files.key_id(folder / "no") is None


def test_sizes_that_would_fill_the_memory_are_refused(folder: Path, container: bytes) -> None:
    for at in (49, 53):
        changed = bytearray(container)
        changed[at : at + 4] = struct.pack(">I", 0xFFFFFFFF)
        (folder / "huge").write_bytes(changed)
        with pytest.raises(ContainerError):
            read(folder / "huge")


@pytest.mark.parametrize("data", [b"", b"phot", b"photo!", b"Photo", b"x" * 1000])
def test_other_bytes_than_announced_are_not_written(folder: Path, data: bytes) -> None:
    path = folder / "other"
    path.unlink(missing_ok=True)
    with pytest.raises(SourceChangedError):
        vault_files.write(path, KEY, facts(b"photo"), [data])


def test_no_two_containers_look_alike(folder: Path) -> None:
    one, two = made(folder / "one", b"photo"), made(folder / "two", b"photo")
    assert one[17:] != two[17:]
    assert KEY.name(sha(b"photo")) != VaultKey.new().name(sha(b"photo"))
