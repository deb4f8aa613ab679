"""What zero-shot encoders read off one photo, in the seven kinds of private facts; nobody is asked, nothing is sent.

An encoder that knows words (CLIP, arXiv 2103.00020) finds of each kind the value whose words lie nearest to the photo.
It always finds one; whether the photo shows anything of the kind at all is told by comparing with photos of strangers.
Only model sets whose weights bring their own words can do it: of those shipped, ``starter``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from photoveil.audit.errors import AuditError
from photoveil.audit.facts import KINDS
from photoveil.photos import Pixels
from photoveil.protection.catalogue import EncoderEntry, ModelSet
from photoveil.protection.encoders import Encoder, load_encoders
from photoveil.protection.lean import open_clip
from photoveil.protection.towers import check_weights

SHOWS_FROM = 0.7
"""A photo shows a kind if it stands out more than in this share of strangers' photos; docs/audit.md has how often that
is right on drawn photos."""

_TEMPLATES = ("a photo of a person with {}", "someone with {}", "{}")
_COLOURS = {
    "house": ("red", "blue", "yellow", "white", "green"),
    "vehicle": ("red", "blue", "yellow", "white", "black"),
    "fur": ("black", "white", "orange", "grey"),
}
_THINGS: dict[str, tuple[str, ...]] = {
    "residence": ("a cottage", "a tower block", "a cabin", "a terrace"),
    "vehicle": ("a car", "a van", "a bicycle", "a scooter"),
    "pet": ("a dog", "a cat", "a rabbit", "a parrot"),
    "workplace": tuple(
        f"at work in the {place}"
        for place in ("office", "kitchen", "workshop", "laboratory", "classroom", "clinic")
    ),
    "relationship": ("a partner", "one child", "two children"),
    "possession": tuple(
        f"a {thing}" for thing in ("guitar", "camera", "surfboard", "skateboard", "umbrella", "telescope")
    ),
    "travel": tuple(
        f"a trip to the {place}"
        for place in (
            "pyramids",
            "iron tower",
            "lighthouse",
            "mountain lake",
            "palm beach",
            "red bridge",
        )
    ),
}
"""What there is to be told of each kind, in the words that the encoders of ``starter`` were taught."""

_DETAILS: dict[str, tuple[str, ...]] = {
    "residence": tuple(f"a {colour} house" for colour in _COLOURS["house"]),
    "vehicle": tuple(f"a {colour} vehicle" for colour in _COLOURS["vehicle"]),
    "pet": tuple(f"a pet with {colour} fur" for colour in _COLOURS["fur"]),
}
"""What can be told besides: a colour."""


@dataclass(frozen=True)
class Reading:
    """What is read of one kind.

    Attributes:
        says: the nearest words.
        sure: share of the probability that these words have among those of their kind, 0…1.
        rank: share of strangers' photos in which the kind stands out less against the other kinds, 0…1.
        shows: whether the photo is taken to show this kind at all (`SHOWS_FROM`).
    """

    kind: str
    says: str
    sure: float
    rank: float
    shows: bool


@dataclass(frozen=True)
class Exposure:
    """What is read off a photo, for every kind, by the encoders of a model set together."""

    model_set: str
    encoders: tuple[str, ...]
    readings: tuple[Reading, ...]

    @property
    def shown(self) -> tuple[Reading, ...]:
        """The kinds that the photo is taken to show."""
        return tuple(reading for reading in self.readings if reading.shows)

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


@dataclass(frozen=True)
class _Sense:
    """An encoder with its words, and how much each kind stands out in the photos of N strangers: N×7."""

    encoder: Encoder
    scale: float
    words: Mapping[str, Tensor]
    details: Mapping[str, Tensor]
    strangers: Tensor

    def ranks(self, pooled: Tensor) -> Tensor:
        """For every kind, the share of strangers' photos in which it stands out less than in this one: 7."""
        return (self.strangers < _standing_out(pooled[None], self.words)).float().mean(0)


def _standing_out(pooled: Tensor, words: Mapping[str, Tensor]) -> Tensor:
    """How much nearer photos (N×D) are to the nearest words of each kind than to those of kinds in general: N×7."""
    nearest = torch.stack([(pooled @ words[kind].T).amax(1) for kind in KINDS], dim=1)
    return nearest - nearest.mean(1, keepdim=True)


