"""The real child on a machine whose graphics card is full: PyTorch says so, at its own boundary.

With PHOTOVEIL_STARVED set there is no memory anywhere.
"""

from __future__ import annotations

import os
from typing import Any

import torch

from photoveil.protection import devices
from photoveil.worker import child

_move = torch.nn.Module.to


def _to(module: torch.nn.Module, *args: Any, **named: Any) -> torch.nn.Module:
    target = next((one for one in args if isinstance(one, torch.device)), None)
    if target is not None and (target.type == "cuda" or "PHOTOVEIL_STARVED" in os.environ):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
    return _move(module, *args, **named)


if __name__ == "__main__":
    devices._THERE["cuda"] = lambda: True
    torch.nn.Module.to = _to  # type: ignore[method-assign,assignment]
    child.main()
