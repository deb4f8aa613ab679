"""The icon on a real X server: it appears, tells its state, opens its menu, and leaves as it came."""

from __future__ import annotations

import itertools
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image, ImageChops

from photoveil.tray import system_gi
from tests.tray.conftest import PANEL, RESULTS, Desk, Shown, Talking, end, wait_for

USUAL: dict[str, Any] = {
    "strength": "balanced",
    "strengths": ["subtle", "balanced", "strong", "film"],
    "persona": "me",
    "personas": ["me", "anna", "nobody"],
    "folders": [
        ["f1", "Pictures", "events"],
        ["f2", "Holiday & co_2026", "polling"],
        ["f3", "Stick", "missing"],
    ],
    "recent": [["j1", "beach.jpg", "protected"], ["j2", "mountain.png", "passed on unchanged"]],
    "clients": 2,
    "protected_total": 212,
}
STATES: dict[str, dict[str, Any]] = {
    "idle": USUAL,
    "working": {**USUAL, "state": "working", "done": 9, "total": 24},
    "paused": {**USUAL, "state": "paused"},
    "attention": {
        **USUAL,
        "state": "attention",
        "notices": ["A watched folder is missing", "The disk is full"],
    },
}
ICON = (560, 0, 640, PANEL)
needs_gi = pytest.mark.skipif(
    not system_gi.load(), reason="python3-gi is not installed (`make test` does it)"
)


@needs_gi
@pytest.mark.parametrize("tint", ["0x202020", "0xf2f2f2"], ids=["dark", "light"])
def test_every_state_has_its_icon(desk: Desk, tint: str) -> None:
    desk.panel(tint)
    shown = desk.icon()
    shown.spot()
    bars: dict[str, Image.Image] = {}
    for name, state in STATES.items():
        shown.put(**state)
        if bars:  # each looks other than the one before
            last = [*bars.values()][-1].tobytes()
            wait_for(lambda: desk.picture().crop(ICON).tobytes() != last, "the icon did not change")  # noqa: B023
        bars[name] = desk.stable().crop(ICON)
    sheet = Image.new("RGB", (80 * 6, PANEL * 6 * len(bars)))
    for row, bar in enumerate(bars.values()):
        sheet.paste(bar.resize((80 * 6, PANEL * 6), Image.Resampling.NEAREST), (0, row * PANEL * 6))
    RESULTS.mkdir(parents=True, exist_ok=True)
    sheet.save(RESULTS / f"icons-{'dark' if tint == '0x202020' else 'light'}.png")
    for one, other in itertools.combinations(bars, 2):
        grey = ImageChops.difference(bars[one].convert("L"), bars[other].convert("L"))
        assert sum(grey.histogram()[40:]) > 25, (one, other)
    assert shown.stop() == ["ended", "True"]


@needs_gi
def test_every_state_has_its_menu(desk: Desk) -> None:
    desk.panel()
    shown = desk.icon()
    point = shown.spot()
    for name, state in STATES.items():
        shown.put(**state)
        desk.stable()
        desk.open_menu(point)
        if name == "idle":
            desk.keys("Down", "Down", "Down", "Right")
            desk.stable()
        desk.shot(f"menu-{name}")
        desk.keys("Escape", "Escape")
        wait_for(lambda: not desk.menus(), "the menu stays")


@needs_gi
def test_what_is_clicked_reaches_the_daemon(desk: Desk) -> None:
    desk.panel()
    shown = desk.icon()
    point = shown.spot()
    shown.put(**USUAL)
    desk.stable()
    for keys, told in [
        (["Down", "Return"], ["do", "dashboard", ""]),
        (["Down", "Down", "Right", "Down", "Return"], ["do", "pause", "60"]),
        (["Down", "Down", "Down", "Right", "Up", "Return"], ["do", "strength", "film"]),
        (["Up", "Up", "Up", "Right", "Return"], ["do", "photo", "j1"]),
        (["Up", "Return"], ["do", "quit", ""]),
    ]:
        desk.open_menu(point)
        desk.keys(*keys)
        assert shown.told() == told
        desk.stable()
    assert shown.nothing_told()


@needs_gi
def test_gtk_alone_left_click_opens_the_dashboard_right_click_the_menu(desk: Desk) -> None:
    desk.environment["PYSTRAY_BACKEND"] = "gtk"
    desk.panel()
    shown = desk.icon()
    point = shown.spot()
    desk.click(point)
    assert shown.told() == ["do", "dashboard", ""]
    desk.open_menu(point, button=3)
    desk.keys("Down", "Down", "Right", "Return")
    assert shown.told() == ["do", "pause", "10"]
    assert shown.stop() == ["ended", "True"]


def test_without_the_desktops_library_a_click_opens_the_dashboard(desk: Desk) -> None:
    """No bus and so no GTK backend: the X11 one, which knows no menu."""
    del desk.environment["DBUS_SESSION_BUS_ADDRESS"]
    desk.panel()
    shown = desk.icon()
    point = shown.spot()
    desk.click(point)
    assert shown.told() == ["do", "dashboard", ""]
    plain = desk.stable()
    shown.put(state="attention", notices=["The disk is full"])
    wait_for(lambda: desk.picture().tobytes() != plain.tobytes(), "the icon did not change")
    desk.shot("xorg-attention")
    assert shown.stop() == ["ended", "True"]
    assert any("without its menu" in line for line in shown.log)


def test_without_a_panel_it_says_so_in_time(desk: Desk) -> None:
    shown = desk.icon(wait=1.0)
    assert shown.told() == ["ended", "False"]
    assert shown.process.wait(100) == 0
    assert any("nobody shows tray icons" in line for line in shown.log)


