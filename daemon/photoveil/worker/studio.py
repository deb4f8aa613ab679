"""What happens in the child: decode → protect → encode → report, with personas and encoders kept at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import torch

from photoveil.methods import ASSISTANT, UNLEARNABLE
from photoveil.paths import models_dir
from photoveil.photos import AnimatedPhoto, MetadataPolicy, Photo, UnsupportedPhoto, decode
from photoveil.photos.preview import preview
from photoveil.protection import Engine, Job, Persona, Protected, devices
from photoveil.worker import tools
from photoveil.worker.frames import Header
from photoveil.worker.ladder import Ladder
from photoveil.worker.outlet import Order, Outlet
from photoveil.worker.tasks import NOTHING_PRIVATE, Lesson

if TYPE_CHECKING:
    from photoveil.worker.unlearn import Tutor

T = TypeVar("T")

MOST_PIXELS = 48_000_000
"""Of photos that share passes: so much is decoded at once, or a single photo."""


class Sitter:
    """A photo to be protected, in company or alone."""

    def __init__(self, order: Order) -> None:
        self.header = order.header
        self.outlet = order.outlet
        self._payload = order.payload
        self._photo: Photo | None = None

    def photo(self) -> Photo:
        """The photo, decoded once. Raises AnimatedPhoto, or what else is wrong with it."""
        if self._photo is None:
            self.outlet.progress("decode", 0.0)
            self._photo = decode(self._payload, name=self.header["name"])
        return self._photo

    @property
    def pixels(self) -> int:
        """How many it has; 0 where it is no photo that could be protected, of which the parent is told."""
        try:
            height, width = self.photo().pixels.shape[:2]
        except AnimatedPhoto as animation:
            self.outlet.answer("unchanged", reason=f"{animation.reason} {animation.remedy}")
        except Exception as error:  # noqa: BLE001 - told
            self.outlet.fail(error)
        else:
            return int(height * width)
        return 0

    def job(self, persona: Persona) -> Job:
        """What the engine is asked."""
        return Job(
            self.photo(),
            persona,
            method=self.header["method"],
            strength=self.header["strength"],
            metadata=MetadataPolicy(self.header["metadata"]),
            progress=self.outlet.progress,
        )

    def hand_over(self, engine: Engine, protected: Protected, notes: Sequence[str]) -> None:
        """Send the pictures that are wanted and the copy; a copy that is the photo itself is none."""
        if protected.report.delivered.sha256 == protected.report.original.sha256:
            self._show(protected)  # so that its owner can say what was missed
            self.outlet.answer("unchanged", reason=NOTHING_PRIVATE)
            return
        if self.header["compare"]:
            self.picture("compare", engine.compare(self.photo(), protected))
        self._deliver(protected, notes)

    def _deliver(self, protected: Protected, notes: Sequence[str]) -> None:
        if notes:
            report = replace(protected.report, notes=[*protected.report.notes, *notes])
            protected = replace(protected, report=report)
        self._show(protected)
        encoded = protected.encoded
        height, width = protected.pixels.shape[:2]
        result = {
            "bytes": len(encoded.data),
            "format": str(encoded.format),
            "type": encoded.format.mime,
            "suffix": "" if encoded.name == self.photo().name else Path(encoded.name).suffix,
            "width": width,
            "height": height,
            "report": protected.report.as_dict(),
        }
        self._photo = None
        self.outlet.answer("result", encoded.data, result=result)

    def _show(self, protected: Protected) -> None:
        if self.header["previews"]:
            photo = self.photo()
            self.picture("before", preview(photo, photo.pixels))
            self.picture("after", preview(photo, protected.pixels))

    def picture(self, of: str, data: bytes) -> None:
        """Send a picture."""
        self.outlet.tell("picture", data, of=of)


Make = Callable[[Engine, Sitter], Protected]


class Studio:
    """Does what the frames ask for, one after the other; photos that come together share passes."""

    def __init__(self) -> None:
        self._ladder = Ladder(_load)
        self._tutor: Tutor | None = None

    def do(self, orders: Sequence[Order]) -> None:
        """Answer one question, or several photos to protect."""
        header, outlet = orders[0].header, orders[0].outlet
        match header["op"]:
            case "prewarm":
                self._with_engine(orders[0], lambda _engine: None)
                outlet.answer("warm")
            case "measure":
                self._measure(header, outlet)
            case "persona":
                known = self._with_engine(orders[0], lambda engine: _has_anchors(_persona(header), engine))
                outlet.answer("persona", known=known)
            case "learn":
                self._learn(orders[0])
            case "protect":
                self._protect([Sitter(order) for order in orders])
            case "tool":
                tools.do(orders[0])
            case op:
                raise ValueError(f"unknown operation {op}")

    def _with_engine(self, order: Order, work: Callable[[Engine], T]) -> T:
        """Do something with the engine that is asked for; once more, on a lower rung, where memory runs out."""

        def told(engine: Engine) -> T:
            self._tell_device(engine, order.outlet)
            return work(engine)

        done, _ = self._ladder.run(order.header["model_set"], order.header["device"], told)
        return done

    def _tell_device(self, engine: Engine, outlet: Outlet) -> None:
        outlet.tell("device", device=engine.device, batch=self._ladder.batch)

    def _measure(self, header: Header, outlet: Outlet) -> None:
        from photoveil.worker.measure import measure  # seldom needed

        device = devices.choose(header["device"]).device
        found = measure(device, lambda done: outlet.progress("measure", done))
        outlet.tell("device", device=str(device))
        outlet.answer("measured", measured=found)

    def _learn(self, order: Order) -> None:
        order.outlet.progress("decode", 0.0)
        photo = _still(order.payload, order.header["name"])
        order.outlet.progress("learn", 0.0)
        lesson = self._with_engine(order, lambda engine: _learn_with(engine, order.header, photo))
        order.outlet.answer("learnt", **asdict(lesson))

    def _protect(self, sitters: Sequence[Sitter]) -> None:
        while left := [sitter for sitter in sitters if not sitter.outlet.answered]:
            about = left[0].header
            try:
                self._ladder.run(
                    about["model_set"],
                    about["device"],
                    lambda engine: self._protect_with(engine, sitters),
                    len(left),
                )
            except MemoryError as error:
                # On the lowest rung they went one by one, in this order.
                next(sitter for sitter in sitters if not sitter.outlet.answered).outlet.fail(error)

    def _protect_with(self, engine: Engine, sitters: Sequence[Sitter]) -> None:
        for sitter in sitters:
            if not sitter.outlet.answered:
                self._tell_device(engine, sitter.outlet)
                make = self._others.get(sitter.header["method"])
                if make and sitter.pixels:
                    self._make(engine, sitter, make)
        while company := _company(sitters, self._ladder.batch):
            self._protect_company(engine, company)

    @property
    def _others(self) -> dict[str, Make]:
        """The methods that are not the engine's."""
        return {ASSISTANT: self._assist, UNLEARNABLE: self._unlearn}

    def _assist(self, engine: Engine, sitter: Sitter) -> Protected:
        from photoveil.worker.assist import assist  # OpenCV and what else finds private things

        return assist(engine, sitter.photo(), sitter.header, sitter.outlet.progress)

    def _unlearn(self, engine: Engine, sitter: Sitter) -> Protected:
        from photoveil.worker.unlearn import Tutor

        self._tutor = self._tutor or Tutor()
        return self._tutor.unlearn(engine, sitter.photo(), sitter.header, sitter.outlet.progress)

    def _make(self, engine: Engine, sitter: Sitter, make: Make) -> None:
        try:
            sitter.hand_over(engine, make(engine, sitter), self._ladder.notes)
        except Exception as error:
            if devices.out_of_memory(error):
                raise
            sitter.outlet.fail(error)

    def _protect_company(self, engine: Engine, company: Sequence[Sitter]) -> None:
        personas: dict[str, Persona] = {}
        jobs: list[Job] = []
        asked: list[Sitter] = []
        for sitter in company:
            try:
                name = sitter.header["persona"]
                if name not in personas:
                    personas[name] = _persona(sitter.header)
            except Exception as error:  # noqa: BLE001 - told; others may have other personas
                sitter.outlet.fail(error)
                continue
            jobs.append(sitter.job(personas[name]))
            asked.append(sitter)
        for index, made in engine.protect_many(jobs):
            try:
                self._hand_over(engine, asked[index], jobs[index].persona, _good(made))
            except Exception as error:
                if devices.out_of_memory(error):
                    raise
                asked[index].outlet.fail(error)

    def _hand_over(self, engine: Engine, sitter: Sitter, persona: Persona, protected: Protected) -> None:
        """Keep what the persona learnt, and only then deliver what was made with it."""
        persona.save(Path(sitter.header["personas"]))
        sitter.hand_over(engine, protected, self._ladder.notes)


