"""What graphics card is in this computer, and which build of PyTorch is installed: read, never loaded."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from photoveil.install.machine import Build

NVIDIA, AMD = "NVIDIA", "AMD"
_VENDORS = {"0x10de": NVIDIA, "0x1002": AMD}
_DISPLAY = "0x03"
"""What the class of every graphics card begins with (PCI)."""
_VALUE = re.compile(
    r"""^(?P<name>__version__|cuda|hip)\b[^=\n]*=\s*['"](?P<value>[^'"]*)['"]""", re.MULTILINE
)


@dataclass(frozen=True)
class Torch:
    """The installed PyTorch, as it describes itself."""

    version: str
    build: Build


def torch(package: Path | None = None) -> Torch | None:
    """The PyTorch that is installed (or the one in the folder ``package``); None where there is none."""
    if package is None:
        spec = find_spec("torch")
        if spec is None or spec.origin is None:
            return None
        package = Path(spec.origin).parent
    try:
        told = (package / "version.py").read_text("utf-8")
    except (OSError, ValueError):
        return None
    values = {found["name"]: found["value"] for found in _VALUE.finditer(told)}
    return Torch(values.get("__version__", "unknown"), _build(values))


def _build(values: dict[str, str]) -> Build:
    if values.get("hip"):
        return Build.ROCM
    if cuda := values.get("cuda"):
        return Build.CUDA_12 if cuda.startswith("12.") else Build.CUDA
    return Build.MPS if (platform.system(), platform.machine()) == ("Darwin", "arm64") else Build.CPU


def cards(root: Path = Path("/")) -> frozenset[str]:
    """Makers of the graphics cards that are plugged in, whether they have a driver or not (Linux)."""
    found = set()
    for card in (root / "sys" / "bus" / "pci" / "devices").glob("*"):
        if _text(card / "class").startswith(_DISPLAY) and (maker := _VENDORS.get(_text(card / "vendor"))):
            found.add(maker)
    return frozenset(found)


def _text(file: Path) -> str:
    try:
        return file.read_text("ascii", "replace").strip()
    except OSError:
        return ""
