"""``photoveil exposure``: what encoders read off a photo, before and after protection."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photoveil import settings
from photoveil.cli.inputs import FileError, digest, known_choice, persona_name
from photoveil.cli.output import Exit, note, printable, say, say_json
from photoveil.fitting.machine import STARTER
from photoveil.paths import Paths, models_dir
from photoveil.protection import catalogue
from photoveil.worker.parent import Worker
from photoveil.worker.tasks import Task, Unchanged

if TYPE_CHECKING:
    from photoveil.audit.exposure import Exposure, Reading

_TRYING = (
    "Read by the model set “starter”, which has only ever seen drawn people: of a real photo, take this as a "
    "demonstration, not as a finding."
)


def exposure(arguments: argparse.Namespace) -> int:
    """Tell what is read off the photo, and off its protected copy."""
    file = Path(arguments.file)
    before = _bytes(file)
    after = None if arguments.only_before else _after(arguments, file)
    from photoveil.audit.exposure import expose  # torch: slow
    from photoveil.photos import decode

    files = [before] if after is None else [before, after]
    pixels = [decode(data, name=file.name).pixels for data in files]
    found = expose(pixels, catalogue.model_set(STARTER, models_dir()))
    if arguments.json:
        say_json(_as_dict(file, found))
    else:
        _say(found)
        note(_TRYING)
    return Exit.OK


def _bytes(file: Path) -> bytes:
    digest(file)  # refuses what is no file, or too large
    return file.read_bytes()


def _after(arguments: argparse.Namespace, file: Path) -> bytes:
    """The protected copy: the one given, else one that is made and not kept."""
    if arguments.protected:
        return _bytes(Path(arguments.protected))
    paths = Paths.of(arguments.profile)
    paths.prepare()
    chosen, _unknown = settings.load(paths.settings_file)
    persona = persona_name(arguments.persona or chosen.persona)
    strength = arguments.strength or chosen.card(persona).strength or chosen.strength
    task = Task(persona, settings.DEFAULT_METHOD, known_choice("strength", strength), STARTER, "strip-all")
    return asyncio.run(_copy(paths, chosen.device, file, task))


async def _copy(paths: Paths, device: str, file: Path, task: Task) -> bytes:
    worker = Worker(personas=paths.personas, log_file="the messages above", wanted_device=device)
    try:
        with tempfile.TemporaryDirectory(prefix="hand-", dir=paths.spool) as scratch:
            part = Path(scratch) / "part"
            made = await worker.protect(file, file.name, task, part=part, progress=_quiet)
            if isinstance(made, Unchanged):
                raise FileError(
                    "This photo has no protected copy", made.reason, "Use --only-before to look at it alone."
                )
            return await asyncio.to_thread(part.read_bytes)
    finally:
        await worker.close()


def _quiet(_stage: str, _fraction: float) -> None:
    """One photo takes seconds."""


def _as_dict(file: Path, found: list[Exposure]) -> dict[str, Any]:
    told = {"file": printable(str(file)), "before": found[0].as_dict()}
    return told if len(found) == 1 else {**told, "after": found[1].as_dict()}


def _say(found: list[Exposure]) -> None:
    names = ("before", "after")[: len(found)]
    say(f"{'':14}" + "".join(f"{name:<52}" for name in names).rstrip())
    for readings in zip(*(one.readings for one in found), strict=True):
        say(f"{readings[0].kind:14}" + "".join(f"{_told(reading):<52}" for reading in readings).rstrip())


def _told(reading: Reading) -> str:
    if not reading.shows:
        return "–"
    return f"{reading.says} ({reading.sure * 100:.0f} %)"
