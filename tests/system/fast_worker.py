"""The real child's plumbing, decoding and encoding around an engine that takes milliseconds and knows no torch.

For tests of everything but protection itself: floods, crashes, full disks. The protected copy is the photo's negative,
so that nobody can take one for the other.
"""

from __future__ import annotations

import hashlib
import sys
from types import ModuleType
from typing import Any

import numpy as np

from photoveil.photos import AnimatedPhoto, MetadataPolicy, decode, encode
from photoveil.worker import child
from photoveil.worker.outlet import Outlet


class Studio:
    """Answers as the real one does."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    def do(self, header: dict[str, Any], payload: bytes) -> None:
        self._outlet.tell("device", device="none")
        match header["op"]:
            case "protect":
                self._protect(header, payload)
            case "persona":
                self._outlet.tell("persona", known=True)
            case _:
                self._outlet.tell("done")

    def _protect(self, header: dict[str, Any], payload: bytes) -> None:
        self._outlet.progress("decode", 0.0)
        try:
            photo = decode(payload, name=header["name"])
        except AnimatedPhoto as animation:
            self._outlet.tell("unchanged", reason=animation.reason)
            return
        self._outlet.progress("protect", 0.5)
        encoded = encode(photo, np.invert(photo.pixels), metadata=MetadataPolicy(header["metadata"]))
        self._outlet.progress("measure", 0.5)
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
        self._outlet.tell("result", encoded.data, result=result)


if __name__ == "__main__":
    studio: Any = ModuleType("photoveil.worker.studio")
    studio.Studio = Studio
    sys.modules["photoveil.worker.studio"] = studio
    child.main()
