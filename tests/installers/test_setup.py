"""The set-up, by the real program, venv and pip, with packages of a few bytes: whole, or it says that it is not."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from photoveil.install.environment import Environment, Record, release_of
from photoveil.install.errors import SetupError
from photoveil.install.progress import Progress, Step
from tests.installers.index import ENGINE, PACKAGE, Index, torch_of, wheel
from tests.installers.tools import ROOT, heavy


class Stick:
    """A folder of wheels, and an environment that is set up from it.

    It is run as the launchers do, by somebody who stands in a folder where others put files (root does so, too):
    nothing may be imported from there.
    """

    def __init__(self, place: Path) -> None:
        self.wheels = place / "wheels"
        self.folder = place / "environment"
        self.environment = Environment(self.folder)
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        self.environ |= {
            "PIP_CONFIG_FILE": os.devnull,
            "PYTHONPATH": str(ROOT / "daemon"),
            "HOME": str(place),
        }
        self.stands_in = place / "downloads"
        self.stands_in.mkdir(parents=True)
        for name in ("argparse", "json", "venv", "ensurepip", "pip", "photoveil"):
            (self.stands_in / f"{name}.py").write_text("raise SystemExit('somebody else ran this')\n")
        wheel(self.wheels, "torch", "99.0", torch_of("99.0"))

    def photoveil(self, version: str, **files: str) -> Path:
        return wheel(self.wheels, "photoveil", version, {**PACKAGE, **files}, "torch>=2")

    def command(self, package: Path, *further: str) -> list[str]:
        words = ["--folder", str(self.folder), "--wheel", str(package), "--progress", "json", *further]
        return [sys.executable, "-P", "-m", "photoveil.install", *words]

    def run(self, package: Path, *further: str) -> tuple[int, list[dict[str, Any]]]:
        """Its exit code, and what it told."""
        done = subprocess.run(
            self.command(package, *further),
            env=self.environ,
            cwd=self.stands_in,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    def answers(self) -> str:
        command = [str(self.environment.scripts / "photoveil")]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def has(self, package: str) -> bool:
        return (self.environment.packages / package).exists()


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> tuple[Stick, Path, list[dict[str, Any]]]:
    """One that was set up from a folder, and what was told meanwhile."""
    stick = Stick(tmp_path_factory.mktemp("stick"))
    package = stick.photoveil("9.0")
    code, told = stick.run(package, "--wheels", str(stick.wheels), "--build", "cpu")
    assert code == 0, told
    return stick, package, told


def test_a_folder_of_wheels_is_enough(ready: tuple[Stick, Path, list[dict[str, Any]]]) -> None:
    stick, package, told = ready
    assert stick.answers() == "photoveil 9\n"
    assert stick.environment.ready(release_of(package))
    assert not stick.environment.wheels.exists()
    record = stick.environment.record()
    assert record is not None
    assert (record.build, record.torch) == ("cpu", "99.0")
    steps = list(dict.fromkeys(event["step"] for event in told))
    assert steps == ["look", "python", "plan", "fetch", "install", "check", "done"]
    shares = [event["overall"] for event in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_second_run_finds_nothing_to_do_and_check_says_so(
    ready: tuple[Stick, Path, list[dict[str, Any]]],
) -> None:
    stick, package, _ = ready
    code, told = stick.run(package)
    assert (code, [event["step"] for event in told]) == (0, ["done"])
    told_by = subprocess.run(
        stick.command(package, "--check"), env=stick.environ, capture_output=True, text=True, check=True
    )
    assert told_by.stdout.startswith(f"ready: {stick.folder}\n")


def test_an_upgrade_keeps_torch_and_needs_no_network(ready: tuple[Stick, Path, list[dict[str, Any]]]) -> None:
    stick, package, _ = ready
    says = "def main():\n    print('photoveil 9.1')\n"
    newer = wheel(
        stick.folder.parent / "newer", "photoveil", "9.1", {**PACKAGE, "photoveil/cli.py": says}, "torch>=2"
    )
    marker = stick.environment.packages / "torch" / "untouched"
    marker.touch()
    assert not stick.environment.ready(release_of(newer))
    code, told = stick.run(newer)
    assert code == 0, told
    assert stick.answers() == "photoveil 9.1\n"
    assert marker.exists()
    assert stick.environment.ready(release_of(newer))
    assert not stick.environment.ready(release_of(package))


@heavy
def test_an_upgrade_keeps_a_torch_of_another_build_than_was_asked_for(tmp_path: Path) -> None:
    """A folder of wheels has the build that it has; that is what an upgrade goes on with."""
    stick = Stick(tmp_path)
    wheel(stick.wheels, "torch", "99.0", torch_of("99.0", cuda="13.2"))
    code, told = stick.run(stick.photoveil("9.0"), "--wheels", str(stick.wheels), "--build", "cpu")
    assert code == 0, told
    record = stick.environment.record()
    assert record is not None
    assert record.build == "cuda"
    marker = stick.environment.packages / "torch" / "untouched"
    marker.touch()
    code, told = stick.run(stick.photoveil("9.1"), "--wheels", str(stick.wheels))
    assert code == 0, told
    assert marker.exists()


@heavy
def test_an_upgrade_that_cannot_be_fetched_leaves_the_old_one_whole(tmp_path: Path) -> None:
    stick = Stick(tmp_path)
    package = stick.photoveil("9.0")
    assert stick.run(package, "--wheels", str(stick.wheels))[0] == 0
    newer = wheel(tmp_path / "newer", "photoveil", "9.1", PACKAGE, "nowhere-to-be-had")
    code, told = stick.run(newer, "--wheels", str(stick.wheels))
    assert (code, told[-1]["step"]) == (1, "error")
    assert stick.environment.ready(release_of(package))
    assert stick.answers() == "photoveil 9\n"

    # One that does not start is told, and is not taken for whole.
    broken = wheel(
        tmp_path / "broken",
        "photoveil",
        "9.2",
        {**PACKAGE, ENGINE: "raise OSError('no such card')"},
        "torch>=2",
    )
    code, told = stick.run(broken, "--wheels", str(stick.wheels))
    assert (code, told[-1]["title"]) == (1, "What was installed does not start")
    assert "no such card" in told[-1]["reason"]
    assert not stick.environment.ready(release_of(broken))

    # Another build of torch is another environment.
    (stick.wheels / "torch-99.0-py3-none-any.whl").unlink()
    wheel(stick.wheels, "torch", "98.0", torch_of("98.0", cuda="13.0"))
    code, told = stick.run(package, "--wheels", str(stick.wheels), "--build", "cuda")
    assert code == 0, told
    record = stick.environment.record()
    assert record is not None
    assert (record.build, record.torch) == ("cuda", "98.0")


def test_killed_in_the_middle_it_goes_on_through_a_network_that_breaks(index: Index, tmp_path: Path) -> None:
    stick = Stick(tmp_path)
    package = wheel(tmp_path / "own", "photoveil", "9.0", PACKAGE, "torch>=2")
    ballast = random.Random(3).randbytes(300_000).hex()
    served = wheel(
        index.folder, "torch", "99.0", {**torch_of("99.0", cuda="13.0"), "torch/ballast.txt": ballast}
    )
    stick.environ |= {"PIP_INDEX_URL": f"{index.address}/simple"}
    pieces, on = iter([1 << 16]), threading.Event()

    def cut() -> int:
        if (piece := next(pieces, 0)) == 0:
            on.wait(300)  # the rest does not come while this process lives
        return piece

    index.cut = cut
    part = stick.environment.wheels / f"{served.name}.part"
    process = subprocess.Popen(
        stick.command(package, "--build", "cuda"),
        env=stick.environ,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = time.monotonic() + 300
    while not part.exists() or part.stat().st_size < 1 << 16:
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    on.set()
    assert stick.environment.ready(release_of(package)) is False
    fetched = part.stat().st_size
    index.ranges.clear()
    index.cut = lambda: 1 << 30
    code, told = stick.run(package, "--build", "cuda")
    assert code == 0, told
    assert index.ranges[0] == f"bytes={fetched}-"
    assert stick.answers() == "photoveil 9\n"


@heavy
def test_pytorchs_own_index_alone_decides_on_torch(index: Index, tmp_path: Path) -> None:
    """An AMD card's build, though the general index has a higher version of another one."""
    stick = Stick(tmp_path)
    package = wheel(tmp_path / "own", "photoveil", "9.0", PACKAGE, "torch>=2")
    version = "99.0+rocm6.4"
    wheel(index.folder / "rocm6.4", "torch", version, torch_of(version, hip="6.4.43482"))
    wheel(index.folder / "rocm6.4", "torchvision", "9.0+rocm6.4", {"torchvision/__init__.py": ""})
    wheel(index.folder, "torch", "99.1", torch_of("99.1", cuda="13.0"))
    stick.environ |= {"PIP_INDEX_URL": f"{index.address}/simple"}
    code, told = stick.run(package, "--build", "rocm", "--torch-index", index.address)
    assert code == 0, told
    record = stick.environment.record()
    assert record is not None
    assert (record.build, record.torch) == ("rocm", version)
    assert stick.answers() == "photoveil 9\n"


