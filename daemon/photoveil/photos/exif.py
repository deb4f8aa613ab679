"""EXIF and TIFF directories, read and written entry by entry.

Values stay raw bytes: what is kept is kept bit for bit, what is not parsed cannot slip through, and a
hostile block costs no more than its own length.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

_UNITS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 1, 7: 1, 8: 2, 9: 4, 10: 4, 11: 4, 12: 8, 13: 4}
_SIZES = _UNITS | {5: 8, 10: 8}  # rationals are two numbers each

ORIENTATION = 0x0112
EXIF_POINTER = 0x8769
GPS_POINTER = 0x8825
INTEROP_POINTER = 0xA005
PIXEL_WIDTH, PIXEL_HEIGHT = 0xA002, 0xA003


class BrokenDirectory(ValueError):  # noqa: N818 - a value error like those of the parsers beside it
    """A directory that cannot be read, or whose entries claim more bytes than the file has."""


@dataclass(frozen=True)
class Entry:
    """One tag: its TIFF type, number of values and raw bytes in the block's byte order."""

    tag: int
    kind: int
    count: int
    data: bytes


Directory = dict[int, Entry]


@dataclass(frozen=True)
class Exif:
    """The directories of one EXIF block.

    Args:
        order: "<" (Intel) or ">" (Motorola).
    """

    order: str
    main: Directory = field(default_factory=dict)
    exif: Directory = field(default_factory=dict)
    gps: Directory = field(default_factory=dict)
    interop: Directory = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left worth writing."""
        return not (self.main or self.exif or self.gps or self.interop)


def byte_order(data: bytes) -> str:
    """The byte order a TIFF structure announces.

    Raises:
        BrokenDirectory: it announces none.
    """
    order = {b"II": "<", b"MM": ">"}.get(bytes(data[:2]))
    if order is None or len(data) < 8:
        raise BrokenDirectory("no byte order mark")
    return order


def first_offset(data: bytes, order: str) -> int:
    """Where the first directory starts."""
    return int(struct.unpack_from(order + "I", data, 4)[0])


def read_directory(data: bytes, order: str, offset: int) -> tuple[Directory, int]:
    """One directory and the offset of the next (0: none).

    Entries that lie outside the data are left out.

    Raises:
        BrokenDirectory: it lies outside the data, or its entries claim more than the data has.
    """
    if offset < 8 or offset + 2 > len(data):
        raise BrokenDirectory("directory outside the file")
    (count,) = struct.unpack_from(order + "H", data, offset)
    if offset + 2 + 12 * count > len(data):
        raise BrokenDirectory("directory runs past the end")
    found: Directory = {}
    claimed = 0
    for at in range(offset + 2, offset + 2 + 12 * count, 12):
        tag, kind, number = struct.unpack_from(order + "HHI", data, at)
        size = _SIZES.get(kind, 0) * number
        start = at + 8 if size <= 4 else struct.unpack_from(order + "I", data, at + 8)[0]
        if not size or start + size > len(data):
            continue
        claimed += size
        # Overlapping values multiply a small file into gigabytes.
        if claimed > len(data):
            raise BrokenDirectory("entries claim more bytes than the file has")
        found[tag] = Entry(tag, kind, number, bytes(data[start : start + size]))
    tail = offset + 2 + 12 * count
    following = struct.unpack_from(order + "I", data, tail)[0] if tail + 4 <= len(data) else 0
    return found, int(following)


def directories(data: bytes, *, most: int = 1000) -> Iterator[Directory]:
    """The chain of directories (pages) of a TIFF structure.

    Raises:
        BrokenDirectory: the first directory, or the chain, cannot be read.
    """
    order = byte_order(data)
    offset, seen = first_offset(data, order), set[int]()
    while offset and len(seen) < most:
        if offset in seen:
            raise BrokenDirectory("directories form a ring")
        seen.add(offset)
        directory, offset = read_directory(data, order, offset)
        yield directory


def parse(data: bytes) -> Exif | None:
    """The EXIF block in ``data``; None when it cannot be read. Never raises."""
    try:
        order = byte_order(data)
        main, _ = read_directory(data, order, first_offset(data, order))
    except (BrokenDirectory, struct.error):
        return None
    exif = _child(data, order, main.pop(EXIF_POINTER, None))
    gps = _child(data, order, main.pop(GPS_POINTER, None))
    pointer = exif.pop(INTEROP_POINTER, None) or main.pop(INTEROP_POINTER, None)
    return Exif(order, main, exif, gps, _child(data, order, pointer))


def _child(data: bytes, order: str, pointer: Entry | None) -> Directory:
    if pointer is None:
        return {}
    offset = integer(pointer, order)
    try:
        return read_directory(data, order, offset or 0)[0]
    except (BrokenDirectory, struct.error):
        return {}


def integers(entry: Entry, order: str) -> tuple[int, ...]:
    """The values of an entry of type BYTE, SHORT or LONG; empty for other types."""
    code = {1: "B", 3: "H", 4: "I", 7: "B", 13: "I"}.get(entry.kind)
    return struct.unpack(f"{order}{entry.count}{code}", entry.data) if code else ()


def integer(entry: Entry | None, order: str) -> int | None:
    """The first value of an entry of type BYTE, SHORT or LONG."""
    values = integers(entry, order) if entry is not None else ()
    return values[0] if values else None


def short(tag: int, value: int, order: str) -> Entry:
    """A SHORT entry."""
    return Entry(tag, 3, 1, struct.pack(order + "H", value))


def long(tag: int, value: int, order: str) -> Entry:
    """A LONG entry."""
    return Entry(tag, 4, 1, struct.pack(order + "I", value))


def blob(tag: int, data: bytes, kind: int = 7) -> Entry:
    """An entry of bytes, type UNDEFINED unless told."""
    return Entry(tag, kind, len(data), data)


def orientation_of(exif: Exif | None) -> int:
    """The orientation, 1 to 8; 1 when absent or absurd."""
    value = integer(exif.main.get(ORIENTATION), exif.order) if exif else None
    return value if value is not None and 1 <= value <= 8 else 1


def in_order(exif: Exif, order: str) -> Exif:
    """The same block in another byte order."""
    if exif.order == order:
        return exif
    parts = ({t: _swapped(e) for t, e in d.items()} for d in (exif.main, exif.exif, exif.gps, exif.interop))
    return Exif(order, *parts)


def _swapped(entry: Entry) -> Entry:
    unit = _UNITS[entry.kind]
    if unit == 1:
        return entry
    pieces = (entry.data[i : i + unit][::-1] for i in range(0, len(entry.data), unit))
    return Entry(entry.tag, entry.kind, entry.count, b"".join(pieces))


def serialise(exif: Exif) -> bytes:
    """The block as bytes, starting with its byte order."""
    mark = b"II*\0" if exif.order == "<" else b"MM\0*"
    return mark + struct.pack(exif.order + "I", 8) + layout(exif, 8)


def layout(exif: Exif, base: int) -> bytes:
    """The directories as bytes for a place ``base`` bytes into a file; the main one comes first."""
    main, sub = dict(exif.main), dict(exif.exif)
    if exif.interop:
        sub[INTEROP_POINTER] = long(INTEROP_POINTER, 0, exif.order)
    if sub:
        main[EXIF_POINTER] = long(EXIF_POINTER, 0, exif.order)
    if exif.gps:
        main[GPS_POINTER] = long(GPS_POINTER, 0, exif.order)
    at_sub = base + _size(main)
    at_interop = at_sub + (_size(sub) if sub else 0)
    at_gps = at_interop + (_size(exif.interop) if exif.interop else 0)
    for tag, where, owner in (
        (INTEROP_POINTER, at_interop, sub),
        (EXIF_POINTER, at_sub, main),
        (GPS_POINTER, at_gps, main),
    ):
        if tag in owner:
            owner[tag] = long(tag, where, exif.order)
    placed = ((main, base), (sub, at_sub), (exif.interop, at_interop), (exif.gps, at_gps))
    return b"".join(_written(d, at, exif.order) for d, at in placed if d)


def _size(directory: Directory) -> int:
    return 6 + 12 * len(directory) + sum(_even(len(e.data)) for e in directory.values() if len(e.data) > 4)


def _even(size: int) -> int:
    return size + (size & 1)


def _written(directory: Directory, base: int, order: str) -> bytes:
    head, body = [struct.pack(order + "H", len(directory))], bytearray()
    start = base + 6 + 12 * len(directory)
    for tag in sorted(directory):
        entry = directory[tag]
        if len(entry.data) <= 4:
            value = entry.data.ljust(4, b"\0")
        else:
            value = struct.pack(order + "I", start + len(body))
            body += entry.data.ljust(_even(len(entry.data)), b"\0")
        head.append(struct.pack(order + "HHI", tag, entry.kind, entry.count) + value)
    return b"".join(head) + bytes(4) + bytes(body)
