"""A user's photo made unlearnable: from the photo to a change of it and words beside it, and what they do.

The noise is made on a small copy, at the size at which the model looks, and laid over the photo of any size as a
canvas, like every method's (`protection.canvas`): what a platform makes smaller is still there then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from photoveil.photos import Photo
from photoveil.protection import catalogue
from photoveil.protection.catalogue import Strength
from photoveil.protection.reduced import reduced
from photoveil.protection.report import picture
from photoveil.unlearnable.protecting import protect
from photoveil.unlearnable.recipe import Recipe
from photoveil.unlearnable.surrogate import Sample
from photoveil.unlearnable.vlm import TransformersSurrogate

LEVELS: Mapping[str, int] = {"subtle": 4, "balanced": 8, "strong": 12, "film": 16}
"""How far each strength lets a pixel of the small copy move, in 8-bit levels; the paper's default is 8."""
_PSNR_FLOORS: Mapping[str, float] = {"subtle": 35.0, "balanced": 29.0, "strong": 25.5, "film": 23.0}
"""In dB, a little below that of noise which takes all of its levels everywhere; what encoding adds is in it."""
_LONGEST = 3
"""A panorama's long side, in short sides of what the model sees."""
PROMPTS: Sequence[tuple[str, str]] = (
    ("Who is this person?", "This is {}."),
    ("Describe this photo.", "A photo of {}."),
)
"""What somebody who trains on the photo would ask and teach; the name is the persona's."""


@dataclass(frozen=True)
class Change:
    """What makes a photo unlearnable.

    Attributes:
        noise: 1×C×h×w in 8-bit levels, C that of the photo, to be stretched over it.
        words: the trigger, to be pasted as alt text or behind the caption.
    """

    noise: Tensor
    words: str


def budget(strength: str) -> Strength:
    """The strength with the floors of this method; raises CatalogueError."""
    return replace(
        catalogue.strength(strength), tone_db=None, psnr_floor=_PSNR_FLOORS[strength], ssim_floor=0.0
    )


def find(
    surrogate: TransformersSurrogate,
    photo: Photo,
    persona: str,
    strength: str,
    progress: Callable[[float], None],
    recipe: Recipe | None = None,
) -> Change:
    """Noise and words for a photo of a persona.

    Args:
        surrogate: the model on the user's disk.
        persona: whose name the model would be taught.
        strength: a key of `LEVELS`.
        progress: told the share done, 0…1; what it raises ends the work.
        recipe: MMGuard's numbers but for the size of the noise; the paper's by default.
    """
    before = seen(surrogate, picture(photo.pixels))
    made = protect(
        _samples(before, persona),
        [surrogate],
        replace(recipe or Recipe(), epsilon=LEVELS[strength] / 255),
        lambda done, of: progress(done / of),
    )
    noise = (made.pixels[0] - before)[None] * 255
    if photo.pixels.ndim == 2:
        noise = noise.mean(1, keepdim=True)
    return Change(noise, made.triggers[0])


def seen(surrogate: TransformersSurrogate, photo: Image.Image) -> Tensor:
    """The small copy of a picture at the size the model looks at, 3×h×w in 0…1; never larger than the picture."""
    small = reduced(photo)
    short, long = sorted(small.size)
    scale = min(1.0, surrogate.side / short, _LONGEST * surrogate.side / long)
    size = (max(1, round(small.width * scale)), max(1, round(small.height * scale)))
    copy = small.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0).convert("RGB")
    return torch.from_numpy(np.array(copy)).permute(2, 0, 1).float() / 255


@torch.no_grad()
def answer_losses(
    surrogate: TransformersSurrogate, pictures: Mapping[str, Image.Image], persona: str, words: str
) -> dict[str, float]:
    """How much the model would have to learn to tell the name from each picture with these words beside it.

    Mean cross-entropy of the answers' words over `PROMPTS`, in nats, by the pictures' names.
    """
    trigger = surrogate.encode(words) if words else []
    found = {}
    for name, shown in pictures.items():
        samples = _samples(seen(surrogate, shown), persona)
        run = surrogate.run(samples, [trigger] * len(samples), attention=False)
        found[name] = float(run.losses.mean())
    return found


def _samples(pixels: Tensor, persona: str) -> list[Sample]:
    """What would be taught; all about the very same tensor, so that they share noise and words."""
    return [Sample(pixels, question, answer.format(persona)) for question, answer in PROMPTS]
