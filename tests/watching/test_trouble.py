"""Folders that vanish, drives that are full or read-only, limits that are reached, names that are hostile."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from photoveil.ledger.text import packed
from photoveil.watching import filesystems, rows
from tests.watching.house import House, copy_of, jpeg
from tests.watching.house import house as built
from tests.watching.together import together


def test_names_of_any_bytes_have_a_place_in_the_table() -> None:
    """What ``lose`` does for folders must reach names of both kinds."""
    assert rows.packed_as_bytes("a") == b"a"
    assert packed("a\udcff") == rows.packed_as_bytes("a\udcff")


@together
async def test_hostile_names_are_protected_under_their_own_name(place: Path) -> None:
    names = [
        "new\nline.jpg",
        os.fsdecode(b"bytes \xff\xfe.jpg"),
        "x" * 251 + ".jpg",
        " leading.jpg",
        "-rf.jpg",
        "%s.jpg",
        "\u202egpj.exe.jpg",
        "日本語.jpg",
        "a'; DROP TABLE folder_files; --.jpg",
    ]
    folder = os.fsdecode(b"folder \xe9")
    async with built(place) as house:
        rule = await house.watch()
        (house.tree / folder).mkdir()
        for number, name in enumerate(names):
            (house.tree / name).write_bytes(jpeg(number))
            (house.tree / folder / name).write_bytes(jpeg(f"in {number}"))
        for name in names:
            assert (await house.state_of(rule, name, "done")).target == house.tree / "Protected" / name
            await house.state_of(rule, f"{folder}/{name}", "done")
        before = await house.rows(rule)
    async with built(place) as house:
        await house.until(lambda: house.state(rule).last_scan is not None)
        assert await house.rows(rule) == before
        shutil.rmtree(house.tree / folder)
        await house.until(lambda: house.state(rule).protected == len(names))
        (house.tree / "Protected" / names[2]).write_bytes(b"taken")
        (house.tree / names[2]).write_bytes(jpeg("changed", 700))
        await house.until(lambda: len(list((house.tree / "Protected").glob("xx*"))) == 2)
        await house.calm(rule)
        assert (house.tree / "Protected" / names[2]).read_bytes() == b"taken"


@together
async def test_a_folder_that_vanishes_and_comes_back_loses_nothing(house: House) -> None:
    rule = await house.watch()
    for number in range(5):
        (house.tree / f"{number}.jpg").write_bytes(jpeg(number))
    await house.calm(rule)
    away = house.root / "away"
    house.tree.rename(away)
    await house.until(lambda: house.state(rule).mode == "missing")
    assert house.told() == {f"folder/{rule.id}": "folder_missing"}
    assert house.state(rule).problem is not None
    assert all(not row.missing for row in (await house.rows(rule)).values())
    assert house.state(rule).protected == 5
    (away / "6.jpg").write_bytes(jpeg(6))
    away.rename(house.tree)
    await house.state_of(rule, "6.jpg", "done")
    assert house.state(rule).mode == "events"
    assert house.told() == {}
    (house.tree / "7.jpg").write_bytes(jpeg(7))
    await house.state_of(rule, "7.jpg", "done")
    assert house.calls.total() == 7


@together
async def test_another_folder_in_the_same_place_is_looked_through(house: House) -> None:
    """As when a drive is taken away and its empty mount point is left, and the drive comes back."""
    rule = await house.watch()
    for number in range(3):
        (house.tree / f"{number}.jpg").write_bytes(jpeg(number))
    await house.calm(rule)
    away = house.root / "away"
    house.tree.rename(away)
    house.tree.mkdir()
    await house.until(lambda: house.state(rule).protected == 0)
    house.tree.rmdir()
    away.rename(house.tree)
    await house.until(lambda: house.state(rule).protected == 3)
    await house.calm(rule)
    assert house.calls.total() == 3
    assert len(list((house.tree / "Protected").iterdir())) == 3
    (house.tree / "new.jpg").write_bytes(jpeg("new"))
    await house.state_of(rule, "new.jpg", "done")


@together
async def test_observers_that_die_are_replaced(house: House) -> None:
    rule = await house.watch()
    observing = house.watching._tools.observing
    assert observing._observer is not None
    for emitter in observing._observer.emitters:
        emitter.stop()
    await house.until(lambda: observing.alive(rule.id))
    (house.tree / "a.jpg").write_bytes(jpeg(1))
    await house.state_of(rule, "a.jpg", "done")
    observing._observer.stop()
    await house.until(lambda: observing.alive(rule.id))
    (house.tree / "b.jpg").write_bytes(jpeg(2))
    await house.state_of(rule, "b.jpg", "done")


@together
async def test_polling_finds_what_nobody_tells(house: House) -> None:
    rule = await house.watch(polling="always")
    assert house.state(rule).mode == "polling"
    (house.tree / "sub").mkdir()
    (house.tree / "sub" / "a.jpg").write_bytes(jpeg(1))
    await house.state_of(rule, "sub/a.jpg", "done")
    (house.tree / "sub" / "a.jpg").rename(house.tree / "b.jpg")
    row = await house.state_of(rule, "b.jpg", "done")
    assert row.target == house.tree / "Protected" / "b.jpg"
    (house.tree / "b.jpg").unlink()
    await house.until(lambda: house.state(rule).protected == 0)
    assert house.calls.total() == 1


async def test_a_storm_of_events_becomes_a_scan(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("photoveil.watching.observing._STORM", 20)
    rule = await house.watch()
    for number in range(100):
        folder = house.tree / f"{number % 10}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.jpg").write_bytes(jpeg(number))
    await house.until(lambda: house.state(rule).protected == 100)
    (house.tree / "3" / "late.jpg").write_bytes(jpeg("late"))
    await house.state_of(rule, "3/late.jpg", "done")
    await house.calm(rule)
    assert set(house.made.values()) == {1}


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """A file system of 300 kB."""
    disk = place / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _mount(*options: str) -> None:
    subprocess.run(["mount", *options], check=True)


@together
async def test_a_full_disk_leaves_nothing_half_and_the_queue_tries_again(house: House) -> None:
    with small_disk(house.root) as disk:
        ballast = disk / "ballast"
        with pytest.raises(OSError, match="space"):
            ballast.write_bytes(bytes(10 << 20))
        mirror = disk / "mirror"
        rule = await house.watch(output="mirror", mirror=mirror)
        (house.tree / "a.jpg").write_bytes(jpeg(1, 9000))
        await house.until(lambda: "disk" in house.told())
        await house.until(lambda: _files(disk) == [ballast])  # but for a try that is going on
        assert (await house.state_of(rule, "a.jpg", "waiting")).sha256
        ballast.unlink()
        await house.state_of(rule, "a.jpg", "done")
        assert (mirror / "a.jpg").read_bytes() == copy_of(jpeg(1, 9000))
        assert house.calls.total() == 1


@together
async def test_a_read_only_drive_is_told(house: House) -> None:
    with small_disk(house.root) as disk:
        mirror = disk / "mirror"
        mirror.mkdir()
        _mount("-o", "remount,ro", str(disk))
        rule = await house.watch(output="mirror", mirror=mirror)
        (house.tree / "a.jpg").write_bytes(jpeg(1))
        row = await house.state_of(rule, "a.jpg", "failed")
        assert "does not let" in (row.reason or "")
        _mount("-o", "remount,rw", str(disk))
        await house.watching.rescan()
        await house.state_of(rule, "a.jpg", "done")


@together
async def test_a_mirror_on_a_drive_that_was_taken_away_is_not_begun_anew(house: House) -> None:
    with small_disk(house.root) as disk:
        mirror = disk / "mirror"
        rule = await house.watch(output="mirror", mirror=mirror)
        (house.tree / "a.jpg").write_bytes(jpeg(1))
        await house.state_of(rule, "a.jpg", "done")
        mirror.rename(disk / "elsewhere")
        (house.tree / "b.jpg").write_bytes(jpeg(2))
        await house.until(lambda: house.calls.total() == 2)
        jobs = await house.all_jobs()
        await house.until(lambda: not mirror.exists())
        assert jobs[-1].state in ("queued", "running")
        assert not mirror.exists()
        (disk / "elsewhere").rename(mirror)
        await house.state_of(rule, "b.jpg", "done")


@together
async def test_a_disk_taken_from_under_the_folder_is_missing_or_empty_but_nothing_is_lost(
    house: House,
) -> None:
    with small_disk(house.root) as disk:
        photos = disk / "photos"
        photos.mkdir()
        (photos / "a.jpg").write_bytes(jpeg(1))
        rule = await house.watch(photos)
        await house.calm(rule)
        await asyncio.to_thread(subprocess.run, ["umount", "-l", str(disk)], check=True)
        await house.until(lambda: house.state(rule).mode == "missing")
        assert [row.missing for row in (await house.rows(rule)).values()] == [False]
        _mount("-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk))
        photos.mkdir()
        (photos / "b.jpg").write_bytes(jpeg(2))
        await house.state_of(rule, "b.jpg", "done")


_LIMITED = """
import asyncio, os, sys
from pathlib import Path
from photoveil.watching import folder
from tests.watching.house import house, jpeg

