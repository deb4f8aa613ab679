"""No memory left: a sparing attempt, then the processor. The devices are pretended; encoders and photos are real."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from photoveil.errors import PhotoveilError
from photoveil.photos import decode
from photoveil.protection import Engine, Persona, Protected, devices
from photoveil.protection.lanes import Lanes
from photoveil.worker.ladder import REST_SECONDS, Ladder
from photoveil.worker.parent import Worker
from photoveil.worker.tasks import Delivered
from tests.worker.test_studio import TASK, ignore, photo

pytestmark = pytest.mark.usefixtures("quick")


class Machine:
    """A machine with a graphics card that is full; it is a pretence, its encoders run on the processor.

    Args:
        full: how many passes through an encoder fail, on which kind of device.
    """

    def __init__(self, models: Path, **full: int) -> None:
        self.models = models
        self.full = full
        self.now = 0.0
        self.loaded: list[str] = []
        self.ladder = Ladder(self.load, clock=lambda: self.now)

    def load(self, model_set: str, device: torch.device) -> Engine:
        self.loaded.append(device.type)
        engine = Engine.load(model_set, device="cpu", models_dir=self.models)
        engine._beside = Lanes()  # as on a card, encoders take turns: one that fails is the only one
        for encoder in engine.encoders:
            encoder.register_forward_pre_hook(lambda *_: self._pass(device.type))
        return engine

    def _pass(self, kind: str) -> None:
        if self.full.get(kind, 0) > 0:
            self.full[kind] -= 1
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")


def protect(machine: Machine, folder: Path) -> tuple[Protected, list[str]]:
    source = decode(photo(folder / "a.png").read_bytes(), name="a.png")
    return machine.ladder.run(
        "starter", "auto", lambda engine: engine.protect(source, persona=Persona("me"), strength="subtle")
    )


@pytest.mark.usefixtures("card")
def test_with_memory_nothing_is_said(models: Path, tmp_path: Path) -> None:
    machine = Machine(models)
    assert protect(machine, tmp_path)[1] == []
    assert protect(machine, tmp_path)[1] == []
    assert machine.loaded == ["cuda"], "encoders stay at hand"


@pytest.mark.usefixtures("card")
def test_a_second_attempt_spares_memory(models: Path, tmp_path: Path) -> None:
    machine = Machine(models, cuda=1)
    _, notes = protect(machine, tmp_path)
    assert machine.loaded == ["cuda"]
    assert len(notes) == 1
    assert "spares" in notes[0]


@pytest.mark.usefixtures("card")
def test_in_the_middle_of_the_work_too(models: Path, tmp_path: Path) -> None:
    """The fifth pass is in the solver; what was done before is done again, and is the same as ever."""
    alone, _ = protect(Machine(models), tmp_path)
    machine = Machine(models)
    passes = 0

    def count(_kind: str) -> None:
        nonlocal passes
        passes += 1
        if passes == 5:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    machine._pass = count  # type: ignore[method-assign,assignment]
    protected, notes = protect(machine, tmp_path)
    assert len(notes) == 1
    assert protected.encoded.data == alone.encoded.data


@pytest.mark.usefixtures("card")
def test_then_the_processor_does_it_and_the_card_rests(models: Path, tmp_path: Path) -> None:
    machine = Machine(models, cuda=2)
    _, notes = protect(machine, tmp_path)
    assert machine.loaded == ["cuda", "cpu"]
    assert notes == ["The graphics card had no memory left; the processor did the work."]
    machine.now = REST_SECONDS - 1
    assert protect(machine, tmp_path)[1] == notes, "said of every photo it is true of"
    assert machine.loaded == ["cuda", "cpu"]
    machine.now = REST_SECONDS + 1
    assert protect(machine, tmp_path)[1] == []
    assert machine.loaded == ["cuda", "cpu", "cuda"]


@pytest.mark.usefixtures("card")
def test_encoders_that_do_not_fit_go_to_the_processor(models: Path, tmp_path: Path) -> None:
    machine = Machine(models)
    real = machine.load

    def load(model_set: str, device: torch.device) -> Engine:
        if device.type == "cuda":
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return real(model_set, device)

    machine.ladder = Ladder(load, clock=lambda: 0.0)
    assert len(protect(machine, tmp_path)[1]) == 1
    assert machine.loaded == ["cpu"]


def test_below_the_processor_there_is_nothing(models: Path, tmp_path: Path) -> None:
    machine = Machine(models, cpu=99)
    with pytest.raises(MemoryError):
        protect(machine, tmp_path)
    machine.full.clear()
    assert protect(machine, tmp_path)[1] == [], "the next photo begins anew"


def test_other_failures_are_nobodys_memory(models: Path) -> None:
    machine = Machine(models)

    def stumble(_engine: Engine) -> None:
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes"):
        machine.ladder.run("starter", "cpu", stumble)
    assert machine.loaded == ["cpu"]


def test_a_device_that_is_missing_is_told(models: Path, tmp_path: Path) -> None:
    source = decode(photo(tmp_path / "a.png").read_bytes(), name="a.png")
    _, notes = Machine(models).ladder.run(
        "starter", "xpu:3", lambda engine: engine.protect(source, persona=Persona("me"), strength="subtle")
    )
    assert notes == ["The device “xpu:3” of the settings is not usable here; the processor was used."]


# The real child, on a machine that says it has a card and has no room on it.

STARVED = (sys.executable, "-m", "tests.worker.starved_child")


async def test_the_report_says_where_the_photo_was_made(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTOVEIL_MODELS", str(models))
    worker = Worker(personas=tmp_path / "personas", command=STARVED)
    try:
        source = photo(tmp_path / "a.png")
        made = await worker.protect(source, "a.png", TASK, part=tmp_path / "part", progress=ignore)
        assert isinstance(made, Delivered)
        assert made.report["device"] == "cpu"
        assert "The graphics card had no memory left; the processor did the work." in made.report["notes"]
        assert worker.device == "cpu"
    finally:
        await worker.close()


async def test_a_child_without_any_memory_says_so(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTOVEIL_MODELS", str(models))
    monkeypatch.setenv("PHOTOVEIL_STARVED", "everywhere")
    worker = Worker(personas=tmp_path / "personas", command=STARVED)
    try:
        with pytest.raises(PhotoveilError, match="not enough memory"):
            await worker.protect(
                photo(tmp_path / "a.png"), "a.png", TASK, part=tmp_path / "part", progress=ignore
            )
        assert worker.pid is not None, "it lives on"
    finally:
        await worker.close()


# What counts as having no memory, and which device is taken.


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("MPS backend out of memory (MPS allocated: 18.13 GB)"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:114] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("HIP out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("XPU out of memory. Tried to allocate 2.00 GiB"),
    ],
    ids=lambda error: f"{type(error).__name__}-{str(error)[:12]}",
)
def test_full_memory_is_recognised(error: Exception) -> None:
    assert devices.out_of_memory(error)


@pytest.mark.parametrize("error", [ValueError("out of memory"), RuntimeError("size mismatch"), KeyError("x")])
def test_other_errors_are_not_full_memory(error: Exception) -> None:
    assert not devices.out_of_memory(error)


@pytest.mark.parametrize(
    ("there", "wanted", "chosen", "noted"),
    [
        ((), "auto", "cpu", False),
        (("cuda",), "auto", "cuda", False),
        (("mps",), "auto", "mps", False),
        (("xpu", "cuda"), "auto", "cuda", False),
        (("xpu", "cuda"), "xpu", "xpu", False),
        (("cuda",), "cpu", "cpu", False),
        (("cuda",), "cuda:1", "cuda:1", False),
        (("cuda",), "cuda:2", "cpu", True),
        (("cuda",), "cuda:x", "cpu", True),
        (("mps",), "cuda", "cpu", True),
        ((), "nonsense", "cpu", True),
    ],
)
def test_the_device_is_the_best_or_the_one_that_was_named(
    there: tuple[str, ...], wanted: str, chosen: str, noted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def says(kind: str) -> Any:
        return lambda: kind in there

    monkeypatch.setattr(torch.cuda, "is_available", says("cuda"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.xpu, "is_available", says("xpu"))
    monkeypatch.setattr(torch.backends.mps, "is_available", says("mps"))
    found = devices.choose(wanted)
    assert (str(found.device), bool(found.note)) == (chosen, noted)
    assert set(devices.available()) == {*there, "cpu"}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no graphics card")
def test_on_a_real_card_that_is_full(models: Path, tmp_path: Path) -> None:
    torch.cuda.set_per_process_memory_fraction(1e-6)
    try:
        ladder = Ladder(lambda name, device: Engine.load(name, device=str(device), models_dir=models))
        source = decode(photo(tmp_path / "a.png").read_bytes(), name="a.png")
        made, notes = ladder.run(
            "starter", "cuda", lambda engine: engine.protect(source, persona=Persona("me"), strength="subtle")
        )
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert made.report.device == "cpu"
    assert notes
