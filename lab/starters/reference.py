"""Where people in general lie: `python -m lab.starters.reference` adds it to the model set shipped with Photoveil.

Anchors point from a persona's own photos to here and on, and reports tell how many of these strangers a protected
photo is nearer to than to its own persona.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import torch
from safetensors.torch import save

from lab.starters.data import draw
from lab.starters.export import SHIPPED
from photoveil.protection import catalogue
from photoveil.protection.encoders import Encoder, load_encoders

STRANGERS = 400
_FROM = 846_000_000  # neither trained on, nor evaluated on, nor in any album
_BATCH = 32


def add_reference(encoder: Encoder, description: Path) -> None:
    """Write the strangers' features beside an encoder's description, and their hash into it."""
    photos = torch.from_numpy(draw(range(_FROM, _FROM + STRANGERS)).pixels).permute(0, 3, 1, 2)
    with torch.inference_mode():
        seen = [encoder(part.float() / 255) for part in torch.split(photos, _BATCH)]
    data = save(
        {
            "pooled": torch.cat([part.pooled for part in seen]).half().contiguous(),
            "tokens": torch.cat([part.tokens.mean(1) for part in seen]).mean(0).contiguous(),
        }
    )
    config = json.loads(description.read_text("utf-8"))
    config["reference_sha256"] = hashlib.sha256(data).hexdigest()
    description.with_suffix(".reference.safetensors").write_bytes(data)
    description.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def main(arguments: list[str] | None = None) -> None:
    """Add references to every encoder of a model set."""
    parser = argparse.ArgumentParser(prog="python -m lab.starters.reference", description=__doc__)
    parser.add_argument("--set", type=Path, default=SHIPPED, help="folder of the model set")
    folder = parser.parse_args(arguments).set
    models = catalogue.model_set(folder.name, folder.parent)
    for encoder in load_encoders(models, torch.device("cpu")):
        add_reference(encoder, folder / f"{encoder.name}.json")


if __name__ == "__main__":
    main()
