"""Which build of torch a machine is offered, and where it is fetched from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from photoveil.install import machine, window
from photoveil.install.errors import SetupError
from photoveil.install.machine import Build, Machine


def linux(root: Path, *, driver: str = "", gfx: int = 0, card: bool = True) -> Machine:
    """What is found in a machine with these files."""
    if driver:
        (root / "sys/module/nvidia").mkdir(parents=True)
        (root / "sys/module/nvidia/version").write_text(f"{driver}\n")
        (root / "proc/driver/nvidia/gpus").mkdir(parents=True)
        if card:
            (root / "proc/driver/nvidia/gpus/0000:01:00.0").mkdir()
    if gfx:
        (root / "dev").mkdir(parents=True)
        (root / "dev/kfd").touch()
        for number, kind in enumerate((0, gfx)):  # the processor is a node, too
            node = root / f"sys/class/kfd/kfd/topology/nodes/{number}"
            node.mkdir(parents=True)
            (node / "properties").write_text(f"simd_count 80\ngfx_target_version {kind}\n")
    return machine.look(root)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at Linux's files")
@pytest.mark.parametrize(
    ("found", "build"),
    [
        ({}, Build.CPU),
        ({"driver": "580.65.06"}, Build.CUDA),
        ({"driver": "595.10"}, Build.CUDA),
        ({"driver": "535.183.01"}, Build.CUDA_12),
        ({"driver": "470.256.02"}, Build.CPU),
        ({"driver": "580.65.06", "card": False}, Build.CPU),
        ({"gfx": 110000}, Build.ROCM),
        ({"gfx": 90010}, Build.ROCM),
        ({"gfx": 100305}, Build.CPU),  # a graphics core in a processor, which the build was not made for
        ({"driver": "580.1", "gfx": 110000}, Build.CUDA),
    ],
)
def test_the_build_follows_what_is_in_the_machine(
    tmp_path: Path, found: dict[str, Any], build: Build
) -> None:
    choice = machine.choose(linux(tmp_path, **found))
    assert choice.build is build
    assert choice.why.endswith(".")


def test_every_choice_can_be_fetched_from_somewhere() -> None:
    assert machine.index(Build.CPU, "Linux").endswith("/cpu")
    assert machine.index(Build.CUDA, "Linux") == ""  # the general index has it
    assert machine.index(Build.CUDA_12, "Linux", "https://mirror.example/").startswith(
        "https://mirror.example/cu12"
    )
    assert machine.index(Build.CUDA, "Windows") != machine.index(Build.CPU, "Windows") == ""
    assert machine.index(Build.ROCM, "Linux").endswith("/whl/rocm6.4")
    with pytest.raises(SetupError, match="no “rocm” build for Windows"):
        machine.index(Build.ROCM, "Windows")


@pytest.mark.skipif(sys.platform != "linux", reason="looks at Linux's files")
def test_who_has_an_amd_card_is_told_what_becomes_of_it(tmp_path: Path) -> None:
    known, unknown, none = (tmp_path / name for name in ("known", "unknown", "none"))
    assert machine.choose(linux(known, gfx=110000)).why == "There is an AMD card that ROCm supports."
    assert "not one that PyTorch's ROCm build supports" in machine.choose(linux(unknown, gfx=90012)).why
    none.mkdir()
    assert machine.choose(linux(none)).why == "No graphics card was found that PyTorch can use."
    # ROCm's builds are for one kind of processor.
    assert machine.choose(Machine("Linux", "aarch64", amd_card=110000)).build is Build.CPU


def test_the_window_offers_every_build_that_linux_has() -> None:
    """With a name, and with how much is fetched."""
    assert set(window._ON_LINUX) == {build for system, build in machine._FOLDERS if system == "Linux"}
    for build in window._ON_LINUX:
        assert window._NAMES[build]
        assert machine.DOWNLOAD_MB[build] > 0


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Machine("Darwin", "x86_64"), "Macs with Intel processors"),
        (Machine("Linux", "i686"), "no PyTorch for this computer"),
        (Machine("Linux", "riscv64"), "no PyTorch for this computer"),
    ],
)
def test_where_there_is_no_pytorch_it_is_said_before_anything_is_fetched(found: Machine, said: str) -> None:
    with pytest.raises(SetupError) as caught:
        machine.check(found)
    assert said in caught.value.title
    for fine in (Machine("Darwin", "arm64"), Machine("Linux", "aarch64"), Machine("Windows", "AMD64")):
        machine.check(fine)
