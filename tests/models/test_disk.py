"""Downloads that are killed, and disks that are full."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from photoveil import models
from photoveil.models import ModelsError, Source, disk
from tests.models import tiny_hub
from tests.models.conftest import HASTY
from tests.models.pulling import CLIP, CONTENT, REPO, assert_nothing_looks_whole, pins, pull
from tests.models.server import Fault, Hub

MEGABYTE = 2**20


@pytest.mark.parametrize("hold", [0, 40_000, 70_000])
def test_a_killed_download_goes_on_where_it_was(folder: Path, hub: Hub, source: Source, hold: int) -> None:
    hub.faults.append(Fault(hold=hold))
    command = [
        sys.executable,
        "-P",
        "-m",
        "photoveil.cli",
        "models",
        "pull",
        "duo",
        "--endpoint",
        hub.endpoint,
    ]
    environment = {**os.environ, "PHOTOVEIL_MODELS": str(folder), "PHOTOVEIL_HOME": str(folder / "home")}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as victim:
        assert hub.held.wait(60)
        while hold and not _part(folder):
            assert victim.poll() is None
        victim.send_signal(signal.SIGKILL)
        victim.communicate()
    hub.go_on()
    assert_nothing_looks_whole(folder)
    arrived = _part(folder)
    assert bool(arrived) is bool(hold)
    hub.seen.clear()
    assert pull(folder, source).installed
    asked = hub.asked("GET", f"/store/{REPO}")[0].headers.get("range")
    assert asked == (f"bytes={arrived}-" if arrived else None)
    assert (folder / "duo" / f"{CLIP}.safetensors").read_bytes() == CONTENT(CLIP)


def _part(folder: Path) -> int:
    return sum(part.stat().st_size for part in (folder / "duo").glob(".*.part"))


def test_killed_between_file_and_record_fetches_nothing_twice(folder: Path, hub: Hub, source: Source) -> None:
    pull(folder, source)
    whole = pins(folder)
    disk.write_pins(folder / "duo", {})
    hub.seen.clear()
    assert pull(folder, source).installed
    assert hub.asked("GET") == []
    assert {name: pin["sha256"] for name, pin in pins(folder).items()} == {
        name: pin["sha256"] for name, pin in whole.items()
    }


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with a little more room than what is always left free."""
    yield from _mounted(tmp_path / "small", disk.SPARE // MEGABYTE + 4)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with less room than what is always left free."""
    yield from _mounted(tmp_path / "tiny", 8)


def _mounted(place: Path, megabytes: int) -> Iterator[Path]:
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    tiny_hub.describe(place, "duo", tiny_hub.DUO)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_space_is_looked_at_before_a_byte_is_fetched(tiny_disk: Path, hub: Hub, source: Source) -> None:
    with pytest.raises(ModelsError, match="Not enough disk space") as told:
        pull(tiny_disk, source)
    assert "PHOTOVEIL_MODELS" in told.value.remedy
    assert hub.asked("GET") == []


def _fill(ballast: Path) -> None:
    """Take all there is, in smaller and smaller steps: others write at the same time."""
    size = 0
    with ballast.open("wb") as out:
        for step in (1 << 16, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while True:
                    os.posix_fallocate(out.fileno(), size, step)
                    size += step
    assert size


def test_a_disk_that_fills_up_on_the_way_is_told_and_gone_on_with(
    small_disk: Path, hub: Hub, source: Source
) -> None:
    hub.faults.append(Fault(hold=70_000))
    told: list[ModelsError] = []

    def fetch() -> None:
        try:
            models.pull("duo", small_disk, source=source, patience=HASTY)
        except ModelsError as error:
            told.append(error)

    thread = threading.Thread(target=fetch)
    thread.start()
    assert hub.held.wait(60)
    while not _part(small_disk):
        assert thread.is_alive()
    ballast = small_disk / "ballast"
    _fill(ballast)
    hub.go_on()
    thread.join(100)
    assert [error.title for error in told] == ["The disk is full"]
    assert_nothing_looks_whole(small_disk)
    arrived = _part(small_disk)
    assert arrived
    ballast.unlink()
    hub.seen.clear()
    assert pull(small_disk, source).installed
    assert hub.asked("GET", f"/store/{REPO}")[0].headers["range"] == f"bytes={arrived}-"


def test_a_disk_from_which_nothing_can_be_read_back_is_told(
    folder: Path, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_file: Path, _seen: object = None) -> str:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as breaking:
        breaking.setattr(disk, "sha256_of", broken)
        with pytest.raises(ModelsError, match="Input/output error"):
            pull(folder, source)
    assert_nothing_looks_whole(folder)
    assert pull(folder, source).installed


def test_a_disk_that_can_only_be_read_is_told(small_disk: Path, source: Source) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(ModelsError, match="cannot be used"):
        pull(small_disk, source)
