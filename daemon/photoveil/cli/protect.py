"""``photoveil protect``: works with or without a daemon, in a worker of its own, and feeds the same ledger."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from photoveil import settings
from photoveil.cli import choices
from photoveil.cli.inputs import FileError, UsageError, digest, known_choice, persona_name
from photoveil.cli.output import Exit, ProgressBar, note, printable, say, say_json, show_error
from photoveil.errors import PhotoveilError
from photoveil.ledger.database import Database
from photoveil.ledger.jobs import OWN_OUTPUT
from photoveil.ledger.photos import Key, ProtectedPhotos
from photoveil.paths import Paths
from photoveil.protection.headline import sentence
from photoveil.worker.parent import Worker
from photoveil.worker.tasks import Outcome, Task, Unchanged


@dataclass(frozen=True)
class Bench:
    """What protecting a batch needs."""

    photos: ProtectedPhotos
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
        entries = []
        for index, file in enumerate(files):
            entry: dict[str, Any] = {"file": printable(str(file))}
            try:
                entry |= await _one(bench, file, partial(bar.show, index, file.name))
            except PhotoveilError as error:
                bar.clear()
                show_error(error, about=str(file))
                entry["error"] = error.as_dict()
            bar.clear()
            _tell(entry, written=tell)
            entries.append(entry)
        return entries


def _tell(entry: dict[str, Any], *, written: bool) -> None:
    if "unchanged" in entry:
        note(f"{entry['file']}: not protected, no copy written.\n  {entry['unchanged']}")
    if written and "output" in entry:
        say(f"{entry['file']} → {entry['output']}  (PSNR {entry['psnr_db']:.1f} dB)")
        if told := sentence(entry):
            say(f"  {told}")


@contextlib.asynccontextmanager
async def _bench(
    paths: Paths, chosen: settings.Settings, task: Task, output: Path, compare: Path | None
) -> AsyncIterator[Bench]:
    database = await Database.open(paths.ledger_file)
    photos = ProtectedPhotos(database, paths.delivered, chosen.cache_mb << 20)
    worker = Worker(personas=paths.personas, log_file="the messages above", wanted_device=chosen.device)
    try:
        with tempfile.TemporaryDirectory(prefix="hand-", dir=paths.spool) as scratch:
            yield Bench(photos, worker, Path(scratch), task, output, compare)
    finally:
        await worker.close()
        await database.close()


async def _teach(bench: Bench, files: Sequence[Path], bar: ProgressBar) -> None:
    """Several photos of a persona nobody has seen yet: first learn from all of them, so that all move the same way."""
    fresh = []
    for file in files:
        with contextlib.suppress(PhotoveilError):  # told when the file's own turn comes
            key = await _key(bench, file)
            if not await bench.photos.is_protected_copy(key.original) and not await bench.photos.find(key):
                fresh.append(file)
    if len(fresh) < 2:
        return
    with contextlib.suppress(PhotoveilError):
        await bench.worker.teach(fresh, bench.task, partial(bar.show, 0, "getting to know the persona"))
    bar.clear()


async def _one(bench: Bench, file: Path, progress: Any) -> dict[str, Any]:
    key = await _key(bench, file)
    if await bench.photos.is_protected_copy(key.original):
        return {"unchanged": OWN_OUTPUT}
    part, picture = bench.scratch / "part", bench.scratch / "picture"
    delivered = None if bench.compare else await bench.photos.find(key)
    if delivered is None:
        progress("loading", 0.0)
        outcome = await _made(bench, file, part, picture, progress)
        if isinstance(outcome, Unchanged):
            return {"unchanged": outcome.reason}
        delivered, data = outcome, await asyncio.to_thread(part.read_bytes)
        await bench.photos.remember(key, delivered, part)
    else:
        data = await asyncio.to_thread(bench.photos.file(delivered.sha256).read_bytes)
    written = await asyncio.to_thread(_write, bench.output / delivered.name_for(file.name), data)
    if bench.compare is not None:
        await asyncio.to_thread(_write_picture, picture, bench.compare)
    return {"output": printable(str(written)), **delivered.report}


async def _made(bench: Bench, file: Path, part: Path, picture: Path, progress: Any) -> Outcome:
    compare = picture if bench.compare else None
    return await bench.worker.protect(
        file, file.name, bench.task, part=part, progress=progress, compare=compare
    )


async def _key(bench: Bench, file: Path) -> Key:
    return Key(await asyncio.to_thread(digest, file), bench.task)


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


def _write_picture(picture: Path, place: Path) -> None:
    _write(place, picture.read_bytes())


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
    strength = arguments.strength or chosen.card(persona).strength or chosen.strength
    return Task(
        persona=persona,
        method=known_choice("method", arguments.method or settings.DEFAULT_METHOD),
        strength=known_choice("strength", strength),
        model_set=model_set,
        metadata=known_choice("metadata", arguments.metadata or chosen.metadata),
    )
