"""``photoveil protect``: works with or without a daemon, in a worker of its own, and feeds the same ledger."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from photoveil import settings
from photoveil.assistant.choices import Choices
from photoveil.cli import choices
from photoveil.cli.inputs import FileError, UsageError, digest, known_choice, persona_name
from photoveil.cli.output import Exit, ProgressBar, note, printable, say, say_json, show_error
from photoveil.errors import PhotoveilError
from photoveil.ledger.database import Database
from photoveil.ledger.jobs import OWN_OUTPUT
from photoveil.ledger.photos import Key, ProtectedPhotos
from photoveil.methods import strength_for
from photoveil.paths import Paths
from photoveil.protection.headline import sentence
from photoveil.unlearnable.telling import left_to_learn
from photoveil.worker.parent import Worker
from photoveil.worker.tasks import Assisting, Delivered, Task, Unchanged

Made = tuple[Delivered, bytes, Path | None] | Unchanged
"""A protected copy, its bytes and where the picture that compares lies; or why there is none."""


@dataclass(frozen=True)
class Bench:
    """What protecting a batch needs."""

    photos: ProtectedPhotos
    regions: Choices
    worker: Worker
    scratch: Path
    task: Task
    output: Path
    compare: Path | None


def protect(arguments: argparse.Namespace) -> int:
    """Write protected copies of the given files."""
    try:
        paths = Paths.of(arguments.profile)
        paths.prepare()
        chosen, _unknown = settings.load(paths.settings_file)
        task = _task(arguments, chosen, choices.model_set(paths, chosen, arguments.model_set))
        output, compare = _places(arguments)
    except UsageError as error:
        show_error(error, as_json=arguments.json)
        return Exit.USAGE
    files = [Path(name) for name in arguments.files]
    entries = asyncio.run(_protect(paths, chosen, task, files, output, compare, tell=not arguments.json))
    if arguments.json:
        say_json(entries[0] if len(entries) == 1 else entries)
    elif any("output" in entry for entry in entries):
        choices.note_starter(task.model_set)
    return Exit.OK if all("output" in entry for entry in entries) else Exit.FAILED


async def _protect(
    paths: Paths,
    chosen: settings.Settings,
    task: Task,
    files: Sequence[Path],
    output: Path,
    compare: Path | None,
    *,
    tell: bool,
) -> list[dict[str, Any]]:
    bar = ProgressBar(len(files))
    async with _bench(paths, chosen, task, output, compare) as bench:
        await _teach(bench, files, bar)
        doors: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        entries: list[dict[str, Any]] = []
        while len(entries) < len(files):
            together = list(enumerate(files))[len(entries) : len(entries) + bench.worker.batch]
            works = [asyncio.create_task(_made(bench, file, index, bar, doors)) for index, file in together]
            try:
                for (_, file), work in zip(together, works, strict=True):
                    entries.append(await _entry(bench, file, work, bar))
                    _tell(entries[-1], written=tell)
            finally:
                for work in works:
                    work.cancel()
                await asyncio.gather(*works, return_exceptions=True)
        return entries


async def _entry(bench: Bench, file: Path, work: asyncio.Task[Made], bar: ProgressBar) -> dict[str, Any]:
    """What became of a file. Copies are written in the files' order: where names clash, it decides who gets which."""
    entry: dict[str, Any] = {"file": printable(str(file))}
    try:
        entry |= await _placed(bench, file, await work)
        bar.clear()
    except PhotoveilError as error:
        bar.clear()
        show_error(error, about=str(file))
        entry["error"] = error.as_dict()
    return entry


def _tell(entry: dict[str, Any], *, written: bool) -> None:
    if "unchanged" in entry:
        note(f"{entry['file']}: not protected, no copy written.\n  {entry['unchanged']}")
    if written and "output" in entry:
        say(f"{entry['file']} → {entry['output']}  (PSNR {entry['psnr_db']:.1f} dB)")
        if told := sentence(entry):
            say(f"  {told}")
        if unlearnable := entry.get("unlearnable"):
            say(f"  Words for its alt text or caption: {printable(unlearnable['words'])}")
            say(f"  {left_to_learn(unlearnable)}")


@contextlib.asynccontextmanager
async def _bench(
    paths: Paths, chosen: settings.Settings, task: Task, output: Path, compare: Path | None
) -> AsyncIterator[Bench]:
    database = await Database.open(paths.ledger_file)
    photos = ProtectedPhotos(database, paths.delivered, chosen.cache_mb << 20)
    regions = Choices(paths.assistant_choices)
    worker = Worker(
        personas=paths.personas,
        log_file="the messages above",
        wanted_device=chosen.device,
        assisting=Assisting.chosen(chosen, paths),
        unlearnable_model=chosen.unlearnable_model,
    )
    try:
        with tempfile.TemporaryDirectory(prefix="hand-", dir=paths.spool) as scratch:
            yield Bench(photos, regions, worker, Path(scratch), task, output, compare)
    finally:
        await worker.close()
        await database.close()


