"""Whether the pinned uv really takes nothing but the pinned Python: it is offered another one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.installers.tools import CACHE, INSTALLERS, heavy

PINS = json.loads((INSTALLERS / "common" / "pins.json").read_text(encoding="utf-8"))
TARGETS = {"windows-x86_64-none": "x86_64-pc-windows-msvc", "macos-aarch64-none": "aarch64-apple-darwin"}


@pytest.fixture(scope="module")
def uv() -> Path:
    """The same release, for this machine; kept between runs."""
    release = PINS["uv"]["version"]
    folder = CACHE / f"uv-{release}-here"
    program = folder / "bin" / "uv"
    if not program.is_file():
        fetch = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*fetch, "--target", str(folder), f"uv=={release}"], check=True)
    return program


@heavy
@pytest.mark.parametrize("name", PINS["python"]["sha256"])
def test_a_python_that_somebody_altered_is_refused(uv: Path, name: str, tmp_path: Path) -> None:
    python = PINS["python"]
    platform = name.removeprefix(f"cpython-{python['version']}-")
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "python.exe").write_bytes(b"altered")
    served = tmp_path / "mirror" / python["build"]
    served.mkdir(parents=True)
    for plus in ("+", "%2B"):
        asked = f"cpython-{python['version']}{plus}{python['build']}-{TARGETS[platform]}"
        with tarfile.open(served / f"{asked}-install_only_stripped.tar.gz", "w:gz") as archive:
            archive.add(tmp_path / "python", "python")
    places = ["--mirror", (tmp_path / "mirror").as_uri(), "--install-dir", str(tmp_path / "out")]
    done = subprocess.run(
        [str(uv), "python", "install", "--no-config", "--no-bin", "--no-cache", *places, name],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    expected = re.search(r"Expected:\s+([0-9a-f]{64})", done.stderr)
    assert expected is not None, done.stderr
    assert expected[1] == python["sha256"][name]
    assert not list((tmp_path / "out").glob("cpython-*"))


def test_every_system_has_its_uv_and_its_python() -> None:
    assert set(PINS["uv"]["wheels"]) == {"windows-x64", "macos-arm64"}
    assert {name.split("-", 2)[1] for name in PINS["python"]["sha256"]} == {PINS["python"]["version"]}
    digests = [
        *PINS["python"]["sha256"].values(),
        *(wheel["sha256"] for wheel in PINS["uv"]["wheels"].values()),
    ]
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)
    assert len(set(digests)) == len(digests)
