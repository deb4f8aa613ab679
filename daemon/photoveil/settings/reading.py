"""From the bytes of a settings file to checked settings, or to an error that names the line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from photoveil.settings.document import Document
from photoveil.settings.knobs import KNOBS
from photoveil.settings.model import FolderRule, PersonaCard, Settings, SettingsError, SiteProfile
from photoveil.settings.tables import (
    FOLDERS,
    PERSONAS,
    SITES,
    Complaint,
    check_folders,
    folder_rule,
    host_name,
    persona_card,
    persona_name,
    site_profile,
)

T = TypeVar("T")
_MOST_BYTES = 1 << 20
_OR_START_ANEW = "Correct that line, or remove the file to return to the defaults."
_HINTS = {
    "Invalid value": 'Words stand in quotation marks, like strength = "strong". ' + _OR_START_ANEW,
    "Unescaped '\\'": r"Put paths with backslashes in single quotation marks, like path = 'C:\Photos'. "
    + _OR_START_ANEW,
    "Invalid hex": r"Put paths with backslashes in single quotation marks, like path = 'C:\Users\me'. "
    + _OR_START_ANEW,
    "Cannot overwrite a value": "This name stands in the file twice; remove one of the two lines.",
    "Cannot declare": "This table stands in the file twice; make one of the two.",
}


@dataclass(frozen=True)
class Parsed:
    """A settings file, understood.

    Attributes:
        settings: what it says.
        unknown: names in it that nobody knows.
        data: what ``tomllib`` makes of it.
        hosts: how the file writes the name of each site.
    """

    settings: Settings
    unknown: list[str]
    data: dict[str, Any]
    hosts: Mapping[str, str]


def parse(path: Path, content: bytes, own: Sequence[Path] = ()) -> Parsed:
    """Read the content of the settings file ``path``; raises SettingsError."""
    data, document = _decoded(path, content)
    reader = _Reader(path, document)
    chosen = {name: reader.simple(name, value) for name, value in data.items() if name in KNOBS}
    hosts = reader.hosts(data.get(SITES, {}))
    settings = Settings(
        **chosen,
        folders=reader.folders(data.get(FOLDERS, []), own),
        sites={host: reader.site(name, data[SITES][name]) for host, name in hosts.items()},
        personas=reader.personas(data.get(PERSONAS, {})),
    )
    strangers = set(data) - set(KNOBS) - {FOLDERS, SITES, PERSONAS}
    return Parsed(settings, sorted(strangers) + reader.unknown, data, hosts)


def cannot_be_used(path: Path, reason: str, remedy: str) -> SettingsError:
    """The error about a file as a whole."""
    return SettingsError(f"The settings in {path} cannot be used", reason, remedy)


def _decoded(path: Path, content: bytes) -> tuple[dict[str, Any], Document]:
    if len(content) > _MOST_BYTES:
        raise cannot_be_used(path, "The file is larger than a megabyte.", "Make it smaller.")
    try:
        document = Document.read(content)
        return tomllib.loads(document.text), document
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise cannot_be_used(
            path, f"Line {line} is not text in UTF-8.", "Save the file in the encoding UTF-8."
        ) from error
    except tomllib.TOMLDecodeError as error:
        last = content.rstrip().count(b"\n") + 1
        raise cannot_be_used(path, *_misspelt(str(error), last)) from error
    except RecursionError as error:
        raise cannot_be_used(path, "Its tables are nested too deeply.", _OR_START_ANEW) from error


def _misspelt(message: str, last: int) -> tuple[str, str]:
    what, _, where = message.rstrip(")").partition(" (at ")
    remedy = next((hint for start, hint in _HINTS.items() if what.startswith(start)), _OR_START_ANEW)
    line = re.search(r"line (\d+)", where)
    return f"Line {line.group(1) if line else last}: {what}.", remedy


class _Reader:
    """Checks the parts of one file, and remembers the names that nobody knows."""

    def __init__(self, path: Path, document: Document) -> None:
        self._path = path
        self._document = document
        self.unknown: list[str] = []

    def simple(self, name: str, value: object) -> Any:
        complaint = KNOBS[name].complaint(value)
        if complaint:
            raise self._bad(Complaint(f'"{name}" {complaint}.'), name)
        return value

    def folders(self, tables: object, own: Sequence[Path]) -> tuple[FolderRule, ...]:
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise self._bad(Complaint('Watched folders are tables that begin with "[[folders]]".'), FOLDERS)
        rules = tuple(self._folder(number, table) for number, table in enumerate(tables))
        try:
            check_folders(rules, own)
        except Complaint as complaint:
            number, *field = complaint.field
            raise self._bad(complaint, FOLDERS, *field, number=int(number)) from complaint
        return rules

    def _folder(self, number: int, table: dict[str, Any]) -> FolderRule:
        return self._table(lambda: folder_rule(table), FOLDERS, number=number)

    def hosts(self, tables: object) -> dict[str, str]:
        found: dict[str, str] = {}
        for name in self._named(tables, SITES):
            host = self._checked(lambda: host_name(name), SITES, name)  # noqa: B023 - called at once
            if host in found:
                raise self._bad(
                    Complaint(f"{host} stands in the file twice.", "Keep one of the two."), SITES, name
                )
            found[host] = name
        return found

    def site(self, name: str, table: dict[str, Any]) -> SiteProfile:
        return self._table(lambda: site_profile(table), SITES, name)

    def personas(self, tables: object) -> dict[str, PersonaCard]:
        cards: dict[str, PersonaCard] = {}
        for name, table in self._named(tables, PERSONAS).items():
            self._checked(lambda: persona_name(name), PERSONAS, name)  # noqa: B023 - called at once
            cards[name] = self._table(lambda: persona_card(name, table), PERSONAS, name)  # noqa: B023
        return cards

    def _named(self, tables: object, kind: str) -> dict[str, dict[str, Any]]:
        example = {SITES: '[sites."instagram.com"]', PERSONAS: '[personas."anna"]'}[kind]
        if isinstance(tables, dict) and all(isinstance(table, dict) for table in tables.values()):
            return tables
        raise self._bad(Complaint(f"“{kind}” holds tables that begin like {example}."), kind)

    def _table(self, read: Callable[[], tuple[T, list[str]]], *names: str, number: int | None = None) -> T:
        entry, strangers = self._checked(read, *names, number=number)
        self.unknown += [".".join((*names, stranger)) for stranger in strangers]
        return entry

    def _checked(self, read: Callable[[], T], *names: str, number: int | None = None) -> T:
        try:
            return read()
        except Complaint as complaint:
            raise self._bad(complaint, *names, *map(str, complaint.field), number=number) from complaint

    def _bad(self, complaint: Complaint, *names: str | int, number: int | None = None) -> SettingsError:
        line = self._document.line_of(tuple(map(str, names)), number)
        reason = complaint.reason if line is None else f"Line {line}: {complaint.reason}"
        return cannot_be_used(self._path, reason, complaint.remedy or "Correct that line.")
