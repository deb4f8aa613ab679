"""What happens in the child: decode → protect → encode → report, with personas and encoders kept at hand."""

from __future__ import annotations

from pathlib import Path

import torch

from photoveil.paths import models_dir
from photoveil.photos import AnimatedPhoto, MetadataPolicy, Photo, UnsupportedPhoto, decode
from photoveil.photos.preview import preview
from photoveil.protection import Engine, Persona, Protected
from photoveil.worker.frames import Header
from photoveil.worker.outlet import Outlet


class Studio:
    """Does what the frames ask for, one after the other."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._engine: Engine | None = None

    def do(self, header: Header, payload: bytes) -> None:
        """Answer one frame."""
        engine = self._engine_for(header["model_set"])
        self._outlet.tell("device", device=engine.device)
        match header["op"]:
            case "prewarm":
                self._outlet.tell("warm")
            case "persona":
                self._outlet.tell("persona", known=_has_anchors(self._persona(header), engine))
            case "learn":
                self._learn(engine, header, payload)
            case "protect":
                self._protect(engine, header, payload)
            case op:
                raise ValueError(f"unknown operation {op}")

    def _engine_for(self, model_set: str) -> Engine:
        if self._engine is None or self._engine.model_set != model_set:
            self._engine = None  # first let the old encoders go
            self._engine = Engine.load(model_set, models_dir=models_dir())
        return self._engine

    def _persona(self, header: Header) -> Persona:
        return Persona.load(Path(header["personas"]), header["persona"])

    def _learn(self, engine: Engine, header: Header, payload: bytes) -> None:
        """Take one photo into the persona's mean; ``anew`` drops what these encoders knew, in the same step."""
        self._outlet.progress("decode", 0.0)
        photo = _still(payload, header["name"])
        self._outlet.progress("learn", 0.0)
        persona = self._persona(header)
        for encoder in engine.encoders if header["anew"] else ():
            persona.unlearn(encoder)
        known = persona.met(engine.encoders, photo.source.sha256)
        engine.learn(persona, [photo])
        persona.save(Path(header["personas"]))
        learnt = not known and persona.met(engine.encoders, photo.source.sha256)
        self._outlet.tell("learnt", learnt=learnt, known=known, photos=persona.photos_known(engine.encoders))

    def _protect(self, engine: Engine, header: Header, payload: bytes) -> None:
        self._outlet.progress("decode", 0.0)
        try:
            photo = decode(payload, name=header["name"])
        except AnimatedPhoto as animation:
            self._outlet.tell("unchanged", reason=f"{animation.reason} {animation.remedy}")
            return
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
            picture = engine.compare(photo, protected)
            self._picture("compare", picture)
        if header["previews"]:
            self._picture("before", preview(photo, photo.pixels))
            self._picture("after", preview(photo, protected.pixels))
        self._deliver(photo, protected)

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
