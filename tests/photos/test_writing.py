"""Files appear whole or not at all, and never in place of another."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import photoveil
from photoveil.photos import PARTIAL_PREFIX, free_name, replace_atomically, write_new, writing

ENVIRONMENT = {"PYTHONPATH": str(Path(photoveil.__file__).parent.parent), "PATH": os.environ["PATH"]}


def start(script: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", script, *arguments], env=ENVIRONMENT)


def visible(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if not p.name.startswith(PARTIAL_PREFIX))


def test_written_where_asked_with_ordinary_rights(tmp_path: Path) -> None:
    path = write_new(tmp_path / "photo.jpg", b"one")
    assert path == tmp_path / "photo.jpg"
    assert path.read_bytes() == b"one"
    mask = os.umask(0o022)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask
    assert list(tmp_path.iterdir()) == [path]


def test_never_overwrites(tmp_path: Path) -> None:
    first = write_new(tmp_path / "photo.jpg", b"one")
    second = write_new(tmp_path / "photo.jpg", b"two")
    assert (first.read_bytes(), second.read_bytes()) == (b"one", b"two")
    assert second.name == "photo (2).jpg"


def test_a_dangling_link_is_a_taken_name(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").symlink_to(tmp_path / "elsewhere")
    assert write_new(tmp_path / "photo.jpg", b"x").name == "photo (2).jpg"
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("missing", [("_by_link",), ("_by_link", "_by_rename")], ids=["no-links", "neither"])
def test_file_systems_without_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...]
) -> None:
    def refused(temporary: Path, path: Path) -> None:
        raise OSError(errno.EOPNOTSUPP, "not here")

    for name in missing:
        monkeypatch.setattr(writing, name, refused)
    test_never_overwrites(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_racing_threads_each_get_their_file(tmp_path: Path) -> None:
    bodies = [bytes([i]) * 50_000 for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda body: write_new(tmp_path / "photo.jpg", body), bodies))
    assert len(set(paths)) == 8
    assert [p.read_bytes() for p in paths] == bodies


def test_racing_processes_never_overwrite(tmp_path: Path) -> None:
    script = (
        "import pathlib, sys, time\n"
        "from photoveil.photos.writing import write_new\n"
        "folder, own, go = pathlib.Path(sys.argv[1]), sys.argv[2].encode(), pathlib.Path(sys.argv[3])\n"
        "while not go.exists(): time.sleep(0.001)\n"
        "for _ in range(5): write_new(folder / 'photo.jpg', own * 20000)\n"
    )
    folder = tmp_path / "out"
    folder.mkdir()
    writers = [start(script, str(folder), str(i), str(tmp_path / "go")) for i in range(8)]
    time.sleep(0.5)
    (tmp_path / "go").touch()
    assert [w.wait(200) for w in writers] == [0] * 8
    contents = [p.read_bytes() for p in visible(folder)]
    assert len(contents) == 40
    assert sorted(contents) == sorted(str(i).encode() * 20000 for i in range(8) for _ in range(5))


def test_killed_while_writing_leaves_no_visible_part(tmp_path: Path) -> None:
    script = (
        "import pathlib, sys\n"
        "from photoveil.photos.writing import replace_atomically, write_new\n"
        "folder, body = pathlib.Path(sys.argv[1]), bytes(8_000_000)\n"
        "while True:\n"
        "    write_new(folder / 'photo.jpg', body).unlink()\n"
        "    replace_atomically(folder / 'state', body)\n"
    )
    wanted = hashlib.sha256(bytes(8_000_000)).digest()
    for delay in (0.0, 0.013, 0.031, 0.057):
        writer = start(script, str(tmp_path))
        deadline = time.monotonic() + 100
        while not list(tmp_path.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(delay)
        writer.kill()
        writer.wait(100)
        for path in visible(tmp_path):
            assert hashlib.sha256(path.read_bytes()).digest() == wanted, path.name
        for path in tmp_path.iterdir():
            path.unlink()


def test_failing_writes_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(os, "fsync", full)
    for write in (write_new, replace_atomically):
        with pytest.raises(OSError, match="no space"):
            write(tmp_path / "photo.jpg", b"x")
    assert list(tmp_path.iterdir()) == []


def test_state_files_are_replaced_and_private(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    for body in (b"old", b"new"):
        replace_atomically(path, body)
        assert path.read_bytes() == body
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_new(tmp_path / "nowhere" / "photo.jpg", b"x")
    assert free_name(tmp_path / "nowhere", "photo.jpg").name == "photo.jpg"
