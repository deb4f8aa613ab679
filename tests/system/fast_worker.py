"""The real child's plumbing, decoding and encoding around an engine that takes milliseconds and knows no torch.

For tests of everything but protection itself: floods, crashes, full disks. The protected copy is the photo's negative,
so that nobody can take one for the other.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from photoveil.photos import AnimatedPhoto, MetadataPolicy, decode, encode
from photoveil.worker import child
from photoveil.worker.outlet import Order, Outlet


class Studio:
    """Answers as the real one does."""

    def do(self, orders: Sequence[Order]) -> None:
        for order in orders:
            order.outlet.tell("device", device="none")
            match order.header["op"]:
                case "protect":
                    try:
                        self._protect(order.header, order.payload, order.outlet)
                    except Exception as error:  # noqa: BLE001 - one photo's trouble is not that of the others
                        order.outlet.fail(error)
                case "persona":
                    order.outlet.answer("persona", known=True)
                case _:
                    order.outlet.answer("done")

    def _protect(self, header: dict[str, Any], payload: bytes, outlet: Outlet) -> None:
        outlet.progress("decode", 0.0)
        try:
            photo = decode(payload, name=header["name"])
        except AnimatedPhoto as animation:
            outlet.answer("unchanged", reason=animation.reason)
            return
        outlet.progress("protect", 0.5)
        encoded = encode(photo, np.invert(photo.pixels), metadata=MetadataPolicy(header["metadata"]))
        outlet.progress("measure", 0.5)
        height, width = photo.pixels.shape[:2]
        result = {
            "bytes": len(encoded.data),
            "format": str(encoded.format),
            "type": encoded.format.mime,
            "suffix": "",
            "width": width,
            "height": height,
            "report": {"original": {"sha256": hashlib.sha256(payload).hexdigest()}, "psnr_db": 40.0},
        }
        outlet.answer("result", encoded.data, result=result)


if __name__ == "__main__":
    studio: Any = ModuleType("photoveil.worker.studio")
    studio.Studio = Studio
    sys.modules["photoveil.worker.studio"] = studio
    child.main()
