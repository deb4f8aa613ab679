"""Setting the stage: albums, towers, aligned readers and features, each made once and kept."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from lab.affiliation.album import Album, Member, as_taken
from lab.affiliation.attackers import Loot
from lab.affiliation.channels import CHANNELS, COUNTERS
from lab.affiliation.defences import Posted
from lab.affiliation.language import Reader, Shape
from lab.affiliation.questions import fact_pairs, tokenizer, visible_pairs
from lab.affiliation.reader import Schedule, align
from lab.affiliation.towers import Seen, Tower, general_features, inputs_of
from lab.affiliation.unfrozen import Inputs
from lab.people import KINDS
from lab.starters.data import PhotoSet, draw
from photoveil.protection import catalogue
from photoveil.protection.encoders import Encoder, load_encoders

_GENERAL_FROM, _HELD_FROM = 840_000_000, 845_000_000
_HELD = 200


@dataclass(frozen=True)
class Scale:
    """How big the attackers' world is.

    Attributes:
        general: clean photos of others that readers are aligned on.
        shape: of the language model.
        align, tune, unfreeze: schedules of alignment, of fine-tuning, and of fine-tuning the tower as well.
    """

    general: int
    shape: Shape
    align: Schedule
    tune: Schedule
    unfreeze: Schedule


class Stage:
    """Everything that stays the same from condition to condition."""

    def __init__(self, scale: Scale, folder: Path, encoders: Sequence[Encoder] | None = None) -> None:
        self.scale, self.folder = scale, folder
        self.words = tokenizer()
        self._encoders = encoders

    @cached_property
    def towers(self) -> dict[str, Tower]:
        """Victims' towers by name."""
        found = self._encoders or load_encoders(catalogue.model_set("starter"), torch.device("cpu"))
        return {encoder.name: Tower(encoder).eval() for encoder in found}

    @cached_property
    def general(self) -> PhotoSet:
        """Photos of other people, to learn to talk about photos from."""
        return draw(range(_GENERAL_FROM, _GENERAL_FROM + self.scale.general))

    @cached_property
    def held(self) -> PhotoSet:
        """More of them, for the test of general ability."""
        return draw(range(_HELD_FROM, _HELD_FROM + _HELD))

    def general_seen(self, tower: Tower) -> Seen:
        """What a tower sees of the general photos."""
        return general_features(tower, self.general, self.folder, f"general-{self.scale.general}")

    def reader(self, tower: Tower, seed: int) -> Reader:
        """A reader aligned to the tower."""
        seen, scale = self.general_seen(tower), self.scale
        torch.manual_seed(seed)
        reader = Reader(seen.tokens.shape[2], seen.tokens.shape[1], len(self.words.vocabulary), scale.shape)
        kind = f"{scale.shape.width}x{scale.shape.layers}-{scale.general}-{scale.align.steps}-{seed}"
        file = self.folder / f"reader-{tower.name}-{tower.encoder.sha256[:12]}-{kind}.pt"
        if file.exists():
            reader.load_state_dict(torch.load(file, weights_only=True))
            return reader
        align(reader, seen, self.general, self.words, scale.align, seed)
        draft = file.with_suffix(".part")
        torch.save(reader.state_dict(), draft)
        draft.replace(file)
        return reader

    def loot(
        self,
        album: Album,
        tower: Tower,
        posted: Sequence[Sequence[Posted]],
        channel: str,
        counter: str = "",
        kinds: Sequence[tuple[str, ...]] | None = None,
        talks: bool = True,
    ) -> Loot:
        """Everything an attacker behind ``tower`` has of an album whose photos were delivered as ``posted``.

        ``kinds``, one entry per photo of a member, limits what is said about each photo; by default all facts.
        Attackers that do not ``talk`` need no photos of others.
        """
        nothing = Seen(torch.empty(0), torch.empty(0))
        files = [(m, i, one) for m, photos in enumerate(posted) for i, one in enumerate(photos)]
        pictures = [COUNTERS[counter](CHANNELS[channel](picture_of(one.data))) for _, _, one in files]
        members = album.members
        said = [fact_pairs(members[m].persona.facts, kinds[i] if kinds else KINDS) for m, i, _ in files]
        facts = [member.persona.facts for member in members]
        return Loot(
            posted=tower.look(inputs_of(pictures)),
            owners=torch.tensor([m for m, _, _ in files]),
            pairs=said,
            facts=facts,
            asked=self._asked(tower, album.members, f"asked-{album.key}", counter),
            askers=torch.tensor([m for m, member in enumerate(members) for _ in member.asked]),
            strange=self._asked(tower, album.strangers, f"strangers-{album.key}", counter),
            strange_facts=[m.persona.facts for m in album.strangers for _ in m.asked],
            others=self.general_seen(tower) if talks else nothing,
            other_pairs=[visible_pairs(seen) for seen in self.general.attributes] if talks else [],
            held=self._held_seen(tower) if talks else nothing,
            held_pairs=[visible_pairs(seen) for seen in self.held.attributes] if talks else [],
        )

    def _held_seen(self, tower: Tower) -> Seen:
        return general_features(tower, self.held, self.folder, f"held-{_HELD}")

    def inputs(
        self, album: Album, posted: Sequence[Sequence[Posted]], channel: str, counter: str = ""
    ) -> Inputs:
        """The same photos as pixels, for attackers who look anew."""
        files = [one for photos in posted for one in photos]
        return Inputs(
            inputs_of([COUNTERS[counter](CHANNELS[channel](picture_of(one.data))) for one in files]),
            inputs_of(_taken(album.members, counter)),
            inputs_of(_taken(album.strangers, counter)),
            _channels_first(self.general),
            _channels_first(self.held),
        )

    def _asked(self, tower: Tower, members: Sequence[Member], key: str, counter: str) -> Seen:
        file = self.folder / f"features-{tower.name}-{tower.encoder.sha256[:12]}-{key}{counter}.pt"
        if not file.exists():
            found = tower.look(inputs_of(_taken(members, counter)))
            torch.save((found.tokens, found.pooled), file)
        return Seen(*torch.load(file, weights_only=True))


def _taken(members: Sequence[Member], counter: str) -> list[Image.Image]:
    """The clean photos to be questioned about, as an attacker prepares them."""
    return [COUNTERS[counter](picture_of(as_taken(spec))) for member in members for spec in member.asked]


def _channels_first(photos: PhotoSet) -> Tensor:
    return torch.from_numpy(photos.pixels).permute(0, 3, 1, 2)


def picture_of(data: bytes) -> Image.Image:
    """A file as a picture."""
    return Image.open(io.BytesIO(data)).convert("RGB")
