"""IPTC records (IIM): filtered data set by data set."""

from __future__ import annotations

from collections.abc import Iterator

_MARK = 0x1C
# Version, character set, title, date, author and their titles, headline, credit, source, copyright, caption.
_KEPT = {
    (1, 0),
    (1, 90),
    (2, 0),
    (2, 5),
    (2, 55),
    (2, 80),
    (2, 85),
    (2, 105),
    (2, 110),
    (2, 115),
    (2, 116),
    (2, 120),
    (2, 122),
}
_PREVIEWS = {(2, 200), (2, 201), (2, 202)}


def filtered(data: bytes, *, keep_all: bool) -> bytes:
    """The records without places, contacts and previews; with ``keep_all`` without previews only.

    Reading ends at the first broken record; what follows is left out. Never raises.
    """
    kept = []
    for key, record in _records(data):
        if key in _PREVIEWS or not (keep_all or key in _KEPT):
            continue
        kept.append(record)
    return b"".join(kept)


def _records(data: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    at = 0
    while at + 5 <= len(data) and data[at] == _MARK:
        size = int.from_bytes(data[at + 3 : at + 5], "big")
        # The top bit announces an extended length, which only previews need.
        if size & 0x8000 or at + 5 + size > len(data):
            return
        yield (data[at + 1], data[at + 2]), data[at : at + 5 + size]
        at += 5 + size
