"""The way from nothing to a whole environment, step by step; cut anywhere, the next run goes on there."""

from __future__ import annotations

import contextlib
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from photoveil.install import machine
from photoveil.install.environment import Environment, Record, known_build, python_version, release_of
from photoveil.install.errors import SetupError
from photoveil.install.fetching import Artefact, Fetcher
from photoveil.install.machine import Build, Choice
from photoveil.install.pip import NEW_ENOUGH, Pip
from photoveil.install.progress import Progress, Step, Tell

_CHECK = """
import photoveil.protection.engine, torch
print(torch.__version__, torch.version.cuda or "-", torch.version.hip or "-")
"""


@dataclass(frozen=True)
class Wish:
    """What is to be set up.

    Attributes:
        folder: where the environment lies.
        wheel: Photoveil's own.
        build: of torch; nothing keeps the one that is there, or looks.
        wheels: a folder of wheels to install from, without any network.
        extras: of Photoveil's wheel.
        torch_index: in place of PyTorch's own address, laid out like it.
        again: from nothing, even where it is whole.
    """

    folder: Path
    wheel: Path
    build: Build | None = None
    wheels: Path | None = None
    extras: tuple[str, ...] = ("heif",)
    torch_index: str = machine.TORCH_INDEX
    again: bool = False


def set_up(wish: Wish, tell: Tell) -> Record:
    """Make, resume or update the environment.

    Raises:
        SetupError: what kept it; what was fetched stays for the next try.
    """
    release = release_of(wish.wheel)
    environment = Environment(wish.folder)
    with environment.locked():
        record = environment.record()
        if wish.again:
            environment.remove()
        elif record and environment.ready(release) and wish.build in (None, known_build(record)):
            tell(Progress(Step.DONE, "Everything is set up already."))
            return record
        return _Run(wish, environment, tell).go(release, record)


def fetch_only(wish: Wish, target: Path, tell: Tell) -> list[Path]:
    """Fill ``target`` with every wheel that this kind of machine needs, for one without a network (``--wheels``).

    Raises:
        SetupError: what kept it; started again, it goes on.
    """
    with tempfile.TemporaryDirectory(prefix="photoveil-fetch-") as folder:
        run = _Run(wish, Environment(Path(folder)), tell)
        return run.fetch_to(target)


