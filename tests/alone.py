"""Run a command in a network of its own, with nothing but a loopback: the daemon's fixed ports are free in it.

Where the machine does not allow that, the command runs as it is. Without a command, the exit status tells which it is.

    python tests/alone.py npm run test:browser
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

_NEW_USER, _NEW_NET = 0x10000000, 0x40000000
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1


def leave() -> bool:
    """Take this process into a network of its own; whether that is allowed."""
    user, group = os.getuid(), os.getgid()
    if sys.platform != "linux":
        return False
    unshare = ctypes.CDLL(None, use_errno=True).unshare
    try:
        if unshare(_NEW_NET) != 0:
            if unshare(_NEW_USER | _NEW_NET) != 0:
                return False
            # Everybody stays who they are.
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))
    except OSError:
        return False
    return True


def allowed() -> bool:
    """Whether `leave` would work; a child tries, as a process that got only half of the way cannot come back."""
    trial = os.fork()
    if trial == 0:
        os._exit(0 if leave() else 1)
    return os.waitstatus_to_exitcode(os.waitpid(trial, 0)[1]) == 0


def main(command: list[str]) -> None:
    """Become the command, or tell by the exit status whether it would be alone."""
    alone = allowed()
    if not command:
        sys.exit(0 if alone else 1)
    if alone:
        leave()
    os.execvp(command[0], command)  # noqa: S606 - the command is the caller's own


if __name__ == "__main__":
    main(sys.argv[1:])
