"""The system's PyGObject in a virtual environment: it alone, and only where it fits."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from photoveil.tray.system_gi import SystemPackages, load, system_folders

SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")


def package(folder: Path, name: str, module: str) -> Path:
    place = folder / name
    place.mkdir(parents=True)
    (place / "__init__.py").write_text("")
    (place / module).write_bytes(b"")
    return place


def test_only_a_build_for_exactly_this_python_fits(tmp_path: Path) -> None:
    package(tmp_path, "gi", "_gi.cpython-39-x86_64-linux-gnu.so")
    package(tmp_path, "cairo", f"_cairo{SUFFIX}")
    assert SystemPackages(tmp_path).packages == {"cairo"}
    assert SystemPackages(tmp_path / "nowhere").packages == set()


def test_nothing_else_of_that_folder_is_found(tmp_path: Path) -> None:
    package(tmp_path, "gi", f"_gi{SUFFIX}")
    package(tmp_path, "numpy_of_the_system", "x.py")
    finder = SystemPackages(tmp_path)
    found = finder.find_spec("gi")
    assert found is not None
    assert found.origin == str(tmp_path / "gi" / "__init__.py")
    assert finder.find_spec("numpy_of_the_system") is None
    assert finder.find_spec("gi._gi", [str(tmp_path / "gi")]) is None


def in_a_fresh_python(script: str) -> str:
    command = [sys.executable, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_where_nothing_fits_nothing_is_changed(tmp_path: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from photoveil.tray.system_gi import load
before = list(sys.meta_path)
assert "gi" not in sys.modules
print(load([Path({str(tmp_path)!r})]), sys.meta_path == before)
"""
    assert in_a_fresh_python(script) == "False True"


def test_a_broken_copy_is_left_alone(tmp_path: Path) -> None:
    place = package(tmp_path, "gi", f"_gi{SUFFIX}")
    (place / "__init__.py").write_text("from . import _gi")
    script = f"""
import sys
from pathlib import Path
from photoveil.tray.system_gi import load
before = list(sys.meta_path)
print(load([Path({str(tmp_path)!r})]), sys.meta_path == before, "gi" in sys.modules)
"""
    assert in_a_fresh_python(script) == "False True False"


@pytest.mark.skipif(not load(), reason="python3-gi for this Python is not installed (`make test` does it)")
def test_the_systems_own_speaks_to_glib() -> None:
    assert any(folder.is_dir() for folder in system_folders())
    script = """
from photoveil.tray.system_gi import load
assert load() and load()
from gi.repository import GLib
import importlib.util
print(GLib.Variant("s", "hello").unpack(), importlib.util.find_spec("debconf") is None)
"""
    assert in_a_fresh_python(script) == "hello True"


def test_the_tray_package_is_light() -> None:
    script = """
import sys
import photoveil.tray
print(sorted({"torch", "aiohttp", "numpy", "gi", "pystray", "Xlib"} & set(sys.modules)))
"""
    assert in_a_fresh_python(script) == "[]"
