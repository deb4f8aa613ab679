"""The set-up: which torch, files through a network that breaks, an environment that is whole or says that it is not."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photoveil.install import machine
from photoveil.install.environment import Environment, Record, release_of
from photoveil.install.errors import SetupError
from photoveil.install.fetching import Artefact, Fetcher
from photoveil.install.machine import Build, Machine
from photoveil.install.progress import Progress, Step
from tests.installers.tools import heavy

ROOT = Path(__file__).parents[2]
ENGINE = "photoveil/protection/engine.py"
TORCH = {"torch/__init__.py": "from torch import version\n__version__ = version.__version__\n"}
PACKAGE = {
    "photoveil/__init__.py": "",
    "photoveil/protection/__init__.py": "",
    ENGINE: "",
    "photoveil/cli.py": "def main():\n    print('photoveil 9')\n",
}


def wheel(folder: Path, name: str, version: str, files: dict[str, str], needs: str = "") -> Path:
    """A small wheel that pip takes for a package."""
    info = f"{name}-{version}.dist-info"
    extra = "Provides-Extra: heif\n"
    requires = f"Requires-Dist: {needs}\n" if needs else ""
    inside = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{extra}{requires}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if name == "photoveil":
        inside[f"{info}/entry_points.txt"] = "[console_scripts]\nphotoveil = photoveil.cli:main\n"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        record = ""
        for file, text in inside.items():
            archive.writestr(file, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += f"{file},sha256={digest},{len(text.encode())}\n"
        archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return path


def torch_of(version: str, cuda: str = "") -> dict[str, str]:
    told = f"__version__ = {version!r}\ncuda = {cuda or None!r}\nhip = None\n"
    return {**TORCH, "torch/version.py": told}


class Index(http.server.ThreadingHTTPServer):
    """A package index that hangs up on the set-up after so many bytes of an answer."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.cut: Callable[[], int] = lambda: 1 << 30
        self.ranges: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Index

    def log_message(self, format: str, *args: object) -> None: ...

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        if self.path.startswith("/simple/"):
            self.list_files(self.path.split("/")[2])
            return
        file = self.server.folder / self.path.rsplit("/", 1)[-1]
        if not file.is_file():
            self.send_error(404)
            return
        body, start = file.read_bytes(), 0
        if found := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
            start = int(found[1])
            self.server.ranges.append(found[0])
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        if self.command == "GET":
            ours = self.headers.get("User-Agent") == "photoveil-setup"
            self.wfile.write(body[start : start + self.server.cut()] if ours else body[start:])

    def list_files(self, name: str) -> None:
        files = [file for file in self.server.folder.glob("*.whl") if file.name.split("-")[0] == name]
        if not files:
            self.send_error(404)
            return
        links = "".join(
            f'<a href="/files/{file.name}#sha256={hashlib.sha256(file.read_bytes()).hexdigest()}">{file.name}</a>'
            for file in files
        )
        body = f"<!DOCTYPE html><html><body>{links}</body></html>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    folder = tmp_path / "served"
    folder.mkdir()
    with Index(folder) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


# Which torch


def linux(root: Path, *, driver: str = "", gfx: int = 0, card: bool = True) -> Machine:
    """What is found in a machine with these files."""
    if driver:
        (root / "sys/module/nvidia").mkdir(parents=True)
        (root / "sys/module/nvidia/version").write_text(f"{driver}\n")
        (root / "proc/driver/nvidia/gpus").mkdir(parents=True)
        if card:
            (root / "proc/driver/nvidia/gpus/0000:01:00.0").mkdir()
    if gfx:
        (root / "dev").mkdir()
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
    with pytest.raises(SetupError, match="no “rocm” build for Windows"):
        machine.index(Build.ROCM, "Windows")


# Fetching


