"""Photoshop image resources (8BIM), the box that IPTC travels in."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

SIGNATURE = b"Photoshop 3.0\0"
IPTC = 0x0404


def parse_segment(body: bytes) -> Iterator[tuple[int, bytes]]:
    """(id, data) of every resource in a JPEG APP13 segment; none when it is another vendor's."""
    if body.startswith(SIGNATURE):
        yield from parse(body[len(SIGNATURE) :])


def parse(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(id, data) of every resource, up to the first that is broken. Never raises."""
    at = 0
    while data[at : at + 4] == b"8BIM" and at + 12 <= len(data):
        (number,) = struct.unpack_from(">H", data, at + 4)
        at += 6
        at += (data[at] + 2) & ~1  # a Pascal string, padded to even length
        if at + 4 > len(data):
            return
        (size,) = struct.unpack_from(">I", data, at)
        at += 4
        if at + size > len(data):
            return
        yield number, data[at : at + size]
        at += (size + 1) & ~1


def serialise(resources: Iterable[tuple[int, bytes]]) -> bytes:
    """The resources as bytes, with empty names."""
    return b"".join(
        b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + data + bytes(len(data) & 1)
        for number, data in resources
    )
