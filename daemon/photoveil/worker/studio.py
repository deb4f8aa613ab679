"""What happens in the child: decode → protect → encode → report, with personas and encoders kept at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import torch

from photoveil.paths import models_dir
from photoveil.photos import AnimatedPhoto, MetadataPolicy, Photo, UnsupportedPhoto, decode
from photoveil.photos.preview import preview
from photoveil.protection import Engine, Persona, Protected, devices
from photoveil.worker.frames import Header
from photoveil.worker.ladder import Ladder
from photoveil.worker.outlet import Outlet

T = TypeVar("T")


class Studio:
    """Does what the frames ask for, one after the other."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._ladder = Ladder(_load)

    def do(self, header: Header, payload: bytes) -> None:
        """Answer one frame."""
        match header["op"]:
            case "prewarm":
                self._with_engine(header, lambda _engine: None)
                self._outlet.tell("warm")
            case "measure":
                self._measure(header)
            case "persona":
                known, _ = self._with_engine(
                    header, lambda engine: _has_anchors(self._persona(header), engine)
                )
                self._outlet.tell("persona", known=known)
            case "learn":
                self._learn(header, payload)
            case "protect":
                self._protect(header, payload)
            case op:
                raise ValueError(f"unknown operation {op}")

    def _with_engine(self, header: Header, work: Callable[[Engine], T]) -> tuple[T, list[str]]:
        """Do something with the engine that a frame asks for; once more, on a lower rung, where memory runs out."""

        def told(engine: Engine) -> T:
            self._outlet.tell("device", device=engine.device)
            return work(engine)

        return self._ladder.run(header["model_set"], header["device"], told)

    def _measure(self, header: Header) -> None:
        from photoveil.worker.measure import measure  # seldom needed

        device = devices.choose(header["device"]).device
        found = measure(device, lambda done: self._outlet.progress("measure", done))
        self._outlet.tell("device", device=str(device))
        self._outlet.tell("measured", measured=found)

    def _persona(self, header: Header) -> Persona:
        return Persona.load(Path(header["personas"]), header["persona"])

    def _learn(self, header: Header, payload: bytes) -> None:
        self._outlet.progress("decode", 0.0)
        photo = _still(payload, header["name"])
        self._outlet.progress("learn", 0.0)
        self._with_engine(header, lambda engine: self._learn_with(engine, header, photo))

    def _learn_with(self, engine: Engine, header: Header, photo: Photo) -> None:
        """Take one photo into the persona's mean; ``anew`` drops what these encoders knew, in the same step."""
        persona = self._persona(header)
        for encoder in engine.encoders if header["anew"] else ():
            persona.unlearn(encoder)
        known = persona.met(engine.encoders, photo.source.sha256)
        engine.learn(persona, [photo])
        persona.save(Path(header["personas"]))
        learnt = not known and persona.met(engine.encoders, photo.source.sha256)
        self._outlet.tell("learnt", learnt=learnt, known=known, photos=persona.photos_known(engine.encoders))

    def _protect(self, header: Header, payload: bytes) -> None:
        self._outlet.progress("decode", 0.0)
        try:
            photo = decode(payload, name=header["name"])
        except AnimatedPhoto as animation:
            self._outlet.tell("unchanged", reason=f"{animation.reason} {animation.remedy}")
            return
        protected, notes = self._with_engine(header, lambda engine: self._protect_with(engine, header, photo))
        if notes:
            report = replace(protected.report, notes=[*protected.report.notes, *notes])
            protected = replace(protected, report=report)
        if header["previews"]:
            self._picture("before", preview(photo, photo.pixels))
            self._picture("after", preview(photo, protected.pixels))
        self._deliver(photo, protected)

    def _protect_with(self, engine: Engine, header: Header, photo: Photo) -> Protected:
        persona = self._persona(header)
        protected = engine.protect(
            photo,
            persona=persona,
            method=header["method"],
            strength=header["strength"],
            metadata=MetadataPolicy(header["metadata"]),
            progress=self._outlet.progress,
        )
        persona.save(Path(header["personas"]))
        if header["compare"]:
            self._picture("compare", engine.compare(photo, protected))
        return protected

    def _picture(self, of: str, data: bytes) -> None:
        self._outlet.tell("picture-follows", of=of)
        self._outlet.tell("picture", data)

    def _deliver(self, photo: Photo, protected: Protected) -> None:
        encoded = protected.encoded
        height, width = protected.pixels.shape[:2]
        result = {
            "bytes": len(encoded.data),
            "format": str(encoded.format),
            "type": encoded.format.mime,
            "suffix": "" if encoded.name == photo.name else Path(encoded.name).suffix,
            "width": width,
            "height": height,
            "report": protected.report.as_dict(),
        }
        self._outlet.tell("result", encoded.data, result=result)


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
