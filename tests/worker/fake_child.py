"""The real child's plumbing around a studio that obeys the photo's first word instead of knowing torch."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from photoveil.photos.errors import UnsupportedPhoto
from photoveil.worker import child, tools
from photoveil.worker.outlet import Order, Outlet

PREFIX = b"protected:"


class Studio:
    """Answers as the real one does."""

    def do(self, orders: Sequence[Order]) -> None:
        if orders[0].header["op"] == "tool":
            tools.do(orders[0])  # the real ones, which need no engine
            return
        if orders[0].header["op"] != "protect":
            orders[0].outlet.tell("device", device="fake")
            self._tell(orders[0])
            return
        for order in orders:
            order.outlet.tell("device", device="fake", batch=int(os.environ.get("PHOTOVEIL_FAKE_BATCH", "4")))
        for order in orders:
            try:
                order.outlet.progress("protect", 0.25)
                self._protect(order.header, order.payload, order.outlet, len(orders))
            except Exception as error:  # noqa: BLE001 - as the real one, one photo's trouble is not that of the others
                order.outlet.fail(error)

    def _tell(self, order: Order) -> None:
        if order.header["op"] == "measure":
            self._measure(order.outlet)
        else:
            order.outlet.answer("done", known=False)

    def _protect(self, header: dict[str, Any], payload: bytes, outlet: Outlet, together: int) -> None:
        outlet.progress("protect", 0.5)
        word, more = [*payload.decode("latin-1").split(maxsplit=1), "", ""][:2]
        self._obey(word, more, outlet, together)
        if header["compare"]:
            outlet.tell("picture", b"picture", of="compare")
        for side in ("before", "after") if header["previews"] else ():
            outlet.tell("picture", side.encode(), of=side)
        if payload.startswith(b"animation"):
            outlet.answer("unchanged", reason="It moves.")
            return
        data = PREFIX + payload
        report = {"psnr_db": 40.0, "seen": header, "together": together}
        facts = {
            "bytes": len(data),
            "format": "jpeg",
            "type": "image/jpeg",
            "suffix": "",
            "width": 3,
            "height": 2,
        }
        outlet.answer("result", data, result={**facts, "report": report})

    def _measure(self, outlet: Outlet) -> None:
        """As on a machine of a certain speed; slow enough that a photo may come in between."""
        for step in range(10):
            time.sleep(0.02)
            outlet.progress("measure", step / 10)
        rate = float(os.environ.get("PHOTOVEIL_FAKE_RATE", "300"))
        found = {"pass_rate": rate, "look_rate": 2 * rate, "device": "fake", "device_name": "a fake"}
        outlet.answer("measured", measured={**found, "precision": "float32", "torch": "0"})

    def _obey(self, word: str, more: str, outlet: Outlet, together: int) -> None:
        word = {"crowd": "crash", "herd": "hang"}.get(word, word) if together > 1 else word
        self._dawdle(word, more, outlet)
        match word:
            case "crash":
                sys.stderr.write("the last words\n")
                sys.stderr.flush()
                os._exit(9)
            case "print":
                sys.stdout.write("a stray line on standard output\n")
                sys.stdout.flush()
                os.write(1, b"and another one, from below\n")
            case "refuse":
                raise UnsupportedPhoto.of("It is a drawing.")
            case "stumble":
                raise ValueError(" ".join(("a", "secret", "name")))

    def _dawdle(self, word: str, more: str, outlet: Outlet) -> None:
        match word:
            case "slow":
                for step in range(100):
                    time.sleep(0.05)
                    outlet.progress("protect", step / 100)
            case "endless":  # but for its being cancelled
                while True:
                    time.sleep(0.05)
                    outlet.progress("protect", 0.75)
            case "until":  # there is a file; it does not listen meanwhile
                while not Path(more).exists():
                    time.sleep(0.01)
            case "brief":
                time.sleep(0.4)
            case "hang":
                time.sleep(60)


if __name__ == "__main__":
    studio: Any = ModuleType("photoveil.worker.studio")
    studio.Studio = Studio
    sys.modules["photoveil.worker.studio"] = studio
    child.main()
