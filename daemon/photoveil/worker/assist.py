"""In the child: a photo for an AI assistant instead of a protected one, reported in the same shape."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from photoveil.assistant.choices import named
from photoveil.assistant.codes import readable, still_readable
from photoveil.assistant.history import History
from photoveil.assistant.private import Private
from photoveil.assistant.search import ENOUGH
from photoveil.assistant.sitting import Sitting, sit
from photoveil.endpoint import Endpoint, EndpointError, consented, is_local, key_for
from photoveil.errors import PhotoveilError
from photoveil.methods import share_of
from photoveil.paths import models_dir
from photoveil.photos import Encoded, MetadataPolicy, Photo, decode, encode
from photoveil.protection import Engine, Protected
from photoveil.protection.budget import psnr, ssim
from photoveil.protection.delivery import Delivery
from photoveil.protection.jobs import Clock, Progress
from photoveil.protection.report import Report
from photoveil.worker.accounts import account
from photoveil.worker.frames import Header

_NOTHING = (
    "No face and no code was found, so nothing was hidden: only the camera's notes were removed. "
    "Look at the photo yourself before you send it."
)
_NOTHING_CHOSEN = "As you chose, nothing was hidden: only the camera's notes were removed."
_ENCODERS_JUDGED = "The encoders judged instead how useful the photo still is."


@dataclass(frozen=True)
class AssistantReport(Report):
    """A report whose ``assistant`` tells what was hidden (docs/report.md); no encoder was moved."""

    assistant: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Made:
    """A copy and what is to be told of it."""

    encoded: Encoded
    told: dict[str, Any]
    notes: Sequence[str]


def assist(engine: Engine, photo: Photo, header: Header, progress: Progress) -> Protected:
    """The copy of a photo for an AI assistant.

    Where nothing is to be hidden, it is the photo without its metadata, and the report says so.

    Args:
        engine: whose encoders judge.
        header: what the parent asks; ``strength`` is the slider's place.
        progress: told how far it is; what it raises ends the work.

    Raises:
        PhotoveilError: the face detector's weights cannot be read, what the user had chosen is not known any more, or
            a code could still be read on the copy.
    """
    clock = Clock(progress)
    with clock.stage("prepare"):
        wanted = named(header["assisting"]["choices"], header["metadata"])
        private = Private.on(photo.pixels, wanted, models_dir())
    slider = share_of(header["strength"])
    if private.hidden:
        made = _hidden(engine, photo, private, header, clock, slider)
    else:
        made = _bare(photo, clock, chosen=private.chosen)
    with clock.stage("measure"):
        pixels = decode(made.encoded.data, name=made.encoded.name).pixels
        done = Delivery(made.encoded, pixels, psnr(photo.pixels, pixels), ssim(photo.pixels, pixels))
    told = {
        "slider": int(header["strength"]),
        **made.told,
        **private.as_dict(),
    }
    report = account(AssistantReport, engine, photo, done, header, clock, made.notes, assistant=told)
    return Protected(pixels, made.encoded, report)


def _bare(photo: Photo, clock: Clock, *, chosen: bool) -> _Made:
    """The photo without its metadata; held back where a reader sees a code that neither finder nor user did."""
    if not chosen and readable(photo.pixels):
        raise still_readable()
    with clock.stage("write"):
        encoded = encode(photo, photo.pixels, metadata=MetadataPolicy.STRIP_ALL)
    note = _NOTHING_CHOSEN if chosen else _NOTHING
    return _Made(encoded, {"regions": [], "queries": 0, "asked": None}, (note,))


def _hidden(
    engine: Engine, photo: Photo, private: Private, header: Header, clock: Clock, slider: float
) -> _Made:
    with clock.stage("protect"):
        sitting, asked, notes = asyncio.run(_sit(engine, photo, private, header, clock))
    with clock.stage("write"):
        copy = sitting.deliver_unread(slider)
    return _Made(copy.encoded, {**copy.told, "asked": asked}, notes)


async def _sit(
    engine: Engine, photo: Photo, private: Private, header: Header, clock: Clock
) -> tuple[Sitting, str | None, Sequence[str]]:
    """The best trade-offs, who was asked about them, and notes for the user."""
    told = header["assisting"]
    history = History.load(Path(told["history"])) if told["history"] else History()
    tick = clock.tick("protect")

    async def search(asker: Endpoint | None) -> Sitting:
        return await sit(
            photo,
            private.hidden,
            engine.encoders,
            history,
            spared=private.left,
            asker=asker,
            queries=None if asker is None else ENOUGH,  # somebody waits, and models are slow
            progress=lambda done, of: tick(done / of),
        )

    notes: list[str] = []
    try:
        endpoint = await chosen_endpoint(told)
        if endpoint is not None:
            return await search(endpoint), endpoint.name, notes
    except EndpointError as error:
        notes.append(f"{_sentence(error)} {_ENCODERS_JUDGED}")
    return await search(None), None, notes


async def chosen_endpoint(told: Header) -> Endpoint | None:
    """Who may be asked: a model on this computer, or the one beyond it that the user named twice; None for nobody.

    Args:
        told: `Assisting.as_header`.

    Raises:
        EndpointError: an address that is none, or one beyond this computer without that very yes.
    """
    url, model = told["endpoint"], told["model"]
    if not (url and model):
        return None
    remote = not is_local(url) and consented(url, told["consent"], said_yes=True, offline=False)
    return Endpoint(url, model, await key_for(url), remote_allowed=remote, attempts=2)


def _sentence(error: PhotoveilError) -> str:
    said = error.as_dict()
    return f"{said['title'].rstrip('.')}: {said['reason']}"
