"""The vault, with real files, a real ledger and real keys."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import stat
import threading
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from photoveil.ledger.vault import (
    Swept,
    VaultChangedError,
    VaultDamagedError,
    VaultError,
    VaultFullError,
    VaultKeyError,
    VaultUnknownError,
)
from photoveil.ledger.vault_files import hash_of
from photoveil.ledger.vault_key import VaultKey
from tests.ledger.desk import Beat
from tests.ledger.vault_house import House, house, sha


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as found:
        yield found


def flip(path: Path, at: int = -1) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def lose_ledger(root: Path) -> None:
    for file in root.glob("ledger*"):
        file.unlink()


async def test_what_is_kept_comes_back(home: House) -> None:
    data = random.Random(1).randbytes(3_000_000)
    item = await home.keep(data, job="job")
    assert await home.content(item) == data
    (found,) = await home.vault.items()
    assert (found.item, found.name, found.path, found.sha256, found.bytes) == (
        *(item, "a.jpg", home.root / "photos/a.jpg"),
        *(sha(data), len(data)),
    )
    assert found.restored is None
    usage = await home.vault.usage()
    assert (usage.items, usage.blobs, usage.limit) == (1, 1, 1 << 30)
    assert len(data) < usage.bytes < len(data) + 2000
    assert usage.key_rung == "file"
    assert await home.vault.verify() == []


async def test_the_disk_tells_nothing(home: House) -> None:
    data = b"secret photo" * 100
    await home.keep(data, "photos/anna at home.jpg")
    (container,) = home.containers()
    stored = container.read_bytes()
    for word in (b"secret", b"anna", b"photos", sha(data).encode(), bytes.fromhex(sha(data))):
        assert word not in stored
    assert container.name != sha(data)
    assert stat.S_IMODE(container.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700


async def test_the_same_bytes_are_stored_once(home: House) -> None:
    one = await home.keep(b"same", "x/a.jpg", job="1")
    two = await home.keep(b"same", "y/a.jpg")
    assert await home.keep(b"same", "x/a.jpg", job="3") == one
    assert len(home.containers()) == 1
    assert [item.item for item in await home.vault.items()] == [two, one]
    assert (await home.vault.find(one)).job == "3"
    await home.vault.remove(one)
    assert await home.content(two) == b"same"
    await home.vault.remove(two)
    assert list(home.folder.iterdir()) == []
    assert (await home.vault.usage()).blobs == 0
    with pytest.raises(VaultUnknownError):
        await home.vault.remove(two)
    with pytest.raises(VaultUnknownError):
        await home.vault.open(two)


async def test_many_at_once(home: House) -> None:
    wishes = [home.keep(b"%d" % (n % 5), f"{n}/a.jpg") for n in range(20)]
    items = await asyncio.gather(*wishes)
    assert [await home.content(item) for item in items] == [b"%d" % (n % 5) for n in range(20)]
    assert len(home.containers()) == 5
    newest = await home.vault.items(limit=7)
    older = await home.vault.items(before=newest[-1].item, limit=100)
    assert len(newest) == 7
    assert {item.item for item in newest + older} == set(items)


async def test_pages_begin_after_an_item(home: House) -> None:
    items = [await home.keep(b"%d" % n, f"{n}.jpg") for n in range(3)]
    assert [found.item for found in await home.vault.items(before=items[2], limit=1)] == [items[1]]
    assert await home.vault.items(before="nobody") == []


@pytest.mark.parametrize("first", [True, False], ids=["new", "known"])
async def test_other_bytes_than_announced_are_refused(home: House, first: bool) -> None:
    if not first:
        await home.keep(b"before", "other.jpg")
    path = home.photo(b"after")
    with pytest.raises(VaultChangedError):
        await home.vault.keep(path, sha(b"before"), name="a.jpg", path=path, job=None)
    assert (await home.vault.usage()).items == (0 if first else 1)
    assert len(list(home.folder.iterdir())) == (0 if first else 1)


async def test_a_file_that_grows_meanwhile_is_refused(home: House) -> None:
    """Its length was taken before; the hash of what was read fits, and still it must not pass."""
    path = home.photo(b"x" * 10)
    os.mkfifo(home.root / "pipe")
    with pytest.raises(VaultChangedError):
        await home.vault.keep(home.root / "pipe", sha(b""), name="p", path=None, job=None)
    with pytest.raises(VaultError, match="still there"):
        await home.vault.keep(home.root / "gone.jpg", sha(b""), name="p", path=None, job=None)
    assert path.read_bytes() == b"x" * 10


async def test_an_empty_file_is_a_file(home: House) -> None:
    item = await home.keep(b"")
    assert await home.content(item) == b""
    assert await home.vault.verify() == []


async def test_a_full_vault_says_so_before_it_writes(home: House) -> None:
    await home.keep(b"a" * 1000)
    home.limit[0] = 20_000
    big = home.photo(b"b" * 30_000, "big.jpg")
    with pytest.raises(VaultFullError, match=r"30\.\d kB.*1\.\d kB of 20\.0 kB.*vault_mb"):
        await home.vault.keep(big, sha(b"b" * 30_000), name="big.jpg", path=big, job=None)
    assert home.told()["vault/full"] == "vault_full"
    assert len(home.containers()) == 1
    await home.keep(b"c")
    assert "vault/full" not in home.told()


async def test_a_full_disk_says_so_before_it_writes(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil._ntuple_diskusage(100 << 20, 99 << 20, 1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(VaultFullError, match=r"1\.0 MB left"):
        await home.keep(b"photo")
    assert list(home.folder.iterdir()) == []


async def test_damage_is_told_and_nothing_deleted(home: House) -> None:
    good = await home.keep(b"good" * 1000, "good.jpg")
    bad = await home.keep(b"bad" * 1000, "bad.jpg")
    gone = await home.keep(b"gone", "gone.jpg")
    names = {item: path for item in (good, bad, gone) for path in await named(home, item)}
    flip(names[bad])
    names[gone].unlink()
    found = await home.vault.verify()
    assert {one.item.item: one.detail for one in found} == {
        bad: "is cut short or has changed bytes",
        gone: "is missing",
    }
    assert home.told()["vault/damaged"] == "vault_damaged"
    assert names[bad].exists()
    for item in (bad, gone):
        with pytest.raises(VaultDamagedError, match="backup"):
            await home.vault.restore(item, home.root / "back.jpg")
        with pytest.raises(VaultDamagedError):
            await home.content(item)
        assert (await home.vault.find(item)).restored is None
    assert not (home.root / "back.jpg").exists()
    assert await home.content(good) == b"good" * 1000


async def named(home: House, item: str) -> list[Path]:
    raw = await home.keys.get("vault")
    assert raw is not None
    return [home.folder / VaultKey(raw).name((await home.vault.find(item)).sha256)]


async def test_keeping_again_heals_a_damaged_container(home: House) -> None:
    item = await home.keep(b"photo")
    flip(home.containers()[0])
    assert await home.keep(b"photo") == item
    assert await home.vault.verify() == []


async def test_a_lost_ledger_is_built_again(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        kept = {await home.keep(b"%d" % n, f"{n}/photo.jpg"): b"%d" % n for n in range(4)}
    lose_ledger(tmp_path)
    async with house(tmp_path) as home:
        assert await home.vault.tidy() == Swept(recovered=4)
        items = await home.vault.items()
        assert {str(item.path): await home.content(item.item) for item in items} == {
            str(tmp_path / f"{data.decode()}/photo.jpg"): data for data in kept.values()
        }
        assert await home.vault.tidy() == Swept()


async def test_what_was_being_written_goes_and_what_is_not_ours_stays(home: House) -> None:
    await home.keep(b"photo")
    name = home.containers()[0].name
    (home.folder / f"{name}.0123abcd.part").write_bytes(b"half")
    (home.folder / "notes.txt").write_text("mine")
    assert await home.vault.tidy() == Swept(parts=1)
    assert sorted(path.name for path in home.folder.iterdir()) == [name, "notes.txt"]


async def test_a_begun_removal_is_finished(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.keep(b"photo")
        await home.keep(b"photo", "b.jpg")
        path = home.containers()[0]
        path.rename(path.with_name(path.name + ".removed"))
    async with house(tmp_path) as home:
        assert await home.vault.tidy() == Swept()
        assert await home.vault.items() == []
        assert list(home.folder.iterdir()) == []


async def test_containers_that_do_not_open_stay(home: House) -> None:
    await home.keep(b"photo")
    path = home.containers()[0]
    path.with_name("0" * 64).write_bytes(b"nonsense")
    shutil.copy(path, path.with_name("1" * 64))
    flip(path.with_name("1" * 64))
    assert await home.vault.tidy() == Swept(damaged=2)
    assert len(home.containers()) == 3
    assert home.told()["vault/damaged"] == "vault_damaged"


async def test_the_start_tidies_behind_the_scenes(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.keep(b"photo")
        (home.folder / f"{home.containers()[0].name}.0123abcd.part").write_bytes(b"half")
    async with house(tmp_path) as home:
        home.vault.start()
        await home.vault.close()
        assert len(list(home.folder.iterdir())) == 1


async def test_a_caller_who_gives_up_leaves_a_whole_item(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = b"x" * 500_000
    store, loop = home.vault._folder.store, asyncio.get_running_loop()
    writing, on = asyncio.Event(), threading.Event()

    def held(*about: Any) -> int:
        loop.call_soon_threadsafe(writing.set)
        assert on.wait(60)
        return store(*about)

    monkeypatch.setattr(home.vault._folder, "store", held)
    task = asyncio.create_task(home.keep(data))
    await writing.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    on.set()
    await home.vault.close()
    (item,) = await home.vault.items()
    assert await home.content(item.item) == data


async def test_changes_are_published(home: House) -> None:
    async with home.hub.subscribe() as events:
        item = await home.keep(b"photo")
        await home.vault.restore(item, home.root / "b.jpg")
        await home.vault.remove(item)
        events.close()
        kinds = [event.kind async for event in events]
    assert kinds.count("vault") >= 3


async def test_a_large_photo_neither_holds_up_the_loop_nor_fills_the_memory(home: House) -> None:
    path = home.root / "large.raw"
    path.touch()
    os.truncate(path, 100_000_000)
    digest = hash_of(path)
    beat = Beat()
    tracemalloc.start()
    item = await home.vault.keep(path, digest, name="large.raw", path=path, job=None)
    back = await home.vault.restore(item, home.root / "back.raw")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert beat.end() < 0.5
    assert peak < 16 << 20
    assert hash_of(back) == digest


async def test_rows_of_the_vault_are_on_the_disk_before_it_answers(home: House) -> None:
    """The original may be replaced on the strength of the answer, so a power cut must not take the row back."""
    said: list[str] = []
    await home.database.run(lambda connection: connection.set_trace_callback(said.append))
    await home.keep(b"photo")
    await home.database.run(lambda connection: connection.set_trace_callback(None))
    begin = next(n for n, line in enumerate(said) if line.startswith("INSERT INTO vault_blobs"))
    commit = said.index("COMMIT", begin)
    levels = [(n, line) for n, line in enumerate(said) if "synchronous" in line]
    assert [line for _, line in levels] == ["PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL"]
    assert levels[0][0] < said.index("BEGIN ", levels[0][0]) < begin < commit < levels[1][0]


async def test_the_key_in_a_file_is_told(home: House) -> None:
    await home.keep(b"photo")
    assert home.told() == {"keys": "vault_key_in_file"}


async def test_a_key_that_is_gone_is_never_replaced(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        item = await home.keep(b"photo")
    (tmp_path / "secrets.json").rename(tmp_path / "aside.json")
    async with house(tmp_path) as home:
        for wish in (home.keep(b"other", "b.jpg"), home.vault.restore(item), home.vault.tidy()):
            with pytest.raises(VaultKeyError, match="import"):
                await wish
        assert home.told()["vault/key"] == "vault_key"
        assert not (tmp_path / "secrets.json").exists()
        assert len(home.containers()) == 1
    (tmp_path / "aside.json").rename(tmp_path / "secrets.json")
    async with house(tmp_path) as home:
        assert await home.content(item) == b"photo"


async def test_another_key_is_refused(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        item = await home.keep(b"photo")
        await home.keys.put("vault", VaultKey.new().secret)
    async with house(tmp_path) as home:
        with pytest.raises(VaultKeyError, match="another"):
            await home.content(item)
        home.containers()[0].unlink()  # the rows alone must do
        with pytest.raises(VaultKeyError, match="another"):
            await home.keep(b"other")


async def test_a_key_from_a_backup_opens_the_vault_again(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.keep(b"photo")
        text = await home.vault.export_key()
    lose_ledger(tmp_path)
    (tmp_path / "secrets.json").unlink()
    async with house(tmp_path) as home:
        with pytest.raises(VaultKeyError):
            await home.vault.tidy()
        for wrong in ("", "hello", text[:-1] + ("A" if text[-1] != "A" else "B"), text[5:]):
            with pytest.raises(VaultKeyError, match="typing"):
                await home.vault.import_key(wrong)
        with pytest.raises(VaultKeyError, match="belong"):
            await home.vault.import_key(VaultKey.new().text())
        assert await home.vault.import_key(f" {text.lower().replace('-', '  ')}") == Swept(recovered=1)
        (item,) = await home.vault.items()
        assert await home.content(item.item) == b"photo"
        assert "vault/key" not in home.told()
    async with house(tmp_path) as home:
        assert await home.content(item.item) == b"photo"


async def test_an_old_vault_joins_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    async with house(tmp_path / "old") as old:
        await old.keep(b"old photo")
        text = await old.vault.export_key()
    (tmp_path / "new").mkdir()
    async with house(tmp_path / "new") as new:
        item = await new.keep(b"new photo", "b.jpg")
        shutil.copy(old.containers()[0], new.folder)
        assert await new.vault.tidy() == Swept(locked=1)
        assert new.told()["vault/locked"] == "vault_key"
        await new.vault.import_key(text)
        assert "vault/locked" not in new.told()
    async with house(tmp_path / "new") as new:
        items = await new.vault.items()
        assert {await new.content(one.item) for one in items} == {b"old photo", b"new photo"}
        assert item in {one.item for one in items}
        assert await new.vault.verify() == []
        assert await new.vault.tidy() == Swept()


async def test_a_new_vault_never_takes_the_key_of_another_away(tmp_path: Path) -> None:
    """Two homes may share one keyring: an imported key lies beside the other, not in its place."""
    async with house(tmp_path) as home:
        theirs = VaultKey.new()
        await home.keep(b"photo")
        text = await home.vault.export_key()
        await home.keys.put("vault", theirs.secret)
    async with house(tmp_path) as home:
        await home.vault.import_key(text)
        assert await home.keys.get("vault") == theirs.secret
    async with house(tmp_path) as home:
        (item,) = await home.vault.items()
        assert await home.content(item.item) == b"photo"


async def test_an_empty_vault_may_begin_anew(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.vault.remove(await home.keep(b"photo"))
    (tmp_path / "secrets.json").unlink()
    async with house(tmp_path) as home:
        assert await home.vault.tidy() == Swept()
        assert await home.content(await home.keep(b"photo")) == b"photo"


async def test_a_damaged_key_file_is_an_error(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        item = await home.keep(b"photo")
    (tmp_path / "secrets.json").write_text("{")
    async with house(tmp_path) as home:
        with pytest.raises(VaultKeyError, match="do not delete"):
            await home.content(item)
        assert (await home.vault.usage()).key_rung is None


def test_a_key_survives_paper() -> None:
    key = VaultKey.new()
    text = key.text()
    assert len(text.split("-")) == 14
    assert VaultKey.of_text(text) == key
    assert VaultKey.of_text(text.replace("O", "0").replace("I", "1").replace("B", "8")) == key
    assert key.secret.hex() not in repr(key)
    assert str(key.secret) not in repr(key)
