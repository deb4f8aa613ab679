"""Full and read-only disks: photos wait or fail with a reason, nothing breaks, and all goes on when there is room."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.rig import System, note, photo, send, sha256, system, wait_until, whole

_SETTINGS = """\
on_battery = "work"
when_busy = "work"
previews = false

[[folders]]
path = "{folder}"
output = "mirror"
mirror = "{mirror}"
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    place = tmp_path / "small disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def _fill(disk: Path) -> Path:
    """Take all there is, again where somebody gives something back: others write at the same time."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as out:
        for _ in range(1000):
            with contextlib.suppress(OSError):
                while True:
                    out.write(bytes(4096))
            if shutil.disk_usage(disk).free < 4096:
                return ballast
    raise AssertionError("it does not become full")


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def _finished(running: System) -> dict[str, int]:
    return dict(running.rows("SELECT state, count(*) FROM jobs GROUP BY state"))


def _watch(running: System, folder: Path, mirror: Path) -> None:
    folder.mkdir()
    mirror.mkdir(exist_ok=True)
    running.settings(_SETTINGS.format(folder=folder, mirror=mirror))


def test_a_full_disk_delays_copies_and_says_so(tmp_path: Path, small_disk: Path) -> None:
    with system(tmp_path / "home") as running:
        folder, mirror = tmp_path / "photos", small_disk / "protected"
        _watch(running, folder, mirror)
        running.start()
        ballast = _fill(small_disk)
        originals = {}
        for number in range(3):
            data = photo(number, (400, 300))
            (folder / f"{number}.jpg").write_bytes(data)
            originals[f"{number}.jpg"] = sha256(data)
        wait_until(lambda: running.local().call("overview")["notices"])
        told = running.local().call("overview")["notices"]
        assert any("space" in " ".join(notice.values()).lower() for notice in told), told
        wait_until(lambda: not _files(mirror))  # but for a try that is going on
        ballast.unlink()
        for (job,) in running.rows("SELECT job FROM jobs WHERE state = 'failed'"):
            running.local().call("retry", job=job)
        wait_until(lambda: _finished(running) == {"done": 3})
        assert all(whole(mirror / name) for name in originals)
        assert all(sha256((folder / name).read_bytes()) == digest for name, digest in originals.items())
        assert running.stop() == 0
    note("full_disk", photos_protected_once_there_was_room=3)


@pytest.mark.skipif(os.name == "nt", reason="mounts")
def test_a_read_only_folder_is_told_with_a_remedy(tmp_path: Path, small_disk: Path) -> None:
    with system(tmp_path / "home") as running:
        folder, mirror = tmp_path / "photos", small_disk / "protected"
        _watch(running, folder, mirror)
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
        running.start()
        data = photo(1)
        (folder / "1.jpg").write_bytes(data)
        wait_until(lambda: running.local().call("overview")["notices"])
        told = running.local().call("overview")["notices"]
        assert all(notice["remedy"] for notice in told)
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
        for (job,) in running.rows("SELECT job FROM jobs WHERE state = 'failed'"):
            running.local().call("retry", job=job)
        wait_until(lambda: _finished(running) == {"done": 1})
        assert (folder / "1.jpg").read_bytes() == data
        assert whole(mirror / "1.jpg")
    note("read_only_folder", photos_protected_once_writable=1)


def test_a_full_home_refuses_photos_and_lives_on(tmp_path: Path, small_disk: Path) -> None:
    with system(small_disk / "home") as running:
        running.start()
        browser = running.browser()
        assert send(browser, photo(1), "first.jpg") is not None
        running.idle()
        ballast = _fill(small_disk)
        assert send(running.again(browser), photo(2, (2000, 1500)), "second.jpg") is None
        assert running.local().call("status")["api"] == 1
        ballast.unlink()
        job = send(running.again(browser), photo(3), "third.jpg")
        assert job is not None
        running.idle()
        assert running.rows("SELECT state FROM jobs WHERE job = ?", job) == [("done",)]
        assert running.rows("PRAGMA integrity_check") == [("ok",)]
    note("full_home", uploads_refused=1, uploads_protected_before_and_after=2)
