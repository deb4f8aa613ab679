"""The real child, with the tiny models: decode → protect → encode → report, in a process of its own."""

from __future__ import annotations

import asyncio
import hashlib
import io
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from photoveil.errors import PhotoveilError
from photoveil.worker import child
from photoveil.worker.parent import Worker
from photoveil.worker.tasks import Delivered, Previews, Task, Unchanged, WorkerState
from tests.tiny_models import tiny_models

TASK = Task("anna", "antithetical", "subtle", "starter", "strip-location")


def photo(path: Path, kind: str = "PNG", seed: int = 1) -> Path:
    gradient = Image.radial_gradient("L").resize((96, 64))
    Image.merge("RGB", [gradient.rotate(90 * channel * seed) for channel in range(3)]).save(path, kind)
    return path


def moving(path: Path) -> Path:
    frames = [Image.new("RGB", (16, 16), (40 * n, 0, 0)) for n in range(3)]
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:])
    return path


def opened(path: Path) -> tuple[str | None, tuple[int, int]]:
    with Image.open(io.BytesIO(path.read_bytes())) as found:
        return found.format, found.size


def pixels(path: Path) -> bytes:
    with Image.open(io.BytesIO(path.read_bytes())) as found:
        return found.convert("RGB").tobytes()


def ignore(_stage: str, _fraction: float) -> None:
    """Nobody wants to know."""


async def test_a_day_in_the_life_of_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOVEIL_MODELS", str(tiny_models(tmp_path / "models")))
    worker = Worker(personas=tmp_path / "personas")
    try:
        await worker.prewarm("starter")
        assert worker.state is WorkerState.READY
        assert worker.device in ("cpu", "cuda")
        child = worker.pid
        await _learns_once(worker, tmp_path)
        await _protects(worker, tmp_path)
        await _protects_several(worker, tmp_path)
        await _gives_up_when_asked(worker, tmp_path)
        await _tells_what_it_cannot_do(worker, tmp_path)
        assert worker.pid == child
    finally:
        await worker.close()
    assert (tmp_path / "personas" / "anna.safetensors").is_file()


def test_the_child_passes_over_what_only_slows_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where transformers is installed, open_clip would import it as soon as the studio is loaded."""
    studio: Any = ModuleType("photoveil.worker.studio")
    studio.Studio = lambda: sys.modules["transformers"]
    monkeypatch.setitem(sys.modules, studio.__name__, studio)
    monkeypatch.setitem(sys.modules, "transformers", None)
    del sys.modules["transformers"]
    assert child._studio() is None


async def _learns_once(worker: Worker, folder: Path) -> None:
    lessons = [photo(folder / f"{seed}.png", seed=seed) for seed in (1, 2)]
    assert await worker.teach(lessons, TASK, ignore)
    assert not await worker.teach(lessons, TASK, ignore)


async def _protects(worker: Worker, folder: Path) -> None:
    stages: list[str] = []
    source, previews = photo(folder / "a.png"), Previews(folder / "before", folder / "after")
    made = await worker.protect(
        source,
        source.name,
        TASK,
        part=folder / "part",
        progress=lambda stage, _: stages.append(stage),
        original=hashlib.sha256(source.read_bytes()).hexdigest(),
        previews=previews,
    )
    assert isinstance(made, Delivered)
    assert (made.format, made.type, made.suffix, made.width, made.height) == ("png", "image/png", "", 96, 64)
    assert made.report["delivered"]["sha256"] == made.sha256
    assert opened(folder / "part") == ("PNG", (96, 64))
    assert pixels(previews.before) == pixels(source)
    assert pixels(previews.after) == pixels(folder / "part")
    assert list(dict.fromkeys(stages)) == ["decode", "prepare", "protect", "write", "measure"]


async def _protects_several(worker: Worker, folder: Path) -> None:
    """Together, and one of them given up: the others have the steps to themselves."""
    heard: list[tuple[int, str]] = []
    works: list[asyncio.Task[Delivered | Unchanged]] = []

    def hear(number: int, stage: str) -> None:
        heard.append((number, stage))
        if (number, stage) == (1, "protect"):
            works[1].cancel()

    works += [
        asyncio.create_task(
            _protect(
                worker,
                photo(folder / f"{number}.png", seed=number),
                folder / f"part{number}",
                lambda stage, _, number=number: hear(number, stage),  # type: ignore[misc]
            )
        )
        for number in range(3)
    ]
    first, second, third = await asyncio.gather(*works, return_exceptions=True)
    assert isinstance(second, asyncio.CancelledError)
    for made, part in ((first, "part0"), (third, "part2")):
        assert isinstance(made, Delivered)
        assert made.report["delivered"]["sha256"] == hashlib.sha256((folder / part).read_bytes()).hexdigest()
    assert not (folder / "part1").exists()
    assert {number for number, stage in heard[: heard.index((0, "write"))] if stage == "protect"} == {0, 1, 2}


async def _gives_up_when_asked(worker: Worker, folder: Path) -> None:
    begun = asyncio.Event()
    steps: list[str] = []

    def hear(stage: str, _fraction: float) -> None:
        steps.append(stage)
        begun.set()

    work = asyncio.create_task(_protect(worker, photo(folder / "b.png", seed=3), folder / "part", hear))
    await begun.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert "measure" not in steps


async def _tells_what_it_cannot_do(worker: Worker, folder: Path) -> None:
    outcome = await _protect(worker, moving(folder / "moving.gif"), folder / "part", ignore)
    assert isinstance(outcome, Unchanged)
    assert "animation" in outcome.reason
    (folder / "no.jpg").write_bytes(b"no photo")
    with pytest.raises(PhotoveilError) as told:
        await _protect(worker, folder / "no.jpg", folder / "part", ignore)
    assert told.value.as_dict()["code"] == "not-a-photo"


async def _protect(
    worker: Worker, source: Path, part: Path, progress: Callable[[str, float], None]
) -> Delivered | Unchanged:
    return await worker.protect(source, source.name, TASK, part=part, progress=progress)
