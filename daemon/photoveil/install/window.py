"""The set-up in a window, for who starts Photoveil from the menu: what is fetched, how far it is, and what went wrong.

The work is done by a process of its own (``python -m photoveil.install --progress json``), so that closing the window
ends it cleanly and the next start goes on. Runs in the system's Python with the system's PyGObject.
"""

from __future__ import annotations

import importlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

from photoveil.install import machine
from photoveil.install.machine import DOWNLOAD_MB, Build

NO_WINDOW = 3
"""The exit code where no window can be made."""
_ICON = "app.photoveil.Photoveil"
_NAMES = {
    Build.CPU: "for the processor",
    Build.CUDA: "for an NVIDIA card",
    Build.CUDA_12: "for an NVIDIA card with an older driver",
    Build.ROCM: "for an AMD card",
    Build.MPS: "for this Mac",
}
_ON_LINUX = (Build.CPU, Build.CUDA, Build.CUDA_12, Build.ROCM)
_UNPACKED = 4
_NOW = "--now"


def main(argv: Sequence[str] | None = None) -> int:
    """Show the window; 0 once everything is set up, 1 when it was closed before, 3 where there can be none.

    All arguments but ``--now``, which does not ask before it begins, are those of ``photoveil-setup``.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    now = _NOW in arguments
    gtk = _gtk()
    if gtk is None:
        return NO_WINDOW
    window = SetupWindow(gtk, [argument for argument in arguments if argument != _NOW], now=now)
    window.show()
    return 0 if window.done else 1


class SetupWindow:
    """One window with three faces: asking, working, failed.

    Args:
        gtk: GTK 3.
        arguments: for the set-up.
        now: begin without asking.
    """

    def __init__(self, gtk: Any, arguments: Sequence[str], *, now: bool) -> None:
        self.done = False
        self._now = now
        self._gtk = gtk
        self._glib = importlib.import_module("gi.repository.GLib")
        self._arguments = list(arguments)
        self._process: subprocess.Popen[str] | None = None
        self._failure: dict[str, str] = {}
        self._first: Any = None
        self._build()

    def show(self) -> None:
        """Until it is closed or done."""
        self._window.show_all()
        self._first.grab_focus()
        if self._now:
            self._begin()
        else:
            self._stack.set_visible_child_name("ask")
        self._gtk.main()

    def _build(self) -> None:
        gtk = self._gtk
        self._window = window = gtk.Window(title="Photoveil")
        window.set_icon_name(_ICON)
        window.set_default_size(520, -1)
        window.set_resizable(False)
        window.set_position(gtk.WindowPosition.CENTER)
        window.connect("destroy", self._closed)
        row = gtk.Box(spacing=18, border_width=24)
        icon = gtk.Image.new_from_icon_name(_ICON, gtk.IconSize.DIALOG)
        icon.set_pixel_size(64)
        icon.set_valign(gtk.Align.START)
        self._stack = gtk.Stack(transition_type=gtk.StackTransitionType.CROSSFADE, hexpand=True)
        self._stack.add_named(self._asking(), "ask")
        self._stack.add_named(self._working(), "work")
        self._stack.add_named(self._failed(), "fail")
        row.add(icon)
        row.add(self._stack)
        window.add(row)

    def _asking(self) -> Any:
        gtk = self._gtk
        box = self._box("Set up Photoveil")
        box.add(
            self._text(
                "Photoveil protects your photos on this computer alone. What it computes with, PyTorch, has to be "
                "fetched once, in the build that suits this computer."
            )
        )
        choice = machine.choose(machine.look())
        self._builds = gtk.ComboBoxText()
        for build in _ON_LINUX:
            self._builds.append(build, f"PyTorch {_NAMES[build]}: about {_size(DOWNLOAD_MB[build])} to fetch")
        self._builds.set_active_id(choice.build)
        self._builds.get_accessible().set_name("Build of PyTorch")
        box.add(self._builds)
        self._why = self._text("")
        self._why.get_style_context().add_class("dim-label")
        self._builds.connect("changed", lambda _: self._explain(choice))
        self._explain(choice)
        box.add(self._why)
        box.add(self._buttons(("Not _now", self._window.destroy, False), ("_Set up", self._begin, True)))
        return box

    def _explain(self, choice: machine.Choice) -> None:
        build = Build(self._builds.get_active_id())
        why = f"{choice.why} " if build is choice.build else ""
        self._why.set_text(f"{why}It takes about {_size(DOWNLOAD_MB[build] * _UNPACKED)} on the disk.")

    def _working(self) -> Any:
        box = self._box("Setting up Photoveil")
        self._bar = self._gtk.ProgressBar()
        self._bar.get_accessible().set_name("Progress")
        self._says = self._text("Starting …")
        box.add(self._bar)
        box.add(self._says)
        note = self._text("You can stop and go on later: what was fetched is kept.")
        note.get_style_context().add_class("dim-label")
        box.add(note)
        box.add(self._buttons(("_Stop", self._window.destroy, False)))
        return box

    def _failed(self) -> Any:
        box = self._box("")
        self._what = self._text("")
        box.add(self._what)
        box.add(self._buttons(("_Close", self._window.destroy, False), ("_Try again", self._begin, True)))
        return box

    def _box(self, title: str) -> Any:
        box = self._gtk.Box(orientation=self._gtk.Orientation.VERTICAL, spacing=12)
        if title:
            head = self._text("")
            head.set_markup(f"<span size='x-large' weight='bold'>{title}</span>")
            box.add(head)
        return box

    def _text(self, text: str) -> Any:
        return self._gtk.Label(label=text, xalign=0, wrap=True, max_width_chars=52, selectable=False)

    def _buttons(self, *wanted: tuple[str, Any, bool]) -> Any:
        box = self._gtk.ButtonBox(spacing=8, layout_style=self._gtk.ButtonBoxStyle.END, margin_top=6)
        for label, action, suggested in wanted:
            button = self._gtk.Button(label=label, use_underline=True)
            if suggested:
                button.get_style_context().add_class("suggested-action")
                button.set_can_default(True)
                self._first = self._first or button
            button.connect("clicked", lambda _, action=action: action())
            box.add(button)
        return box

    def _begin(self) -> None:
        self._failure = {}
        self._bar.set_fraction(0.0)
        self._stack.set_visible_child_name("work")
        # Where nobody was asked, it is brought up to date, with the build that is there.
        build = [] if self._now else ["--build", self._builds.get_active_id()]
        command = [
            sys.executable,
            "-P",
            "-m",
            "photoveil.install",
            *self._arguments,
            *build,
            "--progress",
            "json",
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            self._glib.idle_add(self._show, event)
        self._glib.idle_add(self._ended, process.wait())

    def _show(self, event: dict[str, Any]) -> None:
        if event.get("step") == "error":
            self._failure = event
            return
        self._bar.set_fraction(float(event["overall"]))
        amount = ""
        if event["step"] == "fetch" and event["total"]:
            amount = f" {_size(event['done'] / 1e6)} of {_size(event['total'] / 1e6)}"
        self._says.set_text(f"{event['text']}{amount}")

    def _ended(self, code: int) -> None:
        if code == 0:
            self.done = True
            self._window.destroy()
            return
        fallback = {"title": "The set-up ended unexpectedly", "reason": f"Exit status {code}.", "remedy": ""}
        said = {**fallback, **self._failure}
        escape = self._glib.markup_escape_text
        self._what.set_markup(
            f"<span size='large' weight='bold'>{escape(said['title'])}</span>\n\n"
            f"{escape(said['reason'])}\n\n{escape(said['remedy'])}"
        )
        self._stack.set_visible_child_name("fail")

    def _closed(self, _window: Any) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        self._gtk.main_quit()


def _size(megabytes: float) -> str:
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes:.0f} MB"


def _gtk() -> Any:
    """GTK 3 with a screen to show it on, or nothing."""
    try:
        importlib.import_module("gi").require_version("Gtk", "3.0")
        gtk = importlib.import_module("gi.repository.Gtk")
    except (ImportError, ValueError):
        return None
    found, _ = gtk.init_check([])
    return gtk if found else None


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # GTK's loop would not hear of Python's
    sys.exit(main())
