"""Desktop entries, as freedesktop.org's specification has them: just what starting at login needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

_GROUP = "[Desktop Entry]"
_ESCAPES = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
_SPECIAL = '"`$\\'
"""What keeps its meaning between double quotes, and so needs a backslash there."""


class EntryError(ValueError):
    """This is no desktop entry, or its command cannot be read; the message says why."""


def read(text: str) -> dict[str, str]:
    """The values of the entry's main group, unescaped; a name that stands twice counts as it stands last.

    Raises:
        EntryError: there is no such group.
    """
    found: dict[str, str] = {}
    group = None
    for line in text.split("\n"):
        line = line.strip()
        if line.startswith("["):
            group = line
        elif group == _GROUP and "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found[name.strip()] = _unescaped(value.strip())
    if not found:
        raise EntryError("it has no group “Desktop Entry”")
    return found


def written(values: Mapping[str, str]) -> str:
    """An entry with these values."""
    lines = (f"{name}={_escaped(value)}" for name, value in values.items())
    return "\n".join((_GROUP, *lines, ""))


def quoted(arguments: Iterable[str]) -> str:
    """A command as ``Exec`` wants it: each argument in quotes where it needs them; a percent sign is doubled."""
    return " ".join(_quoted(argument) for argument in arguments)


def unquoted(command: str) -> list[str]:
    """The arguments of an ``Exec``; field codes such as ``%u``, which stand for files, fall away.

    Raises:
        EntryError: a quote does not end, or nothing is in it.
    """
    arguments: list[str] = []
    current: str | None = None
    quoting = False
    signs = iter(command)
    for sign in signs:
        if quoting and sign == "\\":
            current = (current or "") + next(signs, "")
        elif sign == '"':
            quoting, current = not quoting, current or ""
        elif sign == " " and not quoting:
            arguments += [] if current is None else [current]
            current = None
        elif sign == "%":
            current = (current or "") + ("%" if next(signs, "") == "%" else "")
        else:
            current = (current or "") + sign
    if quoting:
        raise EntryError("a quote in its command does not end")
    arguments += [] if current is None else [current]
    if not arguments:
        raise EntryError("it starts nothing")
    return arguments


def program(arguments: Sequence[str]) -> str:
    """What a command really starts: ``env`` and the variables it sets stand before it."""
    rest = list(arguments)
    if rest[0].rpartition("/")[2] == "env":
        rest = rest[1:]
        while rest and "=" in rest[0]:
            rest = rest[1:]
    return rest[0] if rest else arguments[0]


def _quoted(argument: str) -> str:
    plain = argument.replace("%", "%%")
    if plain and all(sign.isalnum() or sign in "%/._-=+:,@" for sign in plain):
        return plain
    return '"' + "".join(f"\\{sign}" if sign in _SPECIAL else sign for sign in plain) + '"'


def _escaped(value: str) -> str:
    text = value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return f"\\s{text[1:]}" if text.startswith(" ") else text


def _unescaped(value: str) -> str:
    signs = iter(value)
    return "".join(_ESCAPES.get(next(signs, ""), "") if sign == "\\" else sign for sign in signs)