async def _teach(bench: Bench, files: Sequence[Path], bar: ProgressBar) -> None:
    """Several photos of a persona nobody has seen yet: first learn from all of them, so that all move the same way."""
    fresh = []
    for file in files:
        with contextlib.suppress(PhotoveilError):  # told when the file's own turn comes
            key = await _key(bench, file)
            if not await bench.photos.is_protected_copy(
                key.original, key.task.method
            ) and not await bench.photos.find(key):
                fresh.append(file)
    if len(fresh) < 2:
        return
    with contextlib.suppress(PhotoveilError):
        await bench.worker.teach(fresh, bench.task, partial(bar.show, 0, "getting to know the persona"))
    bar.clear()


async def _made(
    bench: Bench, file: Path, index: int, bar: ProgressBar, doors: defaultdict[str, asyncio.Lock]
) -> Made:
    """The protected copy of a file, made or found; of two files with the same photo the second finds the first's."""
    key = await _key(bench, file)
    part, picture = bench.scratch / f"{index}.part", bench.scratch / f"{index}.picture"
    async with doors[key.original]:
        if await bench.photos.is_protected_copy(key.original, key.task.method):
            return Unchanged(OWN_OUTPUT)
        if not bench.compare and (known := await bench.photos.find(key)):
            return known, await asyncio.to_thread(bench.photos.file(known.sha256).read_bytes), None
        try:
            bar.show(index, file.name, "loading", 0.0)
            outcome = await bench.worker.protect(
                file,
                file.name,
                key.task,
                part=part,
                progress=partial(bar.show, index, file.name),
                compare=picture if bench.compare else None,
            )
        finally:
            bar.finished(index)
        if isinstance(outcome, Unchanged):
            return outcome
        data = await asyncio.to_thread(part.read_bytes)
        await bench.photos.remember(key, outcome, part)
    return outcome, data, picture


async def _placed(bench: Bench, file: Path, made: Made) -> dict[str, Any]:
    """Write the copy, and the picture that compares; answers what to tell."""
    if isinstance(made, Unchanged):
        return {"unchanged": made.reason}
    delivered, data, picture = made
    written = await asyncio.to_thread(_write, bench.output / delivered.name_for(file.name), data)
    if bench.compare is not None and picture is not None:
        await asyncio.to_thread(_write, bench.compare, await asyncio.to_thread(picture.read_bytes))
    return {"output": printable(str(written)), **delivered.report}


async def _key(bench: Bench, file: Path) -> Key:
    """Under what its copy is kept, and how it is made: as the user has chosen for this very photo, where he has."""
    photo = await asyncio.to_thread(digest, file)
    return Key(photo, bench.task.about(photo, bench.regions))


def _write(path: Path, data: bytes) -> Path:
    from photoveil.photos import free_name, write_new  # Pillow: slow

    try:
        return write_new(free_name(path.parent, path.name), data)
    except OSError as error:
        raise FileError(
            "The protected copy cannot be written",
            f"{error.strerror}: {path.parent}.",
            "Check the free space and the rights of that folder.",
        ) from error


def _places(arguments: argparse.Namespace) -> tuple[Path, Path | None]:
    output = Path(arguments.output)
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            "The folder for the protected copies cannot be used",
            f"{error.strerror}: {output}.",
            "Choose another with -o.",
        ) from error
    if arguments.compare is None:
        return output, None
    compare = Path(arguments.compare)
    if len(arguments.files) != 1:
        raise UsageError("--compare draws one photo", "Several files were given.", "Use it with one file.")
    if compare.exists() or not compare.parent.is_dir():
        raise UsageError(
            "The comparison picture cannot be written",
            f"{compare} exists, or its folder does not.",
            "Choose another name for --compare; nothing is ever overwritten.",
        )
    return output, compare


def _task(arguments: argparse.Namespace, chosen: settings.Settings, model_set: str) -> Task:
    persona = persona_name(arguments.persona or chosen.persona)
    strength = known_choice(
        "strength", arguments.strength or chosen.card(persona).strength or chosen.strength
    )
    method = known_choice("method", arguments.method or settings.DEFAULT_METHOD)
    return Task(
        persona=persona,
        method=method,
        strength=strength_for(method, strength, chosen.assistant_slider),
        model_set=model_set,
        metadata=known_choice("metadata", arguments.metadata or chosen.metadata),
    )
