"""One photo from start to end: search on a small copy of it, then the copy at full size, measured as delivered."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from photoveil.assistant.answers import PROMPTS, Answers, Ask, Usefulness, as_jpeg
from photoveil.assistant.codes import STEPS, readable, still_readable
from photoveil.assistant.evaluation import PREVIEW, Evaluation, shrunk, structure, subject
from photoveil.assistant.front import Front, Measured, Point
from photoveil.assistant.history import History
from photoveil.assistant.obfuscation import obfuscate
from photoveil.assistant.parameters import Parameters
from photoveil.assistant.regions import Region
from photoveil.assistant.search import front, queries_for
from photoveil.assistant.sight import Recognition, Resemblance
from photoveil.endpoint import Asker
from photoveil.errors import PhotoveilError
from photoveil.photos import Encoded, MetadataPolicy, Photo, encode
from photoveil.protection.catalogue import Role
from photoveil.protection.channel import fit, jpeg
from photoveil.protection.encoders import Encoder

Pixels = NDArray[np.uint8]
Progress = Callable[[int, int], None]

_PLATFORM = 1080
_EDGE = 0.2  # of a region's size


class NothingPrivateError(PhotoveilError):
    """A photo on which nothing is to be hidden."""

    code = "nothing_private"


@dataclass(frozen=True)
class Copy:
    """A file to be sent to an assistant.

    Attributes:
        told: what it gives away and keeps, for programs; measured on the file after an upload (1080 px, JPEG 75).
    """

    encoded: Encoded
    point: Point
    told: dict[str, Any]


@dataclass(frozen=True)
class Sitting:
    """A photo whose trade-offs are known; `deliver` makes the copy for a place of the slider."""

    photo: Photo
    regions: tuple[Region, ...]
    spared: tuple[Region, ...]
    front: Front
    answered: bool
    _witnesses: Recognition
    _uploaded: Pixels

    def deliver(self, slider: float) -> Copy:
        """The copy at a place of the slider: 0 most useful, 0.5 the default, 1 most private; codes may be readable."""
        point = self.front.pick(slider)
        pixels = obfuscate(self.photo.pixels, self.regions, point.parameters, spared=self.spared)
        encoded = encode(_without_second_copies(self.photo), pixels, metadata=MetadataPolicy.STRIP_ALL)
        return Copy(encoded, point, self._told(encoded, point))

    def deliver_unread(self, slider: float) -> Copy:
        """The copy at a place of the slider, or at a more private one where machines could still read a code on it.

        Raises:
            StillReadableError: they still can at the most private place.
        """
        watched = self._watched()
        if not watched:
            return self.deliver(slider)
        for place in (slider, *(step for step in STEPS if step > slider)):
            copy = self.deliver(place)
            pixels = _read(copy.encoded)
            seen = pixels, _uploaded(pixels)
            if not any(reads(each) for reads in watched for each in seen):
                return copy
        raise still_readable()

    def _watched(self) -> list[Callable[[Pixels], bool]]:
        """Readers of what must not be read: all of the copy where codes are to be hidden, else frames around one."""
        if any(region.kind == "code" for region in self.regions):
            return [readable]
        readers = [partial(_readable_in, region) for region in self.regions]
        return [reads for reads in readers if reads(self.photo.pixels)]

    def _told(self, encoded: Encoded, point: Point) -> dict[str, Any]:
        seen = _uploaded(_read(encoded))
        return {
            "recognised_by_witnesses": _worst(self._witnesses.left(seen)),
            "similarity_of_regions": _worst(structure(self._uploaded, seen, self.regions)),
            "agreement": round(point.measured.agreement, 4),
            "answers_kept": round(point.measured.kept, 4) if self.answered else None,
            "leak": round(point.measured.leak, 4),
            "loss": round(point.measured.loss, 4),
            "parameters": point.parameters.as_dict(),
            "regions": [region.as_dict() for region in self.regions],
            "queries": self.front.queries,
        }


async def sit(
    photo: Photo,
    regions: Sequence[Region],
    encoders: Sequence[Encoder],
    history: History,
    *,
    spared: Sequence[Region] = (),
    prompts: Sequence[str] = PROMPTS,
    asker: Asker | None = None,
    queries: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Sitting:
    """Find a photo's best trade-offs.

    Args:
        photo: decoded; its pixels do not change.
        regions: what is private on it.
        encoders: of a model set; surrogates serve the search, witnesses what is told of copies.
        history: what earlier photos taught; learns from this one.
        spared: what its owner wants to stay as it is; only measures for the whole photo reach it.
        prompts: what will be asked about the photo; at least one.
        asker: the model whose answers count; it is shown a small copy of the original once, then obfuscated ones. None
            for the encoders' own view instead of answers.
        queries: how many copies are tried; None for as many as the history makes necessary.

    Raises:
        NothingPrivateError: there is no region.
        PhotoveilError: the asker did not answer.
    """
    if not regions:
        raise NothingPrivateError(
            "Nothing private was found on this photo",
            "No face, QR code or bar code was found, and no box was given.",
            "Say where private things are with --box LEFT,TOP,RIGHT,BOTTOM (in per cent), or send the photo as it is.",
        )
    small = shrunk(photo.pixels, PREVIEW)
    surrogates = [e for e in encoders if e.role is Role.SURROGATE]
    usefulness: Usefulness = (
        await Answers.about(asking(asker), prompts, small)
        if asker is not None
        else Resemblance(surrogates, small, regions)
    )
    evaluation = Evaluation(small, regions, Recognition(surrogates, small, regions), usefulness, spared)
    budget = queries if queries is not None else queries_for(history)
    done = 0

    async def counted(parameters: Parameters) -> Measured:
        nonlocal done
        measured = await evaluation(parameters)
        done += 1
        if progress is not None:
            progress(done, budget)
        return measured

    found = await front(subject(small, regions), counted, budget, history, seed=seed)
    witnesses = [e for e in encoders if e.role is Role.WITNESS] or surrogates
    uploaded = _uploaded(photo.pixels)
    return Sitting(
        photo,
        tuple(regions),
        tuple(spared),
        found,
        asker is not None,
        Recognition(witnesses, uploaded, regions),
        uploaded,
    )


def asking(asker: Asker) -> Ask:
    """An endpoint or a local model as somebody who is asked; a refusal is an empty answer."""

    async def ask(pixels: Pixels, prompts: Sequence[str]) -> list[str]:
        data = as_jpeg(pixels)
        answers = [await asker.ask(data, "image/jpeg", prompt) for prompt in prompts]
        return ["" if answer.refused else answer.text for answer in answers]

    return ask


def _readable_in(region: Region, pixels: Pixels) -> bool:
    """Whether a machine reads a code in a region, which is shown with the light edge that readers want."""
    left, top, right, bottom = region.grown(_EDGE).pixels(pixels.shape[1], pixels.shape[0])
    return readable(np.ascontiguousarray(pixels[top:bottom, left:right]))


def _without_second_copies(photo: Photo) -> Photo:
    """The photo without planes that hold more of the original than its 8-bit pixels: 16-bit samples and inks."""
    source = photo.source
    metadata = replace(source.metadata, icc=None) if source.inks is not None else source.metadata
    return replace(photo, source=replace(source, inks=None, deep=None, metadata=metadata))


def _uploaded(pixels: Pixels) -> Pixels:
    """After a platform: at most 1080 px, JPEG 75."""
    return np.asarray(jpeg(fit(Image.fromarray(pixels).convert("RGB"), _PLATFORM), 75).convert("RGB"))


def _read(encoded: Encoded) -> Pixels:
    """The delivered file as whoever opens it sees it."""
    with Image.open(io.BytesIO(encoded.data)) as file:
        return np.asarray(file.convert("RGB"))


def _worst(values: Sequence[float]) -> float:
    return round(max(values), 4)
