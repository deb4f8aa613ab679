"""A desktop for the tray: an X server of its own, a D-Bus session, a panel, and a process with the icon."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import Xlib.display  # type: ignore[import-untyped]
import Xlib.error  # type: ignore[import-untyped]
import Xlib.X  # type: ignore[import-untyped]
from PIL import Image

from tests.screens import screen as running_screen

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "build" / "results" / "tray"
SIZE = (640, 420)
PANEL = 26
_NEEDED = ("Xvfb", "trayer", "xdotool", "dbus-daemon")
_TRAYER = ("trayer", "--edge", "top", "--align", "right", "--widthtype", "request", "--heighttype", "pixel")
_MENUS = ("POPUP_MENU", "DROPDOWN_MENU", "MENU")
_PLAIN = ("--transparent", "true", "--alpha", "0")  # one colour; without it the tint is not used

State = dict[str, Any]


@dataclass
class Desk:
    """The desktop; every process on it gets ``environment``."""

    environment: dict[str, str]
    stack: contextlib.ExitStack

    def start(self, command: Sequence[str], **options: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(command, env=self.environment, text=True, cwd=ROOT, **options)
        self.stack.callback(end, process)
        return process

    def panel(self, tint: str = "0x202020") -> subprocess.Popen[str]:
        command = [*_TRAYER, *_PLAIN, "--height", str(PANEL), "--tint", tint]
        wait_for(lambda: not self._has_panel(), "the panel of the test before is still there")
        noted = Path(self.environment["HOME"], "panel.txt")
        with noted.open("a") as side:
            process = self.start(command, stdout=side, stderr=side)
        wait_for(self._has_panel, "no panel", noted=noted)
        return process

    def icon(self, **options: Any) -> Shown:
        return Shown(self, ["tests.tray.child", json.dumps({"pace": 0.02, **options})])

    def bus_panel(self) -> Talking:
        """A panel and a notification service on D-Bus alone."""
        panel = Talking(self, ["tests.tray.panel_stub"])
        assert [panel.told(), panel.told()] == [["named"], ["named"]]
        return panel

    def keys(self, *keys: str) -> None:
        for key in keys:
            self._xdo("key", key)
            time.sleep(0.05)

    def click(self, point: tuple[int, int], button: int = 1) -> None:
        self._xdo("mousemove", str(point[0]), str(point[1]), "click", str(button))

    def aside(self) -> None:
        self._xdo("mousemove", "5", str(SIZE[1] - 5))

    def open_menu(self, point: tuple[int, int], button: int = 1) -> None:
        """Click there, and wait until a menu hears what is typed."""
        wait_for(lambda: not self.menus(), "a menu is open already")
        self.click(point, button)
        wait_for(self.menus, "no menu")
        self.stable()

    def menus(self) -> int:
        """How many menus are open; a tooltip is none."""
        with contextlib.closing(Xlib.display.Display(self.environment["DISPLAY"])) as display:
            kind = display.intern_atom("_NET_WM_WINDOW_TYPE")
            wanted = {display.intern_atom(f"_NET_WM_WINDOW_TYPE_{name}") for name in _MENUS}
            return sum(
                _is_menu(window, kind, wanted) for window in display.screen().root.query_tree().children
            )

    def stable(self) -> Image.Image:
        """The screen once it has stopped changing."""
        before, same = self.picture(), 0
        while same < 3:
            time.sleep(0.1)
            now = self.picture()
            same = same + 1 if now.tobytes() == before.tobytes() else 0
            before = now
        return before

    def picture(self) -> Image.Image:
        with contextlib.closing(Xlib.display.Display(self.environment["DISPLAY"])) as display:
            raw = display.screen().root.get_image(0, 0, *SIZE, Xlib.X.ZPixmap, 0xFFFFFFFF)
            return Image.frombytes("RGB", SIZE, raw.data, "raw", "BGRX")

    def shot(self, name: str) -> Image.Image:
        picture = self.picture()
        RESULTS.mkdir(parents=True, exist_ok=True)
        picture.save(RESULTS / f"{name}.png")
        return picture

    def _has_panel(self) -> bool:
        with contextlib.closing(Xlib.display.Display(self.environment["DISPLAY"])) as display:
            return bool(display.get_selection_owner(display.intern_atom("_NET_SYSTEM_TRAY_S0")))

    def _xdo(self, *arguments: str) -> None:
        subprocess.run(["xdotool", *arguments], env=self.environment, check=True, timeout=100)


@dataclass
class Talking:
    """A process that tells what happens to it in lines, and takes commands."""

    desk: Desk
    command: Sequence[str]
    lines: queue.Queue[str] = field(default_factory=queue.Queue)
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        pipe = subprocess.PIPE
        self.process = self.desk.start(
            [sys.executable, "-m", *self.command], stdin=pipe, stdout=pipe, stderr=pipe
        )
        for stream, take in ((self.process.stdout, self.lines.put), (self.process.stderr, self.log.append)):
            threading.Thread(target=drain, args=(stream, take), daemon=True).start()

    def send(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def told(self, seconds: float = 100.0) -> list[str]:
        return self.lines.get(timeout=seconds).split("\t")

    def nothing_told(self, seconds: float = 0.5) -> bool:
        time.sleep(seconds)
        return self.lines.empty()


class Shown(Talking):
    """The process with the icon."""

    def put(self, **state: Any) -> None:
        self.send(json.dumps(state))
        assert self.told() == ["taken"]

    def spot(self) -> tuple[int, int]:
        """Where on the screen the icon is; waits for it."""
        wait_for(lambda: spot_on(self.desk.picture()) is not None, "no icon on the screen")
        found = spot_on(self.desk.stable())  # the panel may still make room for it
        assert found is not None
        return found

    def stop(self) -> list[str]:
        self.send("stop")
        told = self.told()
        assert self.process.wait(100) == 0
        return told


def spot_on(picture: Image.Image) -> tuple[int, int] | None:
    """Where in the panel the icon is, by its own colour."""
    bar = picture.crop((0, 0, SIZE[0], PANEL))
    points = ((x, y) for x in range(bar.width) for y in range(bar.height))
    purple = [point for point in points if _is_purple(bar.getpixel(point))]
    if len(purple) < 15:
        return None
    return round(sum(x for x, _ in purple) / len(purple)), round(sum(y for _, y in purple) / len(purple))


def _is_purple(pixel: Any) -> bool:
    red, green, blue = pixel
    return bool(blue > 90 and blue > 1.5 * red and blue > 1.5 * green)


def _is_menu(window: Any, kind: int, wanted: set[int]) -> bool:
    try:
        if window.get_attributes().map_state != Xlib.X.IsViewable:
            return False
        told = window.get_full_property(kind, Xlib.X.AnyPropertyType)
    except Xlib.error.XError:  # it has just gone
        return False
    return told is not None and bool(wanted & set(told.value))


def drain(stream: Any, take: Callable[[str], None]) -> None:
    for line in stream:
        take(line.rstrip("\n"))


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with contextlib.suppress(BrokenPipeError):
                stream.close()


def wait_for(
    true: Callable[[], object], otherwise: str, seconds: float = 100.0, *, noted: Path | None = None
) -> None:
    """Wait until it is true; ``noted`` has what whoever is waited for said on the side."""
    limit = time.monotonic() + seconds
    while not true():
        if time.monotonic() > limit:
            pytest.fail(f"{otherwise}\n{noted.read_text() if noted else ''}")
        time.sleep(0.05)


@pytest.fixture(scope="session")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A session with an X server and a bus, and no panel yet."""
    missing = [program for program in _NEEDED if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (`make test` installs them)")
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DBUS_SESSION_BUS_ADDRESS", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "PYSTRAY_BACKEND")
    }
    with contextlib.ExitStack() as stack:
        side = tmp_path_factory.mktemp("screen")
        display = stack.enter_context(running_screen(*SIZE, side, "-noreset"))
        noted = side / "bus.txt"
        bus = stack.enter_context(
            subprocess.Popen(
                ["dbus-daemon", "--session", "--nofork", "--print-address=1"],
                stdout=subprocess.PIPE,
                stderr=stack.enter_context(noted.open("w")),
                text=True,
                env={**clean, "DISPLAY": display},
            )
        )
        stack.callback(bus.kill)
        assert bus.stdout is not None
        address = bus.stdout.readline().strip()
        assert address, f"no bus: {noted.read_text()}"
        yield {**clean, "DISPLAY": display, "DBUS_SESSION_BUS_ADDRESS": address, "NO_AT_BRIDGE": "1"}


@pytest.fixture
def desk(screen: dict[str, str], tmp_path: Path) -> Iterator[Desk]:
    with contextlib.ExitStack() as stack:
        desk = Desk({**screen, "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}, stack)
        desk.aside()
        yield desk
