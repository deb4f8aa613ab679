"""Fetching the tiny set, and what has to be so afterwards."""

from __future__ import annotations

import json
from pathlib import Path

from photoveil import models
from photoveil.models import Source
from photoveil.protection.model_sets import ModelSet
from tests.models import tiny_hub
from tests.models.conftest import HASTY

CLIP, CONVNEXT = "tiny-clip-quickgelu", "tiny-convnext"
REPO = tiny_hub.repository(CLIP)
CONTENT = tiny_hub.checkpoint


def pull(folder: Path, source: Source) -> ModelSet:
    return models.pull("duo", folder, source=source, patience=HASTY)


def pins(folder: Path) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads((folder / "duo" / "pins.json").read_text())["files"]
    return found


def assert_nothing_looks_whole(folder: Path) -> None:
    """What is not there whole is there under no final name."""
    assert not models.installed("duo", folder)
    for file in (folder / "duo").glob("*.safetensors"):
        assert file.read_bytes() == CONTENT(file.stem)
