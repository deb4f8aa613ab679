"""What is found in a library, and what is passed over."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from photoveil.archive.manifest import FAILED, WAITING, Manifest, Row
from photoveil.archive.survey import Passed, Survey
from tests.archive.house import picture, sha

PHOTO = picture(1)
_NOBODY = 65534


def _put(library: Path, name: str, data: bytes = PHOTO) -> Path:
    path = library / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _survey(library: Path, out: Path) -> tuple[Passed, list[Row]]:
    with Manifest(out) as manifest:
        passed = Survey(library, out, manifest).run()
        return passed, list(manifest.seen())


def test_photos_are_told_by_their_bytes_and_everything_else_is_counted(tmp_path: Path) -> None:
    library = tmp_path / "library"
    for name in ("b.jpg", "a/x.jpg", "a/no ending", "z.JPEG", "Übersee/ß.png", "text.jpg/in a folder.jpg"):
        _put(library, name)
    for name in (".hidden.jpg", ".cache/y.jpg", "half.jpg.part", "~$z.jpg", "Thumbs.db"):
        _put(library, name)
    _put(library, "raw.NEF", b"II*\0" + bytes(100))
    _put(library, "note.jpg", b"this is no photo")
    _put(library, "film.mp4", b"\0\0\0\x18ftypmp42" + bytes(100))
    _put(library, "empty.jpg", b"")
    _put(library, "Protected/b.jpg")
    (library / "link.jpg").symlink_to(library / "b.jpg")
    (library / "loop").symlink_to(library)
    os.mkfifo(library / "pipe.jpg")

    passed, rows = _survey(library, tmp_path / "out")

    expected = ["a/no ending", "a/x.jpg", "b.jpg", "text.jpg/in a folder.jpg", "z.JPEG", "Übersee/ß.png"]
    assert [row.name for row in rows] == expected
    assert {(row.key, row.state) for row in rows} == {(sha(PHOTO), WAITING)}
    assert (passed.hidden, passed.links, passed.raws, passed.others, passed.copies) == (5, 2, 1, 4, 1)
    assert not passed.unreadable


def test_names_that_are_no_text_are_kept_as_they_are(tmp_path: Path) -> None:
    names = (b"caf\xe9.jpg", "café.jpg".encode(), b"new\nline.jpg")
    for name in names:
        _put(tmp_path / "library", os.fsdecode(name))
    _, rows = _survey(tmp_path / "library", tmp_path / "out")
    assert [row.path for row in rows] == sorted(names)


def test_what_was_read_once_is_not_read_again(tmp_path: Path) -> None:
    library, out = tmp_path / "library", tmp_path / "out"
    path = _put(library, "a.jpg")
    other = _put(library, "b.jpg", picture(2))
    _survey(library, out)
    stamp = other.stat()
    other.write_bytes(bytes(stamp.st_size))  # nobody looks: size and time are as before
    os.utime(other, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    path.write_bytes(picture(3))
    _, rows = _survey(library, out)
    assert [row.key for row in rows] == [sha(picture(3)), sha(picture(2))]


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    library = tmp_path / "library"
    huge = _put(library, "huge.jpg")
    os.truncate(huge, 200 << 20)
    _, (row,) = _survey(library, tmp_path / "out")
    assert (row.state, row.key) == (FAILED, "")
    assert "too large" in row.error
    _put(library, "huge.jpg", picture(4))
    _, (row,) = _survey(library, tmp_path / "out")
    assert (row.state, row.key, row.error) == (WAITING, sha(picture(4)), "")


@contextmanager
def _powerless() -> Iterator[None]:
    """As a user whom rights can stop."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_what_cannot_be_read_is_told_and_the_rest_is_found() -> None:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        root.chmod(0o777)
        library = root / "library"
        _put(library, "closed/a.jpg").parent.chmod(0)
        _put(library, "secret.jpg").chmod(0)
        _put(library, "open.jpg")
        for path in (library, library / "open.jpg"):
            path.chmod(0o777)
        try:
            with _powerless(), Manifest(root / "out", look_only=True) as manifest:
                passed = Survey(library, root / "out", manifest).run()
                rows = {row.name: row for row in manifest.seen()}
        finally:
            (library / "closed").chmod(0o777)
        assert [name for name, _ in passed.unreadable] == ["closed"]
        assert {name: row.state for name, row in rows.items()} == {"open.jpg": WAITING, "secret.jpg": FAILED}
        assert "cannot be read" in rows["secret.jpg"].error


def test_the_sample_is_the_same_whatever_the_photos_are_called(tmp_path: Path) -> None:
    found = []
    for number, names in enumerate((("a", "b", "c", "d"), ("z", "y", "deep/x", "w"))):
        library, out = tmp_path / f"library{number}", tmp_path / f"out{number}"
        for seed, name in enumerate(names):
            _put(library, f"{name}.jpg", picture(seed))
        _put(library, "twin.jpg", picture(0))
        with Manifest(out) as manifest:
            Survey(library, out, manifest).run()
            found.append([job.key for job in manifest.sample()])
    assert found[0] == found[1] == sorted(sha(picture(seed)) for seed in range(4))


@pytest.mark.parametrize("content", [b"no database", b""])
def test_a_damaged_manifest_is_told_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    out = tmp_path / "out"
    Manifest(out).close()
    (out / ".photoveil-archive" / "manifest.sqlite3").write_bytes(content * 1000)
    if not content:  # as good as none: begun anew
        Manifest(out).close()
        return
    from photoveil.archive.errors import ArchiveError

    with pytest.raises(ArchiveError, match=r"cannot be read.*Delete that folder"):
        Manifest(out)
    Manifest(tmp_path / "other").close()
