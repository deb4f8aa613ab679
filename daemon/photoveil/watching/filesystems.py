"""What kind of drive a folder is on, and what Linux still lets us watch."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path

_NETWORK = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "afpfs", "ncpfs", "afs", "webdav", "davfs"),
        *(
            "9p",
            "drvfs",
            "virtiofs",
            "vboxsf",
            "vmhgfs",
            "prl_fs",
        ),  # folders of the computer around a virtual one
        *("ceph", "glusterfs", "lustre", "gpfs", "acfs"),
    )
)
_LOCAL_FUSE = frozenset(
    f"fuse.{name}" for name in ("mergerfs", "gocryptfs", "encfs", "cryfs", "bindfs", "ntfs-3g")
)
_LIMITS = Path("/proc/sys/fs/inotify")
_LIMIT_NAMES = {errno.ENOSPC: "max_user_watches", errno.EMFILE: "max_user_instances"}


def tells_changes(folder: Path) -> bool:
    """Whether the drive tells about every change: not if other computers can write to it."""
    kind, options = _mount(folder)
    if kind in _NETWORK or "remote" in options.split(","):
        return False
    return not kind.startswith("fuse.") or kind in _LOCAL_FUSE


def _mount(folder: Path) -> tuple[str, str]:
    import psutil  # only when a folder is taken in

    found = [
        (mount.mountpoint, mount.fstype, mount.opts)
        for mount in psutil.disk_partitions(all=True)
        if folder.is_relative_to(mount.mountpoint)
    ]
    # Of several mounts at one place the last one is what is seen.
    longest = max((len(place) for place, _, _ in found), default=0)
    kinds = [(kind.lower(), options) for place, kind, options in found if len(place) == longest]
    return kinds[-1] if kinds else ("", "")


def exhausted_limit(folder: Path) -> str | None:
    """The name of the inotify limit that keeps one more folder from being watched; None where there is none.

    Asked by trying: libraries keep quiet about the subfolders that they could not watch.
    """
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None, use_errno=True)
    handle = library.inotify_init1(os.O_CLOEXEC)
    if handle < 0:
        return limit_of(OSError(ctypes.get_errno(), ""))
    try:
        if library.inotify_add_watch(handle, os.fsencode(folder), 0x100) < 0:
            return limit_of(OSError(ctypes.get_errno(), ""))
    finally:
        os.close(handle)
    return None


def limit_of(error: OSError) -> str | None:
    """The name of the inotify limit that made watching fail."""
    return _LIMIT_NAMES.get(error.errno or 0)


def limit_value(name: str) -> int:
    """The present value of an inotify limit; 0 where it cannot be known."""
    try:
        return int((_LIMITS / name).read_text())
    except (OSError, ValueError):
        return 0


def needed_value(name: str, present: int, folders: int) -> int:
    """A value of the limit that leaves room for so many more folders, and for others."""
    if name == "max_user_instances":
        return max(2 * present, 512)
    needed = max(present, 8192) + folders
    return 1 << (needed - 1).bit_length()
