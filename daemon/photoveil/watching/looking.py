"""A cheap look at a file: is it a photo, and is all of it there?"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from photoveil.photos import Format, NotAPhoto, UnsupportedPhoto
from photoveil.photos.formats import sniff
from photoveil.watching.names import is_raw

_HEAD = 4096
_CHUNK = 1 << 20
_EOI = b"\xff\xd9"
_BARE_MARKERS = frozenset((0x01, *range(0xD0, 0xD9)))


class Look(Enum):
    """What a file looks like."""

    NO_PHOTO = "no photo"
    PART = "part"
    WHOLE = "whole"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Stamp:
    """What tells, without reading it, whether a file is still the same."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    links: int
    mode: int

    @classmethod
    def of(cls, found: os.stat_result) -> Stamp:
        """The stamp of a file."""
        return cls(
            found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_nlink, found.st_mode
        )

    @property
    def is_file(self) -> bool:
        """Whether it is an ordinary file, no link, device or folder."""
        return stat.S_ISREG(self.mode)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return stat.S_ISDIR(self.mode)


def stamp(path: Path | str) -> Stamp | None:
    """The stamp of what is at ``path`` itself, a link not followed; None where nothing is.

    Raises:
        OSError: it cannot be known.
    """
    try:
        return Stamp.of(os.lstat(path))
    except (FileNotFoundError, NotADirectoryError):
        return None


def opened(path: Path | str) -> BufferedReader:
    """The file, open for reading; never one behind a link, and never one that would make us wait (a pipe)."""
    if not hasattr(os, "O_NOFOLLOW") and os.path.islink(path):  # noqa: PTH114 - Windows
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    flags |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags), "rb")


def digest(path: Path | str) -> tuple[str, Stamp] | None:
    """The SHA-256 of an ordinary file and its stamp; None where it changed while it was read.

    Raises:
        OSError: it cannot be read.
    """
    with opened(path) as file:
        before = Stamp.of(os.fstat(file.fileno()))
        if not before.is_file:
            return None
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return (sha256, before) if Stamp.of(os.fstat(file.fileno())) == before else None


def look(path: Path) -> Look:
    """What the file looks like from its first and last bytes.

    Raises:
        OSError: it cannot be read.
    """
    if is_raw(path.name):
        return Look.NO_PHOTO
    with opened(path) as file:
        found = Stamp.of(os.fstat(file.fileno()))
        head = file.read(_HEAD) if found.is_file else b""
        try:
            kind = sniff(head)
        except (NotAPhoto, UnsupportedPhoto):
            return Look.NO_PHOTO
        judge = _JUDGES.get(kind)
        if judge is None:
            return Look.UNSURE
        try:
            return Look.WHOLE if judge(file, head, found.size) else Look.PART
        except struct.error:  # a header that ends early
            return Look.PART


def _tail(file: BinaryIO, size: int, length: int) -> bytes:
    file.seek(max(0, size - length))
    return file.read(length)


def _jpeg(file: BinaryIO, _: bytes, size: int) -> bool:
    """Ends with its end marker, or has one after the picture (phones append films and maps)."""
    start = _jpeg_data(file)
    if start is None or start + len(_EOI) > size:
        return False
    return _tail(file, size, 2) == _EOI or _contains(file, start, _EOI)


def _jpeg_data(file: BinaryIO) -> int | None:
    """Where the first scan starts; what lies before may hold a thumbnail with an end marker of its own."""
    place = 2
    while True:
        file.seek(place)
        marker = file.read(4)
        if len(marker) < 4 or marker[0] != 0xFF:
            return None
        if marker[1] == 0xFF or marker[1] in _BARE_MARKERS:
            place += 1 if marker[1] == 0xFF else 2
            continue
        place += 2 + int.from_bytes(marker[2:], "big")
        if marker[1] == 0xDA:
            return place


def _contains(file: BinaryIO, start: int, wanted: bytes) -> bool:
    file.seek(start)
    before = b""
    while chunk := file.read(_CHUNK):
        if wanted in before + chunk:
            return True
        before = chunk[-len(wanted) + 1 :]
    return False


def _png(file: BinaryIO, _: bytes, size: int) -> bool:
    return b"IEND" in _tail(file, size, 1024) or _contains(file, 8, b"IEND\xae\x42\x60\x82")


def _gif(file: BinaryIO, _: bytes, size: int) -> bool:
    return _tail(file, size, 2) == b"\0;"


def _webp(_: BinaryIO, head: bytes, size: int) -> bool:
    return size >= 8 + int(struct.unpack_from("<I", head, 4)[0])


def _bmp(_: BinaryIO, head: bytes, size: int) -> bool:
    return size >= int(struct.unpack_from("<I", head, 2)[0])


def _boxes(file: BinaryIO, _: bytes, size: int) -> bool:
    """HEIC and AVIF: a row of boxes, each saying its length."""
    place = 0
    while place < size:
        file.seek(place)
        length, _kind, large = struct.unpack(">I4sQ", file.read(16).ljust(16, b"\0"))
        if length == 0:  # reaches to the end, wherever that will be
            return False
        length = large if length == 1 else length
        if length < 8:
            return False
        place += length
    return place == size


_JUDGES: dict[Format, Callable[[BinaryIO, bytes, int], bool]] = {
    Format.JPEG: _jpeg,
    Format.PNG: _png,
    Format.GIF: _gif,
    Format.WEBP: _webp,
    Format.BMP: _bmp,
    Format.AVIF: _boxes,
    Format.HEIC: _boxes,
}