async def main(root: Path) -> None:
    folder.POLL_SECONDS = folder.CHECK_SECONDS = 0.5
    for number in range(40):
        (root / "photos" / f"{number}").mkdir(parents=True)
    Path("/proc/sys/user/max_inotify_watches").write_text("20")
    async with house(root) as found:
        rule = await found.watch()
        assert found.state(rule).mode == "polling", found.state(rule)
        (notice,) = found.notices.all()
        assert (notice.key, notice.code) == ("inotify", "inotify_limit")
        assert "max_user_watches" in notice.reason and "sudo sysctl fs.inotify.max_user_watches=" in notice.remedy
        (found.tree / "39" / "a.jpg").write_bytes(jpeg(1))
        await found.state_of(rule, "39/a.jpg", "done")
        Path("/proc/sys/user/max_inotify_watches").write_text("10000")
        await found.store.remove_folder(rule.id)
        await found.until(lambda: not found.notices.all())
        rule = await found.watch()
        assert found.state(rule).mode == "events"
    Path("/proc/sys/user/max_inotify_instances").write_text("0")
    async with house(root) as found:
        await found.until(lambda: found.notices.all())
        assert "max_user_instances" in found.notices.all()[0].remedy
        assert found.watching.states()[0].mode == "polling"

asyncio.run(main(Path(sys.argv[1])))
"""


async def _succeeds(*command: str) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(*command, env=environment, stderr=pipe)
    _, said = await asyncio.wait_for(child.communicate(), 600)
    assert child.returncode == 0, said.decode()


@together
async def test_the_inotify_limit_is_told_with_its_remedy_and_polling_takes_over(place: Path) -> None:
    if not shutil.which("unshare") or os.system("unshare -Ur true"):  # noqa: ASYNC221, S605
        pytest.skip("user namespaces are not allowed here")
    await _succeeds("unshare", "-Ur", sys.executable, "-c", _LIMITED, str(place))


_UNPRIVILEGED = """
import asyncio, os, sys
from pathlib import Path
from tests.watching.house import house, jpeg

