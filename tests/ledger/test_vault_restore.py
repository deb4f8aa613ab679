"""Getting originals back: to where they were, beside what stands there, or elsewhere."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from photoveil.ledger import vault_restore
from photoveil.ledger.photos import Key, ProtectedPhotos
from photoveil.ledger.vault import VaultError, VaultPlaceError
from photoveil.photos.writing import exchange, publish
from photoveil.worker.tasks import Delivered, Task
from tests.ledger.vault_house import House, house, sha

TASK = Task("me", "antithetical", "balanced", "starter", "strip-location")
ORIGINAL, COPY, OTHER = b"the original", b"its protected copy", b"something else"


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as found:
        yield found


async def protected(home: House, original: bytes = ORIGINAL, copy: bytes = COPY) -> None:
    """As the worker leaves it in the ledger."""
    (home.root / "delivered").mkdir(exist_ok=True)
    part = home.root / "delivered" / "part"
    part.write_bytes(copy)
    made = Delivered(sha(copy), len(copy), "jpeg", "image/jpeg", ".jpg", 1, 1, {})
    await ProtectedPhotos(home.database, part.parent, 1 << 20).remember(Key(sha(original), TASK), made, part)


def listed(folder: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in folder.iterdir()}


async def test_our_own_copy_is_replaced(home: House) -> None:
    await protected(home)
    path = home.photo(ORIGINAL)
    path.chmod(0o640)
    os.utime(path, ns=(5, 1_600_000_000_123_456_789))
    item = await home.vault.keep(path, sha(ORIGINAL), name="a.jpg", path=path, job=None)
    home.photo(COPY)
    assert not await home.vault.was_restored(sha(ORIGINAL))
    assert await home.vault.restore(item) == path
    assert listed(path.parent) == {"a.jpg": ORIGINAL}
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.stat().st_mtime_ns == 1_600_000_000_123_456_789
    assert await home.vault.was_restored(sha(ORIGINAL))
    assert (await home.vault.find(item)).restored
    assert await home.content(item) == ORIGINAL


async def test_the_copy_of_the_items_job_is_known_too(home: House) -> None:
    item = await home.keep(ORIGINAL, job="j1")
    await home.database.run(
        lambda connection: connection.execute(
            "INSERT INTO jobs (job, kind, client, name, original, persona, method, strength, model_set, metadata,"
            " state, priority, created, protected)"
            " VALUES ('j1', 'folder', '', 'a.jpg', ?, '', '', '', '', '', 'done', 10, '', ?)",
            (sha(ORIGINAL), sha(COPY)),
        )
    )
    path = home.photo(COPY)
    assert await home.vault.restore(item) == path
    assert listed(path.parent) == {"a.jpg": ORIGINAL}


@pytest.mark.parametrize("can_exchange", [True, False], ids=["exchange", "no-exchange"])
@pytest.mark.parametrize("links", [True, False], ids=["links", "no-links"])
async def test_anything_else_stays_and_the_original_goes_beside(
    home: House, monkeypatch: pytest.MonkeyPatch, can_exchange: bool, links: bool
) -> None:
    if not can_exchange:
        monkeypatch.setattr(vault_restore, "exchange", refuse)
    if not links:
        monkeypatch.setattr("photoveil.photos.writing._by_link", refuse)
    await protected(home)
    item = await home.keep(ORIGINAL)
    path = home.photo(OTHER)
    assert await home.vault.restore(item) == path.with_name("a (original).jpg")
    assert await home.vault.restore(item) == path.with_name("a (original).jpg")
    path.with_name("a (original).jpg").write_bytes(OTHER)
    assert await home.vault.restore(item) == path.with_name("a (original 2).jpg")
    home.photo(COPY)
    assert await home.vault.restore(item) == path
    assert listed(path.parent) == {
        "a.jpg": ORIGINAL,
        "a (original).jpg": OTHER,
        "a (original 2).jpg": ORIGINAL,
    }


def refuse(*_: object) -> None:
    raise PermissionError(1, "no links here")


async def test_who_is_quicker_keeps_the_name(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program saves over our copy just before it is replaced."""
    await protected(home)
    item = await home.keep(ORIGINAL)
    path = home.photo(COPY)
    calls = 0

    def late(one: Path, other: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            path.unlink()
            path.write_bytes(OTHER)
        exchange(one, other)

    monkeypatch.setattr(vault_restore, "exchange", late)
    assert await home.vault.restore(item) == path.with_name("a (original).jpg")
    assert listed(path.parent) == {"a.jpg": OTHER, "a (original).jpg": ORIGINAL}


async def test_the_original_itself_is_left_alone(home: House) -> None:
    item = await home.keep(ORIGINAL)
    before = (home.root / "photos/a.jpg").stat()
    assert await home.vault.restore(item) == home.root / "photos/a.jpg"
    assert (home.root / "photos/a.jpg").stat() == before
    assert listed(home.root / "photos") == {"a.jpg": ORIGINAL}


async def test_links_and_folders_are_not_followed(home: House) -> None:
    await protected(home)
    item = await home.keep(ORIGINAL)
    path = home.root / "photos/a.jpg"
    elsewhere = home.photo(COPY, "elsewhere.jpg")
    path.unlink()
    path.symlink_to(elsewhere)
    assert await home.vault.restore(item) == path.with_name("a (original).jpg")
    path.unlink()
    path.mkdir()
    assert await home.vault.restore(item) == path.with_name("a (original).jpg")
    assert elsewhere.read_bytes() == COPY


async def test_folders_that_vanished_are_made_again(home: House) -> None:
    item = await home.keep(ORIGINAL, "deep/in/there/a.jpg")
    (home.root / "deep/in/there/a.jpg").unlink()
    (home.root / "deep/in/there").rmdir()
    (home.root / "deep/in").rmdir()
    assert (await home.vault.restore(item)).read_bytes() == ORIGINAL


async def test_to_a_folder_or_a_file(home: House) -> None:
    item = await home.keep(ORIGINAL)
    (home.root / "there").mkdir()
    for to, path in (
        ("there", "there/a.jpg"),
        ("new", "new/a.jpg"),
        ("new/b.jpg", "new/b.jpg"),
        ("deep/c.jpg", "deep/c.jpg"),
    ):
        assert await home.vault.restore(item, home.root / to) == home.root / path
        assert (home.root / path).read_bytes() == ORIGINAL
    with pytest.raises(VaultPlaceError, match="whole path"):
        await home.vault.restore(item, Path("there"))


async def test_an_upload_needs_a_place(home: House) -> None:
    path = home.photo(ORIGINAL, "spool")
    item = await home.vault.keep(path, sha(ORIGINAL), name="../../etc/pass\u202ewd", path=None, job=None)
    with pytest.raises(VaultPlaceError, match="Choose a folder"):
        await home.vault.restore(item)
    assert await home.vault.restore(item, home.root / "out") == home.root / "out/passwd"


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX rights")
async def test_a_folder_that_refuses_is_named(home: House) -> None:
    item = await home.keep(ORIGINAL)
    home.photo(b"a file", "taken")
    with pytest.raises(VaultPlaceError, match="still in the vault"):
        await home.vault.restore(item, home.root / "taken/sub/b.jpg")
    with pytest.raises(VaultPlaceError, match="another folder"):
        await home.vault.restore(item, Path("/proc/photoveil/b.jpg"))
    if os.geteuid():
        (home.root / "closed").mkdir(mode=0o500)
        with pytest.raises(VaultPlaceError, match="another folder"):
            await home.vault.restore(item, home.root / "closed/b.jpg")
    assert (await home.vault.find(item)).restored is None


async def test_a_disk_that_takes_no_more_leaves_no_half_file(home: House) -> None:
    resource = pytest.importorskip("resource")
    data = os.urandom(3 << 20)
    item = await home.keep(data)
    other = home.photo(os.urandom(3 << 20), "b.jpg")
    digest = sha(other.read_bytes())
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, before[1]))
    try:
        with pytest.raises(VaultPlaceError, match="File too large"):
            await home.vault.restore(item, home.root / "out/x.jpg")
        with pytest.raises(VaultError, match="File too large"):
            await home.vault.keep(other, digest, name="b.jpg", path=other, job=None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((home.root / "out").iterdir()) == []
    assert list(home.folder.iterdir()) == home.containers()
    assert (await home.vault.usage()).items == 1


async def test_a_name_this_file_system_does_not_take(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a memory card: what had a name on one file system gets a safe one on another."""
    item = await home.keep(ORIGINAL, "photos/a:b?.jpg")
    path = home.root / "photos/a:b?.jpg"
    path.unlink()

    def choosy(part: Path, wanted: Path) -> None:
        if ":" in wanted.name:
            raise OSError(22, "Invalid argument")
        publish(part, wanted)

    monkeypatch.setattr(vault_restore, "publish", choosy)
    assert await home.vault.restore(item) == path.with_name("a_b_.jpg")
    assert listed(path.parent) == {"a_b_.jpg": ORIGINAL}


@pytest.mark.parametrize("name", [b"\xff\xfe.jpg", "ü" * 120 + ".jpg", b"\xff" * 200, ".hidden", "a" * 255])
async def test_names_that_are_hard(home: House, name: str | bytes) -> None:
    path = home.root / "photos" / os.fsdecode(name)
    item = await home.keep(ORIGINAL, f"photos/{path.name}")
    found = await home.vault.find(item)
    assert (found.path, found.name) == (path, path.name)
    path.unlink()
    assert await home.vault.restore(item) == path
    path.write_bytes(OTHER)
    first = await home.vault.restore(item)
    first.write_bytes(OTHER)
    second = await home.vault.restore(item)
    assert (path.read_bytes(), first.read_bytes(), second.read_bytes()) == (OTHER, OTHER, ORIGINAL)
    assert len({path, first, second}) == 3
    assert (await home.vault.restore(item, home.root / "out.d/x.jpg")).read_bytes() == ORIGINAL


@pytest.mark.skipif(sys.platform != "linux", reason="names are Unicode there")
async def test_a_name_as_earlier_versions_kept_it(home: House) -> None:
    path = home.root / "photos" / os.fsdecode(b"\xff\xfe.jpg")
    item = await home.keep(ORIGINAL, f"photos/{path.name}")
    old = (os.fsencode(path.name), os.fsencode(path), item)
    await home.database.run(
        lambda c: c.execute("UPDATE vault_items SET name = ?, path = ? WHERE item = ?", old)
    )
    found = await home.vault.find(item)
    assert (found.path, found.name) == (path, path.name)
    assert await home.keep(ORIGINAL, f"photos/{path.name}") == item, "still one item"


async def test_who_restored_and_protects_again_starts_afresh(home: House) -> None:
    item = await home.keep(ORIGINAL)
    await home.vault.restore(item)
    assert await home.keep(ORIGINAL, job="again") == item
    assert not await home.vault.was_restored(sha(ORIGINAL))
    assert await home.vault.find(item) == replace((await home.vault.items())[0], job="again")
