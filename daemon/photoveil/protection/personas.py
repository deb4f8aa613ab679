"""A persona's place in encoder space: where its clean photos lie, and so where protected ones must go.

The first trials found that moving all photos of a persona away from the persona's *mean* feature beats every
per-photo target. The mean is learnt from the first photos and then kept, so that photos protected months apart
shift the same way: the shift is a property of the whole data set.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor
from torch.nn import functional as F

from photoveil.photos import replace_atomically
from photoveil.protection import roster
from photoveil.protection.encoders import Encoder, Features, Reference
from photoveil.protection.grade import Grade
from photoveil.protection.roster import ENOUGH_PHOTOS

_ID = 16
"""So many characters of a photo's SHA-256 are remembered."""


@dataclass
class Mean:
    """Sum of unit features over some photos: ``pooled`` D, ``tokens`` C; ``photos`` tells which these were."""

    pooled: Tensor
    tokens: Tensor
    photos: tuple[str, ...]

    def anchor(self, reference: Reference | None, device: torch.device) -> Features:
        """The antithetical region's centre, unit length, shapes D and C: the way from the persona's mean to that of
        people in general and on; without a reference, minus the mean."""
        centre = (0.0, 0.0) if reference is None else (reference.pooled.mean(0).cpu(), reference.tokens.cpu())
        count = len(self.photos)
        return Features(
            F.normalize(centre[0] - self.pooled / count, dim=-1).to(device),
            F.normalize(centre[1] - self.tokens / count, dim=-1).to(device),
        )


@dataclass(frozen=True)
class PersonaLook:
    """The grade that all photos of a persona share at one strength, and to how many it was ``fitted``."""

    grade: Grade
    fitted: int


@dataclass(frozen=True)
class _Lesson:
    """What one photo teaches about one encoder: unit features ``pooled`` D and their mean over ``tokens`` C."""

    key: str
    pooled: Tensor
    tokens: Tensor
    photo: str


