"""A library, an output folder, and the command as a user types it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from photoveil.archive.manifest import STATE_FOLDER

PHOTOS = 10
"""In the library: more than settle a persona."""
_LARGE = (4, 7)
"""Some of them are too large for what Ray keeps beside its objects' names."""
COMMAND = [sys.executable, "-P", "-m", "photoveil.cli"]


def picture(seed: int, form: str = "JPEG", size: tuple[int, int] = (160, 120)) -> bytes:
    """A photo unlike any other."""
    small = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(small).resize(size, Image.Resampling.BICUBIC).save(buffer, form, quality=92)
    return buffer.getvalue()


def noise(seed: int) -> bytes:
    """A photo of more than 100 KB."""
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG", quality=92)
    assert buffer.tell() > 100 << 10
    return buffer.getvalue()


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but the archive's own."""
    names = {path: path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*"))}
    # What a run at work keeps beside its copies comes and goes.
    copies = {path: name for path, name in names.items() if not name.startswith(STATE_FOLDER)}
    return {
        name: path.read_bytes() for path, name in copies.items() if path.is_file() and not path.is_symlink()
    }


def wait_for(condition: Callable[[], Any], otherwise: str, seconds: float = 600.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, otherwise
        time.sleep(0.02)
    return found


@dataclass
class House:
    """A user's home with the tiny models in it, and a library of photos."""

    root: Path
    models: Path
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def library(self) -> Path:
        return self.root / "library"

    @property
    def out(self) -> Path:
        return self.root / "out"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PHOTOVEIL_HOME": str(self.root / "home"),
            "PHOTOVEIL_MODELS": str(self.models),
            "OMP_NUM_THREADS": "1",
            "PYTHONIOENCODING": "utf-8",
        }

    def put(self, name: str, data: bytes) -> bytes:
        path = self.library / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return data

    def fill(self, count: int = PHOTOS) -> dict[str, bytes]:
        """A library of so many photos, in two folders."""
        names = {f"{'holiday' if seed % 2 else 'home'}/{seed:02}.jpg": seed for seed in range(count)}
        return {
            name: self.put(name, noise(seed) if seed in _LARGE else picture(seed))
            for name, seed in names.items()
        }

    def start(self, *options: str, out: Path | None = None) -> subprocess.Popen[str]:
        command = [*COMMAND, "archive", str(self.library), str(out or self.out), "--json", *options]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, env=self.environment, cwd=self.root, **pipes)  # type: ignore[call-overload,no-any-return]

    def run(self, *options: str, out: Path | None = None, code: int = 0) -> dict[str, Any]:
        with self.start(*options, out=out) as running:
            said, noted = running.communicate(timeout=800)
        assert running.returncode == code, (said, noted)
        told: dict[str, Any] = json.loads(said)
        return told
