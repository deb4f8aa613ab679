"""Folders, sites and personas: from the tables of the file to values, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from photoveil.methods import MOST_PRIVATE
from photoveil.settings.hosts import normal_host
from photoveil.settings.knobs import choices
from photoveil.settings.model import (
    OUTPUTS,
    PERSONA_COLOURS,
    POLLING,
    FolderRule,
    PersonaCard,
    SiteProfile,
    default_colour,
)
from photoveil.settings.places import Place, absolute, home_folder, obstacle, place
from photoveil.settings.texts import PERSONA_RULE, valid_persona

Entry = FolderRule | SiteProfile | PersonaCard
Raw = dict[str, Any]
FOLDERS, SITES, PERSONAS = "folders", "sites", "personas"


class Complaint(Exception):  # noqa: N818 - never leaves this package: it becomes a SettingsError there
    """Something that cannot be.

    Args:
        reason: a sentence.
        remedy: another; empty where "write something else there" is all there is to say.
        field: what it is about, to find the line; with a folder's number where several are looked at.
    """

    def __init__(self, reason: str, remedy: str = "", *field: str | int) -> None:
        super().__init__(reason, remedy)
        self.reason = reason
        self.remedy = remedy
        self.field = field


def folder_rule(raw: Mapping[str, Any]) -> tuple[FolderRule, list[str]]:
    """A folder and the names in it that nobody knows; raises Complaint."""
    rule = FolderRule(**{"path": None, **_known(raw, _FOLDER)})
    if rule.path is None:
        raise Complaint('A watched folder needs a "path".', 'Add a line such as path = "~/Pictures".')
    if rule.output == "mirror" and rule.mirror is None:
        raise Complaint(
            'With output = "mirror" there must be a folder for the copies.',
            'Add a line such as mirror = "~/Protected".',
            "output",
        )
    return rule, _strangers(raw, _FOLDER)


def site_profile(raw: Mapping[str, Any]) -> tuple[SiteProfile, list[str]]:
    """A site's profile and the names in it that nobody knows; raises Complaint."""
    return SiteProfile(**_known(raw, _SITE)), _strangers(raw, _SITE)


def persona_card(name: str, raw: Mapping[str, Any]) -> tuple[PersonaCard, list[str]]:
    """A persona's card and the names in it that nobody knows; raises Complaint."""
    return PersonaCard(**{"colour": default_colour(name), **_known(raw, _PERSONA)}), _strangers(raw, _PERSONA)


def host_name(text: object) -> str:
    """The host in its one form; raises Complaint."""
    host = normal_host(text) if isinstance(text, str) else None
    if host is None:
        raise Complaint(f"“{text}” is not the name of a site.", 'Write it like "instagram.com".')
    return host


def persona_name(name: object) -> str:
    """The name; raises Complaint."""
    if not isinstance(name, str) or not valid_persona(name):
        raise Complaint(f"A persona must have {PERSONA_RULE}.", "Choose another name.")
    return name


def raw(entry: Entry, *, old: Entry | None = None) -> Raw:
    """What the file says of ``entry``: what is not the default, else None; with ``old``, only what is different."""
    told: Raw = {}
    for field in fields(entry):
        value = getattr(entry, field.name)
        if old is not None and value == getattr(old, field.name):
            continue
        default = None if field.default is MISSING else field.default
        told[field.name] = None if value == default else str(value) if isinstance(value, Path) else value
    return told


def check_folders(rules: Sequence[FolderRule], own: Sequence[Path]) -> None:
    """Whether these can all be watched at once; raises Complaint, its field beginning with the number of a rule."""
    if not rules:
        return
    ours, home = [place(folder) for folder in own], home_folder()
    watched = [place(rule.path) for rule in rules]
    for number, (rule, here) in enumerate(zip(rules, watched, strict=True)):
        refused = obstacle(here, ours, home)
        if refused:
            raise Complaint(*refused, number, "path")
        _check_overlap(number, watched)
        if rule.mirror is None:
            continue
        mirror = place(rule.mirror)
        _check_mirror(number, mirror, watched)
        refused = obstacle(mirror, ours, home)
        if refused:
            raise Complaint(*refused, number, "mirror")


def _check_overlap(number: int, watched: Sequence[Place]) -> None:
    here = watched[number]
    for other in watched[:number]:
        if here.within(other) and other.within(here):
            raise Complaint(f"{here.path} is watched twice.", "Keep one of the two.", number, "path")
        for inner, outer in ((here, other), (other, here)):
            if inner.within(outer):
                raise Complaint(
                    f"{inner.path} lies in {outer.path}, and a folder in a watched folder cannot be watched by itself.",
                    "Keep one of the two.",
                    number,
                    "path",
                )


def _check_mirror(number: int, mirror: Place, watched: Sequence[Place]) -> None:
    for other in watched:
        if mirror.within(other):
            raise Complaint(
                f"The mirror {mirror.path} lies in the watched folder {other.path}: its copies would be found again.",
                "Choose a mirror outside of every watched folder.",
                number,
                "mirror",
            )
        if other.within(mirror):
            raise Complaint(
                f"The watched folder {other.path} lies in the mirror {mirror.path}: copies would get among its photos.",
                "Choose a mirror with nothing else in it.",
                number,
                "mirror",
            )


Reader = Callable[[str, Any], Any]


def _known(raw: Mapping[str, Any], readers: Mapping[str, Reader]) -> Raw:
    return {name: reader(name, raw[name]) for name, reader in readers.items() if raw.get(name) is not None}


def _strangers(raw: Mapping[str, Any], readers: Mapping[str, Reader]) -> list[str]:
    return sorted(set(raw) - set(readers))


def _folder(name: str, value: Any) -> Path:
    path = absolute(str(value)) if isinstance(value, str | Path) else None
    if path is None:
        raise Complaint(f'"{name}" must be a whole path, such as "~/Pictures".', "", name)
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        raise Complaint(
            f'"{name}" has characters in it that are no text.', "Rename that folder first.", name
        ) from None
    return place(path).path


def _switch(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Complaint(f'"{name}" must be true or false.', "", name)
    return value


def _persona(name: str, value: Any) -> str:
    if not isinstance(value, str) or not valid_persona(value):
        raise Complaint(f'"{name}" must have {PERSONA_RULE}.', "", name)
    return value


def _one_of(*words: str) -> Reader:
    def read(name: str, value: Any) -> Any:
        known = words or choices(name)
        if not isinstance(value, str) or value not in known:
            raise Complaint(f'"{name}" must be one of: {", ".join(known)}.', "", name)
        return value

    return read


def _place(name: str, value: Any) -> int:
    if type(value) is not int or not 0 <= value <= MOST_PRIVATE:
        raise Complaint(f'"{name}" must be a whole number from 0 to {MOST_PRIVATE}.', "", name)
    return value


_SITE: Mapping[str, Reader] = {
    "protect": _switch,
    "persona": _persona,
    "strength": _one_of(),
    "method": _one_of(),
    "slider": _place,
}
_FOLDER: Mapping[str, Reader] = {
    "path": _folder,
    "persona": _persona,
    "strength": _one_of(),
    "method": _one_of(),
    "output": _one_of(*OUTPUTS),
    "mirror": _folder,
    "recursive": _switch,
    "enabled": _switch,
    "keep_originals": _switch,
    "polling": _one_of(*POLLING),
}
_PERSONA: Mapping[str, Reader] = {"colour": _one_of(*PERSONA_COLOURS), "strength": _one_of()}
