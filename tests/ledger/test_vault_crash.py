"""Killed at any moment, and used in any order: what was kept is there, bit for bit."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.ledger.vault_house import House, house, sha

ROUNDS, AT_MOST = 30, 200
"""Kills, and how many where the machine is so busy that little happens between two of them."""


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_killed_at_random_moments_it_loses_nothing(tmp_path: Path) -> None:
    root = tmp_path / "home"
    root.mkdir()
    dice, interrupted = random.Random(0), 0
    victim = subprocess.Popen(
        [sys.executable, "-m", "tests.ledger.vault_victim", str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        cwd=Path(__file__).parents[2],
        text=True,
    )
    assert victim.stdin
    assert victim.stdout
    with victim:
        for number in range(AT_MOST):
            if number >= ROUNDS and interrupted > 5 and _enough(root):
                break
            longest = 0.15 * max(1, number / ROUNDS) ** 2  # where so little is done, lives become longer
            victim.stdin.write(f"{dice.uniform(0, longest)}\n")
            victim.stdin.flush()
            assert victim.stdout.readline() == "killed\n"
            interrupted += asyncio.run(check(root))
        victim.stdin.close()
    assert _enough(root)
    assert interrupted > 5, "no kill came while something was written"


def _enough(root: Path) -> bool:
    diary = (root / "diary").read_text()
    return diary.count("kept") > ROUNDS and diary.count("removed") > 5


async def check(root: Path) -> bool:
    """After a crash: everything whose keeping was answered is there and opens, everything removed is gone.

    Answers whether there was anything to tidy.
    """
    lines = [line.split() for line in (root / "diary").read_text().splitlines()]
    leaving = {sha256 for what, sha256, _ in lines if what == "removing"}
    async with house(root) as home:
        swept = await home.vault.tidy()
        assert (swept.missing, swept.damaged, swept.locked) == (0, 0, 0)
        assert await home.vault.verify() == []
        there = {item.sha256 for item in await home.vault.items(limit=10_000)}
        assert {sha256 for what, sha256, _ in lines if what == "kept"} - leaving <= there
        assert not {sha256 for what, sha256, _ in lines if what == "removed"} & there
        found = list(home.folder.iterdir()) if home.folder.exists() else []
        assert len(found) == len(there)
        for item in (await home.vault.items(limit=3)) if there else []:
            assert sha(await home.content(item.item)) == item.sha256
        verdict = await home.database.run(lambda c: c.execute("PRAGMA integrity_check").fetchone()[0])
        assert verdict == "ok"
    return swept.parts + swept.recovered > 0


class AnyOrder(RuleBasedStateMachine):
    """A vault beside a dictionary that says what it must hold."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        self.held: dict[str, tuple[str, bytes]] = {}
        self.number = 0
        self.open()

    def open(self) -> None:
        self.stack = AsyncExitStack()
        self.home: House = self.runner.run(self.stack.enter_async_context(house(self.root)))

    def close(self) -> None:
        self.runner.run(self.stack.aclose())

    @rule(data=st.sampled_from([b"", b"a", b"b", b"a" * 5000]), name=st.sampled_from(["x.jpg", "y.jpg"]))
    def keep(self, data: bytes, name: str) -> None:
        item = self.runner.run(self.home.keep(data, f"{name}-{len(data)}"))
        assert self.held.setdefault(item, (name, data)) == (name, data)

    @rule(choice=st.randoms(use_true_random=False))
    def remove(self, choice: random.Random) -> None:
        if self.held:
            item = choice.choice(sorted(self.held))
            self.runner.run(self.home.vault.remove(item))
            del self.held[item]

    @rule(choice=st.randoms(use_true_random=False), standing=st.sampled_from([None, b"else"]))
    def restore(self, choice: random.Random, standing: bytes | None) -> None:
        if not self.held:
            return
        item = choice.choice(sorted(self.held))
        self.number += 1
        to = self.root / f"out{self.number}/p.jpg"
        if standing is not None:
            to.parent.mkdir()
            to.write_bytes(standing)
        path = self.runner.run(self.home.vault.restore(item, to))
        assert path.read_bytes() == self.held[item][1]
        assert (path == to) is (standing is None)
        assert standing is None or to.read_bytes() == standing

    @rule(tidy=st.booleans())
    def open_again(self, tidy: bool) -> None:
        self.close()
        self.open()
        if tidy:
            self.runner.run(self.home.vault.tidy())

    @rule()
    def lose_a_container_and_keep_again(self) -> None:
        """Damage is healed by keeping the same bytes again."""
        for item, (name, data) in self.held.items():
            path = self.home.containers()[0]
            path.write_bytes(path.read_bytes()[:-1])
            for other_name, other in set(self.held.values()):
                self.runner.run(self.home.keep(other, f"{other_name}-{len(other)}"))
            assert self.runner.run(self.home.content(item)) == data, name
            break

    @invariant()
    def all_is_there(self) -> None:
        for item, (_, data) in self.held.items():
            assert self.runner.run(self.home.content(item)) == data
        usage = self.runner.run(self.home.vault.usage())
        assert usage.items == len(self.held)
        assert usage.blobs == len({data for _, data in self.held.values()}) == len(self.containers())
        assert usage.bytes == sum(path.stat().st_size for path in self.containers())

    def containers(self) -> list[Path]:
        return self.home.containers() if self.home.folder.exists() else []

    def teardown(self) -> None:
        self.close()
        self.runner.close()
        self.folder.cleanup()


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
