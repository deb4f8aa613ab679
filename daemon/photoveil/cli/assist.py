"""``photoveil assist``: copies for AI assistants, made in this process, with or without a daemon."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photoveil import settings
from photoveil.assistant.choices import Choices
from photoveil.cli import choices
from photoveil.cli.inputs import FileError, UsageError, digest
from photoveil.cli.output import Exit, note, printable, say, say_json, show_error
from photoveil.endpoint import Asker, Endpoint, consented, key_for
from photoveil.errors import PhotoveilError
from photoveil.paths import Paths, models_dir

if TYPE_CHECKING:
    from photoveil.assistant.history import History
    from photoveil.assistant.private import Private
    from photoveil.assistant.regions import Region
    from photoveil.assistant.sitting import Copy, Sitting
    from photoveil.photos import Photo
    from photoveil.protection.encoders import Encoder

PLACES = (0, 25, 50, 75, 100)
"""Of the slider, for --front."""

_SAFE_TO_SHARE = 0.35
"""From this recognition on, the user is warned."""


@dataclass(frozen=True)
class Bench:
    """What all photos of a command have in common."""

    arguments: argparse.Namespace
    encoders: Sequence[Encoder]
    history: History
    choices: Choices
    boxes: tuple[Region, ...]
    asker: Asker | None
    output: Path
    front: Path | None


def assist(arguments: argparse.Namespace) -> int:
    """Write copies of the given files."""
    return asyncio.run(_assist(arguments))


async def _assist(arguments: argparse.Namespace) -> int:
    bench = await _bench(arguments)
    entries = []
    for name in arguments.files:
        entry: dict[str, Any] = {"file": printable(name)}
        try:
            entry |= await _one(bench, Path(name))
        except PhotoveilError as error:
            show_error(error, about=name)
            entry["error"] = error.as_dict()
        entries.append(entry)
    if arguments.json:
        say_json(entries[0] if len(entries) == 1 else entries)
    return Exit.OK if all("output" in entry for entry in entries) else Exit.FAILED


async def _bench(arguments: argparse.Namespace) -> Bench:
    """Everything checked before anything is done or sent."""
    from photoveil.assistant.history import History
    from photoveil.assistant.regions import parse_box

    paths = Paths.of(arguments.profile)
    paths.prepare()
    chosen, _unknown = settings.load(paths.settings_file)
    boxes = tuple(parse_box(text) for text in arguments.box)
    asker = await _asker(arguments, chosen)
    output, front = Path(arguments.output), Path(arguments.front) if arguments.front else None
    _make_folders(output, front)
    encoders = _encoders(paths, chosen, arguments.model_set)
    history = History.load(paths.assistant_file)
    return Bench(arguments, encoders, history, Choices(paths.assistant_choices), boxes, asker, output, front)


def _encoders(paths: Paths, chosen: settings.Settings, asked: str | None) -> list[Encoder]:
    """The judges, on this machine's device."""
    name = choices.model_set(paths, chosen, asked)
    from photoveil.protection import catalogue, devices
    from photoveil.protection.encoders import load_encoders  # torch: slow

    device = devices.choose(chosen.device).device
    choices.note_starter(name)
    return load_encoders(catalogue.model_set(name, models_dir()), device)


async def _asker(arguments: argparse.Namespace, chosen: settings.Settings) -> Asker | None:
    """The model whose answers count; nothing is sent yet."""
    if not arguments.endpoint:
        return None
    if not arguments.model:
        raise UsageError("Something is missing", "There is no --model NAME for --endpoint.", "Add it.")
    return Endpoint(
        arguments.endpoint,
        arguments.model,
        await key_for(arguments.endpoint),
        remote_allowed=consented(
            arguments.endpoint,
            chosen.remote_endpoint,
            said_yes=arguments.remote,
            offline=chosen.offline,
        ),
    )


def _make_folders(output: Path, front: Path | None) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
        if front is not None:
            front.mkdir(parents=True)
    except FileExistsError as error:
        raise UsageError(
            "The folder for --front is there already",
            f"{error.filename} exists; nothing is ever overwritten.",
            "Choose another name.",
        ) from error
    except OSError as error:
        raise UsageError(
            "A folder cannot be made", f"{error.strerror}: {error.filename}.", "Choose another."
        ) from error


