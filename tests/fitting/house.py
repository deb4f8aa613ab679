"""What tests of model sets share: sets that look fetched, and a hub that obeys."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from photoveil.protection import model_sets
from photoveil.protection.model_sets import Pin

FAKE_FETCH = (sys.executable, "-m", "tests.fitting.fake_fetch")


def install(folder: Path, name: str) -> None:
    """Make a set look fetched; its weights are nothing that could be loaded."""
    (found,) = (one for one in model_sets.model_sets(folder) if one.name == name)
    home = folder / name
    home.mkdir(parents=True, exist_ok=True)
    pins = {}
    for encoder in found.encoders:
        assert encoder.hub is not None
        encoder.weights.write_bytes(b"weights")
        pin = Pin("0" * 64, 7, encoder.hub.repo, encoder.hub.file, "", "file", "2026-11-22T01:00:00+00:00")
        pins[encoder.weights.name] = asdict(pin)
    (home / model_sets.PINS).write_text(json.dumps({"version": 1, "files": pins}))