def test_two_at_once_do_not_meet(tmp_path: Path) -> None:
    stick = Stick(tmp_path)
    package = stick.photoveil("9.0")
    with stick.environment.locked():
        code, told = stick.run(package, "--wheels", str(stick.wheels))
    assert (code, told[-1]["title"]) == (1, "The set-up is running already")
    assert not stick.environment.venv.exists()


def test_no_room_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    environment = Environment(tmp_path)
    with pytest.raises(SetupError, match="needs 3600") as caught:
        environment.check_room(10**15)
    assert "--folder" in caught.value.remedy


def test_what_python_took_away_is_not_ready(tmp_path: Path) -> None:
    environment = Environment(tmp_path)
    environment.packages.mkdir(parents=True)
    environment.scripts.mkdir(parents=True)
    environment.python.symlink_to(sys.executable)
    environment.finish(Record("9.0 abc", "cpu", "99", "3.11", ""))
    assert environment.ready("9.0 abc")
    environment.python.unlink()
    environment.python.symlink_to(tmp_path / "python3.9")
    assert not environment.ready("9.0 abc")


def test_overall_never_runs_backwards_and_json_is_one_line() -> None:
    shares = [Progress(step, "x", done, 100).overall for step in Step for done in (0, 50, 100)]
    assert shares == sorted(shares)


def test_it_imports_nothing_but_python() -> None:
    script = """
import sys
import threading
import photoveil.install.__main__, photoveil.install.window
known = set(sys.stdlib_module_names) | {"photoveil", "__main__"}
print(sorted({name.split(".")[0] for name in sys.modules} - known))
"""
    command = [sys.executable, "-S", "-c", script]
    environ = {"PYTHONPATH": str(ROOT / "daemon")}
    assert subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout == "[]\n"


@heavy
def test_stopped_it_ends_pip_and_frees_the_lock(tmp_path: Path) -> None:
    """As closing the window does."""
    stick = Stick(tmp_path)
    package = stick.photoveil("9.0")
    command = stick.command(package, "--wheels", str(stick.wheels))
    with subprocess.Popen(command, env=stick.environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while '"plan"' not in process.stdout.readline():
            assert process.poll() is None
        process.terminate()
        told = process.stdout.read()
    assert process.returncode == 130
    assert "Interrupted" in told
    with stick.environment.locked():
        pass
