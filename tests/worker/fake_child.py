"""The real child's plumbing around a studio that obeys the photo's first word instead of knowing torch."""

from __future__ import annotations

import os
import sys
import time
from types import ModuleType
from typing import Any

from photoveil.photos.errors import UnsupportedPhoto
from photoveil.worker import child
from photoveil.worker.outlet import Outlet

PREFIX = b"protected:"


class Studio:
    """Answers as the real one does."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    def do(self, header: dict[str, Any], payload: bytes) -> None:
        self._outlet.tell("device", device="fake")
        if header["op"] == "measure":
            self._measure()
            return
        if header["op"] != "protect":
            self._outlet.tell("done", known=False)
            return
        self._outlet.progress("protect", 0.5)
        self._obey(payload.split()[0].decode("latin-1") if payload else "")
        if header["compare"]:
            self._outlet.tell("picture-follows", of="compare")
            self._outlet.tell("picture", b"picture")
        for side in ("before", "after") if header["previews"] else ():
            self._outlet.tell("picture-follows", of=side)
            self._outlet.tell("picture", side.encode())
        if payload.startswith(b"animation"):
            self._outlet.tell("unchanged", reason="It moves.")
            return
        data = PREFIX + payload
        report = {"psnr_db": 40.0, "seen": header}
        facts = {
            "bytes": len(data),
            "format": "jpeg",
            "type": "image/jpeg",
            "suffix": "",
            "width": 3,
            "height": 2,
        }
        self._outlet.tell("result", data, result={**facts, "report": report})

    def _measure(self) -> None:
        """As on a machine of a certain speed; slow enough that a photo may come in between."""
        for step in range(10):
            time.sleep(0.02)
            self._outlet.progress("measure", step / 10)
        rate = float(os.environ.get("PHOTOVEIL_FAKE_RATE", "300"))
        found = {"pass_rate": rate, "look_rate": 2 * rate, "device": "fake", "device_name": "a fake"}
        self._outlet.tell("measured", measured={**found, "precision": "float32", "torch": "0"})

    def _obey(self, word: str) -> None:
        match word:
            case "crash":
                sys.stderr.write("the last words\n")
                sys.stderr.flush()
                os._exit(9)
            case "slow":
                for step in range(100):
                    time.sleep(0.05)
                    self._outlet.progress("protect", step / 100)
            case "brief":
                time.sleep(0.4)
            case "hang":
                time.sleep(60)
            case "print":
                sys.stdout.write("a stray line on standard output\n")
                sys.stdout.flush()
                os.write(1, b"and another one, from below\n")
            case "refuse":
                raise UnsupportedPhoto.of("It is a drawing.")
            case "stumble":
                raise ValueError(" ".join(("a", "secret", "name")))


if __name__ == "__main__":
    studio: Any = ModuleType("photoveil.worker.studio")
    studio.Studio = Studio
    sys.modules["photoveil.worker.studio"] = studio
    child.main()
