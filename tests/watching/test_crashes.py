"""Killed between any two steps: no original changed or lost, no copy twice, nothing half-written left."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from photoveil.ledger.database import Database
from photoveil.photos import PARTIAL_PREFIX
from tests.watching.house import copy_of, jpeg, sha
from tests.watching.house import house as built

_STEPS = {"os.rename", "os.link", "os.remove", "os.mkdir"}
_KILLS = (9, 14, 18, 21, 24, 28, 33)


def _die_at(step: int, tree: Path) -> None:
    """Kill this process before its n-th step: a transaction, or a change of a name below the watched folder."""
    left = [step]

    def count() -> None:
        left[0] -= 1
        if left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in _STEPS and str(tree) in str(args[0]):
            count()

    transact = Database._transact

    def counted(self: Database, call: Any) -> Any:
        count()
        return transact(self, call)

    Database._transact = counted  # type: ignore[method-assign]
    sys.addaudithook(hook)


async def _work(root: Path, *, again: bool = False) -> None:
    """Work until nothing is left to do; ``again``: also on photos given up because the daemon died of them thrice."""
    async with built(root) as house:
        rule = house.store.current.folders[0]
        await house.until(lambda: house.state(rule).last_scan is not None)
        await house.calm(rule)
        if again:
            await house.watching.rescan()
        await house.calm(rule)


def _run_and_die(roots: list[Path], step: int) -> int:
    """Let forked processes work until their n-th step; answers how many were killed before they had finished."""
    children = [_forked(root, step) for root in roots]
    return sum(os.WIFSIGNALED(os.waitpid(child, 0)[1]) for child in children)


def _forked(root: Path, step: int) -> int:
    child = os.fork()
    if child == 0:
        try:
            _die_at(step, root / "photos")
            asyncio.run(_work(root))
        finally:
            os._exit(0)
    return child


async def _begin(root: Path, output: str) -> None:
    async with built(root) as house:
        await house.watch(output=output)


def _change(tree: Path, photos: dict[str, bytes], turn: int) -> None:
    """What a user does between two crashes."""
    for name in (f"{turn}.jpg", f"{turn} too.jpg"):
        photos[name] = jpeg(f"{name} of {turn}", 600 + turn)
        (tree / name).write_bytes(photos[name])
    if turn >= 1:
        old, new = f"{turn - 1}.jpg", f"moved {turn - 1}.jpg"
        (tree / old).rename(tree / new)
        photos[new] = photos.pop(old)
    if turn >= 2:
        name = f"{turn - 2} too.jpg"
        photos[name] = jpeg(f"changed in {turn}", 700 + turn)
        (tree / name).write_bytes(photos[name])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_photos_and_copies_survive_every_kill(place: Path) -> None:
    roots = [place / output for output in ("beside", "in-place")]
    photos: list[dict[str, bytes]] = [{}, {}]
    for root in roots:
        root.mkdir()
        asyncio.run(_begin(root, root.name))
    killed = 0
    for turn, step in enumerate(_KILLS):
        for root, known in zip(roots, photos, strict=True):
            _change(root / "photos", known, turn)
        killed += _run_and_die(roots, step)
        beside, replaced = (_files(root / "photos") for root in roots)
        assert beside == photos[0]
        assert all(replaced[name] in (data, copy_of(data)) for name, data in photos[1].items())
    assert killed > len(_KILLS)
    asyncio.run(_check_beside(roots[0], photos[0]))
    asyncio.run(_check_in_place(roots[1], photos[1]))


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.jpg")}


async def _check_beside(root: Path, photos: dict[str, bytes]) -> None:
    await _work(root, again=True)
    copies = {path.name: path.read_bytes() for path in (root / "photos" / "Protected").iterdir()}
    assert copies == {name: copy_of(data) for name, data in photos.items()}


async def _check_in_place(root: Path, photos: dict[str, bytes]) -> None:
    await _work(root, again=True)
    tree = root / "photos"
    assert _files(tree) == {name: copy_of(data) for name, data in photos.items()}
    assert not [path for path in tree.rglob("*") if path.name.startswith(PARTIAL_PREFIX)]
    async with built(root) as house:
        kept = {item.sha256 for item in await house.vault.items(limit=1000)}
        assert {sha(data) for data in photos.values()} <= kept
        assert not await house.vault.verify()
