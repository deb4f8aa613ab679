"""What is done to every photo of an archive, and the marks that tell whether it was done already."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from photoveil.protection import roster
from photoveil.protection.catalogue import ModelSet


@dataclass(frozen=True)
class Recipe:
    """How each photo is protected; the same recipe makes the same bytes of the same photo."""

    persona: str
    method: str
    strength: str
    model_set: str
    metadata: str
    seed: int = 0


@dataclass(frozen=True)
class Acquaintance:
    """What is known of the persona in the eyes of a model set: the photos learnt from, for each encoder."""

    photos: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, folder: Path, persona: str, models: ModelSet) -> Acquaintance:
        """Read it from the persona's file; raises PersonaError where that is damaged."""
        file = roster.file_of(folder, persona)
        try:
            learnt = roster.photos_learnt(file.read_bytes())
        except FileNotFoundError:
            learnt = {}
        except (OSError, ValueError) as error:
            raise roster.damaged(file, error) from error
        return cls(tuple(learnt.get(key, ()) for key in encoder_keys(models)))

    @property
    def settled(self) -> bool:
        """Whether further photos change nothing."""
        return all(len(photos) >= roster.ENOUGH_PHOTOS for photos in self.photos)

    def met(self, sha256: str) -> bool:
        """Whether a photo is part of what is known."""
        return all(any(sha256.startswith(photo) for photo in photos) for photos in self.photos)


def encoder_keys(models: ModelSet) -> tuple[str, ...]:
    """The encoders of a model set with the beginning of their weights' hash."""
    return tuple(sorted(roster.key_of(encoder.name, encoder.sha256) for encoder in models.encoders))


def mark(recipe: Recipe, models: ModelSet, known: Acquaintance) -> str:
    """The recipe, the encoders and the persona's direction in one word: another word means other bytes."""
    what = {**asdict(recipe), "encoders": encoder_keys(models), "learnt": known.photos}
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:32]
