"""The engine as one picklable callable: batches of photo files in, protected files out.

It imports no distributed engine, so that it fits all of them: Ray Data's ``map_batches``, a ``multiprocessing`` pool,
or whatever else makes an object from a class and calls it with a dict of columns.
"""

from __future__ import annotations

import copy
import json
import os
import socket
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photoveil import __version__
from photoveil.archive.errors import ArchiveError, changed, unreadable
from photoveil.archive.recipe import Recipe
from photoveil.errors import PhotoveilError

if TYPE_CHECKING:
    import torch

    from photoveil.photos import Photo
    from photoveil.protection import Engine, Persona, Protected
    from photoveil.worker.ladder import Ladder

Batch = dict[str, Any]
"""Columns of equal length: numpy arrays or lists."""

PROTECTED, UNCHANGED, FAILED = "protected", "unchanged", "failed"


@dataclass(frozen=True)
class BatchConfig:
    """All that a process needs to know, wherever it runs.

    Attributes:
        encoders: the encoders it must have, by name and weights: others would make other bytes.
        persona: the persona's file as it was learnt before the first photo; it never changes during a run.
        device: as `devices.choose` takes it: ``auto``, a kind, or one by number such as ``cuda:1``.
        threads: of torch on the processor. Another number may change the last bit of a result, so it is fixed.
    """

    recipe: Recipe
    encoders: tuple[str, ...]
    persona: bytes = field(repr=False)
    device: str = "auto"
    threads: int = 1
    version: str = __version__


class ReadPhotos:
    """Adds the column ``data`` to batches with ``key`` (SHA-256) and ``path``, relative to a folder."""

    def __init__(self, root: str) -> None:
        self._root = root

    def __call__(self, batch: Batch) -> Batch:
        """The batch with ``data``, ``name`` and ``error``, the latter empty where all went well."""
        read = [self._one(key, path) for key, path in zip(batch["key"], batch["path"], strict=True)]
        names = [os.path.basename(_path(path)) for path in batch["path"]]  # noqa: PTH119 - text
        return {
            "key": batch["key"],
            "name": _column([_plain(name) for name in names]),
            "data": _column([data for data, _ in read]),
            "error": _column([error for _, error in read]),
        }

    def _one(self, key: str, path: bytes) -> tuple[bytes, str]:
        import hashlib

        from photoveil.watching.looking import opened

        try:
            with opened(os.path.join(self._root, _path(path))) as file:  # noqa: PTH118 - text
                data = file.read()
        except OSError as error:
            return b"", _told(unreadable(error))
        if hashlib.sha256(data).hexdigest() != key:
            return b"", _told(changed())
        return data, ""


class ProtectBatch:
    """Protects batches with the columns ``name`` and ``data`` (whole files); others are passed through.

    The engine is loaded by the first batch, in the process that works on it. Each photo is protected by itself, as
    the persona was known before the run: neither order nor company changes its bytes.
    """

    def __init__(self, config: BatchConfig) -> None:
        self.config = config
        self._loaded: tuple[Ladder, Persona] | None = None
        self._photos = 0

    def __getstate__(self) -> dict[str, Any]:
        return {"config": self.config, "_loaded": None, "_photos": 0}

    def __repr__(self) -> str:
        return f"ProtectBatch({self.config!r})"

    def __call__(self, batch: Batch) -> Batch:
        """The batch with new ``data`` and, for each photo, how it went.

        ``outcome`` is ``protected``, ``unchanged`` or ``failed`` (``data`` is empty but for the first); ``error``
        tells why as JSON; ``suffix`` is the new ending where the format had to change; ``report`` is JSON; ``maker``
        names the process and ``nth`` counts the photos it has worked on.

        Raises:
            PhotoveilError: nothing can be protected here at all: encoders are missing, or are others.
        """
        self._ready()
        errors = batch.get("error", [""] * len(batch["data"]))
        rows = [
            {"outcome": FAILED, "error": error} if error else self._one(str(name), bytes(data))
            for name, data, error in zip(batch["name"], batch["data"], errors, strict=True)
        ]
        empty = {"data": b"", "outcome": "", "error": "", "suffix": "", "report": ""}
        made = {
            column: _column([row.get(column, nothing) for row in rows]) for column, nothing in empty.items()
        }
        kept = {column: values for column, values in batch.items() if column not in ("data", "error", "name")}
        return {**kept, **made, **self._signed(len(rows))}

    def _ready(self) -> tuple[Ladder, Persona]:
        if self._loaded is None:
            without_text_towers()
            from photoveil.worker.ladder import Ladder

            ladder = Ladder(lambda _model_set, device: load_engine(self.config, device))
            ladder.run(self.config.recipe.model_set, self.config.device, lambda engine: engine)
            self._loaded = ladder, _persona(self.config)
        return self._loaded

    def _signed(self, count: int) -> Batch:
        first = self._photos + 1
        self._photos += count
        maker = f"{socket.gethostname()}:{os.getpid()}"
        return {"maker": _column([maker] * count), "nth": list(range(first, first + count))}

    def _one(self, name: str, data: bytes) -> dict[str, Any]:
        from photoveil.photos import AnimatedPhoto, decode

        try:
            return self._delivered(decode(data, name=name))
        except AnimatedPhoto as animation:
            return {"outcome": UNCHANGED, "error": _told(animation)}
        except PhotoveilError as error:
            return {"outcome": FAILED, "error": _told(error)}
        except MemoryError:
            return {"outcome": FAILED, "error": _told(_no_memory())}
        except Exception as error:  # noqa: BLE001 - one photo's trouble is not that of all others; it is told
            return {"outcome": FAILED, "error": _told(_unexpected(error))}

    def _delivered(self, photo: Photo) -> dict[str, Any]:
        recipe, (ladder, persona) = self.config.recipe, self._ready()
        protected, notes = ladder.run(
            recipe.model_set, self.config.device, lambda engine: self._protected(engine, persona, photo)
        )
        same = protected.encoded.format is photo.format
        report = replace(protected.report, notes=[*protected.report.notes, *notes])
        return {
            "data": protected.encoded.data,
            "outcome": PROTECTED,
            "suffix": "" if same else Path(protected.encoded.name).suffix,
            "report": json.dumps(report.as_dict()),
        }

    def _protected(self, engine: Engine, persona: Persona, photo: Photo) -> Protected:
        from photoveil.photos import MetadataPolicy

        recipe = self.config.recipe
        return engine.protect(
            photo,
            persona=copy.deepcopy(persona),  # what this photo teaches must not change the next one's bytes
            method=recipe.method,
            strength=recipe.strength,
            metadata=MetadataPolicy(recipe.metadata),
            seed=recipe.seed,
        )


