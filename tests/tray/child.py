"""A process with a tray icon: states come in as JSON lines, what the user chose goes out as lines."""

from __future__ import annotations

import json
import logging
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from photoveil.errors import PhotoveilError
from photoveil.tray import Tray, TrayState


class RefusedError(PhotoveilError):
    """What the daemon says to persona “nobody”."""


class Pipe:
    """A Port whose other end is the test."""

    def __init__(self) -> None:
        self._state = TrayState()
        self._asked = threading.Event()
        self._changed: list[Callable[[], None]] = []

    def state(self) -> TrayState:
        self._asked.set()
        return self._state

    def do(self, action: str, argument: str = "") -> None:
        say("do", action, argument)
        if argument == "nobody":
            raise RefusedError("No such persona", "Nobody is known.", "Choose another.")

    def subscribe(self, changed: Callable[[], None]) -> None:
        self._changed.append(changed)

    def put(self, told: dict[str, Any]) -> None:
        self._state = TrayState(**{name: tuples(value) for name, value in told.items()})
        self._asked.clear()
        for changed in self._changed:
            changed()
        if self._changed:
            self._asked.wait(5)


def tuples(value: Any) -> Any:
    return tuple(tuples(one) for one in value) if isinstance(value, list) else value


def say(*words: object) -> None:
    sys.stdout.write("\t".join(str(word) for word in words) + "\n")
    sys.stdout.flush()


def main() -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    port, options = Pipe(), json.loads(sys.argv[1])
    defaults: dict[str, Any] = Tray.__init__.__kwdefaults__ or {}
    defaults["wait"] = 600.0  # on a busy machine a panel takes its time
    tray = Tray(port, **options)

    def ended(number: int, _frame: object) -> None:
        say("signal", number)
        tray.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ended)

    def listen() -> None:
        for line in sys.stdin:
            if line.strip() == "stop":
                tray.stop()
            else:
                port.put(json.loads(line))
                say("taken")

    threading.Thread(target=listen, daemon=True).start()
    shown = tray.run()
    heavy = sorted({"torch", "aiohttp", "numpy"} & set(sys.modules))
    say("ended", shown, *heavy)


if __name__ == "__main__":
    main()
