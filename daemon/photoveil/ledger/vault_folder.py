"""The vault's folder: containers by name, and what a killed process may leave beside them.

``<64 hex digits>`` is a container, ``….part`` one being written, ``….removed`` one that the user has removed. Other
files are none of ours and are left alone.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from photoveil.ledger import vault_errors as errors
from photoveil.ledger import vault_files as files
from photoveil.ledger.vault_key import VaultKey

_CONTAINER = re.compile(r"[0-9a-f]{64}")
_LEAVING = re.compile(r"[0-9a-f]{64}\.removed")
_PART = re.compile(r"[0-9a-f]{64}\.[0-9a-f]{8}\.part")
_REMOVED = ".removed"
_RESERVE = 32 << 20
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


class VaultFolder:
    """The containers on the disk. Everything here blocks."""

    def __init__(self, folder: Path) -> None:
        self.path = folder

    def container(self, name: str) -> Path:
        """Where the container with this name is."""
        return self.path / name

    def containers(self) -> set[str]:
        """The names of all containers."""
        return set(self._matching(_CONTAINER))

    def removed(self) -> list[str]:
        """The names of containers whose removal was not finished."""
        return [name.removesuffix(_REMOVED) for name in self._matching(_LEAVING)]

    def key_ids(self) -> set[bytes]:
        """The keys with which the containers were made."""
        found: set[bytes] = set()
        for name in self.containers():
            with contextlib.suppress(OSError):
                found |= {made_with} if (made_with := files.key_id(self.container(name))) else set()
        return found

    def check_room(self, need: int) -> None:
        """Raises VaultFullError if the disk has no room for ``need`` bytes and a little more."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        free = shutil.disk_usage(self.path).free
        if free < need + _RESERVE:
            full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            raise errors.disk_full(need, free, self.path) from full

    def store(self, key: VaultKey, facts: files.Facts, plain: Iterable[bytes]) -> int:
        """Write a container, whole and read back, or nothing; answers its size.

        Raises:
            SourceChangedError, ContainerError, OSError, VaultFullError: nothing was stored.
        """
        name = key.name(facts.sha256)
        part = self.path / f"{name}.{secrets.token_hex(4)}.part"
        try:
            size = files.write(part, key, facts, plain)
            part.replace(self.container(name))
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise errors.disk_full(
                    files.stored_size(facts), shutil.disk_usage(self.path).free, self.path
                ) from error
            raise
        finally:
            part.unlink(missing_ok=True)
        _sync(self.path)
        return size

    def remove(self, name: str) -> None:
        """Begin a removal: from here on the container is gone, whatever happens. ``finish`` must follow."""
        with contextlib.suppress(FileNotFoundError):
            self.container(name).replace(self.path / f"{name}{_REMOVED}")
        _sync(self.path)

    def finish(self, name: str) -> None:
        """End a removal, once no row knows the container any more."""
        (self.path / f"{name}{_REMOVED}").unlink(missing_ok=True)

    def sweep(self) -> int:
        """Delete what was being written when the process was killed: ``keep`` had not answered."""
        parts = list(self._matching(_PART))
        for name in parts:
            (self.path / name).unlink(missing_ok=True)
        return len(parts)

    def _matching(self, pattern: re.Pattern[str]) -> Iterator[str]:
        with contextlib.suppress(FileNotFoundError):
            yield from [entry.name for entry in self.path.iterdir() if pattern.fullmatch(entry.name)]


def _sync(folder: Path) -> None:
    from photoveil.photos.writing import sync_folder  # late: Pillow and numpy stand behind that door

    sync_folder(folder)
