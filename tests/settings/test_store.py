"""The settings of a running daemon: one truth, whoever changes it."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings as runs
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from photoveil.hub import Hub
from photoveil.notices import Notices
from photoveil.settings import (
    TEMPLATE,
    FolderRule,
    PersonaCard,
    Settings,
    SettingsError,
    SettingsStore,
    SiteProfile,
    load,
)
from photoveil.settings import (
    store as module,
)
from photoveil.settings.file import Stamp
from tests.settings.texts import usable_files

T = TypeVar("T")


class House:
    """A store with all that it reports to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        hub = Hub()
        self.events = hub.subscribe()
        self.notices = Notices(hub)
        self.store = SettingsStore(path, hub, self.notices)

    async def heard(self) -> list[tuple[str, dict[str, Any]]]:
        self.events.close()
        return [(event.kind, event.facts) async for event in self.events]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


@pytest.fixture
def house(path: Path) -> House:
    return House(path)


async def test_changes_are_in_force_on_disk_and_published(house: House) -> None:
    assert house.store.current == Settings()
    assert await house.store.change(strength="strong", previews=False) is house.store.current
    rule = await house.store.put_folder(FolderRule(Path("/photos/a")))
    await house.store.put_folder(FolderRule(Path("/photos/a"), strength="film"))
    assert await house.store.put_site("WWW.a.org", SiteProfile(protect=False)) == "www.a.org"
    await house.store.put_persona("anna", PersonaCard("red"))
    await house.store.change(strength="strong")
    assert house.store.current == load(house.path)[0]
    assert house.store.current.strength == "strong"
    await house.store.remove_folder(rule.id)
    await house.store.remove_site("www.a.org")
    await house.store.remove_persona("anna")
    await house.store.change(strength=None, previews=None)
    assert house.store.current == Settings()
    assert house.path.read_text() == TEMPLATE
    settings: tuple[str, dict[str, Any]] = ("settings", {})
    folders = [settings, ("folders", {"folder": rule.id})]
    personas = [settings, ("personas", {})]
    assert await house.heard() == [
        *[settings, *folders, *folders, settings, *personas],
        *[*folders, settings, *personas, settings],
    ]


async def test_a_broken_file_leaves_the_old_settings_in_force_until_it_is_mended(house: House) -> None:
    await house.store.change(strength="film")
    house.path.write_text("# mine\nstrength = strong\n")
    await house.store.reload()
    assert house.store.current.strength == "film"
    (notice,) = house.notices.all()
    assert notice.key == "settings"
    assert "Line 2" in notice.reason
    with pytest.raises(SettingsError, match="Line 2"):
        await house.store.change(port=1)
    assert house.path.read_text() == "# mine\nstrength = strong\n"
    assert house.notices.all() == [notice]
    house.path.write_text('# mine\nstrength = "strong"\nfuture = 1\n')
    await house.store.reload()
    assert house.store.current == Settings(strength="strong")
    assert house.store.unknown == ["future"]
    assert house.notices.all() == []


async def test_a_file_that_is_gone_means_the_defaults(house: House) -> None:
    await house.store.change(strength="film")
    house.path.unlink()
    await house.store.reload()
    assert house.store.current == Settings()


def test_a_file_broken_at_the_start_is_an_error(path: Path) -> None:
    path.write_text("port = ")
    with pytest.raises(SettingsError, match="Line 1"):
        House(path)


async def test_edits_by_hand_are_noticed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_POLL_SECONDS", 0.01)
    monkeypatch.setattr(module, "_SETTLE_SECONDS", 0.01)
    watching = asyncio.create_task(house.store.watch())
    try:
        house.path.write_text("history_days = 7\n")
        await until(lambda: house.store.current.history_days == 7)
        house.path.write_text("history_days = \n")
        await until(lambda: len(house.notices.all()) == 1)
        other = house.path.with_name("other")
        other.write_text("history_days = 8\n")
        other.replace(house.path)
        await until(lambda: house.store.current.history_days == 8)
        assert house.notices.all() == []
        with house.path.open("a") as file:
            file.write("cache_mb = 9\n")
        assert (await house.store.change(port=1)).cache_mb == 9
    finally:
        watching.cancel()
    assert {kind for kind, _ in await house.heard()} == {"settings", "notices"}


async def test_a_file_that_is_being_written_is_left_alone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_POLL_SECONDS", 0.01)
    await house.store.change(strength="film")
    stamp, looked = house.store._file.stamp, 0

    def counted() -> Stamp:
        nonlocal looked
        looked += 1
        return stamp()

    monkeypatch.setattr(house.store._file, "stamp", counted)
    watching = asyncio.create_task(house.store.watch())
    try:
        await until(lambda: looked > 3)  # the change was taken in, and nothing new was seen since
        monkeypatch.setattr(module, "_SETTLE_SECONDS", 0.5)
        with house.path.open("w") as file:  # empty for a while: the defaults, if somebody read it now
            seen = looked
            await until(lambda: looked > seen)
            file.write('strength = "film"\nport = 1\n')
        await until(lambda: house.store.current.port == 1)
    finally:
        watching.cancel()
    assert [kind for kind, _ in await house.heard()] == ["settings", "settings"]


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - what is waited for happens on the disk
            await asyncio.sleep(0.01)