def _company(sitters: Sequence[Sitter], most: int) -> list[Sitter]:
    """The next photos that share passes; what is wrong with a photo is told on the way."""
    company: list[Sitter] = []
    total = 0
    for sitter in sitters:
        if len(company) == most:
            break
        if sitter.outlet.answered or not (pixels := sitter.pixels):
            continue
        total += pixels
        if company and total > MOST_PIXELS:
            break
        company.append(sitter)
    return company


def _good(made: Protected | Exception) -> Protected:
    if isinstance(made, Exception):
        raise made
    return made


def _learn_with(engine: Engine, header: Header, photo: Photo) -> Lesson:
    """Take one photo into the persona's mean; ``anew`` drops what these encoders knew, in the same step."""
    persona = _persona(header)
    for encoder in engine.encoders if header["anew"] else ():
        persona.unlearn(encoder)
    known = persona.met(engine.encoders, photo.source.sha256)
    engine.learn(persona, [photo])
    persona.save(Path(header["personas"]))
    learnt = not known and persona.met(engine.encoders, photo.source.sha256)
    return Lesson(learnt, known, persona.photos_known(engine.encoders))


def _persona(header: Header) -> Persona:
    return Persona.load(Path(header["personas"]), header["persona"])


def _load(model_set: str, device: torch.device) -> Engine:
    return Engine.load(model_set, device=str(device), models_dir=models_dir())


def _still(payload: bytes, name: str) -> Photo:
    try:
        return decode(payload, name=name)
    except AnimatedPhoto as animation:
        raise UnsupportedPhoto.of(
            f"{animation.reason} Nothing is learnt from moving pictures.",
            "Save a still photo and offer that.",
        ) from animation


def _has_anchors(persona: Persona, engine: Engine) -> bool:
    try:
        for encoder in engine.encoders:
            persona.anchor(encoder, torch.device("cpu"))
    except KeyError:
        return False
    return True
