"""A persona's place in encoder space: where its clean photos lie, and so where protected ones must go.

The first trials found that moving all photos of a persona away from the persona's *mean* feature beats every
per-photo target. The mean is learnt from the first photos and then kept, so that photos protected months apart
shift the same way: the shift is a property of the whole data set.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor
from torch.nn import functional as F

from photoveil.errors import PhotoveilError
from photoveil.photos import replace_atomically
from photoveil.protection.encoders import Encoder, Features

ENOUGH_PHOTOS = 8
"""A persona's mean is kept fixed once it has seen this many photos."""

_ID = 16
"""So many characters of a photo's SHA-256 are remembered."""

_NAME = re.compile(r"[\w][\w .-]{0,63}", re.UNICODE)


class PersonaError(PhotoveilError):
    """A persona has an unusable name or a damaged file."""

    code = "persona"


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


@dataclass
class Persona:
    """Anyone whose photos belong together, with the mean feature of their clean photos per encoder."""

    name: str
    means: dict[str, Mean] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise PersonaError(
                "Persona name not usable",
                f"“{self.name[:70]}” has characters that a file name cannot hold, or is longer than 64.",
                "Use letters, digits, spaces, dots, hyphens and underscores.",
            )

    def knows(self, encoder: Encoder) -> bool:
        """Whether the mean for this encoder (these very weights) is settled."""
        mean = self.means.get(_key(encoder))
        return mean is not None and len(mean.photos) >= ENOUGH_PHOTOS

    def learn(self, encoder: Encoder, features: Features, photo: str) -> None:
        """Take a clean photo's features (1×D, 1×N×C) into the mean, until it has seen enough.

        ``photo`` is the photo's SHA-256: a photo met again counts once.
        """
        old = self.means.get(_key(encoder))
        seen = old.photos if old else ()
        if self.knows(encoder) or photo[:_ID] in seen:
            return
        pooled, tokens = features.pooled[0].cpu(), features.tokens[0].mean(0).cpu()
        if old:
            pooled, tokens = pooled + old.pooled, tokens + old.tokens
        self.means[_key(encoder)] = Mean(pooled, tokens, (*seen, photo[:_ID]))

    def anchor(self, encoder: Encoder, device: torch.device) -> Features:
        """The anchor for ``encoder``; the persona must have learnt from at least one photo."""
        return self.means[_key(encoder)].anchor(device)

    @classmethod
    def load(cls, folder: Path, name: str) -> Persona:
        """The persona kept in ``folder``, or a new one; raises PersonaError for a damaged file."""
        persona = cls(name)
        file = persona._file(folder)
        if not file.exists():
            return persona
        try:
            with safe_open(file, framework="pt") as stored:
                for key, photos in (stored.metadata() or {}).items():
                    pooled, tokens = stored.get_tensor(f"{key}/pooled"), stored.get_tensor(f"{key}/tokens")
                    persona.means[key] = Mean(pooled, tokens, tuple(photos.split()))
        except (SafetensorError, OSError, ValueError) as error:
            raise PersonaError(
                "Persona file damaged",
                f"{file.name} cannot be read ({error}).",
                "Delete the file; the persona is learnt anew from your next photos.",
            ) from error
        return persona

    def save(self, folder: Path) -> None:
        """Write the persona to ``folder`` in one step, readable by its owner only."""
        tensors = {}
        for key, mean in self.means.items():
            tensors[f"{key}/pooled"], tensors[f"{key}/tokens"] = mean.pooled, mean.tokens
        metadata = {key: " ".join(mean.photos) for key, mean in self.means.items()}
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_atomically(self._file(folder), save(tensors, metadata))

    def _file(self, folder: Path) -> Path:
        return folder / f"{self.name}.safetensors"


def _key(encoder: Encoder) -> str:
    # Other weights under the same name would make the stored mean meaningless.
    return f"{encoder.name}@{encoder.sha256[:16]}"