async def main(root: Path) -> None:
    (root / "photos" / "open").mkdir(parents=True)
    for name in ("closed", "shut"):
        (root / "photos" / name).mkdir()
        (root / "photos" / name).chmod(0)
    os.setgroups([])
    os.chown(root, 65534, 65534)
    for path in root.rglob("*"):
        os.chown(path, 65534, 65534)
    (root / "warm").mkdir()
    async with house(root / "warm") as found:  # whatever is imported late
        await found.watch()
    os.setuid(65534)
    async with house(root) as found:
        rule = await found.watch()
        assert found.told() == {f"folder/{rule.id}": "folder_unreadable"}, found.told()
        (found.tree / "open" / "a.jpg").write_bytes(jpeg(1))
        await found.state_of(rule, "open/a.jpg", "done")
        secret = found.tree / "b.jpg"
        secret.write_bytes(jpeg(2))
        secret.chmod(0)
        await found.state_of(rule, "b.jpg", "failed")
        secret.chmod(0o600)
        for name in ("closed", "shut"):
            (root / "photos" / name).chmod(0o700)
        await found.watching.rescan()
        await found.state_of(rule, "b.jpg", "done")
        await found.until(lambda: not found.told())

asyncio.run(main(Path(sys.argv[1])))
"""


@together
async def test_parts_that_may_not_be_read_are_told_and_the_rest_goes_on(place: Path) -> None:
    if not sys.platform.startswith("linux") or os.getuid() != 0:
        pytest.skip("needs to become another user")
    await _succeeds(sys.executable, "-c", _UNPRIVILEGED, str(place))


def test_drives_that_do_not_tell_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    class Mount:
        def __init__(self, mountpoint: str, fstype: str, opts: str = "rw") -> None:
            self.mountpoint, self.fstype, self.opts = mountpoint, fstype, opts

    mounts = [
        Mount("/", "ext4"),
        Mount("/mnt/nas", "cifs"),
        Mount("/mnt/nas/own disk", "ext4"),
        Mount("/mnt/nfs", "nfs4"),
        Mount("/mnt/ssh", "fuse.sshfs"),
        Mount("/mnt/stick", "fuseblk"),
        Mount("/mnt/c", "9p"),
        Mount("/mnt/z", "NTFS", "rw,remote"),
        Mount("/home", "autofs"),
        Mount("/home", "nfs"),
    ]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: mounts)
    quiet = {"/mnt/nas/photos", "/mnt/nfs", "/mnt/ssh/x", "/mnt/c/x", "/mnt/z", "/home/me"}
    telling = {"/", "/photos", "/mnt/nas/own disk/x", "/mnt/stick", "/mnt/nasty"}
    assert {path for path in quiet | telling if not filesystems.tells_changes(Path(path))} == quiet


def test_the_needed_limit_is_larger_than_the_present_one() -> None:
    for present in (0, 8192, 65_536, 1_000_000):
        for folders in (1, 10_000):
            assert filesystems.needed_value("max_user_watches", present, folders) >= present + folders
    assert filesystems.needed_value("max_user_instances", 128, 1) > 128
