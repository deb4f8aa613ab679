"""open_clip and timm without what they import and nothing here uses: torch's compiler, and transformers.

torchvision asks the compiler one question and timm marks some functions for it. For that, 900 modules are loaded: more
seconds and memory than all else that an engine needs beside torch. So a stand-in answers while these are imported;
later imports of the compiler get the real one. Functions of timm are then not marked, which matters to `torch.compile`
alone. transformers, where it is installed, is what open_clip has for text towers, and no model set has any.

Import both packages from here, never directly, wherever a worker may load the module.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch  # noqa: F401 - on its own, before there is a stand-in for a part of it

_COMPILER, _UTILS, _TEXT = "torch._dynamo", "torch._dynamo.utils", "transformers"


class _StandIn(ModuleType):
    """A module that knows a few answers and steps aside when it is asked for anything else."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        _step_aside()
        return getattr(importlib.import_module(self.__name__), name)


def _disable(function: Callable[..., Any] | None = None, *_: object, **__: object) -> Callable[..., Any]:
    return function or _disable_next


def _disable_next(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def _is_compile_supported(device: str) -> bool:
    """What torchvision asks only when it pools regions, and then of the real compiler."""
    return bool(importlib.import_module(_UTILS).is_compile_supported(device))


@contextmanager
def _without_compiler() -> Iterator[None]:
    if _COMPILER in sys.modules:
        yield
        return
    compiler, utils = _StandIn(_COMPILER), _StandIn(_UTILS)
    compiler.__path__ = []
    vars(compiler).update(disable=_disable, utils=utils)
    vars(utils).update(is_compile_supported=_is_compile_supported)
    sys.modules |= {_COMPILER: compiler, _UTILS: utils}
    try:
        yield
    finally:
        _step_aside()


def _step_aside() -> None:
    for name in (_COMPILER, _UTILS):
        if isinstance(sys.modules.get(name), _StandIn):
            del sys.modules[name]


@contextmanager
def _without_text_towers() -> Iterator[None]:
    if _TEXT in sys.modules:
        yield
        return
    sys.modules[_TEXT] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[_TEXT]


with _without_compiler(), _without_text_towers():
    import open_clip
    import timm.models

__all__ = ["open_clip", "timm"]
