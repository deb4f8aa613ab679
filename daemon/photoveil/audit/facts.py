"""The facts an audit looks for: whose they are, in which words they may be told, and what they are about.

Written in TOML by whoever wants to know::

    name = "Anna Berg"
    aliases = ["Anna B.", "annaberg"]

    [[facts]]
    kind = "residence"
    fact = "a red cottage in Aurland"
    also = ["Aurland", "a red cabin"]
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from photoveil.audit.errors import AuditError

NAME = "name"
KINDS = ("residence", "vehicle", "pet", "workplace", "relationship", "possession", "travel")
TOPICS = (NAME, *KINDS)
"""What a question can be about."""

_MOST_BYTES = 1 << 20
_MOST_FACTS, _MOST_WORDINGS, _LONGEST = 200, 50, 200

EXAMPLE = """\
# Who is on the photos, and what a stranger's model should not be able to tell about them.
# This file stays on this computer; only questions are sent to the model, never these facts.

name = "Anna Berg"
aliases = ["Anna B.", "annaberg"]   # a given name alone counts only if it stands here

# kind: residence, vehicle, pet, workplace, relationship, possession or travel
# fact: as you would say it; every word that carries meaning has to be in the answer
# also: other words for the same; each is enough

[[facts]]
kind = "residence"
fact = "a red cottage in Aurland"
also = ["Aurland", "a red cabin"]

[[facts]]
kind = "vehicle"
fact = "a yellow cargo bike"
also = ["a yellow bicycle"]
"""


@dataclass(frozen=True)
class Fact:
    """Something that is true of the persona.

    Attributes:
        topic: one of `TOPICS`.
        wordings: each tells the fact; the first is how the report calls it.
    """

    topic: str
    wordings: tuple[str, ...]


@dataclass(frozen=True)
class Dossier:
    """A persona's name and facts; the name with its aliases is the first fact."""

    name: str
    facts: tuple[Fact, ...]

    @property
    def topics(self) -> tuple[str, ...]:
        """What there is something to ask about, in the order of `TOPICS`."""
        known = {fact.topic for fact in self.facts}
        return tuple(topic for topic in TOPICS if topic in known)

    @property
    def initials(self) -> str:
        """How the name begins, for the prompt that gives a hint."""
        return " ".join(f"{word[0]}." for word in self.name.split())


def read(data: bytes) -> Dossier:
    """Read a facts file; raises AuditError that names what is wrong."""
    if len(data) > _MOST_BYTES:
        raise _unusable(f"It has {len(data) >> 20} MiB; at most 1 is read")
    try:
        found = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise _unusable("It is not written in UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _unusable(f"It is not TOML: {error}") from None
    _only(found, ("name", "aliases", "facts"), "at the top")
    name = _text(found.get("name"), "“name”, the persona's full name,")
    facts = [Fact(NAME, (name, *_texts(found.get("aliases", []), "“aliases”")))]
    entries = found.get("facts", [])
    if not isinstance(entries, list) or len(entries) > _MOST_FACTS:
        raise _unusable(f"“facts” must be up to {_MOST_FACTS} [[facts]] tables")
    facts += [_fact(entry, f"[[facts]] number {number}") for number, entry in enumerate(entries, 1)]
    return Dossier(name, tuple(facts))


def _fact(entry: object, where: str) -> Fact:
    if not isinstance(entry, dict):
        raise _unusable(f"{where} is not a table")
    _only(entry, ("kind", "fact", "also"), f"in {where}")
    kind = entry.get("kind")
    if kind not in KINDS:
        raise _unusable(f"“kind” in {where} must be one of: {', '.join(KINDS)}")
    told = _text(entry.get("fact"), f"“fact” in {where}")
    return Fact(str(kind), (told, *_texts(entry.get("also", []), f"“also” in {where}")))


def _texts(value: object, what: str) -> Sequence[str]:
    if not isinstance(value, list) or len(value) > _MOST_WORDINGS:
        raise _unusable(f"{what} must be a list of up to {_MOST_WORDINGS} texts")
    return [_text(one, f"every text of {what}") for one in value]


def _text(value: object, what: str) -> str:
    """A text with at least one letter or digit."""
    good = isinstance(value, str) and len(value) <= _LONGEST and value.isprintable()
    if not good or not any(char.isalnum() for char in str(value)):
        raise _unusable(f"{what} must be a text of 1 to {_LONGEST} signs with a letter or digit in it")
    return str(value).strip()


def _only(table: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    strange = next((name for name in table if name not in known), None)
    if strange is not None:
        raise _unusable(f"“{strange[:40]}” is not known {where}; there may be: {', '.join(known)}")


def _unusable(reason: str) -> AuditError:
    return AuditError(
        "The facts file cannot be used",
        f"{reason}.",
        "Correct it; `photoveil audit --example` prints one to begin with.",
    )
