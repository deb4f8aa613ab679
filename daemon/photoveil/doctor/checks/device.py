"""Is there a graphics card, and does PyTorch use it?"""

from __future__ import annotations

import platform
from collections.abc import Iterator

from photoveil.doctor import hardware, probes, remedies
from photoveil.doctor.model import Finding, NotNow, Weight
from photoveil.doctor.patient import Patient
from photoveil.install import machine
from photoveil.install.machine import Build

_SECONDS = 100.0
_OF_CARDS = (Build.CUDA, Build.CUDA_12, Build.ROCM)


def look(patient: Patient) -> Iterator[Finding]:
    """Compare what is in the computer, what PyTorch was built for, and what it says it can use."""
    torch = hardware.torch()
    if torch is None:
        raise NotNow("PyTorch is not installed")
    try:
        wanted = patient.settings.device
    except NotNow:
        wanted = "auto"
    try:
        told = probes.ask("device", wanted, seconds=_SECONDS)
    except probes.ProbeFailed as error:
        yield Finding(
            "torch_broken",
            "PyTorch does not work here",
            f"Loading it failed: {error.reason}. No photo can be protected without it.",
            remedies.reinstall([f"torch=={torch.version}"]),
        )
        return
    if told is None:
        raise NotNow("PyTorch takes too long to load")
    if told["available"] == ["cpu"]:
        yield from _without(patient, torch)
    if wanted not in ("auto", "cpu") and told["note"]:
        yield Finding(
            "device_not_usable",
            "The device you chose cannot be used",
            f"The settings name “{wanted}”, which is not usable here; the processor does the work.",
            f"Run {patient.command('settings', 'set', 'device', 'auto')}.",
        )


def _without(patient: Patient, torch: hardware.Torch) -> Iterator[Finding]:
    """Why the processor does the work."""
    found = machine.look(patient.root)
    choice = machine.choose(found)
    cards = hardware.cards(patient.root)
    if choice.build in _OF_CARDS and choice.build is not torch.build:
        yield Finding(
            "torch_build",
            "Your graphics card is not used: PyTorch is the wrong build",
            f"{choice.why} PyTorch {torch.version} is the build “{torch.build}”, which cannot use it; photos take many "
            "times longer.",
            remedies.torch(choice.build),
            Weight.ADVICE,
        )
    elif found.amd_card and not found.nvidia_driver and choice.build is Build.CPU:
        yield Finding(
            "gpu_unsupported",
            "Your graphics card cannot be used",
            f"{choice.why} The processor does the work.",
            "Nothing needs to be done, and nothing can be: no driver changes it.",
            Weight.NOTE,
        )
    elif cards:
        yield Finding(
            "gpu_driver",
            "Your graphics card is not used: its driver is missing or does not fit",
            f"There is a card of {' and '.join(sorted(cards))}. {choice.why}",
            _driver(cards),
            Weight.ADVICE,
        )
    elif platform.system() != "Darwin":
        yield Finding(
            "gpu_none",
            "There is no graphics card that Photoveil could use",
            "The processor does the work. That is fine; with larger model sets each photo takes longer.",
            "Nothing needs to be done: the setting model_set “auto” takes the best set that is quick enough.",
            Weight.NOTE,
        )


def _driver(cards: frozenset[str]) -> str:
    if hardware.NVIDIA in cards:
        return "Install NVIDIA's driver (`sudo apt install nvidia-driver`), restart, then run `photoveil doctor` again."
    return "Run `sudo usermod -aG render,video $USER`, install AMD's driver (ROCm), restart, then look again."
