"""Whatever happens to files, in whatever order: every photo that is left has exactly one copy, of its last version."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.watching.house import MEMORY, House, copy_of, jpeg
from tests.watching.house import house as built

_FOLDERS = ("", "x", "x/y")
_NAMES = ("a.jpg", "b.jpg", "c.jpg")
_PLACES = st.builds(
    lambda folder, name: str(Path(folder) / name), st.sampled_from(_FOLDERS), st.sampled_from(_NAMES)
)
_STEP = st.one_of(
    st.tuples(st.just("write"), _PLACES),
    st.tuples(st.just("save"), _PLACES),
    st.tuples(st.just("rename"), _PLACES, _PLACES),
    st.tuples(st.just("delete"), _PLACES),
    st.tuples(st.just("folder"), st.sampled_from(("x", "x/y")), st.sampled_from(("z", "x/w"))),
    st.tuples(st.just("wait"), st.sampled_from((0.0, 0.05, 0.3, 0.8))),
    st.tuples(st.just("restart")),
)


class Story:
    """One tree and what is in it."""

    def __init__(self, root: Path) -> None:
        self.tree = root
        self.tree.mkdir()
        self.photos: dict[str, bytes] = {}
        self.written = 0

    def do(self, action: str, *places: str) -> None:
        """One thing that a user, or a program, does."""
        paths = [self.tree / place for place in places]
        match action:
            case "write" | "save":
                self.written += 1
                data = jpeg(f"{self.tree.name} {self.written}", 300 + self.written)
                paths[0].parent.mkdir(parents=True, exist_ok=True)
                part = paths[0].with_name(".part") if action == "save" else paths[0]
                part.write_bytes(data)
                part.replace(paths[0])
                self.photos[places[0]] = data
            case "rename" if places[0] in self.photos and places[0] != places[1]:
                paths[1].parent.mkdir(parents=True, exist_ok=True)
                paths[0].rename(paths[1])
                self.photos[places[1]] = self.photos.pop(places[0])
            case "delete" if places[0] in self.photos:
                paths[0].unlink()
                del self.photos[places[0]]
            case "folder" if paths[0].is_dir() and not paths[1].exists() and paths[1].parent.is_dir():
                if paths[0] in paths[1].parents:
                    return
                paths[0].rename(paths[1])
                moved = {place for place in self.photos if place.startswith(places[0] + "/")}
                for place in moved:
                    self.photos[places[1] + place.removeprefix(places[0])] = self.photos.pop(place)

    def check(self) -> None:
        """Every photo is as it was written, and has one copy."""
        found = {
            str(path.relative_to(self.tree)): path.read_bytes()
            for path in self.tree.rglob("*.jpg")
            if path.parent.name != "Protected"
        }
        assert found == self.photos
        copies = Counter(path.read_bytes() for path in self.tree.rglob("Protected/*"))
        assert {place: copies[copy_of(data)] for place, data in found.items()} == dict.fromkeys(found, 1)
        beside = {place: self.tree / place for place in found}
        for path in beside.values():
            assert list((path.parent / "Protected").glob(f"{path.stem}*{path.suffix}"))
        assert not list(self.tree.rglob(".photoveil*"))


async def _live(root: Path, steps: list[list[tuple[str, ...]]]) -> None:
    stories = [Story(root / f"tree {number}") for number in range(len(steps))]
    async with built(root) as house:
        for story in stories:
            await house.watch(story.tree)
    while any(steps):
        async with built(root) as house:
            await _go_on(house, stories, steps)


async def _go_on(house: House, stories: list[Story], steps: list[list[tuple[str, ...]]]) -> None:
    """Live until a restart, or to the end."""
    while any(steps):
        for story, left in zip(stories, steps, strict=True):
            if not left:
                continue
            action, *rest = left.pop(0)
            if action == "restart":
                return
            if action == "wait":
                await asyncio.sleep(float(rest[0]))
            else:
                story.do(action, *rest)
    for rule in house.store.current.folders:
        await house.until(lambda rule=rule: house.state(rule).last_scan is not None)  # type: ignore[misc]
    await asyncio.gather(*(house.calm(rule) for rule in house.store.current.folders))
    for story in stories:
        story.check()


@settings(
    max_examples=int(os.environ.get("PHOTOVEIL_TEST_STORIES", "2")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(st.lists(st.lists(_STEP, min_size=4, max_size=14), min_size=6, max_size=6))
def test_every_photo_that_is_left_has_one_copy(hurry: None, steps: list[list[tuple[str, ...]]]) -> None:
    root = Path(tempfile.mkdtemp(prefix="photoveil-", dir=MEMORY))
    try:
        asyncio.run(_live(root, [[*story, ("wait", "0.1")] for story in steps]))
    finally:
        shutil.rmtree(root, ignore_errors=True)
