"""File names from strangers, made safe for any file system."""

from __future__ import annotations

import re
import unicodedata

from photoveil.photos.formats import Format

_MOST_BYTES = 200
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_RESERVED = re.compile(r"^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])$", re.IGNORECASE)
# Control, format (direction overrides that disguise extensions), surrogate, private, unassigned.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def safe_name(name: str, *, fallback: str = "photo") -> str:
    """A base name that stays in its folder on every system; an ordinary name comes back unchanged.

    Args:
        name: anything, paths included.
        fallback: the stem when nothing usable is left.
    """
    base = re.split(r"[/\\]", name)[-1]
    base = "".join(c for c in base if unicodedata.category(c) not in _HIDDEN)
    base = _FORBIDDEN.sub("_", base).strip(" ").rstrip(". ")
    stem, dot, extension = base.rpartition(".")
    if not dot:
        stem, extension = base, ""
    if not stem.strip("."):  # nothing, or a hidden file
        stem, extension = (fallback, extension) if dot else (fallback, "")
    stem = "_" + stem.lstrip(".") if stem.startswith(".") else stem
    if _RESERVED.match(stem.partition(".")[0].strip()):
        stem = "_" + stem
    return _fitted(stem, f".{extension}" if extension else "")


def with_format(name: str, kind: Format) -> str:
    """The safe name with the usual extension of ``kind`` in place of another picture format's."""
    safe = safe_name(name)
    stem, dot, extension = safe.rpartition(".")
    known = {e for f in Format for e in f.extensions}
    if dot and f".{extension.lower()}" in known:
        safe = stem
    return _fitted(safe, kind.extension)


def numbered(name: str, number: int) -> str:
    """``photo.jpg`` as ``photo (2).jpg``."""
    stem, dot, extension = name.rpartition(".")
    if not dot:
        stem, extension = name, ""
    return _fitted(stem, f" ({number}).{extension}" if extension else f" ({number})")


def _fitted(stem: str, ending: str) -> str:
    """The two joined, the stem cut at a character so that all fits."""
    if len(ending.encode()) > _MOST_BYTES // 2:
        stem, ending = stem + ending, ""
    room = _MOST_BYTES - len(ending.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(". ") + ending
