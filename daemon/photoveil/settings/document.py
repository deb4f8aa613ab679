"""A TOML file as its statements, so that one can be changed and every other byte stays.

The text must be valid TOML already (``tomllib`` has read it): that keeps the scanner small. What comes out is read
again by ``tomllib`` and compared with what was meant before anything is written.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, time
from typing import Any, Literal

Path = tuple[str, ...]

_BOM = b"\xef\xbb\xbf"
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_KEY = re.compile(r"""[ \t]*([A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')[ \t]*(\.?)""")
_TOKEN = re.compile(
    r'"{3}(?:\\.|[^\\])*?"{3,5}'
    r"|'{3}.*?'{3,5}"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'"
    r"|\#[^\n]*|[\[{]|[\]}]|\n"
    r"|[^\"'\#\[\]{}\n]+",
    re.DOTALL,
)


@dataclass(frozen=True)
class Statement:
    """One statement: a blank line, a comment line, a ``key = value`` or the header of a table.

    Attributes:
        path: the whole name, that of the table included; empty for blank lines and comments.
        text: all of it, with comments behind it and the end of its line.
        line: where it begins, counted from 1.
        value: where in ``text`` the value of a pair stands.
    """

    kind: Literal["blank", "comment", "pair", "table", "tables"]
    text: str
    line: int = 0
    path: Path = ()
    value: tuple[int, int] = (0, 0)

    @property
    def header(self) -> bool:
        """Whether a table begins here."""
        return self.kind in ("table", "tables")

    def with_value(self, written: str) -> Statement:
        """The same pair with another value; what stands before and behind it is kept."""
        start, end = self.value
        text = self.text[:start] + written + self.text[end:]
        return replace(self, text=text, value=(start, start + len(written)))


class Document:
    """The statements of a file, in order; together their texts are the file."""

    def __init__(self, statements: list[Statement], *, bom: bool = False, newline: str = "\n") -> None:
        self.statements = statements
        self.newline = newline
        self._bom = bom

    @classmethod
    def read(cls, data: bytes) -> Document:
        """Take a file apart; raises UnicodeDecodeError."""
        text = data.removeprefix(_BOM).decode("utf-8")
        newline = "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"
        return cls(list(_statements(text)), bom=data.startswith(_BOM), newline=newline)

    @property
    def text(self) -> str:
        """The text, without a byte order mark."""
        return "".join(statement.text for statement in self.statements)

    @property
    def data(self) -> bytes:
        """The file."""
        return (_BOM if self._bom else b"") + self.text.encode("utf-8")

    @property
    def top(self) -> int:
        """How many statements stand before the first table."""
        return next((i for i, s in enumerate(self.statements) if s.header), len(self.statements))

    def find(self, path: Path, start: int = 0, end: int | None = None) -> int | None:
        """The pair of this name between two statements."""
        for index in range(start, len(self.statements) if end is None else end):
            if self.statements[index].kind == "pair" and self.statements[index].path == path:
                return index
        return None

    def blocks(self, path: Path) -> list[tuple[int, int]]:
        """Where the tables of this name stand: from the header to behind the last pair, sub-tables included."""
        found: list[tuple[int, int]] = []
        inside = False
        for index, statement in enumerate(self.statements):
            if statement.header and statement.path == path:
                inside = True
                found.append((index, index + 1))
            elif statement.path:
                inside = inside and statement.path[: len(path)] == path
                if inside:
                    found[-1] = (found[-1][0], index + 1)
        return found

    def line_of(self, path: Path, number: int | None = None) -> int | None:
        """The line where something is said about ``path``; ``number`` picks one of several ``[[tables]]``.

        Where it is not said in a line of its own, the line of what surrounds it.
        """
        start, end = 0, len(self.statements)
        if number is not None:
            blocks = self.blocks(path[:1])
            start, end = blocks[number] if number < len(blocks) else (start, end)
        for length in range(len(path), 0, -1):
            for statement in self.statements[start:end]:
                if statement.path == path[:length]:
                    return statement.line
        return None

    def insert(self, index: int, lines: Iterable[str]) -> None:
        """Put lines, given without their ends, before statement ``index``."""
        if index and not self.statements[index - 1].text.endswith("\n"):
            last = self.statements[index - 1]
            self.statements[index - 1] = replace(last, text=last.text + self.newline)
        self.statements[index:index] = _statements("".join(line + self.newline for line in lines))

    def cut(self, start: int, end: int) -> None:
        """Take statements out, and one of the blank lines around them where two would meet."""
        del self.statements[start:end]
        before = self.statements[start - 1].kind if start else "blank"
        behind = self.statements[start].kind if start < len(self.statements) else "blank"
        if before == behind == "blank" and self.statements:
            del self.statements[start - 1 if start else 0]


def same(one: object, other: object) -> bool:
    """Whether two values read from TOML are equal and of the same types; NaN equals itself here."""
    return _shape(one) == _shape(other)


def written(value: Any) -> str:
    """A value in TOML, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key(name)} = {written(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(written(inner) for inner in value) + "]"
    return _string(str(value))


def key(*names: str) -> str:
    """A name in TOML, in quotation marks where it needs them."""
    return ".".join(name if _BARE.fullmatch(name) else _string(name, literal=False) for name in names)


def _string(text: str, *, literal: bool = True) -> str:
    if literal and "\\" in text and "'" not in text and text.isprintable():
        return f"'{text}'"  # how people write the paths of Windows
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _shape(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _shape(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_shape(inner) for inner in value]
    return type(value).__name__, repr(value)


def _statements(text: str) -> Iterator[Statement]:
    table: Path = ()
    position, line = 0, 1
    while position < len(text):
        statement = _statement(text, position, line, table)
        if statement.header:
            table = statement.path
        yield statement
        position += len(statement.text)
        line += statement.text.count("\n")


def _statement(text: str, start: int, line: int, table: Path) -> Statement:
    at = start
    while text[at : at + 1] in (" ", "\t"):
        at += 1
    if text[at : at + 1] in ("", "\n", "\r"):
        return Statement("blank", text[start : _line_end(text, at)], line)
    if text[at] == "#":
        return Statement("comment", text[start : _line_end(text, at)], line)
    if text[at] == "[":
        array = text.startswith("[[", at)
        path, end = _key(text, at + 1 + array)
        return Statement("tables" if array else "table", text[start : _line_end(text, end)], line, path)
    path, end = _key(text, at)
    return _pair(text, start, end, line, table + path)


def _pair(text: str, start: int, behind_key: int, line: int, path: Path) -> Statement:
    at = behind_key + 1  # the "="
    begins = ends = 0
    depth = 0
    while token := _TOKEN.match(text, at):
        at = token.end()
        said = token.group()
        if said == "\n" and not depth:
            break
        if said.strip() and said[0] != "#":
            begins = begins or token.start() + len(said) - len(said.lstrip())
            ends = token.start() + len(said.rstrip())
            depth += (said in "[{") - (said in "]}")
    return Statement("pair", text[start:at], line, path, (begins - start, ends - start))


def _key(text: str, at: int) -> tuple[Path, int]:
    names: list[str] = []
    while part := _KEY.match(text, at):
        name = part.group(1)
        names.append(tomllib.loads(f"k={name}")["k"] if name[0] in "\"'" else name)
        at = part.end()
        if not part.group(2):
            break
    return tuple(names), at


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1
