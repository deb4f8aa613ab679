"""What a processor is good at."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from photoveil.protection import devices


@pytest.mark.parametrize(
    ("able", "fast"),
    [
        ({"cpu_name": "Intel Xeon", "avx512_bf16": True, "amx_bf16": True}, True),
        ({"cpu_name": "Intel Xeon", "avx512_bf16": True, "amx_bf16": False}, False),
        ({"cpu_name": "AMD EPYC", "avx512_bf16": True}, True),
        ({"cpu_name": "AMD EPYC", "avx512_bf16": False}, False),
        ({"avx2": True}, False),
    ],
)
def test_half_precision_is_for_processors_that_gain_by_it(
    monkeypatch: pytest.MonkeyPatch, able: dict[str, Any], fast: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able, raising=False)
    assert devices.fast_bfloat16.__wrapped__(devices.CPU) is fast
