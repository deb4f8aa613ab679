"""A persona's place in encoder space: where its clean photos lie, and so where protected ones must go.

The first trials found that moving all photos of a persona away from the persona's *mean* feature beats every
per-photo target. The mean is learnt from the first photos and then kept, so that photos protected months apart
shift the same way: the shift is a property of the whole data set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor
from torch.nn import functional as F

from photoveil.photos import replace_atomically
from photoveil.protection import roster
from photoveil.protection.encoders import Encoder, Features
from photoveil.protection.roster import ENOUGH_PHOTOS

_ID = 16
"""So many characters of a photo's SHA-256 are remembered."""


@dataclass
class Mean:
    """Sum of unit features over some photos: ``pooled`` D, ``tokens`` C; ``photos`` tells which these were."""

    pooled: Tensor
    tokens: Tensor
    photos: tuple[str, ...]

    def anchor(self, device: torch.device) -> Features:
        """The antithetical region's centre: minus the mean, unit length; shapes D and C."""
        return Features(
            F.normalize(-self.pooled.to(device), dim=-1), F.normalize(-self.tokens.to(device), dim=-1)
        )


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

    What is learnt is remembered until `save` adds it to the persona's file, where other processes may have added
    theirs meanwhile.
    """

    name: str
    means: dict[str, Mean] = field(default_factory=dict)
    _fresh: list[_Lesson] = field(default_factory=list, init=False, repr=False, compare=False)
    _dropped: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

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

    def unlearn(self, encoder: Encoder) -> None:
        """Start anew for this encoder; what the file holds of it goes with the next `save`."""
        key = _key(encoder)
        self.means.pop(key, None)
        self._fresh = [lesson for lesson in self._fresh if lesson.key != key]
        self._dropped.add(key)

    def anchor(self, encoder: Encoder, device: torch.device) -> Features:
        """The anchor for ``encoder``; the persona must have learnt from at least one photo."""
        return self.means[_key(encoder)].anchor(device)

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
        if not self._fresh and not self._dropped:
            return
        with roster.locked(folder):
            kept = Persona.load(folder, self.name)
            for key in self._dropped:
                kept.means.pop(key, None)
            for lesson in self._fresh:
                kept._take(lesson)
            replace_atomically(roster.file_of(folder, self.name), kept._packed())
        self.means, self._fresh, self._dropped = kept.means, [], set()

    def _packed(self) -> bytes:
        tensors = {}
        for key, mean in self.means.items():
            tensors[f"{key}/pooled"], tensors[f"{key}/tokens"] = mean.pooled, mean.tokens
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


def _key(encoder: Encoder) -> str:
    return roster.key_of(encoder.name, encoder.sha256)
