"""Changes to the settings file: first to what it says, then to its text, then the proof that both agree.

Whatever the user wrote stays as it is, byte for byte, but for the lines that the change is about.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from photoveil.settings.document import Document, Statement, key, same, written
from photoveil.settings.knobs import KNOBS
from photoveil.settings.tables import FOLDERS, PERSONAS, SITES
from photoveil.settings.template import default_line, help_lines

_COMMENTED_HEADER = re.compile(r"[ \t]*# ?\[{1,2}[\w\"'. -]+\]{1,2}[ \t]*\r?\n?")
_COMMENTED = re.compile(r"([ \t]*)# ?(?=[A-Za-z_]+[ \t]*=)")
Data = dict[str, Any]
Edit = Callable[[Document], None]


class UnusualError(Exception):
    """The text is written in a way that this change does not fit into."""


def simple(content: bytes, name: str, value: Any) -> bytes:
    """Set a simple setting; None comments it out."""
    meant = _data(content)
    meant.pop(name, None)
    if value is None:
        return _proven(content, meant, lambda document: _comment_out(document, name))
    meant[name] = value
    return _proven(content, meant, lambda document: _set(document, name, written(value)))


def folder(content: bytes, number: int | None, changes: Mapping[str, Any] | None) -> bytes:
    """Change what is said of a folder; ``number`` None appends one, ``changes`` None removes it."""
    meant = _data(content)
    tables = meant.setdefault(FOLDERS, [])
    if changes is None and number is not None:
        del tables[number]
    elif number is None:
        tables.append(_merged({}, changes or {}))
        number = None
    else:
        tables[number] = _merged(tables[number], changes or {})
    return _proven(
        content,
        meant,
        lambda document: _edit_table(document, (FOLDERS,), number, changes),
        lambda document: _rewrite(document, FOLDERS, tables),
    )


def named(content: bytes, kind: str, name: str, changes: Mapping[str, Any] | None) -> bytes:
    """Change what is said of a site or a persona, as the file writes its name; ``changes`` None removes it."""
    meant = _data(content)
    tables = meant.setdefault(kind, {})
    number = 0 if name in tables else None
    if changes is None:
        tables.pop(name, None)
    else:
        tables[name] = _merged(tables.get(name, {}), changes)
    return _proven(
        content,
        meant,
        lambda document: _edit_table(document, (kind, name), number, changes),
        lambda document: _rewrite(document, kind, tables),
    )


def _data(content: bytes) -> Data:
    return copy.deepcopy(tomllib.loads(Document.read(content).text))


def _merged(table: Data, changes: Mapping[str, Any]) -> Data:
    merged = {**table, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def _proven(content: bytes, meant: Data, *edits: Edit) -> bytes:
    """The text after the first of the edits that makes it say what is meant; raises UnusualError."""
    for edit in edits:
        document = Document.read(content)
        try:
            edit(document)
            said = tomllib.loads(document.text)
        except (UnusualError, tomllib.TOMLDecodeError):
            continue
        if same(_without_empty(said), _without_empty(meant)):
            return document.data
    raise UnusualError


def _without_empty(data: Data) -> Data:
    kinds = (FOLDERS, SITES, PERSONAS)
    return {name: value for name, value in data.items() if value or name not in kinds}


# Simple settings


def _set(document: Document, name: str, value: str) -> None:
    at = document.find((name,), end=document.top)
    if at is not None:
        document.statements[at] = document.statements[at].with_value(value)
        return
    at = _default_at(document, name)
    if at is None:
        _insert(document, name, value)
        return
    text = _COMMENTED.sub(r"\1", document.statements[at].text, count=1)
    (pair,) = Document.read(text.encode()).statements
    document.statements[at] = pair.with_value(value)


def _comment_out(document: Document, name: str) -> None:
    at = document.find((name,), end=document.top)
    if at is None:
        return
    if _default_at(document, name) is not None:
        document.cut(at, at + 1)
        return
    old = document.statements[at]
    indent = re.match(r"[ \t]*", old.text)
    text = (indent.group() if indent else "") + default_line(KNOBS[name]) + old.text[old.value[1] :]
    document.statements[at] = replace(old, kind="comment", path=(), text=text)


def _default_at(document: Document, name: str) -> int | None:
    """Where the default stands as a comment."""
    meant = {name: KNOBS[name].default}
    for index in range(_end_of_simple(document)):
        if _commented(document.statements[index]) == meant:
            return index
    return None


def _commented(statement: Statement) -> Data:
    """What a comment would say if it were none."""
    if statement.kind != "comment" or not _COMMENTED.match(statement.text):
        return {}
    try:
        return tomllib.loads(_COMMENTED.sub("", statement.text, count=1))
    except tomllib.TOMLDecodeError:
        return {}


def _end_of_simple(document: Document) -> int:
    """Behind this come tables, or examples of tables that a user may bring to life."""
    for index, statement in enumerate(document.statements[: document.top]):
        if statement.kind == "comment" and _COMMENTED_HEADER.fullmatch(statement.text):
            return index
    return document.top


def _insert(document: Document, name: str, value: str) -> None:
    """Add a setting that the file does not mention, with its explanation, behind the last that it does."""
    lines = [*help_lines(KNOBS[name]), f"{name} = {value}"]
    end = _end_of_simple(document)
    mentioned = [i for i, s in enumerate(document.statements[: document.top]) if _mentions(s, i < end)]
    at = mentioned[-1] + 1 if mentioned else _behind_the_title(document, end)
    if at:
        lines.insert(0, "")
    if at < len(document.statements) and document.statements[at].kind != "blank":
        lines.append("")
    document.insert(at, lines)


def _mentions(statement: Statement, comments: bool) -> bool:
    return statement.kind == "pair" or (comments and any(name in KNOBS for name in _commented(statement)))


def _behind_the_title(document: Document, end: int) -> int:
    """Behind the comment that a file begins with, if a blank line or the end of the file follows it."""
    for index, statement in enumerate(document.statements[:end]):
        if statement.kind == "blank":
            return index
        if statement.kind != "comment":
            return 0
    return end if end == len(document.statements) else 0


# Tables


def _edit_table(
    document: Document, path: tuple[str, ...], number: int | None, changes: Mapping[str, Any] | None
) -> None:
    if number is None:
        _append(document, path, _merged({}, changes or {}))
        return
    blocks = document.blocks(path)
    if number >= len(blocks):
        raise UnusualError
    start, end = blocks[number]
    if changes is None:
        document.cut(start, end)
        return
    for name, value in changes.items():
        _edit_field(document, path, document.blocks(path)[number], name, value)


def _edit_field(
    document: Document, path: tuple[str, ...], block: tuple[int, int], name: str, value: Any
) -> None:
    start, end = block
    at = document.find((*path, name), start, end)
    if at is not None and value is None:
        del document.statements[at]
    elif at is not None:
        document.statements[at] = document.statements[at].with_value(written(value))
    elif value is not None:
        last = max(i for i in range(start, end) if i == start or _directly(document.statements[i], path))
        document.insert(last + 1, [f"{key(name)} = {written(value)}"])


def _directly(statement: Statement, path: tuple[str, ...]) -> bool:
    return statement.kind == "pair" and statement.path[:-1] == path


def _append(document: Document, path: tuple[str, ...], table: Data) -> None:
    """Add a table behind the last of its kind, else at the end."""
    kin = [i for i, s in enumerate(document.statements) if s.path[:1] == path[:1] and s.path[:1]]
    at = kin[-1] + 1 if kin else len(document.statements)
    header = f"[[{key(*path)}]]" if path == (FOLDERS,) else f"[{key(*path)}]"
    lines = [header, *(f"{key(name)} = {written(value)}" for name, value in table.items())]
    if at and document.statements[at - 1].kind != "blank":
        lines.insert(0, "")
    if at < len(document.statements) and document.statements[at].kind != "blank":
        lines.append("")
    document.insert(at, lines)


def _rewrite(document: Document, kind: str, tables: list[Data] | dict[str, Data]) -> None:
    """Write all tables of a kind anew in the usual form: they stood in inline tables or dotted names."""
    document.statements[:] = [s for s in document.statements if s.path[:1] != (kind,)]
    if isinstance(tables, list):
        for table in tables:
            _append(document, (kind,), table)
    else:
        for name, table in tables.items():
            _append(document, (kind, name), table)