@settings(max_examples=12, deadline=None)
@given(size=st.integers(0, 5000), cuts=st.lists(st.integers(1, 3000), max_size=6), stop=st.integers(0, 3))
def test_whatever_breaks_off_the_file_comes_whole(
    tmp_path_factory: pytest.TempPathFactory, size: int, cuts: list[int], stop: int
) -> None:
    folder = tmp_path_factory.mktemp("fetch")
    content = random.Random(size).randbytes(size)
    served = folder / "served"
    served.mkdir()
    (served / "big-1.0-py3-none-any.whl").write_bytes(content)
    with Index(served) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        breaks = iter(cuts)
        server.cut = lambda: next(breaks, 1 << 30)
        sha256 = hashlib.sha256(content).hexdigest()
        artefact = Artefact("big", "1.0", f"{server.address}/files/big-1.0-py3-none-any.whl", sha256)
        # What an earlier run left, also one that left rubbish.
        left = content[: size // 2] if stop < 3 else b"x" * (size + 1)
        if stop:
            (folder / "big-1.0-py3-none-any.whl.part").write_bytes(left)
        told: list[int] = []
        try:
            made = Fetcher(folder, pause=0.001).fetch(artefact, told.append)
        finally:
            server.shutdown()
            thread.join()
    assert made.read_bytes() == content
    assert not list(folder.glob("*.part"))
    assert told == [] if size == 0 else max(told, default=size) <= size


def test_it_goes_on_where_it_was_cut_and_fetches_no_byte_twice(index: Index, tmp_path: Path) -> None:
    content = random.Random(1).randbytes(900_000)
    (index.folder / "big-1.0-py3-none-any.whl").write_bytes(content)
    index.cut = lambda: 300_000
    artefact = Artefact(
        "big", "1.0", f"{index.address}/files/big-1.0-py3-none-any.whl", hashlib.sha256(content).hexdigest()
    )
    Fetcher(tmp_path, pause=0.001).fetch(artefact, lambda _: None)
    assert index.ranges == ["bytes=300000-", "bytes=600000-"]


def test_another_file_than_promised_never_gets_its_name(index: Index, tmp_path: Path) -> None:
    (index.folder / "big-1.0-py3-none-any.whl").write_bytes(b"something else")
    artefact = Artefact("big", "1.0", f"{index.address}/files/big-1.0-py3-none-any.whl", "0" * 64)
    with pytest.raises(SetupError, match="another SHA-256"):
        Fetcher(tmp_path, pause=0.001).fetch(artefact, lambda _: None)
    assert not list(tmp_path.glob("*.whl*"))


@pytest.mark.parametrize("name", ["nothing-1.0-py3-none-any.whl", "..%2Fescaped.whl", "evil.tar.gz"])
def test_what_is_not_there_or_no_wheel_is_told(index: Index, tmp_path: Path, name: str) -> None:
    artefact = Artefact("evil", "1.0", f"{index.address}/files/{name}", "")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SetupError):
        Fetcher(tmp_path, pause=0.001).fetch(artefact, lambda _: None)
    assert sorted(tmp_path.rglob("*")) == before


# Setting up, by the real program, venv and pip, with packages of a few bytes


class Stick:
    """A folder of wheels, and an environment that is set up from it."""

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
        wheel(self.wheels, "torch", "99.0", torch_of("99.0"))

    def photoveil(self, version: str, **files: str) -> Path:
        return wheel(self.wheels, "photoveil", version, {**PACKAGE, **files}, "torch>=2")

    def command(self, package: Path, *further: str) -> list[str]:
        words = ["--folder", str(self.folder), "--wheel", str(package), "--progress", "json", *further]
        return [sys.executable, "-m", "photoveil.install", *words]

    def run(self, package: Path, *further: str) -> tuple[int, list[dict[str, Any]]]:
        """Its exit code, and what it told."""
        done = subprocess.run(
            self.command(package, *further), env=self.environ, capture_output=True, text=True, check=False
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
    index.cut = lambda: 1 << 16
    part = stick.environment.wheels / f"{served.name}.part"
    process = subprocess.Popen(
        stick.command(package, "--build", "cuda"),
        env=stick.environ,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = time.monotonic() + 120
    while not part.exists() or part.stat().st_size < 1 << 16:
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert stick.environment.ready(release_of(package)) is False
    fetched = part.stat().st_size
    index.ranges.clear()
    index.cut = lambda: 1 << 30
    code, told = stick.run(package, "--build", "cuda")
    assert code == 0, told
    assert index.ranges[0] == f"bytes={fetched}-"
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
