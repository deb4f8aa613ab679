"""The parts by themselves: what looks whole, when a file is taken, which names count, where copies go."""

from __future__ import annotations

import io
import os
import random
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from photoveil.settings import FolderRule
from photoveil.watching import names, outputs
from photoveil.watching.looking import Look, Stamp, digest, look, stamp
from photoveil.watching.names import numbered, watched
from photoveil.watching.outputs import belongs, wanted
from photoveil.watching.settling import PATIENCE, Settling
from tests.watching.house import MEMORY, sha

_SIZE = (61, 43)


def _picture(kind: str, seed: int = 1) -> bytes:
    data = random.Random(seed).randbytes(_SIZE[0] * _SIZE[1] * 3)
    buffer = io.BytesIO()
    Image.frombytes("RGB", _SIZE, data).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "AVIF"])
def test_a_photo_is_whole_only_with_its_last_byte(tmp_path: Path, kind: str) -> None:
    data, file = _picture(kind), tmp_path / "photo"
    file.write_bytes(data)
    assert look(file) is Look.WHOLE
    for length in (16, 100, len(data) // 2, len(data) - 20):
        file.write_bytes(data[:length])
        assert look(file) is not Look.WHOLE, length


def test_a_jpeg_with_a_film_behind_it_is_whole_and_its_thumbnail_does_not_count(tmp_path: Path) -> None:
    file, picture = tmp_path / "photo.jpg", _picture("JPEG")
    thumbnail = _picture("JPEG", 2)
    block = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    data = picture[:2] + block + picture[2:]
    file.write_bytes(data + b"a film" * 1000)
    assert look(file) is Look.WHOLE
    for length in (len(data) - 100, 2 + len(block)):
        file.write_bytes(data[:length])
        assert look(file) is Look.PART


@given(st.binary(max_size=300))
def test_no_bytes_upset_the_look(data: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".jpg", dir=MEMORY) as file:
        for start in (b"", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"BM", b"\0\0\0\x18ftypheic", b"GIF89a"):
            Path(file.name).write_bytes(start + data)
            assert look(Path(file.name)) in Look


def test_a_digest_is_of_an_ordinary_file_only(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"a")
    (tmp_path / "link").symlink_to(file)
    with pytest.raises(OSError, match="link"):
        digest(tmp_path / "link")
    assert outputs.standing(tmp_path / "link") is None
    os.mkfifo(tmp_path / "pipe")
    assert digest(tmp_path / "pipe") is None
    assert stamp(tmp_path / "nothing") is None
    assert stamp(file / "below") is None


def _stamp(size: int, age: float = 0.0) -> Stamp:
    then = int((time.time() - age) * 1e9)
    return Stamp(size, then, then, 1, 1, 0o100600)


def test_a_file_is_looked_at_twice_unless_its_writer_closed_it_or_it_is_old() -> None:
    settling = Settling()
    settling.hint("a", 100.0)
    (pending,) = settling.due(101.0, 9)
    first = _stamp(5)
    assert not settling.rested(pending, first, 101.0)
    assert settling.due(101.9, 9) == []
    assert not settling.rested(pending, _stamp(6), 102.2)
    assert settling.rested(pending, pending.stamp or first, 104.0)
    settling.hint("closed", 100.0, closed=True)
    assert settling.rested(settling.due(101.0, 9)[-1], _stamp(5), 101.0)
    settling.hint("old", 100.0)
    assert settling.rested(settling.due(101.0, 9)[-1], _stamp(5, age=60), 101.0)
    foreign = Settling(trusts_clock=False)
    foreign.hint("old", 100.0)
    assert not foreign.rested(foreign.due(101.0, 9)[-1], _stamp(5, age=60), 101.0)


def test_an_unfinished_file_is_offered_when_patience_ends() -> None:
    settling = Settling(trusts_clock=False)
    settling.hint("a", 0.0, closed=True)
    (pending,) = settling.due(1.0, 9)
    found, now = _stamp(5), 1.0
    assert settling.rested(pending, found, now)
    looks = 0
    while not settling.taken(pending, Look.PART, now):
        now = pending.next
        looks += 1
        assert settling.rested(pending, found, now)
    assert PATIENCE <= now - 1.0 < PATIENCE + 15
    assert looks < 30
    assert settling.taken(pending, Look.WHOLE, 1.0)


def test_which_paths_count() -> None:
    for path in ("a.jpg", "x/y/a", "my photos~1/a.jpg", "protected/a.jpg", "Protected.jpg", "download/a.jpg"):
        assert watched(path), path
    for path in (
        ".a.jpg",
        ".x/a.jpg",
        "x/.stfolder/a.jpg",
        "Protected/a.jpg",
        "x/Protected/a.jpg",
        "x/@eaDir/a.jpg",
        "Thumbs.db",
        "a.jpg.part",
        "a.JPG.CRDOWNLOAD",
        "~syncthing~a.jpg.tmp",
        "._a.jpg",
        "__MACOSX/a.jpg",
        ".photoveil-1.part",
    ):
        assert not watched(path), path
    assert names.is_raw("A.NEF")


@given(
    st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1),
    st.integers(2, 999),
)
def test_numbered_names_fit_and_differ(name: str, number: int) -> None:
    while len(os.fsencode(name)) > 255:
        name = name[:-1]
    found = numbered(name, number)
    assert len(os.fsencode(found)) <= 255
    assert found != name or len(Path("x" + name).suffix) > 200
    assert numbered(name, 1) == name


def test_where_copies_go(tmp_path: Path) -> None:
    root, mirror = tmp_path / "photos", tmp_path / "mirror"
    beside, mirrored = FolderRule(root), FolderRule(root, output="mirror", mirror=mirror)
    assert wanted(beside, "x/a.heic", ".jpg") == root / "x" / "Protected" / "a.jpg"
    assert wanted(mirrored, "x/a.heic", ".jpg") == mirror / "x" / "a.jpg"
    assert wanted(FolderRule(root, output="in-place"), "x/a.jpg") == root / "x" / "a.jpg"
    place = wanted(beside, "a.jpg")
    assert belongs(place, place)
    assert belongs(place.with_name("a (12).jpg"), place)
    for other in ("ab (2).jpg", "a (2).png", "a (x).jpg", "b.jpg"):
        assert not belongs(place.with_name(other), place), other
    assert not belongs(mirror / "a.jpg", place)


def test_a_copy_follows_only_if_it_is_still_ours(tmp_path: Path) -> None:
    def ours(data: bytes) -> frozenset[str]:
        return frozenset({sha(data)})

    old, place = tmp_path / "Protected" / "a.jpg", tmp_path / "x" / "Protected" / "b.jpg"
    old.parent.mkdir()
    place.parent.parent.mkdir()
    old.write_bytes(b"copy")
    assert outputs.carry(old, place, ours(b"other"), taken=False) is None
    assert outputs.carry(old, place, ours(b"copy"), taken=False) == place
    assert not old.exists()
    old.hardlink_to(place)  # as after a kill between the two steps of moving
    assert outputs.carry(old, place, ours(b"copy"), taken=False) == place
    assert not old.exists()
    old.write_bytes(b"copy")
    assert outputs.carry(old, place, ours(b"copy"), taken=True) == place.with_name("b (2).jpg")
