"""The window that shows how far setting up is. Tk, because the Python that Photoveil brings has it."""

from __future__ import annotations

import sys
import tkinter
from collections.abc import Sequence
from pathlib import Path
from tkinter import messagebox, ttk

from setup_run import Event, Outcome, SetupRun

_POLL_MS = 150
_WIDTH = 460
_STEPS = 1000

_WELCOME = "Photoveil is being set up"
_ONCE = (
    "It fetches what it computes with, once. Your photos stay on this computer. "
    "You may close this window: Photoveil goes on from there when you open it again."
)


class SetupWindow:
    """Runs ``command`` and shows it; `show` tells whether it succeeded."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._run: SetupRun | None = None
        self._ready = False
        self.root = tkinter.Tk(className="photoveil")
        self.root.title("Photoveil")
        self.root.resizable(width=False, height=False)
        self.root.protocol("WM_DELETE_WINDOW", self.close)
        _look(self.root)
        icon = Path(__file__).with_name("photoveil.ico")
        if sys.platform == "win32" and icon.is_file():
            self.root.iconbitmap(default=str(icon))
        frame = ttk.Frame(self.root, padding=24)
        frame.grid()
        self.title = ttk.Label(frame, text=_WELCOME, font=("TkDefaultFont", 15, "bold"), wraplength=_WIDTH)
        self.title.grid(sticky="w")
        self.words = ttk.Label(frame, text=_ONCE, wraplength=_WIDTH, justify="left")
        self.words.grid(sticky="w", pady=(8, 18))
        self.bar = ttk.Progressbar(frame, length=_WIDTH, maximum=_STEPS)
        self.bar.grid(sticky="ew")
        self.detail = ttk.Label(frame, text="Looking at this computer …", wraplength=_WIDTH)
        self.detail.grid(sticky="w", pady=(6, 18))
        buttons = ttk.Frame(frame)
        buttons.grid(sticky="e")
        self.again = ttk.Button(buttons, text="Try again", command=self.begin)
        self.leave = ttk.Button(buttons, text="Close", command=self.close)
        self.leave.grid(row=0, column=1)
        self._poll = self.root.after(0, self.begin)

    def show(self) -> bool:
        """Stay until it is done or closed; whether Photoveil can be started."""
        self.root.eval("tk::PlaceWindow . center")
        self.root.lift()
        self.root.mainloop()
        return self._ready

    def begin(self) -> None:
        """Start it, or go on after a failure."""
        self.title["text"], self.words["text"] = _WELCOME, _ONCE
        self.again.grid_remove()
        self._run = SetupRun(self._command)
        self._follow()

    def close(self) -> None:
        """Stop what runs, and go."""
        self.root.after_cancel(self._poll)
        self.root.withdraw()
        if self._run is not None:
            self._run.stop()
        self.root.destroy()

    def _follow(self) -> None:
        assert self._run is not None  # noqa: S101 - it was begun
        for news in self._run.news():
            if isinstance(news, Event):
                self._tell(news)
            elif news.ready:
                self._ready = True
                self._poll = self.root.after(0, self.close)
                return
            else:
                self._fail(news)
                return
        self._poll = self.root.after(_POLL_MS, self._follow)

    def _tell(self, event: Event) -> None:
        self.bar["value"] = event.overall * _STEPS
        self.detail["text"] = f"{event.text}  {event.size}".rstrip()

    def _fail(self, outcome: Outcome) -> None:
        self.title["text"] = outcome.title
        self.words["text"] = f"{outcome.reason}\n\n{outcome.remedy}"
        self.detail["text"] = "What was fetched so far is kept."
        self.again.grid(row=0, column=0, padx=(0, 8))
        self.again.focus_set()


def tell(title: str, text: str) -> None:
    """A message that waits until it was read."""
    root = tkinter.Tk(className="photoveil")
    root.withdraw()
    messagebox.showwarning(title, text, parent=root)
    root.destroy()


def _look(root: tkinter.Tk) -> None:
    """The system's own look; Tk's own elsewhere is from the nineties."""
    style = ttk.Style(root)
    wanted = {"win32": "vista", "darwin": "aqua"}.get(sys.platform, "clam")
    if wanted in style.theme_names():
        style.theme_use(wanted)
    root.configure(background=style.lookup("TFrame", "background"))