async def test_many_changes_at_once_are_all_made(house: House) -> None:
    await asyncio.gather(
        *(house.store.put_folder(FolderRule(Path(f"/photos/{number}"))) for number in range(10)),
        house.store.change(port=1),
        house.store.reload(),
        house.store.put_persona("anna", PersonaCard("red")),
    )
    assert len(house.store.current.folders) == 10
    assert house.store.current == load(house.path)[0]


async def test_looking_for_edits_costs_next_to_nothing(house: House) -> None:
    await house.store.change(port=1)
    before = os.times()
    for _ in range(1000):
        house.store._file.stamp()  # all that `watch` does every two seconds
    after = os.times()
    assert after.user + after.system - before.user - before.system < 0.2


HOSTS = st.sampled_from(["a.org", "B.org", "c.org", "localhost"])
PERSONAS = st.sampled_from(["anna", "my mother", "Zoë"])
STRENGTHS = st.sampled_from([None, "subtle", "film"])
PATHS = st.sampled_from([Path(f"/photos/{name}") for name in "abcdé"])
NOTES = st.sampled_from(["# note {}", "  # note {}", "#note{} = 1"])


class Life(RuleBasedStateMachine):
    """A settings file that people edit while programs change it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "settings.toml"
        self.runner = asyncio.Runner()
        self.notes: list[str] = []
        self.unknown: list[str] | None = None

    def teardown(self) -> None:
        self.runner.close()
        self.folder.cleanup()

    def do(self, change: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(change)

    @initialize(content=usable_files())
    def begin(self, content: bytes) -> None:
        self.path.write_bytes(content)
        self.house = House(self.path)
        self.store = self.house.store
        self.unknown = self.store.unknown

    @rule(strength=STRENGTHS, previews=st.sampled_from([None, True, False]))
    def change(self, strength: str | None, previews: bool | None) -> None:
        self.do(self.store.change(strength=strength, previews=previews))
        assert self.store.current.strength == (strength or "balanced")
        assert self.store.current.previews == (previews is not False)

    @rule(path=PATHS, strength=STRENGTHS, recursive=st.booleans())
    def put_folder(self, path: Path, strength: str | None, recursive: bool) -> None:
        rule = FolderRule(path, strength=strength, recursive=recursive)
        assert self.do(self.store.put_folder(rule)) == rule
        assert self.store.current.folder(rule.id) == rule

    @rule(data=st.data())
    def remove_folder(self, data: st.DataObject) -> None:
        if self.store.current.folders:
            wanted = data.draw(st.sampled_from(self.store.current.folders)).id
            self.do(self.store.remove_folder(wanted))
            assert self.store.current.folder(wanted) is None
            self.unknown = None

    @rule(host=HOSTS, protect=st.booleans(), strength=STRENGTHS)
    def put_site(self, host: str, protect: bool, strength: str | None) -> None:
        profile = SiteProfile(protect, strength=strength)
        self.do(self.store.put_site(host, profile))
        assert self.store.current.site(host) == profile

    @rule(host=HOSTS)
    def remove_site(self, host: str) -> None:
        if host.lower() in self.store.current.sites:
            self.do(self.store.remove_site(host))
            self.unknown = None
        assert self.store.current.site(host) is None

    @rule(name=PERSONAS, colour=st.sampled_from(["red", "blue"]), strength=STRENGTHS)
    def put_persona(self, name: str, colour: str, strength: str | None) -> None:
        self.do(self.store.put_persona(name, PersonaCard(colour, strength)))
        assert self.store.current.personas[name] == PersonaCard(colour, strength)

    @rule(name=PERSONAS)
    def remove_persona(self, name: str) -> None:
        if name in self.store.current.personas:
            self.do(self.store.remove_persona(name))
            self.unknown = None
        assert name not in self.store.current.personas

    @rule(note=NOTES, where=st.sampled_from(["first", "last"]))
    def type_a_note(self, note: str, where: str) -> None:
        note = note.format(len(self.notes))
        content = self.path.read_bytes()
        text = content.removeprefix(b"\xef\xbb\xbf")
        bom = content.removesuffix(text)
        line = note.encode() + b"\n"
        self.path.write_bytes(bom + (line + text if where == "first" else text.rstrip() + b"\n" + line))
        self.notes.append(note)

    @rule(word=st.sampled_from(["film", "strong"]))
    def type_a_setting(self, word: str) -> None:
        if self.store.current.strength != "balanced":
            text = self.path.read_bytes().replace(self.store.current.strength.encode(), word.encode())
            self.path.write_bytes(text)
            self.do(self.store.reload())
            self.unknown = None

    @invariant()
    def the_file_says_what_is_in_force(self) -> None:
        found, unknown = load(self.path)
        assert found == self.store.current
        assert self.unknown is None or unknown == self.unknown
        assert self.house.notices.all() == []

    @invariant()
    def notes_stay(self) -> None:
        lines = self.path.read_text(encoding="utf-8-sig").splitlines()
        assert all(note in lines for note in self.notes)


TestLife = Life.TestCase
TestLife.settings = runs(max_examples=25, stateful_step_count=15, deadline=None)
