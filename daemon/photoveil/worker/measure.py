"""How fast this machine is: a bare forward and backward pass of a tower whose work is known."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch

from photoveil.protection import devices
from photoveil.protection.lean import open_clip

WIDTH, LAYERS, SIZE, PATCH = 768, 4, 224, 16
"""Of the tower: a third of ViT-B/16, the shape that most encoders of the model sets have."""
_TOKENS = (SIZE // PATCH) ** 2 + 1
GFLOP = (
    LAYERS * (24 * _TOKENS * WIDTH**2 + 4 * _TOKENS**2 * WIDTH) + 2 * (_TOKENS - 1) * 3 * PATCH**2 * WIDTH
) / 1e9
"""Of one picture's forward pass, in 10⁹ operations, a multiplication with its addition counted as two."""
_SECONDS = 1.2
_LEAST, _MOST = 3, 200


def measure(device: torch.device, tick: Callable[[float], None]) -> dict[str, Any]:
    """Time the tower with one picture, as photos are protected; ``tick`` hears the share done and may raise.

    Answers ``pass_rate`` (forward and backward to the picture) and ``look_rate`` (forward alone), both in 10⁹
    operations *of the forward pass* per second, and what they were measured on.
    """
    tower = _tower(device)
    picture = torch.rand(1, 3, SIZE, SIZE, device=device)
    half = devices.fast_bfloat16(device.type)

    def look() -> None:
        with torch.inference_mode():
            tower(picture)
        devices.finish(device)

    def step() -> None:
        moved = picture.detach().requires_grad_(True)
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            total = tower(moved).float().sum()
        torch.autograd.grad(total, moved)
        devices.finish(device)

    rates = {}
    for share, (name, run) in zip((0.0, 0.5), (("look_rate", look), ("pass_rate", step)), strict=True):
        rates[name] = GFLOP / _seconds(run, lambda done, share=share: tick(share + done / 2))  # type: ignore[misc]
    return {
        **rates,
        "device": device.type,
        "device_name": devices.describe(device),
        "precision": "bfloat16" if half else "float32",
        "torch": torch.__version__,
    }


def _tower(device: torch.device) -> torch.nn.Module:
    tower = open_clip.transformer.VisionTransformer(
        image_size=SIZE,
        patch_size=PATCH,
        width=WIDTH,
        layers=LAYERS,
        heads=WIDTH // 64,
        mlp_ratio=4.0,
        output_dim=512,
    )
    ready: torch.nn.Module = tower.eval().requires_grad_(False).to(device)
    return ready


def _seconds(run: Callable[[], None], tick: Callable[[float], None]) -> float:
    """The shortest time of a run, after one that does not count: others on this machine only ever make it longer."""
    run()
    times: list[float] = []
    while len(times) < _LEAST or (sum(times) < _SECONDS and len(times) < _MOST):
        tick(min(1.0, sum(times) / _SECONDS))
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)
