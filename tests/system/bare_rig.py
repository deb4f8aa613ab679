"""A Debian 12 of its own: made with debootstrap, entered with chroot, and a user who logs in to a desktop there.

Everything is kept under ``build/installers``: ``base`` (bare Debian, made once), ``wheels`` (what the set-up installs
from, fetched once by the very program under test) and ``root``, in which a test works. Needs root, and a kernel that
lets root mount.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "build" / "installers"
USER = "anna"
HOME = Path("/home") / USER
SCREEN = ":77"
DESKTOP = (
    *(
        "chromium",
        "dbus",
        "dbus-x11",
        "debconf-utils",
        "dex",
        "firefox-esr",
        "fonts-dejavu-core",
        "imagemagick",
        "libgtk-3-bin",
    ),
    *("gir1.2-ayatanaappindicator3-0.1", "openbox", "systemd", "trayer", "x11-utils", "xdotool", "xvfb"),
)
"""What makes it a desktop: nothing of it is needed by the package, all of it by somebody who uses it."""
CHROMIUM = Path("/usr/local/bin/chromium-here")
"""Chromium without its sandbox: the kernel gives no user namespaces to whoever lives in a chroot."""
_RELEASE = "bookworm"
_SESSION = """
set -eu
mkdir -p "$XDG_RUNTIME_DIR"
Xvfb $DISPLAY -screen 0 1100x800x24 -nolisten tcp >/dev/null 2>&1 &
until xdpyinfo >/dev/null 2>&1; do sleep 0.1; done
openbox >/dev/null 2>&1 &
trayer --edge top --align right --widthtype request --height 26 >/dev/null 2>&1 &
dex --autostart --environment GNOME
export -p > ~/.session.part && mv ~/.session.part ~/.session
exec sleep infinity
"""


def why_not() -> str:
    """Why this machine cannot do it, or nothing."""
    if os.getuid() != 0:
        return "chroot needs root"
    if shutil.which("debootstrap") is None:
        return "debootstrap is missing: make test-installers"
    trial = subprocess.run(
        ["unshare", "--mount", "--net", "mount", "-t", "tmpfs", "none", "/mnt"],
        capture_output=True,
        check=False,
    )
    return (
        ""
        if trial.returncode == 0
        else f"this machine does not let root mount: {trial.stderr.decode().strip()}"
    )


def wait_for(probe: Callable[[], object], what: str, seconds: float) -> None:
    """Until it is so."""
    end = time.monotonic() + seconds
    while not probe():
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(0.25)


class BareDebian:
    """One Debian, in a mount namespace that ends with it. Its files are read and written from outside, by `inside`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> BareDebian:
        command = ["unshare", "--mount", "sh", "-c", self._mounts() + "echo ready; exec sleep infinity"]
        self._holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._stack.callback(self._end)
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == "ready\n"
        shutil.copyfile("/etc/resolv.conf", self.root / "etc" / "resolv.conf")
        policy = self.root / "usr" / "sbin" / "policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")  # nothing starts by being installed
        policy.chmod(0o755)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _mounts(self) -> str:
        node = os.path.realpath(shutil.which("node") or "/usr/bin/node")
        binds = {
            "mnt/wheels": PLACE / "wheels",
            "mnt/tree": ROOT,
            "var/cache/apt/archives": PLACE / "debs",  # fetched once for all runs
            "usr/local/bin/node": Path(node),
        }
        lines = ["set -eu", "mount --make-rprivate /", f"cd {shlex.quote(str(self.root))}"]
        lines += ["mount -t proc proc proc", "mount --rbind /dev dev", "mount -t sysfs sysfs sys"]
        for target, source in binds.items():
            if source.is_dir():
                (self.root / target).mkdir(parents=True, exist_ok=True)
            else:
                (self.root / target).touch()
            lines.append(f"mount --bind {shlex.quote(str(source))} {target}")
        return "\n".join(lines) + "\n"

    def _end(self) -> None:
        self.end_processes()
        self._holder.kill()
        self._holder.communicate()

    def inside(self, path: Path | str) -> Path:
        """Where a path of it lies, seen from outside."""
        return self.root / str(path).lstrip("/")

    def enter(self, command: Sequence[str]) -> list[str]:
        """How to run a command in it."""
        return ["nsenter", "--mount", f"--target={self._holder.pid}", "chroot", str(self.root), *command]

    def run(self, *command: str, check: bool = True, timeout: float = 1800, beside: int | None = None) -> str:
        """As root; what it said, both ways together. With ``beside`` in the network of that process."""
        environ = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "DEBIAN_FRONTEND": "noninteractive",
            "LC_ALL": "C.UTF-8",
        }
        words = self.enter(["env", "-i", *(f"{name}={value}" for name, value in environ.items()), *command])
        if beside is not None:
            words = ["nsenter", f"--net=/proc/{beside}/ns/net", *words]
        done = subprocess.run(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert not check or done.returncode == 0, (
            f"{command} ended with {done.returncode}:\n{done.stdout[-4000:]}"
        )
        return done.stdout

    def processes(self) -> Iterator[tuple[int, str]]:
        """What runs in it: number and command line."""
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and (entry / "root").readlink() == self.root:
                    yield int(entry.name), (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()

    def end_processes(self) -> None:
        """As a shutdown does: asked first, then made to."""
        for sign, seconds in ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0)):
            end = time.monotonic() + seconds
            while running := [number for number, _ in self.processes()]:
                for number in running if time.monotonic() < end else ():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(number, sign)
                if time.monotonic() > end:
                    break
                time.sleep(0.3)

    @contextlib.contextmanager
    def login(self) -> Iterator[Desktop]:
        """A user's desktop, with a network of its own that reaches nothing, from log-in to log-out."""
        self.inside(HOME / ".session").unlink(missing_ok=True)
        script = self.inside("/usr/local/bin/session")
        script.write_text("#!/bin/sh\n" + _SESSION)
        script.chmod(0o755)
        runtime = f"/run/user/{self.run('id', '-u', USER).strip()}"
        self.run("install", "-d", "-m", "700", "-o", USER, "-g", USER, "/run/user", runtime)
        self.run("chmod", "755", "/run/user")
        said = (PLACE / "session.log").open("ab")
        environ = [
            f"DISPLAY={SCREEN}",
            f"XDG_RUNTIME_DIR={runtime}",
            "PHOTOVEIL_WHEELS=/mnt/wheels",
            f"PHOTOVEIL_CHROMIUM={CHROMIUM}",
            "BROWSER=/usr/local/bin/browser",
        ]
        clean = ["env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin", f"HOME={HOME}", "LANG=C.UTF-8", *environ]
        command = ["runuser", "-u", USER, "--", *clean, "dbus-run-session", "--", "/usr/local/bin/session"]
        alone = [sys.executable, str(ROOT / "tests" / "alone.py")]
        leader = subprocess.Popen(
            [*alone, *self.enter(command)], stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
        try:
            wait_for(self.inside(HOME / ".session").exists, "the desktop", 60)
            yield Desktop(self, leader.pid)
        finally:
            self.end_processes()
            leader.wait()
            said.close()


class Desktop:
    """A session that runs; its commands are its user's."""

    def __init__(self, debian: BareDebian, leader: int) -> None:
        self._debian = debian
        self._leader = leader

    def command(self, *words: str) -> list[str]:
        """How to run something in the session."""
        script = f'. {HOME}/.session; cd {HOME}; exec "$@"'
        inside = self._debian.enter(
            ["runuser", "-u", USER, "--", "env", "-i", "sh", "-c", script, "session", *words]
        )
        return ["nsenter", f"--net=/proc/{self._leader}/ns/net", *inside]

    def run(self, *words: str, check: bool = True, timeout: float = 300) -> str:
        """What it says on its standard output."""
        done = subprocess.run(
            self.command(*words),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
        )
        assert not check or done.returncode == 0, (
            f"{words} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        )
        return done.stdout

    def as_root(self, *words: str, check: bool = True) -> str:
        """What root does on this machine while its user is logged in."""
        return self._debian.run(*words, check=check, beside=self._leader)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Something that goes on."""
        return subprocess.Popen(
            self.command(*words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def launch(self, entry: str) -> None:
        """What a click in the menu does; what it starts goes on with no terminal to write to."""
        quiet = subprocess.DEVNULL
        subprocess.run(self.command("gtk-launch", entry), stdin=quiet, stdout=quiet, stderr=quiet, check=True)

    def picture(self, name: str) -> None:
        """The screen as it is, for who wants to look."""
        made = HOME / f"{name}.png"
        self.run("import", "-window", "root", str(made))
        shutil.copyfile(self._debian.inside(made), PLACE / made.name)

    def has_window(self, title: str) -> bool:
        """Whether a window of this title is shown."""
        return bool(self.run("xdotool", "search", "--onlyvisible", "--name", title, check=False).strip())


def bare_debian() -> Path:
    """A fresh root, from the one that was made once."""
    base, root = PLACE / "base", PLACE / "root"
    (PLACE / "debs" / "partial").mkdir(parents=True, exist_ok=True)
    if not (base / ".complete").exists():
        shutil.rmtree(base, ignore_errors=True)
        base.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["debootstrap", "--variant=minbase", "--include=ca-certificates", _RELEASE, str(base)], check=True
        )
        (base / ".complete").touch()
    if root.exists():
        shutil.rmtree(root)
    subprocess.run(["cp", "--archive", "--reflink=auto", str(base), str(root)], check=True)
    return root
