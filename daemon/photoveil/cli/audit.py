"""``photoveil audit``: ask a model about photos, note its answers, tell what it gives away."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import os
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photoveil import settings
from photoveil.audit import facts, plan
from photoveil.audit.manipulations import TITLES, Manipulation
from photoveil.audit.prompts import PHRASINGS
from photoveil.cli import choices
from photoveil.cli.inputs import FileError, UsageError, digest, known_choice, persona_name, photos_in
from photoveil.cli.output import Exit, note, plural, printable, say, say_json, show_error
from photoveil.endpoint import Asker, Endpoint, consented, key_for
from photoveil.errors import PhotoveilError
from photoveil.paths import Paths, models_dir
from photoveil.worker.parent import Worker
from photoveil.worker.tasks import Task, Unchanged

if TYPE_CHECKING:
    from photoveil.audit.gallery import Gallery, Piece, Protect
    from photoveil.audit.running import Outcome

_ANSWERS, _COPIES = "answers.jsonl", "protected"


def audit(arguments: argparse.Namespace) -> int:
    """Ask, note, and write the report."""
    if arguments.example:
        say(facts.EXAMPLE.rstrip("\n"))
        return Exit.OK
    _check(arguments)
    paths = Paths.of(arguments.profile)
    paths.prepare()
    chosen, _unknown = settings.load(paths.settings_file)
    dossier = facts.read(_read(Path(arguments.facts)))
    asker = None if arguments.dry_run else asyncio.run(_asker(arguments, chosen))
    pieces = _pieces(arguments)
    if not pieces:
        return Exit.FAILED
    wanted = plan.Plan(
        dossier,
        tuple(bool(piece.faces) for piece in pieces),
        plan.chosen(arguments.only),
        tuple(p for p in PHRASINGS if p.code in arguments.prompts),
        tuple(topic for topic in dossier.topics if topic in arguments.kinds),
    )
    _tell(wanted, len(pieces), _noted(arguments.output), as_json=arguments.json and arguments.dry_run)
    if asker is None:
        return Exit.OK
    copying = Copying.of(arguments, paths, chosen)
    return asyncio.run(_audit(arguments, wanted, asker, pieces, copying))


def _check(arguments: argparse.Namespace) -> None:
    """Raise UsageError unless there is everything that an audit takes."""
    missing = [
        name
        for name, given in (
            ("PHOTO", arguments.photos),
            ("--facts FILE", arguments.facts),
            ("-o DIR", arguments.output or arguments.dry_run),
            ("--endpoint URL or --local FOLDER", arguments.endpoint or arguments.local or arguments.dry_run),
            ("--model NAME", arguments.model or not arguments.endpoint or arguments.dry_run),
        )
        if not given
    ]
    if missing:
        raise UsageError(
            "Something is missing", f"There is no {missing[0]}.", "See `photoveil audit --help` for examples."
        )
    if arguments.endpoint and arguments.local:
        raise UsageError(
            "There are two models", "--endpoint and --local were both given.", "Give one of them."
        )


async def _asker(arguments: argparse.Namespace, chosen: settings.Settings) -> Asker:
    """The model that was asked for; nothing is sent yet."""
    if arguments.local:
        from photoveil.audit.local import LocalAsker  # Pillow: slow

        return LocalAsker(Path(arguments.local))
    return Endpoint(
        arguments.endpoint,
        arguments.model,
        await key_for(arguments.endpoint),
        timeout=arguments.timeout,
        remote_allowed=consented(
            arguments.endpoint,
            chosen.remote_endpoint,
            said_yes=arguments.remote,
            offline=chosen.offline,
        ),
    )


def _pieces(arguments: argparse.Namespace) -> list[Piece]:
    """The photos that can be opened, with the faces on them; the others are told."""
    import numpy as np
    from PIL import Image

    from photoveil.assistant import regions
    from photoveil.audit.gallery import looked_at
    from photoveil.audit.pictures import Box

    def faces(picture: Image.Image) -> list[Box]:
        return [r.box for r in regions.find(np.asarray(picture), models_dir()) if r.kind == "face"]

    own = [regions.parse_box(arguments.face).box] if arguments.face else []
    found = []
    for file in photos_in(arguments.photos):
        try:
            digest(file)  # refuses what is no file or too large
            found.append(looked_at(file, faces, own))
        except PhotoveilError as error:
            show_error(error, about=str(file))
    return found


def _noted(output: str | None) -> int:
    """How many answers of earlier runs lie in the folder for the report."""
    from photoveil.audit.journal import Journal

    return len(Journal(Path(output) / _ANSWERS)) if output else 0


def _tell(wanted: plan.Plan, photos: int, noted: int, *, as_json: bool) -> None:
    """How many questions there are, and how many answers there are already."""
    counts = wanted.counts()
    total = sum(counts.values())
    if as_json:
        say_json({"photos": photos, "questions": total, "noted": noted, "by_manipulation": counts})
        return
    note(f"{plural(photos, 'photo')}, {plural(total, 'question')}:")
    for what, count in counts.items():
        note(f"  {count:6}  {TITLES[what]}")
    if noted:
        note(f"  {noted:6}  answers are noted already; what the same model said of the same pictures counts.")
    faceless = wanted.faces.count(False)
    if faceless:
        note(
            f"  On {plural(faceless, 'photo')} no face was found: nothing is blurred or cut out there (see --face)."
        )


async def _audit(
    arguments: argparse.Namespace, wanted: plan.Plan, asker: Asker, pieces: Sequence[Piece], copying: Copying
) -> int:
    from photoveil.audit import reporting, running
    from photoveil.audit.gallery import Gallery
    from photoveil.audit.journal import Journal

    folder = _folder(Path(arguments.output))
    counter = _Counter()
    async with copying.into(folder / _COPIES) as protect:
        gallery = Gallery(pieces, protect)
        work = running.Audit(
            wanted, asker, Journal(folder / _ANSWERS), gallery.show, arguments.at_once, counter.show
        )
        try:
            outcomes = await work.run()
        except BaseException as error:
            counter.end()
            if isinstance(error, PhotoveilError | asyncio.CancelledError):
                note("Stopped; the answers so far are kept, and the same command goes on there.")
            raise
        counter.end()
        return await _report(arguments, outcomes, wanted, asker, gallery, folder, reporting)


async def _report(
    arguments: argparse.Namespace,
    outcomes: Sequence[Outcome],
    wanted: plan.Plan,
    asker: Asker,
    gallery: Gallery,
    folder: Path,
    reporting: Any,
) -> int:
    found = reporting.report(
        outcomes,
        wanted.dossier,
        model=asker.name,
        photos=[printable(piece.file.name) for piece in gallery.pieces],
        faces=wanted.faces,
    )
    page = reporting.write(found, folder, await gallery.samples(wanted.manipulations))
    if arguments.json:
        say_json({**found, "report": printable(str(page))})
    else:
        _say(found, page)
    return Exit.OK if found["questions"] and not _silent(found) else Exit.FAILED


def _silent(found: dict[str, Any]) -> int:
    return sum(row["silent"] for row in found["by_manipulation"])


def _say(found: dict[str, Any], page: Path) -> None:
    say(found["summary"])
    for row in found["by_manipulation"]:
        if row["asked"]:
            refused = f", {row['refused']} refused" if row["refused"] else ""
            say(
                f"  {row['rate'] * 100:5.1f} %  ({row['low'] * 100:.0f}–{row['high'] * 100:.0f} %)  "
                f"of {row['asked']} answers leak{refused}: {TITLES[Manipulation(row['manipulation'])]}"
            )
    if silent := _silent(found):
        say(f"  {plural(silent, 'question')} without answer: run the same command again to ask only these.")
    say(f"report: {page}")


def _folder(folder: Path) -> Path:
    """The folder for answers and report: new, or that of an earlier audit, and for this user alone."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        strange = any(folder.iterdir()) and not (folder / _ANSWERS).is_file()
        if not strange:
            # Copies may be made before the first answer comes: by this file the folder is known again.
            (folder / _ANSWERS).touch(mode=0o600)
    except OSError as error:
        raise FileError(
            "The folder for the report cannot be used",
            f"{error.strerror}: {folder}.",
            "Choose another with -o.",
        ) from error
    if strange:
        raise UsageError(
            "The folder for the report holds something else",
            f"{folder} is not empty and no earlier audit.",
            "Choose a new folder with -o: nothing of yours is ever overwritten.",
        )
    return folder


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read((1 << 20) + 1)
    except OSError as error:
        raise FileError(
            "The facts file cannot be read",
            f"{error.strerror}: {file}.",
            "Check its name; `photoveil audit --example > facts.toml` writes one to begin with.",
        ) from error


