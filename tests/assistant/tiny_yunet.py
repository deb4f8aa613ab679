"""A network with YuNet's inputs and outputs whose answer is known, since YuNet's own weights are not at hand.

What OpenCV's FaceDetectorYN asks of a network (modules/objdetect/src/face_detect.cpp): an ``input`` of B×3×H×W, BGR as
it is, and for each stride S of 8, 16 and 32 the outputs ``cls_S``, ``obj_S`` (scores 0…1, multiplied under a root),
``bbox_S`` (middle in cells from the cell's corner, then the logarithm of width and height in cells) and ``kps_S``, each
1×cells×channels. This one sees a face in every cell of 32 pixels that is pure red, twice as wide and 2.5 times as tall
as the cell; what is half red is a face of half the score.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

SIDE = 32
WIDE, TALL = 2.0, 2.5
"""Of the faces it sees, in cells."""

_HEADS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
_FLOAT, _INT64, _INTS = 1, 7, 7


def network(height: int | str, width: int | str, aside: float = 0.0) -> bytes:
    """The file, in ONNX; for inputs of one size, or of any where words stand for the sizes.

    ``aside``: how many cells to the right of what is red the face is said to be.
    """
    nodes, tensors, outputs = b"", b"", b""
    for stride in (8, 16, 32):
        for head, channels in _HEADS.items():
            name = f"{head}_{stride}"
            side, weights, bias = _filter(head, stride, channels, aside)
            tensors += _floats(f"{name}_w", (channels, 3, side, side), weights)
            tensors += _floats(f"{name}_b", (channels,), bias) + _longs(f"{name}_s", (1, -1, channels))
            strides = _ints("kernel_shape", side, side) + _ints("strides", stride, stride)
            nodes += _node("Conv", ("input", f"{name}_w", f"{name}_b"), f"{name}_c", strides)
            nodes += _node("Transpose", (f"{name}_c",), f"{name}_t", _ints("perm", 0, 2, 3, 1))
            nodes += _node("Reshape", (f"{name}_t", f"{name}_s"), name)
            cells: int | str = f"cells_{stride}"
            if isinstance(height, int) and isinstance(width, int):
                cells = height * width // stride**2
            outputs += _value(12, name, 1, cells, channels)
    graph = nodes + _part(2, "tiny") + tensors + _value(11, "input", 1, 3, height, width) + outputs
    return _number(1, 8) + _part(8, _number(2, 13)) + _part(7, graph)


def _filter(head: str, stride: int, channels: int, aside: float) -> tuple[int, list[float], list[float]]:
    """Side, weights and bias of a head's convolution."""
    if head in ("cls", "obj") and stride == SIDE:
        each = 1 / (255 * SIDE**2)
        plane = [1.0] * SIDE**2
        return SIDE, [each * sign * one for sign in (0, -1, 1) for one in plane], [0.0]  # red less green
    bias = [0.5 + aside, 0.5, math.log(WIDE), math.log(TALL)] if head == "bbox" else [0.0] * channels
    return 1, [0.0] * (3 * channels), bias


# ONNX is protocol buffers: fields of a number and a kind, 0 for a whole number and 2 for bytes (onnx.proto).


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    found = b""
    while value > 127:
        found += bytes([value & 127 | 128])
        value >>= 7
    return found + bytes([value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _part(field: int, data: bytes | str) -> bytes:
    data = data.encode() if isinstance(data, str) else data
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _node(kind: str, inputs: Sequence[str], output: str, attributes: bytes = b"") -> bytes:
    names = b"".join(_part(1, name) for name in inputs) + _part(2, output)
    return _part(1, names + _part(3, output) + _part(4, kind) + attributes)


def _ints(name: str, *values: int) -> bytes:
    return _part(5, _part(1, name) + b"".join(_number(8, value) for value in values) + _number(20, _INTS))


def _floats(name: str, shape: Sequence[int], values: Sequence[float]) -> bytes:
    raw = struct.pack(f"<{len(values)}f", *values)
    return _tensor(name, shape, _FLOAT, raw)


def _longs(name: str, values: Sequence[int]) -> bytes:
    return _tensor(name, (len(values),), _INT64, struct.pack(f"<{len(values)}q", *values))


def _tensor(name: str, shape: Sequence[int], kind: int, raw: bytes) -> bytes:
    sizes = b"".join(_number(1, size) for size in shape)
    return _part(5, sizes + _number(2, kind) + _part(8, name) + _part(9, raw))


def _value(field: int, name: str, *sizes: int | str) -> bytes:
    each = (_number(1, size) if isinstance(size, int) else _part(2, size) for size in sizes)
    shape = b"".join(_part(1, one) for one in each)
    return _part(field, _part(1, name) + _part(2, _part(1, _number(1, _FLOAT) + _part(2, shape))))
