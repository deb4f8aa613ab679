"""What a delivered copy gives away to those who were never asked during the search, and what it still answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from lab.assistant.world import Assistant, Shot
from photoveil.assistant.evaluation import shrunk
from photoveil.assistant.obfuscation import obfuscate
from photoveil.assistant.parameters import Parameters
from photoveil.assistant.regions import Region
from photoveil.assistant.sight import look, square
from photoveil.protection.channel import fit, jpeg
from photoveil.protection.encoders import Encoder

Pixels = NDArray[np.uint8]
Known = Sequence[Sequence[tuple[Pixels, Region]]]
"""For each person, clean photos and where the head is on them."""

HEAD, WHOLE = "head", "whole photo"


@dataclass(frozen=True)
class Verdict:
    """About one copy: who was recognised by whom (witness and view → right or not), and the share of answers kept."""

    recognised: dict[str, bool]
    kept: float


class Judge:
    """Re-identifies by the nearest person's mean of clean portraits, and compares answers word for word."""

    def __init__(self, witnesses: Sequence[Encoder], known: Known, assistant: Assistant) -> None:
        self._witnesses, self._known, self._assistant = witnesses, known, assistant
        self._means = {
            (witness.name, view): _means(witness, known, view)
            for witness in witnesses
            for view in (HEAD, WHOLE)
        }

    def original(self, shot: Shot) -> Verdict:
        """The photo as it is."""
        return self._judge(shot, shot.pixels())

    def copy(self, shot: Shot, parameters: Parameters) -> Verdict:
        """The photo at full size with these parameters, delivered and sent through a platform."""
        return self._judge(shot, obfuscate(shot.pixels(), [shot.region], parameters, seed=shot.owner))

    def parrot(self, shot: Shot, parameters: Parameters) -> bool:
        """Whether somebody recognises the head who knows the parameters and learns from portraits hidden alike.

        After McPherson et al., Defeating image obfuscation with deep learning (arXiv 1609.00408).
        """
        witness = self._witnesses[0]
        learnt = [
            [(obfuscate(pixels, [region], parameters, seed=7), region) for pixels, region in person[:2]]
            for person in self._known
        ]
        copy = delivered(obfuscate(shot.pixels(), [shot.region], parameters, seed=shot.owner))
        means = _means(witness, learnt, HEAD)
        return bool(int((_seen(witness, copy, shot.region, HEAD) @ means.T).argmax()) == shot.owner)

    def _judge(self, shot: Shot, pixels: Pixels) -> Verdict:
        copy = delivered(pixels)
        recognised = {
            f"{witness.name}, {view}": bool(
                int((_seen(witness, copy, shot.region, view) @ self._means[witness.name, view].T).argmax())
                == shot.owner
            )
            for witness in self._witnesses
            for view in (HEAD, WHOLE)
        }
        before, after = (self._assistant.answer(p, shot.prompts) for p in (shot.pixels(), copy))
        return Verdict(recognised, float(np.mean([a == b for a, b in zip(before, after, strict=True)])))


def delivered(pixels: Pixels) -> Pixels:
    """After the upload: at most 1080 px, JPEG 75."""
    return np.asarray(jpeg(fit(Image.fromarray(pixels), 1080), 75).convert("RGB"))


def _means(witness: Encoder, known: Known, view: str) -> Tensor:
    """Everybody's mean, P×D of unit length."""
    people = [torch.cat([_seen(witness, *one, view) for one in person]).mean(0) for person in known]
    return F.normalize(torch.stack(people), dim=-1)


def _seen(witness: Encoder, pixels: Pixels, region: Region, view: str) -> Tensor:
    """1×D features of the head, or of the square in the photo's middle."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    x, y = (width - side) // 2, (height - side) // 2
    box = square(region, width, height) if view == HEAD else (x, y, x + side, y + side)
    part = Image.fromarray(shrunk(pixels[box[1] : box[3], box[0] : box[2]], 2 * witness.size))
    shown = part.resize((witness.size, witness.size), Image.Resampling.BICUBIC)
    return look(witness, np.asarray(shown)[None])