async def _one(bench: Bench, file: Path) -> dict[str, Any]:
    from photoveil.assistant.answers import PROMPTS
    from photoveil.assistant.sitting import sit

    photo, private = await asyncio.to_thread(_seen, bench, file)
    sitting = await sit(
        photo,
        private.hidden,
        bench.encoders,
        bench.history,
        spared=private.left,
        prompts=bench.arguments.prompt or PROMPTS,
        asker=bench.asker,
        queries=bench.arguments.queries,
    )
    copy = await asyncio.to_thread(sitting.deliver_unread, bench.arguments.slider / 100)
    written = await asyncio.to_thread(_write, bench.output, copy.encoded.name, copy.encoded.data)
    entry = {
        "output": printable(str(written)),
        "slider": bench.arguments.slider,
        **copy.told,
        **private.as_dict(),
    }
    if not bench.arguments.json:
        _tell(file, written, copy, private)
    if bench.front is not None:
        entry["front"] = await asyncio.to_thread(_write_front, bench.front, file, sitting)
    return entry


def _seen(bench: Bench, file: Path) -> tuple[Photo, Private]:
    """The photo, and what is private on it: what was chosen on its page, else what is found; and the boxes."""
    from photoveil.assistant.private import Private
    from photoveil.assistant.sitting import NothingPrivateError
    from photoveil.photos import decode

    digest(file)  # tells what cannot be read, and what is too large
    data = file.read_bytes()
    choice = bench.choices.of(hashlib.sha256(data).hexdigest())
    photo = decode(data, name=file.name)
    if choice is None and bench.arguments.only_boxes:
        return photo, Private(bench.boxes)
    wanted = None if choice is None else choice.regions
    private = Private.on(photo.pixels, wanted, models_dir())
    private = replace(private, hidden=[*bench.boxes, *private.hidden])
    if private.chosen and not private.hidden:
        raise NothingPrivateError(
            "Nothing is to be hidden on this photo",
            "So you have chosen on its page on the dashboard, and no box was given.",
            "Send the photo as it is, choose otherwise on its page, or give --box LEFT,TOP,RIGHT,BOTTOM (in per cent).",
        )
    return photo, private


def _write(folder: Path, name: str, data: bytes) -> Path:
    from photoveil.photos import free_name, write_new

    try:
        return write_new(free_name(folder, name), data)
    except OSError as error:
        raise FileError(
            "The copy cannot be written",
            f"{error.strerror}: {folder}.",
            "Check the free space and the rights of that folder.",
        ) from error


def _write_front(folder: Path, file: Path, sitting: Sitting) -> list[dict[str, Any]]:
    """A copy for each place of the slider, and front.json beside them."""
    told = []
    for place in PLACES:
        copy = sitting.deliver_unread(place / 100)
        stem, _, ending = copy.encoded.name.rpartition(".")
        written = _write(folder, f"{stem}-{place:03d}.{ending}", copy.encoded.data)
        told.append({"slider": place, "output": printable(str(written)), **copy.told})
    points = [
        {"leak": round(p.measured.leak, 4), "loss": round(p.measured.loss, 4), **p.parameters.as_dict()}
        for p in sitting.front.points
    ]
    document = json.dumps({"file": printable(file.name), "places": told, "front": points}, indent=2)
    _write(folder, f"{Path(copy.encoded.name).stem}-front.json", (document + "\n").encode())
    return told


def _tell(file: Path, written: Path, copy: Copy, private: Private) -> None:
    told = copy.told
    say(f"{printable(str(file))} → {printable(str(written))}")
    regions = ", ".join(region["kind"] for region in told["regions"])
    if told["answers_kept"] is None:
        useful = f"{told['agreement']:.0%} of the rest looks the same to encoders"
    else:
        useful = f"{told['answers_kept']:.0%} of the answers stayed the same"
    say(
        f"  hidden: {regions}; {told['recognised_by_witnesses']:.0%} of it recognisable after upload; {useful}"
    )
    if private.chosen:
        left = ", ".join(region.kind for region in private.left) or "nothing"
        say(f"  as you chose on its page; left as it is: {left}")
    if told["recognised_by_witnesses"] > _SAFE_TO_SHARE:
        note("  Much of it can still be recognised: look at the copy, or move --slider towards 100.")
