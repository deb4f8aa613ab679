"""Chores of the daemon go on after a stumble."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from photoveil import app
from photoveil.app import Daemon
from photoveil.ledger.database import LedgerError
from photoveil.paths import Paths


async def test_a_ledger_that_is_full_for_a_while_is_cleared_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "_HOUSEKEEPING_SECONDS", 0.0)
    cleared = asyncio.Event()
    troubles = [LedgerError("The ledger cannot be used", "The disk is full.", "Make room.")]

    async def clear(_days: int) -> None:
        if troubles:
            raise troubles.pop()
        cleared.set()

    async def rung() -> None:
        return

    folders = (tmp_path / name for name in ("config", "state", "cache", "logs"))
    daemon = Daemon(Paths("test", *folders))
    daemon.services = cast(
        Any,
        SimpleNamespace(
            keys=SimpleNamespace(rung=rung),
            history=SimpleNamespace(clear=clear),
            settings=SimpleNamespace(history_days=30),
        ),
    )
    chore = asyncio.create_task(daemon._keep_house())
    async with asyncio.timeout(60):
        await cleared.wait()
    chore.cancel()
    with pytest.raises(asyncio.CancelledError):
        await chore
