"""How parent and child talk: a JSON header and a binary payload, each of known length. Nothing is ever unpickled."""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

Header = dict[str, Any]

PREFIX = struct.Struct(">4sIQ")
MAGIC = b"PVF1"
MAX_HEADER = 4 << 20
MAX_PAYLOAD = 1 << 30


class FrameError(Exception):
    """Bytes that are no frame: the other side is broken and must be stopped."""


def pack(header: Header, payload_length: int = 0) -> bytes:
    """Everything of a frame that comes before its payload."""
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    if len(text) > MAX_HEADER or not 0 <= payload_length <= MAX_PAYLOAD:
        raise FrameError("frame too large")
    return PREFIX.pack(MAGIC, len(text), payload_length) + text


def measure(prefix: bytes) -> tuple[int, int]:
    """The lengths of header and payload, from the first ``PREFIX.size`` bytes of a frame."""
    magic, header_length, payload_length = PREFIX.unpack(prefix)
    if magic != MAGIC or header_length > MAX_HEADER or payload_length > MAX_PAYLOAD:
        raise FrameError("not a frame")
    return header_length, payload_length


def unpack_header(text: bytes) -> Header:
    """The header of a frame."""
    try:
        header = json.loads(text.decode("utf-8", "surrogatepass"))
    except ValueError as error:
        raise FrameError("frame without a header") from error
    if not isinstance(header, dict):
        raise FrameError("frame without a header")
    return header


def read_frame(stream: BinaryIO) -> tuple[Header, bytes] | None:
    """The next whole frame of a blocking stream, or None where it ends between two frames."""
    prefix = stream.read(PREFIX.size)
    if not prefix:
        return None
    header_length, payload_length = measure(_whole(prefix, PREFIX.size))
    header = unpack_header(_whole(stream.read(header_length), header_length))
    return header, _whole(stream.read(payload_length), payload_length)


def write_frame(stream: BinaryIO, header: Header, payload: bytes = b"") -> None:
    """Write one whole frame to a blocking stream."""
    stream.write(pack(header, len(payload)))
    stream.write(payload)
    stream.flush()


def _whole(data: bytes, length: int) -> bytes:
    if len(data) != length:
        raise FrameError("frame cut off")
    return data
