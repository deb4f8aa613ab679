"""The child of the memory probe: protects one photo and tells what it took, as JSON, in MB.

Not ``ru_maxrss`` on Linux: that is handed down from the process that started this one.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from pathlib import Path

import torch

from photoveil.photos import decode
from photoveil.protection import Engine, Persona

_MB = 1e6


def main() -> None:
    """Do what the one argument says."""
    asked = json.loads(sys.argv[1])
    models = Path(asked["models"]) if asked["models"] else None
    engine = Engine.load(asked["model_set"], device=asked["device"], models_dir=models)
    loaded = peak()
    photo = decode(Path(asked["file"]).read_bytes(), name="photo.jpg")
    engine.protect(photo, persona=Persona("bench"))
    on_device = torch.cuda.max_memory_allocated() / _MB if torch.cuda.is_available() else 0.0
    print(json.dumps({"loaded": loaded, "peak": peak(), "device_peak": on_device}))


def peak() -> float:
    """The most memory this process has had so far, in MB."""
    try:
        status = Path("/proc/self/status").read_text("utf-8")
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MB
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 / _MB if found else 0.0


if __name__ == "__main__":
    main()
