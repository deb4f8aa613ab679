"""Where encoders can run, chosen at run time: CUDA and ROCm, Intel's XPU, the graphics of a Mac, or the processor."""

from __future__ import annotations

import gc
import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import torch

T = TypeVar("T")

AUTO = "auto"
CPU = "cpu"
_WORDS_OF_FULL_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "not enough memory",
)

_AT_ONCE_ON_CPU, _MOST_AT_ONCE = 4, 16
_LEAST_PER_PHOTO = 256 * 2**20
_SHARE = 0.7
"""Of a card's free memory; others use it, too."""


def _mps() -> bool:
    return torch.backends.mps.is_available()


def _xpu() -> bool:
    return bool(hasattr(torch, "xpu") and torch.xpu.is_available())


def _cuda() -> bool:
    return torch.cuda.is_available()


_THERE: dict[str, Callable[[], bool]] = {"cuda": _cuda, "xpu": _xpu, "mps": _mps, CPU: lambda: True}
"""By preference; PyTorch for ROCm calls itself ``cuda``."""


@dataclass(frozen=True)
class Choice:
    """A device; ``note`` is for the report where it is not the one that was asked for."""

    device: torch.device
    note: str = ""


def available() -> tuple[str, ...]:
    """The kinds of devices that this machine and this PyTorch offer, best first."""
    return tuple(name for name, there in _THERE.items() if there())


def choose(wanted: str = AUTO) -> Choice:
    """The device for ``wanted``: ``auto``, a kind, or one by number such as ``cuda:1``; the processor if it is missing.

    A missing device is no reason to leave a photo unprotected.
    """
    found = available()
    if wanted == AUTO:
        return Choice(torch.device(found[0]))
    kind, _, number = wanted.partition(":")
    if kind in found and (not number or (number.isdecimal() and int(number) < _count(kind))):
        return Choice(torch.device(wanted))
    return Choice(
        torch.device(CPU),
        f"The device “{wanted}” of the settings is not usable here; the processor was used.",
    )


def describe(device: torch.device) -> str:
    """The device's name, for people and to tell whether it is still the same."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    if device.type == "xpu":
        return str(torch.xpu.get_device_name(device))
    if device.type == "mps":
        return f"Apple {platform.machine()}"
    return "the processor"


@lru_cache
def fast_bfloat16(device: str) -> bool:
    """Whether a kind of device computes in bfloat16 faster than in full precision."""
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device == "xpu":
        return True
    # Older versions of PyTorch cannot tell; they get full precision.
    told = getattr(torch.cpu, "get_capabilities", dict) if device == CPU else dict
    able: dict[str, Any] = told()
    # Without matrix units, Intel's processors take longer for it than for full precision.
    by_vectors = able.get("avx512_bf16") and str(able.get("cpu_name", "")).startswith("AMD")
    return bool(able.get("amx_bf16") or by_vectors)


def out_of_memory(error: BaseException) -> bool:
    """Whether a device, or the machine, had no memory left; every backend says it in its own way."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(
        words in str(error).lower() for words in _WORDS_OF_FULL_MEMORY
    )


def attempt(act: Callable[[], T]) -> T | Exception:
    """What comes of work on one photo. Its failure is its own and returned; lack of memory concerns all."""
    try:
        return act()
    except Exception as error:
        if out_of_memory(error):
            raise
        return error


def photos_at_once(device: torch.device, weights: int) -> int:
    """How many photos should share a pass through encoders, the largest of which has ``weights`` bytes of them.

    Four photos take a processor little more than half the time each of one alone, and more gain nothing. On a card
    a photo's way through an encoder and back takes about as much memory as its weights; twice that is reckoned with.
    """
    if device.type == CPU:
        return _AT_ONCE_ON_CPU
    if device.type != "cuda":
        return 1
    free = torch.cuda.mem_get_info(device)[0]
    free += torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return max(1, min(_MOST_AT_ONCE, int(_SHARE * free / max(_LEAST_PER_PHOTO, 2 * weights))))


def give_back(device: torch.device) -> None:
    """Return what PyTorch keeps for later to the device; drop your own references before."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "xpu":
        torch.xpu.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def finish(device: torch.device) -> None:
    """Wait until the device has done all it was asked to."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "xpu":
        torch.xpu.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def _count(kind: str) -> int:
    if kind == "cuda":
        return torch.cuda.device_count()
    return torch.xpu.device_count() if kind == "xpu" else 1
