"""In the child: a photo made unlearnable for vision-language models, reported in the same shape as every method."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image

from photoveil.photos import MetadataPolicy, Photo
from photoveil.protection import Engine, Protected, devices
from photoveil.protection.delivery import Delivery, deliver
from photoveil.protection.encoders import Features, encode_all
from photoveil.protection.jobs import Clock, Progress
from photoveil.protection.reduced import reduced
from photoveil.protection.report import Report, picture, through_channels
from photoveil.worker.accounts import account
from photoveil.worker.frames import Header

if TYPE_CHECKING:
    from photoveil.unlearnable.product import Change
    from photoveil.unlearnable.vlm import TransformersSurrogate

_ORIGINAL = "original"
_HALF = "The words found for this photo are half of this protection: paste them as its alt text or into its caption."


@dataclass(frozen=True)
class UnlearnableReport(Report):
    """A report whose ``unlearnable`` tells what the model would still learn (docs/report.md).

    No encoder was optimised against, so ``encoders`` is empty; how far those at hand were moved is in there, too.
    """

    unlearnable: dict[str, Any] = field(default_factory=dict)


class Tutor:
    """Keeps the user's model at hand, since loading it takes longer than most photos."""

    def __init__(self) -> None:
        self._model: TransformersSurrogate | None = None
        self._at: tuple[Path, tuple[tuple[str, int, int], ...], str] | None = None

    def unlearn(self, engine: Engine, photo: Photo, header: Header, progress: Progress) -> Protected:
        """The copy of a photo that the user's model, and models like it, learn less from.

        Args:
            engine: whose device is used; its encoders are witnesses.
            header: what the parent asks.
            progress: told how far it is; what it raises ends the work.

        Raises:
            UnlearnableError: the model cannot be used.
            CatalogueError: unknown strength.
        """
        try:
            return self._unlearn(engine, photo, header, progress)
        except Exception as error:
            if devices.out_of_memory(error):
                self._drop()
            raise

    def _unlearn(self, engine: Engine, photo: Photo, header: Header, progress: Progress) -> Protected:
        _let_transformers_in()
        from photoveil.unlearnable import product

        clock = Clock(progress)
        with clock.stage("prepare"):
            budget = product.budget(header["strength"])
            model = self._ready(Path(header["unlearnable_model"]).expanduser(), torch.device(engine.device))
        with clock.stage("protect"):
            change = product.find(model, photo, header["persona"], budget.name, clock.tick("protect"))
        with clock.stage("write"):
            done = deliver(photo, None, change.noise, budget, MetadataPolicy(header["metadata"]))
        with clock.stage("measure"):
            told = _measured(engine, model, photo, done, change, header["persona"])
        told |= {"epsilon": product.LEVELS[budget.name]}
        report = account(UnlearnableReport, engine, photo, done, header, clock, [_HALF], unlearnable=told)
        return Protected(done.pixels, done.encoded, report)

    def _ready(self, folder: Path, device: torch.device) -> TransformersSurrogate:
        """The model of a folder; read anew once its files are others."""
        from photoveil.unlearnable.loading import load

        weights = sorted(folder.glob("*.safetensors"))
        state = tuple((file.name, (seen := file.stat()).st_size, seen.st_mtime_ns) for file in weights)
        at = folder, state, str(device)
        if self._model is None or self._at != at:
            self._drop()  # first let the old one go
            self._model, self._at = load(folder, device), at
        return self._model

    def _drop(self) -> None:
        self._model = self._at = None


def _let_transformers_in() -> None:
    """The child keeps transformers out while encoders are loaded (see there); now it is wanted."""
    if sys.modules.get("transformers", torch) is None:
        del sys.modules["transformers"]


def _measured(
    engine: Engine, model: TransformersSurrogate, photo: Photo, done: Delivery, change: Change, persona: str
) -> dict[str, Any]:
    """What the model would still learn, and how far encoders that had no part in it were moved."""
    from photoveil.unlearnable.product import answer_losses

    after = through_channels(picture(done.pixels))
    before = {_ORIGINAL: reduced(picture(photo.pixels))}
    return {
        "model": model.name,
        "words": change.words,
        "answer_loss": answer_losses(model, before | after, persona, ""),
        "answer_loss_with_words": answer_losses(model, after, persona, change.words),
        "witnesses": _witnesses(engine, before[_ORIGINAL], after),
    }


@torch.inference_mode()
def _witnesses(engine: Engine, before: Image.Image, after: dict[str, Image.Image]) -> list[dict[str, Any]]:
    found: dict[str, Features] = encode_all(engine.encoders, [before, *after.values()])
    told = []
    for encoder in engine.encoders:
        pooled = found[encoder.name].pooled
        cosines = (pooled[1:] @ pooled[0]).tolist()
        told.append({"name": encoder.name, "cosine": dict(zip(after, cosines, strict=True))})
    return told
