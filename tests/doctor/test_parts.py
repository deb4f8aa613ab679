"""Faults in what Photoveil is made of: packages, weights, PyTorch and the graphics card."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import filelock
import pytest

from photoveil.doctor import CHECKS, Patient, examine, hardware
from photoveil.doctor.checks import device
from photoveil.doctor.model import Weight
from photoveil.install.machine import Build
from tests.doctor.ward import Finding, Ward
from tests.models import tiny_hub
from tests.models.server import Hub

ROOT = Path(__file__).parents[2]


def _computer(root: Path, *, driver: str = "", vendor: str = "", gfx: int = 0) -> Path:
    """The files by which Linux tells of graphics cards."""
    if driver:
        (root / "proc/driver/nvidia/gpus/0000:01:00.0").mkdir(parents=True)
        (root / "sys/module/nvidia").mkdir(parents=True)
        (root / "sys/module/nvidia/version").write_text(f"{driver}\n")
    if vendor:
        card = root / "sys/bus/pci/devices/0000:01:00.0"
        card.mkdir(parents=True)
        (card / "class").write_text("0x030000\n")
        (card / "vendor").write_text(f"{vendor}\n")
    if gfx:
        node = root / "sys/class/kfd/kfd/topology/nodes/1"
        node.mkdir(parents=True)
        (node / "properties").write_text(f"gfx_target_version {gfx}\n")
        (root / "dev").mkdir()
        (root / "dev/kfd").touch()
    return root


def test_a_device_that_is_not_here_and_a_torch_that_does_not_fit(
    ward: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = hardware.torch()
    assert installed is not None
    # A driver for which another build than the installed one is right.
    driver = "535.54" if installed.build is Build.CUDA else "580.65"
    ward.settings('device = "xpu"\n')
    for name, value in ward.house.environment.items():
        monkeypatch.setenv(name, value)
    check = [one for one in CHECKS if one.name == "device"]
    (result,) = examine(Patient(root=_computer(tmp_path / "root", driver=driver, vendor="0x10de")), check)
    build, chosen = result.findings
    assert (build.code, chosen.code) == ("torch_build", "device_not_usable")
    assert "download.pytorch.org" in build.remedy or "--force-reinstall torch" in build.remedy
    assert chosen.remedy == "Run `photoveil settings set device auto`."
    ward.follow(chosen.as_dict())
    (result,) = examine(Patient(root=_computer(tmp_path / "none", vendor="0x10de")), check)
    (finding,) = result.findings
    assert finding.code == "gpu_driver"
    assert "nvidia-driver" in finding.remedy


@pytest.mark.skipif(platform.machine() != "x86_64", reason="ROCm's builds are for one kind of processor")
def test_what_keeps_an_amd_card_from_being_used(tmp_path: Path) -> None:
    """Where PyTorch says that it can use the processor alone; no AMD card has ever been in our machines."""
    amd = Patient(root=_computer(tmp_path / "amd", vendor="0x1002", gfx=110000))
    (finding,) = device._without(amd, hardware.Torch("2.9.0+cpu", Build.CPU))
    assert (finding.code, finding.weight) == ("torch_build", Weight.ADVICE)
    assert "AMD card that ROCm supports" in finding.reason
    assert "--index-url https://download.pytorch.org/whl/rocm6.4 torch" in finding.remedy
    (finding,) = device._without(amd, hardware.Torch("2.9.0+rocm6.4", Build.ROCM))
    assert finding.code == "gpu_driver"
    assert "usermod -aG render,video" in finding.remedy
    old = Patient(root=_computer(tmp_path / "old", vendor="0x1002", gfx=80003))
    (finding,) = device._without(old, hardware.Torch("2.9.0+cpu", Build.CPU))
    assert (finding.code, finding.weight) == ("gpu_unsupported", Weight.NOTE)


@pytest.mark.parametrize(
    ("text", "build"),
    [
        ("__version__ = '2.9.0+cpu'\ncuda: Optional[str] = None\nhip: Optional[str] = None\n", Build.CPU),
        ("__version__ = '2.9.0'\ncuda: Optional[str] = '13.0'\nhip: Optional[str] = None\n", Build.CUDA),
        ("__version__ = '2.9.0+cu126'\ncuda: Optional[str] = '12.6'\nhip = None\n", Build.CUDA_12),
        (
            "__version__ = '2.9.0+rocm6.4'\ncuda: Optional[str] = None\nhip: Optional[str] = '6.4'\n",
            Build.ROCM,
        ),
    ],
)
def test_the_build_of_torch_is_read_without_loading_it(tmp_path: Path, text: str, build: Build) -> None:
    (tmp_path / "version.py").write_text(text)
    found = hardware.torch(tmp_path)
    assert found is not None
    assert found.build is build
    assert found.version == text.split("'")[1]


def test_weights_that_are_not_here_go_missing_or_are_damaged(ward: Ward, tmp_path: Path) -> None:
    tiny_hub.know_architectures(tmp_path / "architectures")
    tiny_hub.describe(tmp_path / "models", "duo", tiny_hub.DUO)
    files = {tiny_hub.repository(name): tiny_hub.checkpoint(name) for name in tiny_hub.DUO}
    with Hub(files).running() as hub:
        ward.settings(f'model_set = "duo"\nmodel_endpoint = "{hub.endpoint}"\n')
        ward.follow(ward.found("models", "models_not_here"), last=1)  # pull it
        ward.well("models")
        first, second = sorted((tmp_path / "models" / "duo").glob("*.safetensors"))
        first.unlink()
        codes = [finding["code"] for finding in ward.findings("models", code=1)]
        assert codes == ["models_not_here", "models_damaged"]
        missing = ward.findings("models")[1]
        assert f"{first.name} (missing)" in missing["reason"]
        ward.follow(missing)
        ward.well("models")
        data = bytearray(second.read_bytes())
        data[-1] ^= 1
        second.write_bytes(data)
        damaged = ward.found("models", "models_damaged")
        assert f"{second.name} (changed)" in damaged["reason"]
        ward.follow(damaged)
        ward.well("models")


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """The installed packages as links, so that one can be broken for this test alone."""
    farm = tmp_path / "packages"
    farm.mkdir()
    for entry in Path(filelock.__file__).parents[1].iterdir():
        (farm / entry.name).symlink_to(entry)
    return farm


def _with(ward: Ward, packages: Path, wheels: Path) -> None:
    """From here on these are the installed packages; pip takes wheels from here, puts them there and asks no index."""
    ward.house.environment |= {
        "PYTHONPATH": os.pathsep.join((str(packages), str(ROOT / "daemon"))),
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_TARGET": str(packages),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_COMPILE": "1",
    }


def _look(ward: Ward, check: str) -> list[Finding]:
    command = [sys.executable, "-S", "-P", "-m", "photoveil.cli", "doctor", "--json", "--only", check]
    done = subprocess.run(
        command, env=ward.house.environment, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    return list(json.loads(done.stdout)["checks"][0]["findings"])


def test_a_package_that_is_missing_or_damaged(ward: Ward, packages: Path, tmp_path: Path) -> None:
    _with(ward, packages, _wheel_of("filelock", packages, tmp_path / "wheels"))
    assert _look(ward, "installation") == []
    for entry in packages.glob("filelock*"):
        entry.unlink()
    (finding,) = _look(ward, "installation")
    assert finding["code"] == "package_missing"
    ward.follow(finding)
    assert _look(ward, "installation") == []

    module = packages / "filelock" / "_api.py"
    assert not module.is_symlink()
    module.write_text(module.read_text()[:1000])
    (finding,) = _look(ward, "installation")
    assert finding["code"] == "package_damaged"
    assert "filelock/_api.py" in finding["reason"]
    for entry in packages.glob("filelock*"):
        shutil.rmtree(entry)  # pip adds to a --target and never replaces there
    ward.follow(finding)
    assert _look(ward, "installation") == []


def test_what_opens_heic_photos_is_missing(ward: Ward, packages: Path, tmp_path: Path) -> None:
    if not any(packages.glob("pillow_heif-*")):
        pytest.skip("pillow-heif is not installed")
    _with(ward, packages, _wheel_of("pillow_heif", packages, tmp_path / "wheels"))
    assert _look(ward, "heif") == []
    for entry in [*packages.glob("pillow_heif*"), *packages.glob("_pillow_heif*")]:
        entry.unlink()
    (finding,) = _look(ward, "heif")
    assert (finding["code"], finding["weight"]) == ("heif_missing", "advice")
    ward.follow(finding)
    assert _look(ward, "heif") == []


def _wheel_of(name: str, packages: Path, folder: Path) -> Path:
    """The wheel that an installed package came from, made again from its record."""
    (info,) = packages.glob(f"{name}-*.dist-info")
    tag = re.search(r"^Tag: (\S+)", (info / "WHEEL").read_text(), re.MULTILINE)
    assert tag is not None
    folder.mkdir()
    with zipfile.ZipFile(folder / f"{info.name.removesuffix('.dist-info')}-{tag[1]}.whl", "w") as wheel:
        for line in (info / "RECORD").read_text().splitlines():
            file = line.partition(",")[0]
            if (
                not file.startswith("..")
                and "__pycache__" not in file
                and not file.endswith(("INSTALLER", "REQUESTED"))
            ):
                wheel.write(packages / file, file)
    return folder
