"""Where copies go: whole or not at all, never over what is not ours, and never under one name for two."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photoveil.archive.errors import ArchiveError, ArchiveUsageError, OutputFullError
from photoveil.archive.manifest import DONE, STATE_FOLDER, WAITING, Manifest, Row
from photoveil.archive.placing import Placer, check_apart, folded, wanted
from tests.archive.house import sha, tree
from tests.archive.placing_victim import copy_of

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - fresh folders are made in it
_NOW = 1_700_000_000_000_000_000


def _row(name: str, key: str = "k") -> Row:
    return Row(os.fsencode(name), 10, _NOW, key, WAITING)


@contextlib.contextmanager
def _desk(out: Path) -> Iterator[tuple[Manifest, Placer]]:
    with Manifest(out) as manifest:
        yield manifest, Placer(out, manifest)


def test_a_copy_gets_the_photos_place_and_time(tmp_path: Path) -> None:
    with _desk(tmp_path) as (manifest, placer):
        row = placer.put(_row("a/b/c.jpg"), b"copy", mark="m", maker="me#1")
        assert placer.intact(row)
        assert manifest.row(b"a/b/c.jpg") == row
    path = tmp_path / "a" / "b" / "c.jpg"
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (b"copy", _NOW)
    assert (row.state, row.made, row.target) == (DONE, sha(b"copy"), "a/b/c.jpg")


def test_names_that_differ_in_case_alone_get_different_copies(tmp_path: Path) -> None:
    names = ["IMG.jpg", "img.JPG", "Img.jpg", "caf\N{LATIN SMALL LETTER E WITH ACUTE}.jpg", "cafe\u0301.jpg"]
    with _desk(tmp_path) as (_, placer):
        rows = [placer.put(_row(name), name.encode(), mark="m") for name in names]
    targets = [row.target or "" for row in rows]
    assert targets == ["IMG.jpg", "img (2).JPG", "Img (3).jpg", names[3], "cafe\u0301 (2).jpg"]
    assert len({folded(target) for target in targets}) == len(names)
    assert [(tmp_path / target).read_bytes() for target in targets] == [name.encode() for name in names]


def test_strangers_are_never_overwritten_and_our_own_older_copy_is(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"a stranger")
    with _desk(tmp_path) as (_, placer):
        row = placer.put(_row("a.jpg"), b"first", mark="m")
        assert tree(tmp_path) == {"a.jpg": b"a stranger", "a (2).jpg": b"first"}
        row = placer.put(replace(row, state=WAITING), b"second", mark="n")
        assert tree(tmp_path) == {"a.jpg": b"a stranger", "a (2).jpg": b"second"}
        (tmp_path / "a (2).jpg").write_bytes(b"edited by the user")
        assert not placer.intact(row)
        assert placer.read(row) is None
        placer.put(replace(row, state=WAITING), b"third", mark="o")
    assert tree(tmp_path) == {
        "a.jpg": b"a stranger",
        "a (2).jpg": b"edited by the user",
        "a (3).jpg": b"third",
    }


def test_a_copy_that_is_there_already_is_taken_as_it_is(tmp_path: Path) -> None:
    with _desk(tmp_path) as (_, placer):
        placer.put(_row("a.jpg"), b"copy", mark="m")
    before = (tmp_path / "a.jpg").stat().st_ino
    shutil.rmtree(tmp_path / STATE_FOLDER)  # the manifest is lost
    with _desk(tmp_path) as (_, placer):
        row = placer.put(_row("a.jpg"), b"copy", mark="m")
        assert (row.target, row.state) == ("a.jpg", DONE)
    assert tree(tmp_path) == {"a.jpg": b"copy"}
    assert (tmp_path / "a.jpg").stat().st_ino == before


def test_a_link_in_the_output_leads_nowhere(tmp_path: Path) -> None:
    library, out = tmp_path / "library", tmp_path / "out"
    library.mkdir()
    out.mkdir()
    (out / "a").symlink_to(library)
    with _desk(out) as (_, placer), pytest.raises(ArchiveError, match="no folder of its own"):
        placer.put(_row("a/b.jpg"), b"copy", mark="m")
    assert not list(library.iterdir())
    (out / "c.jpg").symlink_to(tmp_path / "nowhere")
    with _desk(out) as (_, placer):
        assert placer.put(_row("c.jpg"), b"copy", mark="m").target == "c (2).jpg"
    assert not (tmp_path / "nowhere").exists()


def test_another_format_is_told_by_the_ending(tmp_path: Path) -> None:
    with _desk(tmp_path) as (_, placer):
        row = placer.put(_row("a.heic"), b"copy", mark="m", suffix=".jpg")
        assert row.target == "a.jpg"
        row = placer.put(replace(row, state=WAITING), b"other", mark="n", suffix=".jpg")
    assert tree(tmp_path) == {"a.jpg": b"other"}


_LETTERS = st.sampled_from("aAbBäÄ:. ß?é\\(2)|\n")
_NAMES = st.lists(st.text(_LETTERS, min_size=1, max_size=6), min_size=1, max_size=3).map("/".join)


@settings(max_examples=50)
@given(st.lists(_NAMES, min_size=1, max_size=8, unique=True))
def test_every_photo_has_one_copy_at_a_place_any_system_can_hold(names: list[str]) -> None:
    names = [name for name in names if not any(part in ("", ".", "..") for part in name.split("/"))]
    with tempfile.TemporaryDirectory(dir=MEMORY) as place:
        out, placed = Path(place), dict[str, str]()
        with _desk(out) as (_, placer):
            for name in names:
                # A file and a folder of one name: told as a failure, and never at the cost of another.
                with contextlib.suppress(ArchiveError):
                    placed[name] = placer.put(_row(name, name), name.encode(), mark="m").target or ""
        assert len({folded(target) for target in placed.values()}) == len(placed)
        assert tree(out) == {target: name.encode() for name, target in placed.items()}
        for name, target in placed.items():
            assert not set(target) & set(':?\\|\n"<>*')
            assert not any(part.endswith((".", " ")) or part.startswith(".") for part in target.split("/"))
            assert target.count("/") == name.count("/")


def test_an_ordinary_name_stays() -> None:
    for name in ("a/b c/IMG_0001.JPG", "Übersee/été (2).heic", "x"):
        assert wanted(_row(name)) == name


@pytest.mark.parametrize(
    ("source", "out"),
    [("a", "a"), ("a", "a/b/c"), ("a/b", "a"), ("a", "link/b"), ("link", "a/x"), ("a", "b/../a/y")],
)
def test_neither_folder_may_lie_in_the_other(tmp_path: Path, source: str, out: str) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with pytest.raises(ArchiveUsageError):
        check_apart(tmp_path / source, tmp_path / out)
    check_apart(tmp_path / "a" / "b", tmp_path / "b")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_ends_the_run_and_leaves_nothing_half(small_disk: Path) -> None:
    with _desk(small_disk) as (_, placer):
        placer.put(_row("a.jpg"), b"a" * 100_000, mark="m")
        with pytest.raises(OutputFullError, match="Free some space"):
            placer.put(_row("b.jpg"), b"b" * 2_000_000, mark="m")
        assert tree(small_disk) == {"a.jpg": b"a" * 100_000}
        row = placer.put(_row("b.jpg"), b"b" * 1000, mark="m")
        assert placer.intact(row)


def test_kills_at_any_moment_leave_whole_copies_and_nothing_twice() -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as place:
        library, out, dice = Path(place) / "library", Path(place) / "out", random.Random(7)
        originals = {
            f"{number % 3}/{number}.jpg": b"\xff\xd8\xff" + dice.randbytes(2000) for number in range(150)
        }
        for name, data in originals.items():
            (library / name).parent.mkdir(parents=True, exist_ok=True)
            (library / name).write_bytes(data)
        kills, marks = 0, list[str]()
        while len(marks) < 2 or kills < 3:  # where this process has to wait, all may be done before it kills
            assert len(marks) < 40, "it was done before it could be killed"
            marks.append(f"{len(marks)}. ")
            kills += _killed_until_done(library, out, marks, originals, dice)
        assert tree(out) == {name: copy_of(data, marks[-1]) for name, data in originals.items()}
        assert not list((out / STATE_FOLDER / "parts").iterdir())


def _killed_until_done(
    library: Path, out: Path, marks: list[str], originals: dict[str, bytes], dice: random.Random
) -> int:
    """How many kills it took to have the last of the marks on all copies."""
    command = [sys.executable, "-m", "tests.archive.placing_victim", str(library), str(out), marks[-1]]
    for kills in itertools.count():
        root = Path(__file__).parents[2]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as victim:
            assert victim.stdout is not None
            assert victim.stdout.readline() == "ready\n"
            time.sleep(dice.uniform(0.005, 0.06))
            victim.kill()
            ended = "done" in victim.stdout.read()
        for name, data in tree(out).items():
            assert name in originals, "a copy under a second name"
            whole = {copy_of(originals[name], each) for each in marks[-2:]}
            assert data in whole, "a half-written copy"
        if ended:
            return kills
    raise AssertionError
