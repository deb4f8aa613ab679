"""The wheel, made twice in two different places and compared: `pip install` gets the same bytes from everybody.

What makes wheels differ is the clock, the file system's order, modes and zlib's version. The first two are hatchling's
to keep out. It takes over who may execute a file, which file systems tell differently, and compresses, which versions
of zlib do differently: so the wheel is written again, with one mode and stored.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from sources import ReleaseError

MODE = 0o100644
"""Of every file in a wheel: none of ours is a program of its own."""

_MOVED = 86_400 * 500
"""Seconds by which the second build's files are older than the first's."""

_TOLD = 20
"""So many files that differ are named."""


def build(source: Path, out: Path, epoch: int, *, zone: str = "UTC", umask: int = 0o022) -> Path:
    """A stored wheel of the tree `source`, in the folder `out`.

    Args:
        epoch: the time that its files bear, in seconds since 1970.
        zone: time zone in which it is built; must not matter.
        umask: of the building process; must not matter.
    """
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)],
        capture_output=True,
        text=True,
        umask=umask,
        check=False,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch), "TZ": zone, "PYTHONHASHSEED": "random"},
    )
    if done.returncode:
        raise ReleaseError(f"the wheel does not build:\n{done.stdout}{done.stderr}")
    (wheel,) = out.glob("*.whl")
    store(wheel)
    return wheel


def store(wheel: Path) -> None:
    """Write the wheel's files again, uncompressed and with one mode; names, order and times stay."""
    unfinished = wheel.with_name(wheel.name + ".part")
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as new:
        for entry in old.infolist():
            kept = zipfile.ZipInfo(entry.filename, entry.date_time)
            kept.create_system = 3  # the mode is a Unix one, on every system
            kept.external_attr = MODE << 16
            new.writestr(kept, old.read(entry))
    unfinished.replace(wheel)


def build_twice(source: Path, scratch: Path, epoch: int) -> Path:
    """The wheel of `source`, after a second one built under other circumstances came out the same."""
    copy = scratch / "a second place" / "source"
    shutil.copytree(source, copy)
    for path in copy.rglob("*"):
        if path.is_file():
            path.chmod(0o700)
            os.utime(path, (epoch - _MOVED, epoch - _MOVED))
    first = build(source, scratch / "first", epoch)
    second = build(copy, scratch / "second", epoch, zone="Asia/Kathmandu", umask=0o077)
    if differing := differences(first, second):
        raise ReleaseError("two builds of the wheel differ:\n" + "\n".join(differing[:_TOLD]))
    return first


def differences(one: Path, other: Path) -> list[str]:
    """What tells two wheels apart, a line each; nothing if they are the same to the byte."""
    if one.read_bytes() == other.read_bytes():
        return []
    ours, theirs = _members(one), _members(other)
    lines = [
        f"  {name}: {ours.get(name, 'missing')} / {theirs.get(name, 'missing')}"
        for name in sorted({*ours, *theirs})
        if ours.get(name) != theirs.get(name)
    ]
    return lines or ["  the same files in another order or with other names on the package"]


def _members(wheel: Path) -> dict[str, str]:
    with zipfile.ZipFile(wheel) as package:
        return {
            entry.filename: f"{hashlib.sha256(package.read(entry)).hexdigest()[:16]} mode "
            f"{entry.external_attr >> 16:o} {entry.date_time}"
            for entry in package.infolist()
        }
