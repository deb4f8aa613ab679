"""The Mac app's launcher, really compiled for Macs: by Zig's C compiler, which brings their headers and libraries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.installers.tools import CACHE, INSTALLERS, heavy, load

pytestmark = [heavy, pytest.mark.timeout(900)]

macos: Any = load("photoveil_macos_build", INSTALLERS / "macos" / "build.py")
ZIG = "ziglang==0.17.1"


@pytest.fixture(scope="module")
def compiler() -> list[str]:
    """Zig's, kept between runs."""
    folder = CACHE / ZIG.replace("==", "-")
    if not (folder / "ziglang" / "__main__.py").is_file():
        fetch = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*fetch, "--target", str(folder), ZIG], check=True)
    code = f"import sys, runpy; sys.path.insert(0, {str(folder)!r}); runpy.run_module('ziglang', run_name='__main__')"
    return [sys.executable, "-c", code, "cc", "-target", f"aarch64-macos.{macos.OLDEST_SYSTEM}"]


def test_the_launcher_compiles_without_a_warning_into_a_program_for_apples_processors(
    compiler: list[str], tmp_path: Path
) -> None:
    made = macos.compile_launcher(tmp_path / "Photoveil", *compiler)
    program = made.read_bytes()
    assert program[:4] == bytes.fromhex("cffaedfe")  # 64 bits
    assert int.from_bytes(program[4:8], "little") == 0x0100000C  # ARM64
    assert int.from_bytes(program[12:16], "little") == 2  # a program
    for name in (b"Resources/python/bin/python3.11", b"Resources/setup/start.py", b"PHOTOVEIL_LAUNCHER"):
        assert name in program