@pytest.mark.parametrize("screen_name", [None, ":4711"])
def test_without_a_screen_it_says_so_at_once(desk: Desk, screen_name: str | None) -> None:
    desk.environment.pop("DISPLAY")
    if screen_name:
        desk.environment["DISPLAY"] = screen_name
    shown = desk.icon(wait=0.2)
    assert shown.told() == ["ended", "False"]
    assert shown.process.wait(100) == 0


def test_a_panel_that_comes_late_is_waited_for(desk: Desk) -> None:
    shown = desk.icon()
    assert shown.nothing_told(1.5)
    desk.panel()
    assert shown.spot()
    assert shown.stop() == ["ended", "True"]


@pytest.mark.parametrize("bus", [pytest.param(True, marks=needs_gi), False], ids=["gtk", "xorg"])
def test_a_panel_that_starts_anew_gets_the_icon_back(desk: Desk, bus: bool) -> None:
    if not bus:
        del desk.environment["DBUS_SESSION_BUS_ADDRESS"]
    first = desk.panel()
    shown = desk.icon()
    shown.spot()
    end(first)
    desk.panel()
    point = shown.spot()
    if not bus:
        desk.click(point)
        assert shown.told() == ["do", "dashboard", ""]
    assert shown.stop() == ["ended", "True"]


def test_waiting_for_a_panel_can_be_ended(desk: Desk) -> None:
    shown = desk.icon(wait=600.0)
    shown.put(**USUAL)
    assert shown.stop() == ["ended", "False"]


@needs_gi
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("bus", [True, False], ids=["gtk", "xorg"])
def test_signals_end_it_as_they_should(desk: Desk, number: signal.Signals, bus: bool) -> None:
    if not bus:
        del desk.environment["DBUS_SESSION_BUS_ADDRESS"]
    desk.panel()
    shown = desk.icon()
    shown.spot()
    shown.process.send_signal(number)
    assert shown.told() == ["signal", str(int(number))]
    assert shown.told() == ["ended", "True"]

    assert shown.process.wait(100) == 0


@needs_gi
def test_an_open_menu_stays_open_while_photos_are_protected(desk: Desk) -> None:
    desk.panel()
    shown = desk.icon()
    point = shown.spot()
    shown.put(**STATES["working"])
    desk.stable()
    desk.open_menu(point)
    below = (0, PANEL, *desk.picture().size)
    before = desk.picture().crop(below).tobytes()
    for done in range(10, 24):
        shown.put(**{**STATES["working"], "done": done})
        time.sleep(0.05)
    desk.stable()
    assert desk.picture().crop(below).tobytes() == before


@needs_gi
def test_a_panel_on_the_bus_shows_menu_and_messages(desk: Desk) -> None:
    panel = desk.bus_panel()
    shown = desk.icon()
    assert panel.told() == ["registered"]
    shown.put(**USUAL)
    labels = listed(panel, "Strength: balanced")
    assert labels[1:4] == ["Ready", "Open the dashboard", "Pause"]
    # D-Bus menus take one "_" for the mark of a letter to underline.
    assert "Holiday & co__2026 (looked at from time to time)" in labels
    panel.send("click For 1 hour")
    assert shown.told() == ["do", "pause", "60"]
    assert panel.told() == ["clicked"]
    panel.send("click nobody")
    assert shown.told() == ["do", "persona", "nobody"]
    assert sorted([panel.told(), panel.told()]) == [
        ["clicked"],
        ["notification", "No such persona", "Nobody is known. Choose another."],
    ]
    shown.put(**STATES["attention"])
    title, text = (
        "Photoveil needs your attention",
        "A watched folder is missing (and 1 more). The tray menu tells more.",
    )
    assert panel.told() == ["notification", title, text]
    shown.put(**USUAL)
    shown.put(**STATES["attention"])
    assert panel.nothing_told()
    assert shown.stop() == ["ended", "True"]


def listed(panel: Talking, label: str) -> list[str]:
    """The menu as the panel has it, once it has ``label``: what is sent on the bus arrives a little later."""
    limit = time.monotonic() + 100
    while time.monotonic() < limit:
        panel.send("menu")
        labels = panel.told()
        if label in labels:
            return labels
        time.sleep(0.1)
    raise AssertionError(labels)


def used(shown: Shown) -> tuple[int, int, int]:
    process = psutil.Process(shown.process.pid)
    return process.memory_info().rss, process.num_fds(), process.num_threads()


@needs_gi
def test_two_thousand_updates_leave_nothing_behind(desk: Desk, tmp_path: Path) -> None:
    desk.panel()
    shown = desk.icon(pace=0.001)
    shown.spot()

    def many(count: int) -> None:
        for number in range(count):
            recent = [[f"j{number}", f"photo-{number}.jpg", "protected"]] * (number % 8 + 1)
            shown.put(**{**STATES["working"], "done": number % 25, "recent": recent})

    many(1000)
    desk.stable()
    before = used(shown)
    grown = []
    for _ in range(3):  # what leaks grows every time, what was merely put somewhere else does not
        many(2000)
        desk.stable()
        grown.append(tuple(now - then for now, then in zip(used(shown), before, strict=True)))
        before = used(shown)
        memory, handles, threads = grown[-1]
        if memory < 2 << 20 and handles <= 1 and threads <= 0:
            break
    else:
        pytest.fail(f"bytes, handles and threads grew by {grown}")
    assert len(list(tmp_path.iterdir())) <= 8
    assert shown.stop() == ["ended", "True"]
