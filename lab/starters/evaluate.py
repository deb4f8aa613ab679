"""Zero-shot accuracy: which value of an attribute is nearest to the photo, asked with prompts never trained on."""

from collections.abc import Sequence

import numpy as np
import open_clip
import torch
from torch import Tensor
from torch.nn import functional

from lab.captions import HELD_OUT_PROMPTS, prompts
from lab.people import ATTRIBUTES
from lab.starters.data import PhotoSet
from lab.starters.models import encode_text, normalised
from lab.words import Tokenizer

CHANCE = {name: round(1 / len(values), 3) for name, values in ATTRIBUTES.items()}


@torch.no_grad()
def embed(
    model: open_clip.CLIP, photos: PhotoSet, device: torch.device, size: int | None = None, batch: int = 32
) -> Tensor:
    """Normalised image embeddings, one row per photo."""
    model.eval()
    rows = []
    for i in range(0, len(photos), batch):
        pixels = normalised(photos.pixels[i : i + batch], device, size)
        rows.append(functional.normalize(model.encode_image(pixels).float(), dim=-1).cpu())
    return torch.cat(rows)


@torch.no_grad()
def prompt_embeddings(
    model: open_clip.CLIP,
    tokenizer: Tokenizer,
    attribute: str,
    templates: Sequence[str],
    device: torch.device,
) -> Tensor:
    """One direction per value, the mean over the templates."""
    each = [encode_text(model, tokenizer.encode(prompts(attribute, t)), device) for t in templates]
    return functional.normalize(torch.stack(each).mean(dim=0), dim=-1).cpu()


def zero_shot(
    model: open_clip.CLIP,
    tokenizer: Tokenizer,
    photos: PhotoSet,
    device: torch.device,
    size: int | None = None,
    templates: Sequence[str] = HELD_OUT_PROMPTS,
) -> dict[str, float]:
    """Accuracy per attribute over the photos in which it is visible."""
    images = embed(model, photos, device, size)
    accuracy = {}
    for name, values in ATTRIBUTES.items():
        rows = [i for i, seen in enumerate(photos.attributes) if name in seen]
        if not rows:
            continue
        truth = torch.tensor([values.index(photos.attributes[i][name]) for i in rows])
        texts = prompt_embeddings(model, tokenizer, name, templates, device)
        guess = (images[rows] @ texts.T).argmax(dim=1)
        accuracy[name] = round(float((guess == truth).float().mean()), 4)
    return accuracy


def mean(accuracy: dict[str, float]) -> float:
    """The mean over attributes, each counting the same."""
    return round(float(np.mean(list(accuracy.values()))), 4)


def seen_counts(photos: PhotoSet) -> dict[str, int]:
    """In how many photos each attribute is visible."""
    return {name: sum(name in seen for seen in photos.attributes) for name in ATTRIBUTES}