@dataclass
class Persona:
    """Anyone whose photos belong together, with the mean feature of their clean photos per encoder.

    Attributes:
        looks: the persona's own look by strength and surrogates; see `grade`.
        sketches: small JPEG files of the first photos, by the beginning of their hash: looks are fitted to them.

    What is learnt is remembered until `save` adds it to the persona's file, where other processes may have added
    theirs meanwhile.
    """

    name: str
    means: dict[str, Mean] = field(default_factory=dict)
    looks: dict[str, PersonaLook] = field(default_factory=dict)
    sketches: dict[str, bytes] = field(default_factory=dict)
    _fresh: list[_Lesson] = field(default_factory=list, init=False, repr=False, compare=False)
    _dropped: set[str] = field(default_factory=set, init=False, repr=False, compare=False)
    _worn: set[str] = field(default_factory=set, init=False, repr=False, compare=False)
    _drawn: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        roster.check_name(self.name)

    def knows(self, encoder: Encoder) -> bool:
        """Whether the mean for this encoder (these very weights) is settled."""
        return len(self._photos(_key(encoder))) >= ENOUGH_PHOTOS

    def wants(self, encoder: Encoder, photo: str) -> bool:
        """Whether the photo with this SHA-256 would still change the mean for this encoder."""
        return self._wants(_key(encoder), photo[:_ID])

    def met(self, encoders: Sequence[Encoder], photo: str) -> bool:
        """Whether the photo with this SHA-256 is part of the mean for each of these encoders."""
        return all(photo[:_ID] in self._photos(_key(encoder)) for encoder in encoders)

    def photos_known(self, encoders: Sequence[Encoder]) -> int:
        """How many photos each of these encoders has learnt from, at least."""
        return min(len(self._photos(_key(encoder))) for encoder in encoders)

    def learn(self, encoder: Encoder, features: Features, photo: str) -> None:
        """Take a clean photo's features (1×D, 1×N×C) into the mean, until it has seen enough.

        ``photo`` is the photo's SHA-256: a photo met again counts once.
        """
        if self.wants(encoder, photo):
            pooled, tokens = features.pooled[0].cpu(), features.tokens[0].mean(0).cpu()
            lesson = _Lesson(_key(encoder), pooled, tokens, photo[:_ID])
            self._take(lesson)
            self._fresh.append(lesson)

    def look(self, strength: str, surrogates: Sequence[Encoder]) -> PersonaLook | None:
        """The look at a strength, if there is one for these very surrogates."""
        return self.looks.get(_look_key(strength, surrogates))

    def wear(self, strength: str, surrogates: Sequence[Encoder], grade: Grade) -> None:
        """Take on a look fitted to all sketches there are."""
        key = _look_key(strength, surrogates)
        self.looks[key] = PersonaLook(grade, len(self.sketches))
        self._worn.add(key)

    def sketch(self, photo: str, picture: Image.Image) -> None:
        """Keep a small copy of a clean photo with this SHA-256, unless there are enough."""
        key = photo[:_ID]
        if key not in self.sketches and len(self.sketches) < ENOUGH_PHOTOS:
            self.sketches[key] = _small_jpeg(picture)
            self._drawn.add(key)

    def unlearn(self, encoder: Encoder) -> None:
        """Start anew for this encoder, with new looks; what the file holds of it goes with the next `save`."""
        key = _key(encoder)
        self.means.pop(key, None)
        for things in (self.looks, self._worn, self.sketches, self._drawn):
            things.clear()
        self._fresh = [lesson for lesson in self._fresh if lesson.key != key]
        self._dropped.add(key)

    def anchor(self, encoder: Encoder, device: torch.device) -> Features:
        """The anchor for ``encoder``; the persona must have learnt from at least one photo."""
        return self.means[_key(encoder)].anchor(encoder.reference, device)

    def home(self, encoder: Encoder, device: torch.device) -> Tensor:
        """Where the persona's clean photos lie for ``encoder``: the unit mean of the pooled embeddings, D values."""
        return F.normalize(self.means[_key(encoder)].pooled.to(device), dim=-1)

    @classmethod
    def load(cls, folder: Path, name: str) -> Persona:
        """The persona kept in ``folder``, or a new one; raises PersonaError for a damaged file."""
        persona = cls(name)
        file = roster.file_of(folder, name)
        try:
            data = file.read_bytes()
            tensors = load(data)
            for key, photos in roster.photos_learnt(data).items():
                persona.means[key] = Mean(tensors[f"{key}/pooled"], tensors[f"{key}/tokens"], photos)
            persona.looks = _looks_in(tensors)
            persona.sketches = _sketches_in(tensors)
        except FileNotFoundError:
            return persona
        except (SafetensorError, OSError, ValueError, KeyError) as error:
            raise roster.damaged(file, error) from error
        return persona

    def save(self, folder: Path) -> None:
        """Add what was learnt since `load` to the file in ``folder``, in one step; its owner alone can read it.

        Another process may have saved since: nothing that either learnt is lost, and this persona knows both
        afterwards. Without anything new the file stays as it is.

        Raises:
            PersonaError: the file is damaged, or another process does not let go of it.
            OSError: the folder cannot be written to, or the disk is full.
        """
        if not (self._fresh or self._dropped or self._worn or self._drawn):
            return
        with roster.locked(folder):
            kept = Persona.load(folder, self.name)
            for key in self._dropped:
                kept.means.pop(key, None)
            if self._dropped:
                kept.looks.clear()
                kept.sketches.clear()
            for key in sorted(self._drawn):
                if len(kept.sketches) < ENOUGH_PHOTOS:
                    kept.sketches[key] = self.sketches[key]
            for lesson in self._fresh:
                kept._take(lesson)
            for key in self._worn:
                mine, theirs = self.looks[key], kept.looks.get(key)
                kept.looks[key] = mine if theirs is None or mine.fitted >= theirs.fitted else theirs
            replace_atomically(roster.file_of(folder, self.name), kept._packed())
        self.means, self.looks, self.sketches = kept.means, kept.looks, kept.sketches
        self._fresh, self._dropped, self._worn, self._drawn = [], set(), set(), set()

    def _packed(self) -> bytes:
        tensors = {}
        for key, mean in self.means.items():
            tensors[f"{key}/pooled"], tensors[f"{key}/tokens"] = mean.pooled, mean.tokens
        for key, look in self.looks.items():
            tensors[f"{_LOOK}{key}/table"], tensors[f"{_LOOK}{key}/field"] = (
                look.grade.table,
                look.grade.field,
            )
            tensors[f"{_LOOK}{key}/fitted"] = torch.tensor(look.fitted)
        for key, sketch in self.sketches.items():
            tensors[_SKETCH + key] = torch.frombuffer(bytearray(sketch), dtype=torch.uint8)
        return save(tensors, {key: " ".join(mean.photos) for key, mean in self.means.items()})

    def _photos(self, key: str) -> tuple[str, ...]:
        return self.means[key].photos if key in self.means else ()

    def _wants(self, key: str, photo: str) -> bool:
        seen = self._photos(key)
        return len(seen) < ENOUGH_PHOTOS and photo not in seen

    def _take(self, lesson: _Lesson) -> None:
        if not self._wants(lesson.key, lesson.photo):
            return
        pooled, tokens = lesson.pooled, lesson.tokens
        if old := self.means.get(lesson.key):
            pooled, tokens = pooled + old.pooled, tokens + old.tokens
        self.means[lesson.key] = Mean(pooled, tokens, (*self._photos(lesson.key), lesson.photo))


_LOOK, _SKETCH = "look/", "sketch/"
_SKETCH_EDGE = 320


def _small_jpeg(picture: Image.Image) -> bytes:
    picture = picture.copy()
    picture.thumbnail((_SKETCH_EDGE, _SKETCH_EDGE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def _sketches_in(tensors: dict[str, Tensor]) -> dict[str, bytes]:
    return {
        name[len(_SKETCH) :]: tensor.numpy().tobytes()
        for name, tensor in tensors.items()
        if name.startswith(_SKETCH)
    }


def _looks_in(tensors: dict[str, Tensor]) -> dict[str, PersonaLook]:
    ends = "/fitted"
    keys = [
        name[len(_LOOK) : -len(ends)] for name in tensors if name.startswith(_LOOK) and name.endswith(ends)
    ]
    return {
        key: PersonaLook(
            Grade(tensors[f"{_LOOK}{key}/table"], tensors[f"{_LOOK}{key}/field"]),
            int(tensors[f"{_LOOK}{key}{ends}"]),
        )
        for key in keys
    }


def _look_key(strength: str, surrogates: Sequence[Encoder]) -> str:
    weights = hashlib.sha256(" ".join(e.sha256 for e in surrogates).encode()).hexdigest()
    return f"{strength}-{weights[:_ID]}"


def _key(encoder: Encoder) -> str:
    return roster.key_of(encoder.name, encoder.sha256)
