"""What the installers for Windows and macOS have in common: the program's wheel, the extension, and the pinned uv.

uv fetches the Python that Photoveil runs on and takes only the one whose SHA-256 it carries; which uv and which Python
that is stands in pins.json. So the hash of uv's wheel pins both: tests/installers/test_pins.py tries it.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from building import ROOT, BuildError

COMMON = Path(__file__).resolve().parent
PINS = COMMON / "pins.json"
# What starts Photoveil on the user's machine and has it set up; it runs on the bare Python, without any package.
SETUP = ("start.py", "layout.py", "setup_run.py", "setup_window.py")


@dataclass(frozen=True)
class Pins:
    """Which Python the user's machine gets (its release, and the day it was built on), and which uv brings it."""

    python: str
    build: str
    uv: str
    tags: dict[str, str]
    hashes: dict[str, str]


def pins() -> Pins:
    """What pins.json says."""
    read = json.loads(PINS.read_text(encoding="utf-8"))
    wheels = read["uv"]["wheels"]
    return Pins(
        read["python"]["version"],
        read["python"]["build"],
        read["uv"]["version"],
        {platform: wheel["tag"] for platform, wheel in wheels.items()},
        {platform: wheel["sha256"] for platform, wheel in wheels.items()},
    )


def version() -> str:
    """Photoveil's."""
    for line in (ROOT / "daemon" / "photoveil" / "__init__.py").read_text(encoding="utf-8").splitlines():
        if line.startswith("__version__"):
            return line.split('"')[1]
    raise BuildError("daemon/photoveil/__init__.py names no version.")


def run(*command: str | Path) -> str:
    """Run a tool; its output, or a BuildError with what it said."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise BuildError(f"“{words[0]}” is not installed.") from error
    if done.returncode:
        raise BuildError(f"{words[0]} failed ({done.returncode}):\n{done.stdout}{done.stderr}")
    return done.stdout


def checked(file: Path, sha256: str) -> Path:
    """The file, after its hash was found right."""
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != sha256:
        raise BuildError(f"{file.name} is not what it should be: its SHA-256 is {found}, not {sha256}.")
    return file


def fetch_uv(platform: str, cache: Path, out: Path) -> Path:
    """The pinned uv for `platform`, with its licences beside it in `out`; fetched by pip once, then from `cache`."""
    wanted = pins()
    kept = cache / f"uv-{wanted.uv}-{platform}.whl"
    if not kept.is_file():
        _download_uv(wanted, platform, kept)
    wheel = checked(kept, wanted.hashes[platform])
    out.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as package:
        for name in package.namelist():
            if name.endswith((".data/scripts/uv", ".data/scripts/uv.exe")):
                program = out / Path(name).name
                program.write_bytes(package.read(name))
                program.chmod(0o755)
            elif "/licenses/" in name:
                (out / f"uv-{Path(name).name}.txt").write_bytes(package.read(name))
    return program


def _download_uv(wanted: Pins, platform: str, kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    folder = kept.with_suffix(".fetching")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    listed = folder / "requirements.txt"
    listed.write_text(f"uv=={wanted.uv} --hash=sha256:{wanted.hashes[platform]}\n", encoding="utf-8")
    run(
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"),
        *("--only-binary", ":all:", "--platform", wanted.tags[platform], "--require-hashes"),
        *("--requirement", listed, "--dest", folder),
    )
    (wheel,) = folder.glob("*.whl")
    wheel.replace(kept)
    shutil.rmtree(folder)


def add_wheel(out: Path, given: Path | None = None) -> None:
    """Photoveil's wheel in the folder `out`: the given one, or one built of this tree; and what it is, in `release`."""
    out.mkdir(parents=True, exist_ok=True)
    if given is None:
        quiet = ("--quiet", "--disable-pip-version-check", "--no-deps")
        run(sys.executable, "-m", "pip", "wheel", *quiet, "--wheel-dir", out, ROOT)
        (wheel,) = out.glob("photoveil-*.whl")
    else:
        wheel = Path(shutil.copy2(given, out))
    release = wheel.name.split("-")[1]
    if release != version():
        raise BuildError(f"{wheel.name} is not the wheel of Photoveil {version()}.")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    # As photoveil.install.environment.release_of says it, so that a start need not read the whole wheel.
    (out / "release").write_text(f"{release} {digest[:16]}\n", encoding="utf-8")


def add_setup(out: Path) -> None:
    """The programs that set Photoveil up on the user's machine, and what they ask for."""
    out.mkdir(parents=True, exist_ok=True)
    for name in SETUP:
        shutil.copy2(COMMON / name, out)


def add_extension(out: Path) -> None:
    """The extension: unpacked for Chromium, which loads folders; packed for both."""
    out.mkdir(parents=True, exist_ok=True)
    run(sys.executable, ROOT / "installers" / "extension" / "build.py", "--out", out)
    (chromium,) = out.glob("photoveil-chromium-*.zip")
    (firefox,) = out.glob("photoveil-firefox-*.xpi")
    for package, folder in ((chromium, out / "chromium"), (firefox, out / "firefox")):
        with zipfile.ZipFile(package) as files:
            files.extractall(folder)
