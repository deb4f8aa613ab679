"""Keeps and removes originals until it is killed. Reads ``<seconds>`` from stdin, lives so long, is killed, says so.

Every round is a process forked from this one, so that thirty rounds need one start of Python only.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from pathlib import Path

from photoveil.ledger import vault_restore
from photoveil.ledger.vault_key import VaultKey
from tests.ledger.vault_house import House, house, sha

VaultKey.new().id  # noqa: B018 - what is imported late is imported once, not in every round
assert vault_restore


async def work(root: Path, ready: int) -> None:
    """What the test checks against is written before and after every step; a kill loses none of it."""
    diary = os.open(root / "diary", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    dice = random.Random(os.urandom(8))
    async with house(root) as home:
        os.write(ready, b".")
        while True:
            await step(home, diary, dice)


async def step(home: House, diary: int, dice: random.Random) -> None:
    items = await home.vault.items(limit=3)
    if items and dice.random() < 0.3:
        item = dice.choice(items)
        os.write(diary, f"removing {item.sha256} {item.item}\n".encode())
        await home.vault.remove(item.item)
        os.write(diary, f"removed {item.sha256} {item.item}\n".encode())
        return
    data = dice.randbytes(dice.choice((10, 10_000, 1_500_000, 4_000_000)))
    name = f"{dice.randrange(10**9)}.jpg"
    item_id = await home.keep(data, name)
    os.write(diary, f"kept {sha(data)} {item_id}\n".encode())
    (home.root / name).unlink()


def life(root: Path, seconds: float) -> None:
    """One process from its start to its violent end."""
    told, ready = os.pipe()
    child = os.fork()
    if child == 0:
        asyncio.run(work(root, ready))
    os.read(told, 1)
    os.close(told)
    os.close(ready)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


if __name__ == "__main__":
    for line in sys.stdin:
        life(Path(sys.argv[1]), float(line))
        sys.stdout.write("killed\n")
        sys.stdout.flush()