class _Run:
    """One set-up."""

    def __init__(self, wish: Wish, environment: Environment, tell: Tell) -> None:
        self._wish = wish
        self._tell = tell
        self._environment = environment
        self._pip = Pip(environment.python)
        self._options: list[str] = (
            ["--no-index", "--find-links", str(wish.wheels)] if wish.wheels is not None else []
        )

    def go(self, release: str, record: Record | None) -> Record:
        """All of it."""
        choice = self._choose(record)
        environment = self._environment
        environment.aim(choice.build)
        self._make_python()
        wanted = self._plan(choice.build)
        environment.wheels.mkdir(exist_ok=True)
        files = self._fetch(wanted, environment.wheels)
        # Until here an older Photoveil in it went on unharmed, and would if the network failed.
        self._stop_daemon()
        environment.begin()
        self._install(wanted, files)
        self._tell(Progress(Step.CHECK, "Trying it …"))
        torch, build = self._try(choice.build)
        why = choice.why if build is choice.build else "The folder of packages has this build."
        made = Record(release, build, torch, python_version(), why)
        environment.finish(made)
        self._tell(Progress(Step.DONE, "Photoveil is set up."))
        return made

    def fetch_to(self, target: Path) -> list[Path]:
        """Only fetch, pip and Photoveil's own wheel included."""
        choice = self._choose(None)
        self._make_python()
        wanted = self._plan(choice.build, ["--ignore-installed"], [f"pip>={NEW_ENOUGH}"])
        target.mkdir(parents=True, exist_ok=True)
        files = []
        for file in (*self._fetch(wanted, target), self._wish.wheel):
            if file.parent != target:
                shutil.copyfile(file, target / file.name)
            files.append(target / file.name)
        self._tell(Progress(Step.DONE, f"{len(files)} packages are in {target}."))
        return files

    def _choose(self, record: Record | None) -> Choice:
        self._tell(Progress(Step.LOOK, "Looking at this machine …"))
        if self._wish.wheels is None:
            machine.check(machine.look())
        if self._wish.build is not None:
            return Choice(self._wish.build, "You chose it.")
        if (known := known_build(record)) is not None and record is not None:
            return Choice(known, record.why)
        return machine.choose(machine.look())

    def _stop_daemon(self) -> None:
        """A daemon that runs from this environment would find its own code changed under it."""
        command = self._environment.scripts / "photoveil"
        if command.exists():
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                subprocess.run([str(command), "stop"], capture_output=True, check=False, timeout=60)

    def _make_python(self) -> None:
        self._tell(Progress(Step.PYTHON, "Preparing Python …"))
        self._environment.make_python()
        if self._pip.version() >= NEW_ENOUGH:
            return
        # An older pip plans as well, it only fetches more for it.
        with contextlib.suppress(SetupError), tempfile.TemporaryDirectory(prefix="photoveil-pip-") as folder:
            newer = self._pip.plan([f"pip>={NEW_ENOUGH}"], [*self._options, "--no-deps"])
            self._pip.install([self._fetcher(Path(folder)).fetch(one, lambda _: None) for one in newer])

    def _plan(self, build: Build, options: Sequence[str] = (), further: Sequence[str] = ()) -> list[Artefact]:
        self._tell(Progress(Step.PLAN, "Finding out what is needed …"))
        extras = f"[{','.join(self._wish.extras)}]" if self._wish.extras else ""
        wanted = [f"{self._wish.wheel.resolve()}{extras}", *further]
        options = [*self._options, *options]
        address = self._address(build)
        found: list[Artefact] | None = None
        if not address or self._has_torch(build):
            found = self._pip.plan(wanted, options)
        if found is None or (address and any(one.name == "torch" for one in found)):
            found = self._plan_torch_first(address, wanted, options)
        return [one for one in found if one.name.lower() != "photoveil"]

    def _plan_torch_first(self, address: str, wanted: list[str], options: list[str]) -> list[Artefact]:
        """PyTorch's own index alone decides on torch: another one could offer a higher version of another build."""
        pair = ["torch", "torchvision"]
        torch = self._pip.plan(pair, ["--index-url", address, "--no-deps", "--ignore-installed"])
        with tempfile.TemporaryDirectory(prefix="photoveil-torch-") as folder:
            pins = Path(folder) / "pins.txt"
            pins.write_text("".join(f"{one.name}=={one.version}\n" for one in torch), encoding="utf-8")
            return self._pip.plan(wanted, [*options, "--extra-index-url", address, "--constraint", str(pins)])

    def _address(self, build: Build) -> str:
        """Where this build of torch lies; nothing for the general index, or a folder of wheels."""
        address = machine.index(build, platform.system(), self._wish.torch_index)
        return "" if self._wish.wheels is not None else address

    def _has_torch(self, build: Build) -> bool:
        """Whether an older Photoveil here runs on this build already: then it stays unless it is too old."""
        record = self._environment.record()
        return record is not None and record.build == build and self._environment.usable()

    def _fetch(self, wanted: Sequence[Artefact], folder: Path) -> list[Path]:
        fetcher = self._fetcher(folder)
        sizes = fetcher.sizes(wanted)
        total = sum(sizes)
        self._environment.check_room(total)
        files, before = [], 0
        for artefact, size in zip(wanted, sizes, strict=True):
            text = f"Fetching {artefact.name} …"

            def told(done: int, text: str = text, before: int = before) -> None:
                self._tell(Progress(Step.FETCH, text, before + done, total))

            files.append(fetcher.fetch(artefact, told))
            before += size
        return files

    def _fetcher(self, folder: Path) -> Fetcher:
        return Fetcher(folder, self._environment.packages / "pip" / "_vendor" / "certifi" / "cacert.pem")

    def _install(self, wanted: Sequence[Artefact], files: Sequence[Path]) -> None:
        environment = self._environment
        sizes = {file.name.split("-")[0].lower(): file.stat().st_size for file in files}
        total = sum(sizes.values())

        def watch() -> None:
            done = environment.installed_bytes(sizes)
            self._tell(Progress(Step.INSTALL, "Installing …", done, total))

        if wanted:
            self._pip.install(files, watch=watch)
        self._pip.install([self._wish.wheel.resolve()], ["--force-reinstall"])

    def _try(self, wanted: Build) -> tuple[str, Build]:
        """torch's version and build as it tells them itself, once Photoveil's engine was loaded with it."""
        command = [str(self._environment.python), "-I", "-c", _CHECK]
        tried = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
        if tried.returncode != 0:
            last = tried.stderr.strip().splitlines()
            raise SetupError(
                "What was installed does not start",
                last[-1] if last else f"Python ended with {tried.returncode}.",
                "Start it again with --again, which starts from nothing, or with --build cpu.",
            )
        version, cuda, hip = tried.stdout.split()
        if hip != "-":
            return version, Build.ROCM
        if cuda != "-":
            return version, Build.CUDA_12 if cuda.startswith("12.") else Build.CUDA
        return version, wanted if wanted in (Build.CPU, Build.MPS) else Build.CPU
