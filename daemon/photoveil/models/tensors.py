"""What a safetensors file holds, told by its header alone: neither torch nor the weights are loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

IMAGE_TOWER = "visual."
"""What open_clip's names of the image tower's tensors begin with; the rest of a checkpoint reads text."""

_LONGEST_HEADER = 64 * 2**20
_BITS = {
    "F64": 64,
    "F32": 32,
    "F16": 16,
    "BF16": 16,
    "I64": 64,
    "I32": 32,
    "I16": 16,
    "I8": 8,
    "U8": 8,
    "BOOL": 8,
}


class NotSafetensorsError(ValueError):
    """A file is no safetensors file, or not whole."""


@dataclass(frozen=True)
class Tensor:
    """One tensor of a file."""

    dtype: str
    shape: tuple[int, ...]
    bytes: int


def read_header(file: Path) -> dict[str, Tensor]:
    """The tensors of a file by name.

    Raises:
        NotSafetensorsError: it is something else (a pickle, a web page, a pointer of git-lfs), or not whole.
        OSError: it cannot be read.
    """
    size = file.stat().st_size
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        if size < 8 or not 2 <= length <= min(_LONGEST_HEADER, size - 8):
            raise NotSafetensorsError("it does not begin like a safetensors file")
        header = opened.read(length)
    try:
        described = json.loads(header)
        tensors = {str(name): _tensor(told) for name, told in described.items() if name != "__metadata__"}
        ends = max(
            (told["data_offsets"][1] for n, told in described.items() if n != "__metadata__"), default=0
        )
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise NotSafetensorsError("its header cannot be read") from error
    if 8 + length + ends != size:
        raise NotSafetensorsError(f"it has {size} bytes where its header speaks of {8 + length + ends}")
    return tensors


def image_tower(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the image tower's tensors, without the beginning that all have in common."""
    return {n.removeprefix(IMAGE_TOWER): t.shape for n, t in tensors.items() if n.startswith(IMAGE_TOWER)}


def fingerprint(shapes: Iterable[tuple[str, Iterable[int]]]) -> str:
    """A name for an architecture: the same tensors in the same shapes, whatever they hold."""
    lines = sorted(f"{name} {'x'.join(str(side) for side in shape)}" for name, shape in shapes)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


def complaint(file: Path, wanted: str) -> str:
    """What is wrong with a file that should have the image tower ``wanted`` (a fingerprint); empty if nothing."""
    try:
        shapes = image_tower(read_header(file))
    except NotSafetensorsError as error:
        return f"it is no safetensors file: {error}"
    return "" if fingerprint(shapes.items()) == wanted else "its image tower has other tensors"


def _tensor(told: Mapping[str, object]) -> Tensor:
    dtype, shape, offsets = told["dtype"], told["shape"], told["data_offsets"]
    if not isinstance(shape, list) or not isinstance(offsets, list) or dtype not in _BITS:
        raise ValueError("not a tensor")
    begin, end = offsets
    if end - begin != prod(shape) * _BITS[str(dtype)] // 8:
        raise ValueError("not as long as its shape")
    return Tensor(str(dtype), tuple(int(side) for side in shape), end - begin)
