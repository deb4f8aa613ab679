"""PyGObject of the system, for a Python in a virtual environment.

Linux desktops are spoken to through PyGObject (`gi`), which distributions install for the system's Python and which
does not install from a package registry without a compiler. Where our Python is of the very same version and build
flavour, the system's copy fits; a virtual environment merely hides it. `load` makes `gi` (and `cairo`, which it uses)
importable, and nothing else of the system's packages.
"""

from __future__ import annotations

import importlib
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

_NEEDED = "gi"
# Package -> the compiled module inside it that tells for which Python it was built.
_COMPILED = {"gi": "_gi", "cairo": "_cairo"}


def load(folders: Iterable[Path] | None = None) -> bool:
    """Whether `gi` can be imported, with the system's help if need be."""
    if _imported():
        return True
    if not sys.platform.startswith("linux"):
        return False
    for folder in system_folders() if folders is None else folders:
        finder = SystemPackages(folder)
        if _NEEDED not in finder.packages:
            continue
        sys.meta_path.append(finder)  # last: what the virtual environment has goes first
        if _imported():
            return True
        sys.meta_path.remove(finder)
    return False


def system_folders() -> list[Path]:
    """Where distributions put packages of the system's Python; all belong to root."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return [
        Path("/usr/lib/python3/dist-packages"),  # Debian and its children
        Path("/usr/lib64", version, "site-packages"),  # Fedora, openSUSE
        Path("/usr/lib", version, "site-packages"),  # Arch
    ]


class SystemPackages(MetaPathFinder):
    """Finds the few packages that are wanted, where they were built for exactly this Python."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self.packages = frozenset(
            package for package, module in _COMPILED.items() if _fits(folder / package, module)
        )

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The package by this name; what is inside it, Python finds through the package itself."""
        if path is not None or fullname not in self.packages:
            return None
        return PathFinder.find_spec(fullname, [self._folder], target)


def _fits(package: Path, module: str) -> bool:
    # The whole suffix, such as .cpython-311-x86_64-linux-gnu.so: version, debug flavour, processor and C library.
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    return bool(suffix) and (package / f"{module}{suffix}").is_file()


def _imported() -> bool:
    try:
        importlib.import_module(_NEEDED)
    except ImportError:
        # A half-imported package would be found by the next try.
        for name in [name for name in sys.modules if name.split(".")[0] == _NEEDED]:
            del sys.modules[name]
        return False
    return True
