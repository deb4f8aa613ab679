from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from photoveil.ledger.database import Database
from photoveil.ledger.photos import Key, ProtectedPhotos, sweep
from photoveil.worker.tasks import Delivered, Task
from tests.ledger.desk import steps_of

TASK = Task("me", "antithetical", "balanced", "starter", "strip-location")


COLUMNS = (
    "original, protected, persona, method, strength, model_set, metadata, "
    "format, type, suffix, bytes, width, height, report, created"
)


def fill(connection: sqlite3.Connection, rows: list[tuple[object, ...]]) -> None:
    connection.executemany(f"INSERT INTO protected ({COLUMNS}) VALUES ({', '.join('?' * 15)})", rows)  # noqa: S608


class Shelf:
    """A ledger with room for 1000 bytes."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.folder = folder
        self.kept = folder / "kept"
        self.kept.mkdir()
        self.photos = ProtectedPhotos(database, self.kept, 1000)

    async def put(self, original: str, data: bytes, task: Task = TASK) -> Delivered:
        part = self.folder / "part"
        part.write_bytes(data)
        sha256 = hashlib.sha256(data).hexdigest()
        delivered = Delivered(sha256, len(data), "jpeg", "image/jpeg", "", 3, 2, {"psnr_db": 40.5})
        await self.photos.remember(Key(original, task), delivered, part)
        return delivered


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    database = await Database.open(tmp_path / "ledger")
    yield Shelf(database, tmp_path)
    await database.close()


async def test_what_was_remembered_is_found(shelf: Shelf) -> None:
    delivered = await shelf.put("original", b"copy")
    assert await shelf.photos.find(Key("original", TASK)) == delivered
    assert shelf.photos.file(delivered.sha256).read_bytes() == b"copy"
    assert await shelf.photos.is_protected_copy(delivered.sha256)
    assert not await shelf.photos.is_protected_copy("original")


@pytest.mark.parametrize("part", ["persona", "method", "strength", "model_set", "metadata"])
async def test_every_part_of_the_wish_counts(shelf: Shelf, part: str) -> None:
    await shelf.put("original", b"copy")
    other = replace(TASK, **{part: "other"})
    assert await shelf.photos.find(Key("original", other)) is None
    await shelf.put("original", b"another copy", other)
    assert await shelf.photos.find(Key("original", TASK)) is not None


async def test_a_second_time_replaces_the_first(shelf: Shelf) -> None:
    first = await shelf.put("original", b"copy")
    second = await shelf.put("original", b"new copy")
    assert await shelf.photos.find(Key("original", TASK)) == second
    await shelf.photos.tidy()
    assert first.sha256 != second.sha256


async def test_what_cannot_be_removed_keeps_nobody_from_starting(shelf: Shelf) -> None:
    delivered = await shelf.put("original", b"copy")
    (shelf.kept / "@eaDir").mkdir()  # some drives put folders of their own everywhere
    (shelf.kept / "left by a kill").touch()
    await shelf.photos.tidy()
    assert {file.name for file in shelf.kept.iterdir()} == {delivered.sha256, "@eaDir"}


async def test_a_copy_that_is_being_delivered_may_stay_and_costs_no_photo(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows an open file cannot be removed."""
    held = await shelf.put("held", b"h" * 600)
    unlink = Path.unlink

    def windows(file: Path, missing_ok: bool = False) -> None:
        if file.name == held.sha256:
            raise PermissionError(errno.EACCES, "used by another process")
        unlink(file, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", windows)
    made = await shelf.put("next", b"n" * 600)
    assert await shelf.photos.find(Key("next", TASK)) == made
    assert await shelf.photos.find(Key("held", TASK)) == held
    monkeypatch.undo()
    await shelf.put("third", b"t" * 600)
    assert [file.name for file in shelf.kept.iterdir()] == [hashlib.sha256(b"t" * 600).hexdigest()]


def test_one_file_that_stays_does_not_keep_the_others_in_the_spool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        (tmp_path / name).touch()
    unlink = Path.unlink

    def windows(file: Path, missing_ok: bool = False) -> None:
        if file.name == "b":
            raise PermissionError(errno.EACCES, "used by another process")
        unlink(file, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", windows)
    sweep(tmp_path, ())
    assert [file.name for file in tmp_path.iterdir()] == ["b"]


async def test_a_lost_or_cut_file_means_protect_again(shelf: Shelf) -> None:
    one, two = await shelf.put("one", b"copy one"), await shelf.put("two", b"copy two")
    shelf.photos.file(one.sha256).unlink()
    shelf.photos.file(two.sha256).write_bytes(b"cop")
    assert await shelf.photos.find(Key("one", TASK)) is None
    assert await shelf.photos.find(Key("two", TASK)) is None
    assert await shelf.photos.is_protected_copy(one.sha256)


async def test_those_not_used_for_longest_leave(shelf: Shelf) -> None:
    for number in range(3):
        await shelf.put(str(number), os.urandom(300))
    assert await shelf.photos.find(Key("0", TASK)) is not None
    await shelf.put("3", os.urandom(300))
    found = [await shelf.photos.find(Key(str(number), TASK)) is not None for number in range(4)]
    assert found == [True, False, True, True]
    assert sum(file.stat().st_size for file in shelf.kept.iterdir()) == 900


async def test_one_larger_than_all_the_room_stays_until_the_next(shelf: Shelf) -> None:
    large = await shelf.put("large", os.urandom(5000))
    assert await shelf.photos.find(Key("large", TASK)) == large
    await shelf.put("small", b"small")
    assert await shelf.photos.find(Key("large", TASK)) is None


async def test_tidying_removes_what_no_row_knows(shelf: Shelf) -> None:
    delivered = await shelf.put("original", b"copy")
    (shelf.kept / "orphan").write_bytes(b"left by a killed process")
    await shelf.photos.tidy()
    assert [file.name for file in shelf.kept.iterdir()] == [delivered.sha256]


async def test_a_lookup_among_a_hundred_thousand_looks_at_few(shelf: Shelf) -> None:
    about = (
        *TASK.__dict__.values(),
        "jpeg",
        "image/jpeg",
        "",
        1,
        1,
        1,
        '{"report": "' + "x" * 1000 + '"}',
        "",
    )
    await shelf.photos.database.run(fill, [(f"o{number}", f"p{number}", *about) for number in range(100_000)])
    delivered = await shelf.put("original", b"copy")

    async def look() -> None:
        for number in range(0, 100_000, 1000):
            assert await shelf.photos.is_protected_copy(f"p{number}")
            assert await shelf.photos.find(Key(f"o{number}", TASK)) is None
            assert await shelf.photos.find(Key("original", TASK)) == delivered

    assert await steps_of(shelf.photos.database, look()) / 300 < 100, "to look at every row takes a million"


async def test_a_copy_made_earlier_stays_known_as_ours(shelf: Shelf) -> None:
    made = [await shelf.put("original", data) for data in (b"one", b"two", b"one", b"two", b"three")]
    assert all([await shelf.photos.is_protected_copy(copy.sha256) for copy in made])
    assert await shelf.photos.find(Key("original", TASK)) == made[-1]


async def test_hundreds_of_copies_make_room_quickly(shelf: Shelf) -> None:
    async def put() -> None:
        for number in range(300):
            await shelf.put(str(number), os.urandom(10))
        shelf.photos.limit = 100
        await shelf.put("last", os.urandom(10))

    steps = await steps_of(shelf.photos.database, put())
    assert sum(file.stat().st_size for file in shelf.kept.iterdir()) <= 100
    assert steps < 150_000, "twice as many where each copy looks for the oldest one"


def test_sweeping_spares_the_folders_of_running_commands(tmp_path: Path) -> None:
    (tmp_path / "left.part").write_bytes(b"an original at rest")
    (tmp_path / "hand-new").mkdir()
    old = tmp_path / "hand-old"
    old.mkdir()
    os.utime(old, (0, 0))
    (tmp_path / "wanted.part").write_bytes(b"to be protected yet")
    sweep(tmp_path, {"wanted.part"})
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["hand-new", "wanted.part"]


@pytest.mark.parametrize(
    ("suffix", "original", "expected"),
    [
        ("", "a.heic", "a.heic"),
        (".jpg", "a.heic", "a.jpg"),
        (".jpg", "a.b.heic", "a.b.jpg"),
        (".jpg", "photo", "photo.jpg"),
        (".jpg", ".hidden", ".hidden.jpg"),
    ],
)
def test_the_copy_is_called_like_the_original(suffix: str, original: str, expected: str) -> None:
    assert Delivered("", 0, "", "", suffix, 0, 0, {}).name_for(original) == expected