@dataclass(frozen=True)
class Copying:
    """Where protected copies come from: a folder of the user's, else a worker as ``photoveil protect`` has one."""

    own: Path | None
    task: Task | None
    paths: Paths
    device: str

    @classmethod
    def of(cls, arguments: argparse.Namespace, paths: Paths, chosen: settings.Settings) -> Copying:
        """As the command says; raises UsageError for choices that nobody knows."""
        own = Path(arguments.protected) if arguments.protected else None
        if own is not None or Manipulation.PROTECTED not in arguments.only:
            return cls(own, None, paths, chosen.device)
        persona = persona_name(arguments.persona or chosen.persona)
        strength = arguments.strength or chosen.card(persona).strength or chosen.strength
        task = Task(
            persona=persona,
            method=settings.DEFAULT_METHOD,
            strength=known_choice("strength", strength),
            model_set=choices.model_set(paths, chosen, arguments.model_set),
            metadata="strip-all",
        )
        return cls(None, task, paths, chosen.device)

    @contextlib.asynccontextmanager
    async def into(self, folder: Path) -> AsyncIterator[Protect]:
        """What gives protected copies; those that are made are kept in ``folder`` for the next time."""
        if self.task is None:
            yield self._own
            return
        worker = Worker(
            personas=self.paths.personas, log_file="the messages above", wanted_device=self.device
        )
        try:
            maker = Maker(worker, self.task, folder)
            yield maker.copy
        finally:
            await worker.close()

    async def _own(self, file: Path) -> bytes:
        """The user's own copy: the same name, whatever its ending."""
        folder = self.own or Path()
        alike = sorted(folder.glob(f"{_globless(file.stem)}.*")) if not (folder / file.name).is_file() else []
        found = folder / file.name if not alike else alike[0]
        try:
            return await asyncio.to_thread(found.read_bytes)
        except OSError as error:
            raise FileError(
                "A protected copy is missing",
                f"{error.strerror}: {found}.",
                "Put it there under the photo's name, or leave --protected out.",
            ) from error