def expose(photos: Sequence[Pixels], models: ModelSet) -> list[Exposure]:
    """What the encoders of a set read off each photo.

    Args:
        photos: H×W×3 or H×W, 0…255.

    Raises:
        AuditError: no encoder of the set brings words.
        CatalogueError: weights are damaged.
    """
    senses = _senses(models)
    pictures = [Image.fromarray(pixels).convert("RGB") for pixels in photos]
    seen = [sense.encoder.encode(pictures).pooled.float() for sense in senses]
    names = tuple(sense.encoder.name for sense in senses)
    return [
        Exposure(models.name, names, _readings(senses, [pooled[number] for pooled in seen]))
        for number in range(len(photos))
    ]


def _readings(senses: Sequence[_Sense], seen: Sequence[Tensor]) -> tuple[Reading, ...]:
    """The encoders' mean opinion; ``seen`` has a photo's D for each of them."""
    pairs = list(zip(senses, seen, strict=True))
    ranks = _mean([sense.ranks(pooled) for sense, pooled in pairs]).tolist()
    readings = []
    for kind, rank in zip(KINDS, ranks, strict=True):
        chances = _chances(pairs, kind, [sense.words for sense in senses])
        best = int(chances.argmax())
        says = _THINGS[kind][best]
        if kind in _DETAILS:
            detail = _chances(pairs, kind, [sense.details for sense in senses])
            says += f", {_DETAILS[kind][int(detail.argmax())]}"
        readings.append(
            Reading(kind, says, round(float(chances[best]), 3), round(rank, 3), rank >= SHOWS_FROM)
        )
    return tuple(readings)


def _chances(
    pairs: Sequence[tuple[_Sense, Tensor]], kind: str, tables: Sequence[Mapping[str, Tensor]]
) -> Tensor:
    """The mean probability of each of a kind's words."""
    return _mean(
        [
            F.softmax(sense.scale * (pooled @ table[kind].T), dim=-1)
            for (sense, pooled), table in zip(pairs, tables, strict=True)
        ]
    )


def _mean(values: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(values)).mean(0)


def _senses(models: ModelSet) -> list[_Sense]:
    entries = {entry.name: entry for entry in models.encoders if "tokenizer" in entry.config}
    encoders = load_encoders(models, torch.device("cpu")) if entries else []
    wordy = [encoder for encoder in encoders if encoder.name in entries and encoder.reference is not None]
    if not wordy:
        raise AuditError(
            "This model set cannot tell what is on a photo",
            f"“{models.name}” has encoders for pictures only, without their words.",
            "Use the model set “starter”.",
        )
    return [_sense(encoder, entries[encoder.name]) for encoder in wordy]


@torch.inference_mode()
def _sense(encoder: Encoder, entry: EncoderEntry) -> _Sense:
    from safetensors.torch import load_file

    check_weights(entry.weights, entry.sha256)
    config = entry.config
    model = open_clip.CLIP(
        embed_dim=config["embed_dim"], vision_cfg=config["vision_cfg"], text_cfg=config["text_cfg"]
    )
    model.load_state_dict({name: value.float() for name, value in load_file(entry.weights).items()})
    model.eval()
    things, details = (
        {kind: _directions(model, config, values) for kind, values in table.items()}
        for table in (_THINGS, _DETAILS)
    )
    reference = encoder.reference
    strange = reference.pooled.float() if reference is not None else torch.zeros(1, config["embed_dim"])
    return _Sense(encoder, float(model.logit_scale.exp()), things, details, _standing_out(strange, things))


def _directions(model: Any, config: Mapping[str, Any], values: Sequence[str]) -> Tensor:
    """A unit direction for each of the values, the mean over the templates."""
    each = [
        F.normalize(
            model.encode_text(_numbers(config, [t.format(value) for value in values])).float(), dim=-1
        )
        for t in _TEMPLATES
    ]
    return F.normalize(_mean(each), dim=-1)


def _numbers(config: Mapping[str, Any], texts: Sequence[str]) -> Tensor:
    """Word numbers, one row a text: start, words, end, then zeros, as these encoders were taught."""
    vocabulary: Sequence[str] = config["tokenizer"]["vocabulary"]
    index = {word: number for number, word in enumerate(vocabulary)}
    rows = torch.zeros(len(texts), int(config["text_cfg"]["context_length"]), dtype=torch.long)
    for row, text in zip(rows, texts, strict=True):
        known = [2, *(index.get(word, 1) for word in text.split()), len(vocabulary) - 1]
        row[: len(known)] = torch.tensor(known)
    return rows
