"""open_clip and timm without what they import and nothing here uses: torch's compiler, text, and a hub.

torchvision asks the compiler one question and timm marks some functions for it. For that, 900 modules are loaded: more
seconds and memory than all else that an engine needs beside torch. So a stand-in answers while these are imported;
later imports of the compiler get the real one. Functions of timm are then not marked, which matters to `torch.compile`
alone. transformers, where it is installed, is what open_clip has for text towers, and no model set has any; its own
tokenizer reads a dictionary as soon as it is imported, and waits here until somebody calls it. Both packages do without
huggingface_hub as well where they find none, which they do here: weights never come through them.

Import both packages from here, never directly, wherever a worker may load the module.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any

import torch  # noqa: F401 - on its own, before there is a stand-in for a part of it

_COMPILER, _UTILS, _TOKENIZER = "torch._dynamo", "torch._dynamo.utils", "open_clip.tokenizer"
_TOKENIZERS = ("HFTokenizer", "SigLipTokenizer", "SimpleTokenizer", "decode", "tokenize")
"""What open_clip takes from there, all to be called."""
_WORDS = 77
_TEXT, _HUB = "transformers", "huggingface_hub"


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


def _later(name: str) -> Callable[..., Any]:
    """What has this name in the real tokenizer, looked for when it is called."""

    def call(*given: Any, **named: Any) -> Any:
        return getattr(importlib.import_module(_TOKENIZER), name)(*given, **named)

    return call


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


@contextmanager
def _without_tokenizer() -> Iterator[None]:
    if _TOKENIZER in sys.modules:
        yield
        return
    tokenizer = _StandIn(_TOKENIZER)
    vars(tokenizer).update({name: _later(name) for name in _TOKENIZERS}, DEFAULT_CONTEXT_LENGTH=_WORDS)
    sys.modules[_TOKENIZER] = tokenizer
    try:
        yield
    finally:
        _step_aside()


def _step_aside() -> None:
    for name in (_COMPILER, _UTILS, _TOKENIZER):
        if isinstance(sys.modules.get(name), _StandIn):
            del sys.modules[name]


@contextmanager
def _without(package: str) -> Iterator[None]:
    """Imports as where the package is not installed."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[package]


def _load(*absent: str) -> None:
    with _without_compiler(), _without_tokenizer(), ExitStack() as stack:
        for package in absent:
            stack.enter_context(_without(package))
        for package in ("open_clip", "timm.models"):
            importlib.import_module(package)


try:
    _load(_TEXT, _HUB)
except ImportError:  # both require the hub's package when they are installed, and may come to need it
    _load(_TEXT)

import open_clip  # noqa: E402
import timm.models  # noqa: E402

__all__ = ["open_clip", "timm"]