def load_engine(config: BatchConfig, device: torch.device) -> Engine:
    """The engine of this process; raises PhotoveilError where it would make other bytes than the run's others."""
    if config.version != __version__:
        raise ArchiveError(
            "The machines have different versions of Photoveil",
            f"{socket.gethostname()} has {__version__}; the run was started with {config.version}.",
            "Install the same version on all machines of the cluster.",
        )
    import torch

    from photoveil.paths import models_dir
    from photoveil.protection import Engine
    from photoveil.protection.roster import key_of

    torch.set_num_threads(config.threads)
    engine = Engine.load(config.recipe.model_set, device=str(device), models_dir=models_dir())
    found = tuple(sorted(key_of(encoder.name, encoder.sha256) for encoder in engine.encoders))
    if found != config.encoders:
        raise ArchiveError(
            "The machines have different encoders",
            f"The model set “{config.recipe.model_set}” of {socket.gethostname()} is another one.",
            "Install the same model set on all machines; `photoveil models list` shows it.",
        )
    return engine


def without_text_towers() -> None:
    """Where transformers is installed, open_clip imports it for text towers that no model set has: keep it out."""
    sys.modules.setdefault("transformers", None)  # type: ignore[arg-type]


def _persona(config: BatchConfig) -> Persona:
    from photoveil.protection import Persona
    from photoveil.protection.roster import file_of

    name = config.recipe.persona
    with tempfile.TemporaryDirectory(prefix="photoveil-") as folder:
        if config.persona:
            file_of(Path(folder), name).write_bytes(config.persona)
        return Persona.load(Path(folder), name)


def rows(batch: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A batch, photo by photo."""
    return [dict(zip(batch, values, strict=True)) for values in zip(*batch.values(), strict=True)]


def _column(values: Sequence[object]) -> Any:
    import numpy as np

    column = np.empty(len(values), dtype=object)  # "S" and "U" would cut zeros off the ends
    column[:] = list(values)
    return column


def _path(path: bytes) -> str:
    return os.fsdecode(bytes(path))


def _plain(name: str) -> str:
    """A name that every engine's columns can hold."""
    return name.encode("utf-8", "replace").decode("utf-8")


def _told(error: PhotoveilError) -> str:
    return json.dumps(error.as_dict())


def _no_memory() -> PhotoveilError:
    return ArchiveError(
        "The photo could not be protected",
        "There was not enough memory for it.",
        "Use fewer --processes, or a machine with more memory, and run the same command again.",
    )


def _unexpected(error: Exception) -> PhotoveilError:
    return ArchiveError(
        "The photo could not be protected",
        f"Something went wrong that nobody foresaw ({type(error).__name__}).",
        "Run the same command again; if it happens again, please report it.",
    )
