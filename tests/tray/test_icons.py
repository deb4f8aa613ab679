"""The four icons can be told apart without colour, on any panel, at the size of a panel."""

from __future__ import annotations

import itertools

import pytest
from PIL import Image, ImageChops, ImageStat

from photoveil.tray.icons import STEPS, draw, look
from photoveil.tray.state import StateName, TrayState

NAMES: tuple[StateName, ...] = ("idle", "working", "paused", "attention")
PANELS = {"dark": "#202020", "light": "#f2f2f2", "grey": "#808080"}


def on_panel(icon: Image.Image, ground: str, size: int = 22) -> Image.Image:
    picture = Image.new("RGBA", (size, size), ground)
    picture.alpha_composite(icon.resize((size, size), Image.Resampling.LANCZOS))
    return picture.convert("L")


@pytest.mark.parametrize("ground", PANELS.values(), ids=PANELS)
def test_states_differ_in_grey(ground: str) -> None:
    pictures = {name: on_panel(draw(name), ground) for name in NAMES}
    for one, other in itertools.combinations(NAMES, 2):
        difference = ImageChops.difference(pictures[one], pictures[other])
        assert ImageStat.Stat(difference).mean[0] > 12, (one, other)
        assert sum(difference.histogram()[60:]) > 40, (one, other)  # pixels that differ clearly, of 484


@pytest.mark.parametrize("ground", PANELS.values(), ids=PANELS)
@pytest.mark.parametrize("name", NAMES)
def test_each_stands_out_from_the_panel(name: StateName, ground: str) -> None:
    plain = Image.new("L", (22, 22), ground)
    difference = ImageChops.difference(on_panel(draw(name), ground), plain)
    assert sum(difference.histogram()[60:]) > 60


@pytest.mark.parametrize("ground", PANELS.values(), ids=PANELS)
def test_the_ring_fills(ground: str) -> None:
    quarters = [on_panel(draw("working", step), ground) for step in range(1, STEPS + 1, STEPS // 4)]
    for one, other in itertools.pairwise(quarters):
        assert sum(ImageChops.difference(one, other).histogram()[60:]) > 8


def test_the_look_changes_only_with_what_is_seen() -> None:
    looks = {look(TrayState("working", done, 10_000)) for done in range(10_001)}
    assert looks == {("working", step) for step in range(STEPS + 1)}
    assert look(TrayState("working", 0, 0)) == ("working", 0)
    assert look(TrayState("paused", 3, 10)) == ("paused", 0)
    assert look(TrayState("working", 12, 10)) == ("working", STEPS)


@pytest.mark.parametrize("size", [16, 22, 48, 64, 128])
def test_any_size(size: int) -> None:
    icon = draw("attention", 0, size)
    assert (icon.size, icon.mode) == ((size, size), "RGBA")
    assert icon.getpixel((0, 0))[3] < 40  # type: ignore[index]