@dataclass(frozen=True)
class Maker:
    """Makes protected copies and keeps them."""

    worker: Worker
    task: Task
    folder: Path

    async def copy(self, file: Path) -> bytes:
        """The copy of a photo, made at the first call."""
        await asyncio.to_thread(self.folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        original = await asyncio.to_thread(digest, file)
        sort = hashlib.sha256(repr(astuple(self.task)).encode()).hexdigest()[:8]
        kept = self.folder / f"{original[:16]}-{sort}"
        if not kept.exists():
            part = self.folder / f".{kept.name}.part"
            made = await self.worker.protect(file, file.name, self.task, part=part, progress=_quiet)
            if isinstance(made, Unchanged):
                raise FileError("This photo has no protected copy", made.reason, "Leave it out of the audit.")
            await asyncio.to_thread(os.replace, part, kept)
        return await asyncio.to_thread(kept.read_bytes)


def _quiet(_stage: str, _fraction: float) -> None:
    """Questions are counted, not the stages of a copy."""


def _globless(name: str) -> str:
    return "".join(f"[{char}]" if char in "[]*?" else char for char in name)


class _Counter:
    """How far the questions are: a line that changes on a terminal, else one for every tenth."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._told = -1

    def show(self, done: int, whole: int) -> None:
        """``done`` of the ``whole`` are answered."""
        if self._terminal:
            sys.stderr.write(f"\r{done} of {whole} questions\x1b[K")
            sys.stderr.flush()
        elif done * 10 // whole != self._told:
            self._told = done * 10 // whole
            note(f"{done} of {whole} questions")

    def end(self) -> None:
        """Leave the line."""
        if self._terminal:
            sys.stderr.write("\n")
