"""Setting the stage: albums, towers, aligned readers and features, each made once and kept."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache
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
from lab.affiliation.reader import Schedule, align, views_of
from lab.affiliation.towers import Seen, Tower, general_features, inputs_of
from lab.affiliation.unfrozen import Inputs
from lab.affiliation.views import AUGMENT, views
from lab.people import KINDS
from lab.starters.data import PhotoSet, draw
from photoveil.protection.encoders import Encoder

_GENERAL_FROM, _HELD_FROM = 840_000_000, 845_000_000
_HELD = 200
_Key = tuple[
    bytes, str, str, bool
]  # of a file's views: its hash, channel, counter, and whether crops are wanted
_KEPT = 700
"""Files whose views are kept in memory: about 150 kB a view, and at most a dozen views."""


@dataclass(frozen=True)
class Scale:
    """How big the attackers' world is.

    Attributes:
        general: clean photos of others that readers are aligned on.
        shape: of the language model.
        align, tune, lora, unfreeze: schedules of alignment, of fine-tuning, of the same with low-rank additions, and
            of fine-tuning the tower as well.
        clip: schedule of the attacker who fine-tunes the tower and names.
        views: of each posted photo, for those who augment.
    """

    general: int
    shape: Shape
    align: Schedule
    tune: Schedule
    lora: Schedule
    unfreeze: Schedule
    clip: Schedule
    views: int


class Stage:
    """Everything that stays the same from condition to condition."""

    def __init__(self, scale: Scale, folder: Path, encoders: Sequence[Encoder], device: torch.device) -> None:
        self.scale, self.folder, self.device = scale, folder, device
        self.words = tokenizer()
        self.towers = {encoder.name: Tower(encoder).eval() for encoder in encoders}
        (self.side,) = {encoder.size for encoder in encoders}  # towers share what they are shown
        self._shown: dict[_Key, Tensor] = {}
        self._asked_inputs: dict[str, Tensor] = {}
        self._latest: tuple[str, Tensor, Seen] | None = None

    @cached_property
    def general(self) -> PhotoSet:
        """Photos of other people, to learn to talk about photos from."""
        return _strangers(_GENERAL_FROM, self.scale.general, self.side)

    @cached_property
    def held(self) -> PhotoSet:
        """More of them, for the test of general ability."""
        return _strangers(_HELD_FROM, _HELD, self.side)

    def general_seen(self, tower: Tower) -> Seen:
        """What a tower sees of the general photos."""
        return general_features(tower, self.general, self.folder, f"general-{self.scale.general}")

    def reader(self, tower: Tower, seed: int) -> Reader:
        """A reader aligned to the tower."""
        seen, scale = self.general_seen(tower), self.scale
        torch.manual_seed(seed)
        reader = Reader(seen.tokens.shape[2], seen.tokens.shape[1], len(self.words.vocabulary), scale.shape)
        reader.to(self.device)
        kind = f"{scale.shape.width}x{scale.shape.layers}-{scale.general}-{scale.align.steps}-{seed}"
        file = self.folder / f"reader-{tower.name}-{tower.encoder.sha256[:12]}-{kind}.pt"
        if file.exists():
            reader.load_state_dict(torch.load(file, weights_only=True, map_location=self.device))
            return reader
        with self.device:
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
        Attackers that do not ``talk`` need no photos of others, and those who do learn from crops as well.
        """
        nothing = Seen(torch.empty(0), torch.empty(0))
        inputs = self.shown(posted, channel, counter, crops=talks)
        files = [(m, i) for m, photos in enumerate(posted) for i in range(len(photos))]
        files = [file for file in files for _ in range(len(inputs) // len(files))]
        members = album.members
        facts = [member.persona.facts for member in members]
        return Loot(
            posted=self._seen(tower, inputs),
            owners=torch.tensor([m for m, _ in files], device=self.device),
            pairs=[fact_pairs(facts[m], kinds[i] if kinds else KINDS) for m, i in files],
            facts=facts,
            asked=self._asked(tower, album.members, f"asked-{album.key}", counter),
            askers=torch.tensor(
                [m for m, member in enumerate(members) for _ in member.asked], device=self.device
            ),
            strange=self._asked(tower, album.strangers, f"strangers-{album.key}", counter),
            strange_facts=[m.persona.facts for m in album.strangers for _ in m.asked],
            others=self.general_seen(tower) if talks else nothing,
            other_pairs=[visible_pairs(seen) for seen in self.general.attributes] if talks else [],
            held=self._held_seen(tower) if talks else nothing,
            held_pairs=[visible_pairs(seen) for seen in self.held.attributes] if talks else [],
        )

    def _seen(self, tower: Tower, inputs: Tensor) -> Seen:
        """What a tower sees; the latest is kept, as several attackers ask for it one after the other."""
        if self._latest is not None:
            name, same, seen = self._latest
            if name == tower.name and torch.equal(same, inputs):
                return seen
        seen = tower.look(inputs)
        self._latest = (tower.name, inputs, seen)
        return seen

    def _held_seen(self, tower: Tower) -> Seen:
        return general_features(tower, self.held, self.folder, f"held-{_HELD}")

    def inputs(
        self,
        album: Album,
        posted: Sequence[Sequence[Posted]],
        channel: str,
        counter: str = "",
        *,
        crops: bool = True,
    ) -> Inputs:
        """The same photos as pixels, for attackers who look anew."""
        return Inputs(
            self.shown(posted, channel, counter, crops=crops),
            inputs_of(_taken(album.members, counter), self.side),
            inputs_of(_taken(album.strangers, counter), self.side),
            _channels_first(self.general),
            _channels_first(self.held),
        )

    def shown(
        self, posted: Sequence[Sequence[Posted]], channel: str, counter: str = "", *, crops: bool = False
    ) -> Tensor:
        """What towers are shown of delivered files: bytes, all views of a file one after the other.

        The latest are kept, as every attacker and every tower asks for the same.
        """
        files = [one.data for photos in posted for one in photos]
        keys = [(hashlib.sha256(data).digest(), channel, counter, crops) for data in files]
        lacking = {key: data for key, data in zip(keys, files, strict=True) if key not in self._shown}
        # Pillow lets go of the interpreter while it works.
        with ThreadPoolExecutor(torch.get_num_threads()) as pool:
            made = dict(zip(lacking, pool.map(self._views, lacking.values(), lacking), strict=True))
        known = self._shown | made
        self._shown = dict(list(known.items())[-_KEPT:])
        return torch.cat([known[key] for key in keys])

    def _views(self, data: bytes, key: _Key) -> Tensor:
        digest, channel, counter, crops = key
        seed = int.from_bytes(digest[:6], "big")
        picture = _prepared(CHANNELS[channel](picture_of(data)), counter)
        if counter == AUGMENT:
            pictures = views(picture, self.scale.views, seed)
        else:
            pictures = views_of(picture, seed) if crops else [picture]
        return inputs_of(pictures, self.side)

    def _asked(self, tower: Tower, members: Sequence[Member], key: str, counter: str) -> Seen:
        prepared = counter if counter in COUNTERS else ""
        file = self.folder / f"features-{tower.name}-{tower.encoder.sha256[:12]}-{key}{prepared}.pt"
        if not file.exists():
            if key + prepared not in self._asked_inputs:  # every tower is shown the same
                self._asked_inputs[key + prepared] = inputs_of(_taken(members, prepared), self.side)
            found = tower.look(self._asked_inputs[key + prepared])
            torch.save((found.tokens, found.pooled), file)
        return Seen(*torch.load(file, weights_only=True, map_location=self.device))


@lru_cache(maxsize=2)
def _strangers(first: int, count: int, side: int) -> PhotoSet:
    """Photos of people in no album, drawn once for all studies of a process."""
    return draw(range(first, first + count), side)


def _prepared(picture: Image.Image, counter: str) -> Image.Image:
    """A photo after what the attacker does to single photos; other counters work on features, or on posted photos."""
    return COUNTERS[counter if counter in COUNTERS else ""](picture)


def _taken(members: Sequence[Member], counter: str) -> list[Image.Image]:
    """The clean photos to be questioned about, as an attacker prepares them."""
    return [_prepared(picture_of(as_taken(spec)), counter) for member in members for spec in member.asked]


def _channels_first(photos: PhotoSet) -> Tensor:
    return torch.from_numpy(photos.pixels).permute(0, 3, 1, 2)


def picture_of(data: bytes) -> Image.Image:
    """A file as a picture."""
    return Image.open(io.BytesIO(data)).convert("RGB")
