"""The menu and the tooltip say the truth about any state."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoveil.tray.menu import SEPARATOR, Item, menu, shown, summary, tooltip
from photoveil.tray.state import TrayState

ACTIONS = {
    "pause", "resume", "strength", "persona", "folder", "folders", "pair", "photo", "dashboard", "notice", "quit",
    "models", "welcome", "update",
}  # fmt: skip

texts = st.text(max_size=80)
states = st.builds(
    TrayState,
    state=st.sampled_from(["idle", "working", "paused", "attention"]),
    done=st.integers(0, 10_000),
    total=st.integers(0, 10_000),
    paused_until=st.none() | st.datetimes().map(lambda moment: moment.isoformat() + "+00:00") | texts,
    strength=texts,
    strengths=st.lists(texts, max_size=4).map(tuple),
    persona=texts,
    personas=st.lists(texts, max_size=4).map(tuple),
    folders=st.lists(st.tuples(texts, texts, st.sampled_from(["events", "missing", "off"])), max_size=4).map(
        tuple
    ),
    recent=st.lists(st.tuples(texts, texts, texts), max_size=12).map(tuple),
    notices=st.lists(texts, max_size=9).map(tuple),
    clients=st.integers(0, 9),
    model_set=texts,
    fetching=texts,
    fetched=st.none() | st.integers(0, 100),
    welcome=st.booleans(),
    update=texts,
)


def every(items: tuple[Item, ...]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from every(item.children)


def texts_of(items: tuple[Item, ...]) -> list[str]:
    return [item.text for item in items]


@given(states)
def test_any_state_has_a_whole_menu(state: TrayState) -> None:
    entries = menu(state)
    assert menu(state) == entries
    flat = list(every(entries))
    assert len(flat) < 80
    for item in flat:
        assert item == SEPARATOR or item.text.strip()
        assert item.text.isprintable()
        assert not (item.action and item.children)
        if item.action:
            assert item.action in ACTIONS
        elif item != SEPARATOR and item.enabled:
            assert item.children
    assert [item.action for item in flat if item.default] == ["welcome" if state.welcome else "dashboard"]
    assert entries[-1].action == "quit"
    assert tooltip(state).startswith("Photoveil: ")


@given(st.text(max_size=300))
def test_names_fit_in_a_menu(text: str) -> None:
    assert 0 < len(shown(text)) <= 44
    assert shown(text).isprintable()


def test_the_end_of_a_long_name_is_seen() -> None:
    assert shown("a" * 100 + "-2026-07-14.jpg").endswith("2026-07-14.jpg")


def test_pausing_and_resuming() -> None:
    assert "Pause" in texts_of(menu(TrayState()))
    for state in (TrayState("paused"), TrayState("attention", paused_until="2026-11-21T18:00:00+00:00")):
        assert "Resume" in texts_of(menu(state))
        assert "Pause" not in texts_of(menu(state))


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (TrayState(), "Ready"),
        (TrayState("working", total=1), "Protecting a photo"),
        (TrayState("working", done=3, total=10), "Protecting 10 photos"),
        (TrayState("paused"), "Paused until you resume"),
        (TrayState("paused", paused_until="soon"), "Paused for a while"),
        (TrayState("attention", notices=("The disk is full",)), "Needs your attention"),
    ],
)
def test_the_state_in_words(state: TrayState, told: str) -> None:
    assert summary(state) == told


def test_a_pause_that_ends_tomorrow_names_the_day() -> None:
    state = TrayState("paused", paused_until="2026-11-21T12:30:00+00:00")
    assert summary(state, date(2026, 11, 21)).startswith("Paused until ")
    assert "Saturday" not in summary(state, date(2026, 11, 21))
    assert "Saturday" in summary(state, date(2026, 11, 20))


def test_progress_moves_the_tooltip_and_not_the_menu() -> None:
    """An open menu that is built anew would close under the pointer."""
    one, other = TrayState("working", done=1, total=9), TrayState("working", done=7, total=9)
    assert menu(one) == menu(other)
    assert tooltip(other) == "Photoveil: 7 of 9 photos done"


def test_one_line_tells_of_model_sets() -> None:
    def line(state: TrayState) -> list[str]:
        return [item.text for item in menu(state) if item.action == "models"]

    assert line(TrayState()) == []
    assert line(TrayState(model_set="starter (for trying only)")) == ["Model set: starter (for trying only)"]
    one, other = (TrayState(model_set="starter", fetching="standard", fetched=share) for share in (None, 42))
    assert line(one) == ["Fetching “standard”…"]
    assert menu(one) == menu(other), "an open menu that is built anew would close under the pointer"
    assert tooltip(one) == "Photoveil: ready; fetching “standard”"
    assert tooltip(other) == "Photoveil: ready; fetching “standard”, 42 %"


def test_folders_photos_and_trouble_lead_somewhere() -> None:
    state = TrayState(
        folders=(("f1", "Pictures", "events"), ("f2", "Stick", "missing")),
        recent=(("j1", "beach.jpg", "protected"),),
        notices=("The disk is full",),
    )
    found = {(item.action, item.argument): item for item in every(menu(state)) if item.action}
    assert found["folder", "f1"].enabled
    assert not found["folder", "f2"].enabled
    assert found["folder", "f2"].text == "Stick (not there now)"
    assert found["photo", "j1"].text == "beach.jpg (protected)"
    assert found["notice", "The disk is full"].text == "⚠ The disk is full"
