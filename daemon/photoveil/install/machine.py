"""Which build of torch this machine needs: found by looking, without loading anything."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from photoveil.install.errors import SetupError

TORCH_INDEX = "https://download.pytorch.org/whl"
"""Where PyTorch's own builds lie, a folder for each; ``--torch-index`` names a mirror."""
CUDA_13_DRIVER = 580
"""The oldest NVIDIA driver that CUDA 13 runs with, by its first number; the same on Linux and Windows."""
CUDA_12_DRIVER = 525
"""The same of CUDA 12, by its compatibility within a major version."""
_ROCM_CARDS = {90000, 90006, 90008, 90010, 90402, 100300, 110000, 110001, 110002, 120000, 120001}
"""What the ROCm build was compiled for, as the kernel counts: gfx900, 906, 908, 90a, 942, 1030, 110x, 120x."""


_PROCESSORS: dict[str, tuple[str, ...]] = {
    "Linux": ("x86_64", "aarch64"),
    "Windows": ("AMD64", "ARM64"),
    "Darwin": ("arm64",),
}
"""What PyTorch is built for at all, in a version that Photoveil works with, as ``platform.machine`` names it."""


class Build(StrEnum):
    """A build of torch."""

    CPU = "cpu"
    CUDA = "cuda"
    CUDA_12 = "cuda12"
    ROCM = "rocm"
    MPS = "mps"


_FOLDERS: dict[tuple[str, Build], str] = {
    ("Linux", Build.CPU): "cpu",
    ("Linux", Build.CUDA): "",
    ("Linux", Build.CUDA_12): "cu126",
    ("Linux", Build.ROCM): "rocm6.4",
    ("Windows", Build.CPU): "",
    ("Windows", Build.CUDA): "cu130",
    ("Windows", Build.CUDA_12): "cu126",
    ("Darwin", Build.CPU): "",
    ("Darwin", Build.MPS): "",
}
"""Where each build lies: a folder of `TORCH_INDEX`, or nothing where it is the one that the general index has."""

DOWNLOAD_MB: dict[Build, int] = {
    Build.CPU: 450,
    Build.CUDA: 2600,
    Build.CUDA_12: 2900,
    Build.ROCM: 4600,
    Build.MPS: 350,
}
"""About how much is fetched in all, to tell before anything is."""


@dataclass(frozen=True)
class Machine:
    """What decides the build.

    Attributes:
        system: as ``platform.system`` names it: Linux, Windows or Darwin.
        architecture: as ``platform.machine`` names it.
        nvidia_driver: the driver's version, or nothing without an NVIDIA card that works.
        amd_card: the kernel's number of an AMD card's kind, 0 without one.
    """

    system: str
    architecture: str
    nvidia_driver: str = ""
    amd_card: int = 0


@dataclass(frozen=True)
class Choice:
    """A build, and why, in a sentence for the user."""

    build: Build
    why: str


def look(root: Path = Path("/")) -> Machine:
    """This machine; ``root`` is where its ``/proc``, ``/sys`` and ``/dev`` lie."""
    system, architecture = platform.system(), platform.machine()
    if system == "Linux":
        return Machine(system, architecture, _linux_driver(root), _amd_card(root))
    if system == "Windows":
        return Machine(system, architecture, _asked_driver())
    return Machine(system, architecture)


def check(machine: Machine) -> None:
    """That there is a PyTorch for it at all, before anything is fetched.

    Raises:
        SetupError: there is none.
    """
    if machine.architecture in _PROCESSORS.get(machine.system, (machine.architecture,)):
        return
    if machine.system == "Darwin":
        raise SetupError(
            "Photoveil does not run on Macs with Intel processors",
            "What it computes with, PyTorch, has had no new versions for them since 2.2, and Photoveil needs 2.4.",
            "Use a Mac with Apple's own processor, or another computer with Linux or Windows.",
        )
    raise SetupError(
        "There is no PyTorch for this computer",
        f"Its processor is “{machine.architecture}”; on {machine.system} PyTorch is made for "
        f"{' and '.join(_PROCESSORS[machine.system])}.",
        "If you have built packages of it yourself, name their folder with --wheels.",
    )


def choose(machine: Machine) -> Choice:
    """The build that serves ``machine`` best."""
    if machine.system == "Darwin":
        return Choice(Build.MPS, "This Mac's own graphics are used.")
    driver = _major(machine.nvidia_driver)
    if driver >= CUDA_13_DRIVER:
        return Choice(Build.CUDA, f"There is an NVIDIA card (driver {machine.nvidia_driver}).")
    if driver >= CUDA_12_DRIVER:
        return Choice(
            Build.CUDA_12, f"There is an NVIDIA card whose driver, {machine.nvidia_driver}, knows CUDA 12."
        )
    if driver:
        return Choice(
            Build.CPU,
            f"There is an NVIDIA card, but its driver, {machine.nvidia_driver}, is older than {CUDA_12_DRIVER}.",
        )
    if (machine.system, machine.architecture) == ("Linux", "x86_64") and machine.amd_card in _ROCM_CARDS:
        return Choice(Build.ROCM, "There is an AMD card that ROCm supports.")
    if machine.amd_card:
        return Choice(Build.CPU, "There is an AMD card, but not one that PyTorch's ROCm build supports.")
    return Choice(Build.CPU, "No graphics card was found that PyTorch can use.")


def index(build: Build, system: str, base: str = TORCH_INDEX) -> str:
    """Where torch is fetched from: an address, or nothing where the general index has this build.

    Raises:
        SetupError: there is no such build for this system.
    """
    try:
        folder = _FOLDERS[system, build]
    except KeyError:
        known = ", ".join(kind for of, kind in _FOLDERS if of == system)
        raise SetupError(
            "This build of PyTorch does not exist here",
            f"There is no “{build}” build for {system}.",
            f"Choose one of: {known}.",
        ) from None
    return f"{base.rstrip('/')}/{folder}" if folder else ""


def _major(version: str) -> int:
    first = version.split(".")[0]
    return int(first) if first.isdigit() else 0


def _linux_driver(root: Path) -> str:
    # The module's version alone is not enough: it can be loaded in a machine whose card was taken out.
    cards = root / "proc" / "driver" / "nvidia" / "gpus"
    if cards.is_dir() and any(cards.iterdir()):
        return _text(root / "sys" / "module" / "nvidia" / "version").strip()
    return _asked_driver() if root == Path("/") else ""


def _asked_driver() -> str:
    """What the driver's own tool says: on Windows, and where Linux runs inside Windows."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ""
    command = [tool, "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return told.stdout.split("\n")[0].strip()


def _amd_card(root: Path) -> int:
    if not (root / "dev" / "kfd").exists():
        return 0
    nodes = root / "sys" / "class" / "kfd" / "kfd" / "topology" / "nodes"
    kinds = [_gfx(_text(node / "properties")) for node in nodes.glob("*")]
    return max((kind for kind in kinds if kind in _ROCM_CARDS), default=max(kinds, default=0))


def _gfx(properties: str) -> int:
    for line in properties.splitlines():
        name, _, value = line.partition(" ")
        if name == "gfx_target_version" and value.strip().isdigit():
            return int(value)
    return 0


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def home_folder() -> Path:
    """Where one user's environment lies unless told otherwise."""
    if os.name == "nt":
        local = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
        return Path(local) / "Programs" / "Photoveil" / "environment"
    if platform.system() == "Darwin":
        return Path.home() / "Library" / "Application Support" / "photoveil-environment"
    return Path.home() / ".local" / "lib" / "photoveil"
