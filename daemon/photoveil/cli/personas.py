"""``photoveil personas list``, ``learn`` and ``forget``: with or without a daemon, on the files it reads, too."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from photoveil import settings
from photoveil.cli import choices
from photoveil.cli.inputs import FileError, UsageError, digest, persona_name, photos_in
from photoveil.cli.output import Exit, ProgressBar, note, printable, say, say_json, show_error
from photoveil.errors import PhotoveilError
from photoveil.ledger.database import Database
from photoveil.ledger.jobs import OWN_OUTPUT
from photoveil.ledger.photos import ProtectedPhotos
from photoveil.paths import Paths, models_dir
from photoveil.protection import catalogue, roster
from photoveil.protection.roster import ENOUGH_PHOTOS, Entry, Knowledge, PersonaError
from photoveil.worker.parent import Worker

_TAUGHT = ("learnt", "known")
_OWN_COPY = f"{OWN_OUTPUT} It shows where photos were moved to, not where they come from."
_FORGETTING = """\
What was learnt of “{name}” is deleted, for every model set.
  Photos already protected stay as they are. The next ones are learnt from afresh and shift in another direction,
  unless the same photos are learnt again with `photoveil personas learn`."""
_ANEW = """\
“{name}” starts anew with these photos.
  Photos protected from now on shift in another direction than those before; the two no longer add up."""


@dataclass
class Class:
    """One persona being taught.

    ``photos`` counts those known so far; ``anew`` until the first lesson has taken the place of what was known.
    """

    persona: str
    model_set: str
    photos: int
    anew: bool

    @property
    def settled(self) -> bool:
        """Whether further photos change nothing."""
        return not self.anew and self.photos >= ENOUGH_PHOTOS


@dataclass(frozen=True)
class School:
    """What teaching needs: the ledger, which tells protected copies, and the worker, which has the encoders."""

    ledger: ProtectedPhotos
    worker: Worker


def list_personas(arguments: argparse.Namespace) -> int:
    """List the personas and how well each is known."""
    paths = Paths.of(arguments.profile)
    found = roster.personas(paths.personas, catalogue.model_sets(models_dir()))
    chosen, _unknown = settings.load(paths.settings_file)
    if arguments.json:
        say_json([{**entry.as_dict(), **_card(chosen, entry.name)} for entry in found])
        return Exit.OK
    if not found:
        say(
            "Nobody is known yet. Teach a persona with `photoveil personas learn`, or let the first photos do it."
        )
    for entry in found:
        _say_entry(entry, _card(chosen, entry.name))
    return Exit.OK


def learn(arguments: argparse.Namespace) -> int:
    """Teach a persona from the given photos."""
    try:
        paths = Paths.of(arguments.profile)
        paths.prepare()
        chosen, _unknown = settings.load(paths.settings_file)
        name = persona_name(arguments.name)
        model_set = choices.model_set(paths, chosen, arguments.model_set)
    except UsageError as error:
        show_error(error, as_json=arguments.json)
        return Exit.USAGE
    taught = _class(paths, name, model_set, anew=arguments.again)
    if taught.anew and taught.photos:
        note(_ANEW.format(name=name))
    files = photos_in(arguments.photos)
    outcomes = asyncio.run(_learn(paths, chosen, taught, files, tell=not arguments.json))
    if arguments.json:
        known = Knowledge(model_set, taught.photos)
        say_json({"persona": name, **known.as_dict(), "files": outcomes})
    else:
        _say_class(taught, outcomes)
    return Exit.OK if any(outcome["outcome"] in _TAUGHT for outcome in outcomes) else Exit.FAILED


def forget(arguments: argparse.Namespace) -> int:
    """Delete what was learnt of a persona, after asking."""
    folder, name = Paths.of(arguments.profile).personas, arguments.name
    carded = name in settings.load(Paths.of(arguments.profile).settings_file)[0].personas
    learnt = roster.find(folder, name, ()) is not None
    if not learnt and not carded:
        raise _unknown(name)
    if not arguments.yes and not sys.stdin.isatty():
        note("There is no terminal to ask on. Run this in a terminal, or use --yes to forget without asking.")
        return Exit.USAGE
    note(_FORGETTING.format(name=name))
    if not arguments.yes and input(f"Forget “{name}”? [y/N] ").strip().lower() not in ("y", "yes"):
        note("Nothing was forgotten.")
        return Exit.FAILED
    if carded:
        choices.settings_file(arguments.profile).remove_persona(name)
    if not roster.forget(folder, name) and learnt:
        raise _unknown(name)
    say(f"“{name}” is forgotten.")
    return Exit.OK


def _class(paths: Paths, name: str, model_set: str, *, anew: bool) -> Class:
    entry = roster.find(paths.personas, name, catalogue.model_sets(models_dir()))
    known = entry.of(model_set) if entry else Knowledge(model_set, 0)
    if known.settled and not anew:
        raise PersonaError(
            "The persona is settled",
            f"“{name}” knows its {ENOUGH_PHOTOS} photos (model set “{model_set}”); further ones change nothing.",
            "Nothing needs to be done. --again starts anew, but photos protected afterwards then shift in another "
            "direction than those before.",
        )
    return Class(name, model_set, known.photos, anew)


async def _learn(
    paths: Paths, chosen: settings.Settings, taught: Class, files: Sequence[Path], *, tell: bool
) -> list[dict[str, Any]]:
    bar = ProgressBar(len(files))
    outcomes = []
    async with _school(paths, chosen) as school:
        for index, file in enumerate(files):
            outcome: dict[str, Any] = {"file": printable(str(file))}
            try:
                outcome |= await _one(school, taught, file, partial(bar.show, index, file.name))
            except PhotoveilError as error:
                bar.clear()
                show_error(error, about=str(file))
                outcome |= {"outcome": "failed", "error": error.as_dict()}
            bar.clear()
            _tell(outcome, taught, written=tell)
            outcomes.append(outcome)
    return outcomes


@contextlib.asynccontextmanager
async def _school(paths: Paths, chosen: settings.Settings) -> AsyncIterator[School]:
    database = await Database.open(paths.ledger_file)
    ledger = ProtectedPhotos(database, paths.delivered, chosen.cache_mb << 20)
    worker = Worker(personas=paths.personas, log_file="the messages above", wanted_device=chosen.device)
    try:
        yield School(ledger, worker)
    finally:
        await worker.close()
        await database.close()


async def _one(school: School, taught: Class, file: Path, progress: Any) -> dict[str, Any]:
    """What becomes of one photo: ``learnt``, ``known`` before, ``own-copy``, or ``not-needed`` any more."""
    if taught.settled:
        return {"outcome": "not-needed"}
    if await school.ledger.is_protected_copy(await asyncio.to_thread(_digest, file)):
        return {"outcome": "own-copy", "reason": _OWN_COPY}
    progress("loading", 0.0)
    lesson = await school.worker.learn(
        file, taught.persona, taught.model_set, anew=taught.anew, progress=progress
    )
    taught.photos, taught.anew = lesson.photos, False
    return {"outcome": "learnt" if lesson.learnt else "known" if lesson.known else "not-needed"}


def _digest(file: Path) -> str:
    if file.is_dir():
        raise FileError(
            "There is no photo in this folder",
            "None of its files is called like a photo (.jpg, .png, .heic and so on), or it cannot be read.",
            "Name the photos, or the folder that they lie in.",
        )
    return digest(file)


def _tell(outcome: dict[str, Any], taught: Class, *, written: bool) -> None:
    file = outcome["file"]
    if outcome["outcome"] == "own-copy":
        note(f"{file}: not learnt from.\n  {outcome['reason']}")
    if written and outcome["outcome"] == "learnt":
        say(f"{file}: learnt ({taught.photos} of {ENOUGH_PHOTOS})")
    if written and outcome["outcome"] == "known":
        say(f"{file}: known already, counts once")


def _say_class(taught: Class, outcomes: Sequence[dict[str, Any]]) -> None:
    left = sum(outcome["outcome"] == "not-needed" for outcome in outcomes)
    if left:
        say(f"{left} more {_photos(left)} not needed.")
    say(f"“{taught.persona}”, {taught.model_set}: {_standing(Knowledge(taught.model_set, taught.photos))}.")


def _card(chosen: settings.Settings, name: str) -> dict[str, Any]:
    card = chosen.card(name)
    return {"colour": card.colour, "strength": card.strength, "current": name == chosen.persona}


def _say_entry(entry: Entry, card: dict[str, Any]) -> None:
    if entry.error is not None:
        show_error(entry.error, about=entry.name)
        return
    own = f", strength {card['strength']}" if card["strength"] else ""
    used = ", the one in use" if card["current"] else ""
    say(f"{printable(entry.name)}, changed {entry.changed}, shown in {card['colour']}{own}{used}")
    for known in entry.knowledge:
        gone = "" if known.model_set else ", by encoders that are no longer installed"
        say(f"  {known.model_set or '–':<12} {_standing(known)}{gone}")
    if not entry.knowledge:
        say("  nothing learnt yet")


def _standing(known: Knowledge) -> str:
    if known.settled:
        return f"settled on {known.photos} photos"
    missing = ENOUGH_PHOTOS - known.photos
    return f"{known.photos} of {ENOUGH_PHOTOS} photos known, {missing} more would settle it"


def _photos(count: int) -> str:
    return "photo was" if count == 1 else "photos were"


def _unknown(name: str) -> PersonaError:
    return PersonaError(
        "There is no such persona", f"Nothing is known of “{name}”.", "See `photoveil personas list`."
    )
